"""From an analysis to the bytes of each output; one that cannot be made never costs the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.errors import OptionError, OutputError
from reportgen.garbage import collection_paused
from reportgen.presentation.material import Material
from reportgen.presentation.options import PLAIN, Presentation

if TYPE_CHECKING:
    from reportgen.analysis import Analysis


@dataclass(frozen=True, slots=True)
class Rendered:
    """Outputs of one analysis.

    Attributes
    ----------
    contents : mapping
        Format to the bytes of the file.
    failures : mapping
        Format to the error that kept it from being made.
    shown : Analysis
        The analysis as far as it may be shown: what they were made of.
    """

    contents: Mapping[str, bytes]
    failures: Mapping[str, OutputError]
    shown: Analysis


def html(material: Material) -> bytes:
    """The report as one self-contained page."""
    from reportgen.presentation.html import render_html

    return render_html(material.document).encode()


@contextmanager
def pdf_in_the_making(material: Material) -> Iterator[Callable[[], bytes]]:
    """The report as a PDF with its evidence attached, made beside whatever is done until it is asked for."""
    from reportgen.presentation.attachments import attachments
    from reportgen.presentation.drawings import Drawings
    from reportgen.presentation.pdf import printed_page
    from reportgen.presentation.pdf_process import pdf_begun

    document = material.document
    files = attachments(material.analysis, document.result, material.presentation.attach_data)
    with pdf_begun(printed_page(document, files), files, document.date, Drawings.of(document.figures)) as finished:
        yield finished


def pdf(material: Material) -> bytes:
    """The report as a PDF."""
    with pdf_in_the_making(material) as finished:
        return finished()


def result(material: Material) -> bytes:
    """The result file."""
    from reportgen.presentation.exports import result_bytes

    return result_bytes(material.analysis)


def docx(material: Material) -> bytes:
    """The report as a Word document."""
    from reportgen.presentation.word import word

    return word(material)


def markdown(material: Material) -> bytes:
    """The report as Markdown."""
    from reportgen.presentation.markdown import markdown_of

    return markdown_of(material.flow(material.document), material.document).encode()


def latex(material: Material) -> bytes:
    """The models side by side as a LaTeX table."""
    from reportgen.presentation.latex import model_tabular

    return model_tabular(material.analysis, material.presentation).encode()


def xlsx(material: Material) -> bytes:
    """The tables for machines as a workbook."""
    from reportgen.presentation.workbook import workbook

    return workbook(material)


def tidy(material: Material) -> bytes:
    """Every coefficient and variance part."""
    from reportgen.presentation.exports import results
    from reportgen.presentation.separated import csv_of
    from reportgen.presentation.sheets import tidy_sheet

    return csv_of(tidy_sheet(results(material.analysis))).encode()


def glance(material: Material) -> bytes:
    """One row a variant."""
    from reportgen.presentation.exports import results
    from reportgen.presentation.separated import csv_of
    from reportgen.presentation.sheets import glance_sheet

    return csv_of(glance_sheet(results(material.analysis))).encode()


def augment(material: Material) -> bytes:
    """Every row used under every variant, with fitted values and residuals."""
    from reportgen.presentation.augment import augment_csv

    return augment_csv(material.analysis).encode()


WRITERS: Mapping[str, Callable[[Material], bytes]] = {
    "html": html,
    "pdf": pdf,
    "json": result,
    "docx": docx,
    "xlsx": xlsx,
    "md": markdown,
    "tex": latex,
    "tidy.csv": tidy,
    "glance.csv": glance,
    "augment.csv": augment,
}
"""Format, which is also the ending of the file, to what makes it."""

FORMATS = tuple(WRITERS)
DEFAULT_FORMATS = ("html", "pdf", "json")


def checked_formats(given: Sequence[str] | None) -> tuple[str, ...]:
    """The formats asked for, each once; page, PDF and result file where none is named.

    Raises
    ------
    OptionError
        One of them is unknown.
    """
    wanted = tuple(dict.fromkeys(given)) if given else DEFAULT_FORMATS
    for name in wanted:
        if name not in FORMATS:
            raise OptionError("--format", name, FORMATS)
    return wanted


def render(
    analysis: Analysis, formats: Sequence[str], progress: Callable[[str, int], None], presentation: Presentation = PLAIN
) -> Rendered:
    """Make the outputs of an analysis.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    formats : sequence of str
        Any of ``FORMATS``.
    progress : callable
        Called with the name of each stage and 0.
    presentation : Presentation
        How it is shown.
    """
    from reportgen.presentation.pdf_process import renderer_ahead

    material = Material(analysis, presentation)
    contents: dict[str, bytes] = {}
    failures: dict[str, OutputError] = {}

    with renderer_ahead("pdf" in formats), collection_paused(), ExitStack() as stack:
        finished = None
        for name in sorted(formats, key=lambda name: name != "pdf"):  # the PDF takes longest and is made beside the others
            progress(f"making {name}", 0)
            with _noted(failures, name):
                if name == "pdf":
                    finished = stack.enter_context(pdf_in_the_making(material))
                else:
                    contents[name] = WRITERS[name](material)
        if finished is not None:
            progress("making pdf", 0)
            with _noted(failures, "pdf"):
                contents["pdf"] = finished()
    return Rendered({name: contents[name] for name in formats if name in contents}, failures, material.analysis)


@contextmanager
def _noted(failures: dict[str, OutputError], name: str) -> Iterator[None]:
    """Note why an output could not be made, and go on with the next."""
    try:
        yield
    except OutputError as error:
        failures[name] = error
