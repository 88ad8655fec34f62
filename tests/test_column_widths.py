"""Widths of printed columns: the estimate against the font, the rule against CSS, and a page on which every cell fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache
from math import inf
from typing import Any

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from situations import analysis, document

from reportgen.presentation.attachments import attachments
from reportgen.presentation.column_widths import BOLD, Span, column_shares, fitted, levelled, text_width
from reportgen.presentation.drawings import Drawings
from reportgen.presentation.pdf import _fetcher, _fonts, printed_page
from reportgen.presentation.tables import Cell, Column, Row, Table

FONT = FontProperties(family="DejaVu Sans")


@pytest.mark.parametrize(
    "text",
    [
        "\u22120.00724 to \u22120.00336",
        "(0.0273)",
        "p < .001",
        "df 979.0, p < .001",
        "How do groups differ that differ in the mean of the predictor?",
        "within and between groups",
        "Within-between: between",
        "\u03c7\u00b2 = 836.50",
        "log-likelihood (ML)",
        "NORTH_CAROLINA",
    ],
)
def test_widths_of_texts_are_those_of_the_font_to_a_tenth(text: str) -> None:
    drawn = TextPath((0, 0), f"{text}|", size=100, prop=FONT).get_extents().x1 / 100
    assert text_width(f"{text}|") == pytest.approx(drawn, rel=0.1)


def test_columns_that_fit_get_what_they_need_and_share_the_rest() -> None:
    assert fitted([Span(1, 2, 10), Span(1, 3, 5), Span(5, 5, 5)], 29) == [13, 8, 8]


def test_columns_that_need_most_are_cut_to_one_width() -> None:
    assert fitted([Span(1, 10, 50), Span(5, 5, 5), Span(5, 5, 25)], 50) == [22.5, 5, 22.5]


def test_no_column_is_cut_below_its_longest_word() -> None:
    assert fitted([Span(1, 30, 50), Span(5, 5, 5), Span(5, 5, 25)], 50) == [30, 5, 15]


def test_the_longest_words_are_broken_before_values_meet() -> None:
    assert fitted([Span(2, 40, 50), Span(2, 9, 20), Span(20, 20, 20)], 41) == [12, 9, 20]


def test_values_that_cannot_fit_keep_their_own_widths() -> None:
    assert fitted([Span(2, 40, 50), Span(20, 20, 20)], 15) == [2, 20]


@pytest.mark.parametrize(
    ("least", "room", "widths"),
    [([1, 2, 3], 12, [4, 4, 4]), ([1, 2, 8], 12, [2, 2, 8]), ([1, 5, 8], 14, [1, 5, 8]), ([3, 5], 6, [3, 5])],
)
def test_columns_are_as_equal_as_their_least_widths_allow(least: list[float], room: float, widths: list[float]) -> None:
    assert levelled(least, [inf] * len(least), room) == widths


def test_any_widths_fill_the_room_and_keep_to_their_bounds() -> None:
    rng = np.random.default_rng(5)
    for _ in range(500):
        low = rng.integers(1, 20, 5).astype(float)
        high = low + rng.integers(0, 30, 5)
        room = rng.uniform(low.sum(), high.sum())
        widths = np.array(levelled(low.tolist(), high.tolist(), room))
        assert widths.sum() == pytest.approx(room)
        assert (low <= widths).all()
        assert (widths <= high).all()
        cut = widths[(widths < high) & (widths > low)]
        assert len(cut) == 0 or np.ptp(cut) < 1e-9


def test_a_long_label_is_broken_before_a_heading() -> None:
    """Of a group named by one word of 38 letters, beside columns of short numbers."""
    table = made("x" * 38, *[Cell("1.23")] * 7)
    table = replace(table, columns=(Column("Gruppeneffekt"), *table.columns[1:]))
    shares = column_shares(asdict(table), 40, 1)
    assert shares[1] * 0.4 == pytest.approx(BOLD * text_width("Gruppeneffekt") + 1, abs=0.05)


def made(header: str, *cells: Cell) -> Table:
    return Table("any", "Model", tuple(Column(f"c{i}") for i in range(len(cells))), (Row(header, cells),))


def test_shares_fill_the_page() -> None:
    shares = column_shares(asdict(made("pooled", Cell("1.5"), Cell("2.25", ("0.1 to 3.2",)))), 60, 1)
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert shares[2] > shares[1]


def test_lines_below_a_value_are_broken_only_where_there_is_no_room() -> None:
    details = ("\u22120.00724 to \u22120.00336",)
    table = asdict(made("pooled", Cell("1.5", details), Cell("1.5", details)))
    needed = 0.92 * text_width(details[0]) + 1
    assert min(column_shares(table, 60, 1, breaks_details=True)[1:]) * 0.6 >= needed - 0.1
    assert max(column_shares(table, 20, 1, breaks_details=True)[1:]) * 0.2 < needed


def test_row_headers_keep_their_share_where_lines_below_values_can_be_broken() -> None:
    """Of 60 the values take 6 x 9 unbroken, which would leave the headers one letter's width."""
    details = ("CR2: \u22120.00724 to",)
    table = asdict(made("How do groups differ?", *[Cell("1.5", details)] * 6))
    whole = 0.92 * text_width(details[0]) + 1
    assert 50 < 6 * whole < 60
    assert column_shares(table, 60, 1, breaks_details=True)[0] == pytest.approx(16.0, abs=0.1)
    assert column_shares(table, 60, 1)[0] < 16.0


def boxes(parent: Any, kind: str) -> Iterator[Any]:
    for box in parent.descendants():
        if type(box).__name__ == kind:
            yield box


@cache
def pages_of(situation: str, *, with_files: bool = False) -> list[Any]:
    """The pages of a printed report."""
    from weasyprint import HTML

    found = document(situation)
    files = attachments(analysis(situation), found.result, attach_data=True) if with_files else {}
    with _fonts() as fonts:
        page = HTML(string=printed_page(found, files), url_fetcher=_fetcher(Drawings.of(found.figures)))
        return list(page.render(font_config=fonts).pages)


def cells_of(situation: str) -> list[Any]:
    """The cells of all tables of a printed report."""
    return [cell for page in pages_of(situation) for cell in boxes(page._page_box, "TableCellBox")]


@pytest.mark.parametrize("situation", ["example", "growth", "missing"])
def test_the_list_of_attachments_stands_on_one_page(situation: str) -> None:
    places = [
        number
        for number, page in enumerate(pages_of(situation, with_files=True), 1)
        for box in boxes(page._page_box, "BlockBox")
        if box.element is not None and box.element.get("class") == "attachments"
    ]
    assert len(places) == 1


@pytest.mark.parametrize(
    "situation", ["example", "several", "random_slopes", "transformed", "trial", "many_predictors", "hostile"]
)
def test_every_line_fits_into_its_cell(situation: str) -> None:
    cells = cells_of(situation)
    assert len(cells) > 100
    for cell in cells:
        end = cell.position_x + cell.border_width() + 0.5  # pixels
        for line in boxes(cell, "LineBox"):
            assert max((child.position_x + child.width for child in line.children), default=0.0) <= end


@pytest.mark.parametrize("situation", ["example", "several", "random_slopes", "trial"])
def test_no_word_of_a_heading_is_broken(situation: str) -> None:
    found = document(situation)
    words = {word for table in found.tables.values() for column in table.columns for word in column.label.split()}
    for cell in cells_of(situation):
        if cell.element_tag == "th" and cell.element.get("scope") == "col":
            lines = ["".join(text.text for text in boxes(line, "TextBox")).split() for line in boxes(cell, "LineBox")]
            assert {word for line in lines[1:] for word in line} <= words | {word.split("-")[-1] for word in words}
