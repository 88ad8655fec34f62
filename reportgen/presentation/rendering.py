"""From an analysis to the bytes of each output; one that cannot be made never costs the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.errors import OptionError, OutputError

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

FORMATS = ("html", "pdf", "json")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Outputs of one analysis.

    Attributes
    ----------
    contents : mapping
        Format to the bytes of the file.
    failures : mapping
        Format to the error that kept it from being made.
    """

    contents: Mapping[str, bytes]
    failures: Mapping[str, OutputError]


def checked_formats(given: Sequence[str] | None) -> tuple[str, ...]:
    """The formats asked for, each once; all where none is named.

    Raises
    ------
    OptionError
        One of them is unknown.
    """
    wanted = tuple(dict.fromkeys(given)) if given else FORMATS
    for name in wanted:
        if name not in FORMATS:
            raise OptionError("--format", name, FORMATS)
    return wanted


def render(analysis: Analysis, formats: Sequence[str], progress: Callable[[str, int], None]) -> Rendered:
    """Make the outputs of an analysis.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    formats : sequence of str
        Any of ``FORMATS``.
    progress : callable
        Called with the name of each stage and 0.
    """
    from reportgen.presentation.document import build_document
    from reportgen.presentation.exports import result_file
    from reportgen.presentation.html import render_html
    from reportgen.presentation.pdf import render_pdf

    contents: dict[str, bytes] = {}
    failures: dict[str, OutputError] = {}
    document = build_document(analysis) if {"html", "pdf"} & set(formats) else None
    for name in formats:
        progress(f"making {name}", 0)
        try:
            if name == "json":
                contents[name] = result_file(analysis).encode()
            elif document is not None:
                contents[name] = render_html(document).encode() if name == "html" else render_pdf(document)
        except OutputError as error:
            failures[name] = error
    return Rendered(contents, failures)
