"""Widths of a printed table's columns, estimated from the letters in it.

The PDF library would find them by setting every cell several times, which takes a sixth of the layout of a report. Every column
gets what its longest line needs. Where the page is too narrow for that, those that need most are cut to one width, but never
below their longest word as long as that is possible, and never below a value. What is left over is shared out evenly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from math import inf
from typing import Any
from unicodedata import east_asian_width

# Widths of letters in the report's font, in units of its size; all others are as wide as a digit.
DIGIT, IDEOGRAPH = 0.636, 1.0
WIDTHS = {
    0.33: " .,:;'|!ijl",
    0.41: 'tfrI()[]/\\"-\u2010\u2013',
    0.56: "ckszxvyJ_",
    0.73: "ABCDGHNOQRUVKXwL",
    0.84: "+<=>\u2212\u00b1\u00d7\u2264\u2265~",
    1.0: "mMW%@\u2014\u2026",
}
WIDTH = {letter: width for width, letters in WIDTHS.items() for letter in letters}
WORD_END = re.compile(r"\s+|(?<=[-\u2010])")  # where a line may be broken
BOLD = 1.16  # of headings, against the letters of the cells
SMALL = 0.92  # of the lines below a value
TWO_LINES = 0.68  # of the width of one
TEXT_SHARE = 0.22  # of the page, that cells of text beside the row headers get at most
STUB_SHARE, NARROW_STUB_SHARE = 0.25, 0.16  # of the page that row headers get where there is room, and where there is not


@dataclass(frozen=True, slots=True)
class Span:
    """What a column's content takes, in units of the font's size.

    Attributes
    ----------
    hard : float
        Where even words are broken that may be.
    least : float
        Where every line is broken that may be.
    most : float
        Where none is.
    """

    hard: float
    least: float
    most: float


def column_shares(
    table: Mapping[str, Any], page: float, padding: float, *, breaks_text: bool = False, breaks_details: bool = False
) -> list[float]:
    """Shares of the page's width for the columns of a table, row headers first.

    Parameters
    ----------
    table : mapping
        A table as plain values, see :class:`reportgen.presentation.tables.Table`.
    page, padding : float
        Width of the page, and of a cell's padding on both sides together, in units of the table's font size.
    breaks_text, breaks_details : bool
        Whether cells of text may be broken, and the lines below a value where the page is too narrow otherwise. Values never
        are.

    Returns
    -------
    list of float
        Percent, one decimal; they add up to 100 to rounding.
    """
    spans = _spans(table, page, padding, breaks_text=breaks_text, breaks_details=False)
    room = page - max(spans[0].least, NARROW_STUB_SHARE * page)
    if breaks_details and sum(span.least for span in spans[1:]) > room:
        stub, *others = (span.least for span in _spans(table, page, padding, breaks_text=breaks_text, breaks_details=True))
        stub = max(stub, min(NARROW_STUB_SHARE * page, page - sum(others)))
        widths = [stub, *levelled(others, [inf] * len(others), page - stub)]
    else:
        widths = fitted(spans, page)
    return [round(100 * width / sum(widths), 1) for width in widths]


def _spans(table: Mapping[str, Any], page: float, padding: float, *, breaks_text: bool, breaks_details: bool) -> list[Span]:
    spans = [_stub(table, page, padding)]
    for place, column in enumerate(table["columns"]):
        cells = [row["cells"][place] for row in table["rows"]]
        values = _of((cell["text"] for cell in cells), padding, breaks=breaks_text and column["align"] == "text")
        details = _of((line for cell in cells for line in cell["details"]), padding, breaks=breaks_details, scale=SMALL)
        if breaks_text and column["align"] == "text":
            values = replace(values, most=max(values.least, min(values.most, TEXT_SHARE * page)))
        spans.append(_widest([_heading(column["label"], padding), values, details]))
    return spans


def _heading(label: str, padding: float) -> Span:
    """Of a heading, which may take two lines."""
    span = _of([label], padding, breaks=True, scale=BOLD)
    return replace(span, most=max(span.least, TWO_LINES * span.most))


def fitted(spans: Sequence[Span], page: float) -> list[float]:
    """Widths of columns that fill the page."""
    most = sum(span.most for span in spans)
    if most <= page:
        return [span.most + (page - most) / len(spans) for span in spans]
    least = [span.least for span in spans]
    if sum(least) > page:
        return levelled([span.hard for span in spans], least, page)
    return levelled(least, [span.most for span in spans], page)


def levelled(low: Sequence[float], high: Sequence[float], room: float) -> list[float]:
    """Widths that fill the room: what a column needs at most, cut to one level where it is more, but never below its least."""
    places = sorted({*low, *(width for width in high if width < inf)})

    def at(level: float) -> list[float]:
        return [max(least, min(most, level)) for least, most in zip(low, high, strict=True)]

    below = max((place for place in places if sum(at(place)) <= room), default=places[0])
    open_ones = sum(least <= below < most for least, most in zip(low, high, strict=True))
    rest = room - sum(at(below))
    return at(below + rest / open_ones) if open_ones and rest > 0 else at(below)


def _stub(table: Mapping[str, Any], page: float, padding: float) -> Span:
    headers = _of((row["header"] for row in table["rows"]), padding, breaks=True)
    details = _of((row["detail"] for row in table["rows"]), padding, breaks=True, scale=SMALL)
    span = _widest([_heading(table["stub"], padding), headers, details])
    return Span(span.hard, span.least, max(span.most, STUB_SHARE * page))


def _of(lines: Iterable[str], padding: float, *, breaks: bool, scale: float = 1.0) -> Span:
    """The widest of some lines, a cell's padding included."""
    texts = list(lines)
    most = max(map(text_width, texts), default=0.0)
    least = max((text_width(word) for text in texts for word in WORD_END.split(text)), default=0.0) if breaks else most
    hard = 0.0 if breaks else most
    return Span(*(scale * width + padding for width in (hard, least, most)))


def _widest(spans: Sequence[Span]) -> Span:
    return Span(*(max(widths) for widths in zip(*map(astuple, spans), strict=True)))


def text_width(text: str) -> float:
    """Estimated width of a line, in units of the font's size."""
    return sum(WIDTH.get(letter) or (IDEOGRAPH if east_asian_width(letter) in "WF" else DIGIT) for letter in text)
