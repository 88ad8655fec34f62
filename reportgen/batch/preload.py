"""Loaded once, in the process from which the others are forked: importing the libraries takes longer than most reports."""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib import import_module

LIBRARIES = (
    "numpy",
    "pandas",
    "pyarrow.csv",
    "pyarrow.dataset",
    "formulaic",
    "scipy.linalg",
    "scipy.optimize",
    "email.policy",  # the PDF library asks for it with the first thing it fetches
    "encodings.utf_8_sig",
    "jinja2",
    "matplotlib.figure",
    "matplotlib.font_manager",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "reportgen.batch.child",
    "reportgen.batch.lines",
    "reportgen.batch.report",
    "reportgen.disclosed",
    "reportgen.modelling",
    "reportgen.presentation.document",
    "reportgen.presentation.html",
    "reportgen.presentation.pdf",
    "reportgen.presentation.pdf_process",
    "reportgen.presentation.rendering",
)


def preload() -> None:
    """Import what reports need; whatever goes wrong here is for the report that meets it again to say."""
    for name in LIBRARIES:
        with suppress(Exception):
            import_module(name)
    _warm_up()
    gc.collect()
    gc.freeze()  # the children share these pages as long as nobody counts references anew


def _warm_up() -> None:
    """Load the PDF library, read templates and fonts: what is cached here need not be read by each of the children."""
    from reportgen.presentation.exports import provenance
    from reportgen.presentation.html import page_environment
    from reportgen.presentation.languages import languages
    from reportgen.presentation.layers import Layers
    from reportgen.presentation.own_templates import template_names
    from reportgen.presentation.pdf import font_faces, know_types, load_renderer
    from reportgen.presentation.wording import wording

    with suppress(Exception):
        load_renderer()
        know_types()
    with suppress(Exception):
        font_faces()
        provenance()
        said = [wording()]  # as it is asked for where no language is chosen
        for layers in map(Layers, languages()):
            said.append(wording(layers))
            templates = page_environment(layers)
            for name in template_names():
                if name.endswith(".html.j2"):
                    templates.get_template(name)
        for words in said:
            words.sentences  # noqa: B018 - loaded when first asked for


preload()
