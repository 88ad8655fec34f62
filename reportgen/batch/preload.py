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
    "scipy.stats",
    "jinja2",
    "matplotlib.figure",
    "matplotlib.font_manager",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "weasyprint",
    "reportgen.batch.child",
    "reportgen.batch.report",
    "reportgen.presentation.document",
    "reportgen.presentation.html",
    "reportgen.presentation.pdf",
)


def preload() -> None:
    """Import what reports need; what is missing is for the report that needs it to say."""
    for name in LIBRARIES:
        with suppress(ImportError, OSError):
            import_module(name)
    gc.collect()
    gc.freeze()  # the children share these pages as long as nobody counts references anew


preload()
