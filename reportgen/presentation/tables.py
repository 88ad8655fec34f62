"""Tables as data: records of formatted cells. How they are drawn is up to the renderers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.fits import Coefficient, Number, Undefined
from reportgen.presentation.formatting import MISSING, Place, estimate

Align = Literal["text", "number"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text : str
        What stands in it; empty where nothing belongs there.
    details : tuple of str
        Further lines below it, as a standard error and an interval.
    note : str
        Why the value is missing; empty where it is not.
    """

    text: str
    details: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and whether it holds text or numbers."""

    label: str
    align: Align = "number"


@dataclass(frozen=True, slots=True)
class Row:
    """A row. `begins_part` asks for a rule above it."""

    header: str
    cells: tuple[Cell, ...]
    begins_part: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes
    ----------
    id : str
        Names the table; its caption stands in the template that shows it.
    stub : str
        Heading of the row headers.
    columns : tuple of Column
        The columns after the row headers.
    rows : tuple of Row
        Each with one cell a column.
    n_left_out : int
        Rows that exist but are not shown.
    """

    id: str
    stub: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    n_left_out: int = 0

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"table {self.id}: row {row.header!r} has {len(row.cells)} cells, not {len(self.columns)}")

    @property
    def notes(self) -> tuple[str, ...]:
        """Why cells are missing: each reason once, in the order of the cells."""
        return tuple(dict.fromkeys(cell.note for row in self.rows for cell in row.cells if cell.note))


EMPTY = Cell("")


def coefficient_cell(item: Coefficient, place: Place, *extra: str) -> Cell:
    """Estimate with standard error, interval and p value below it, cut off at a shared place; `extra` lines follow."""
    shown = estimate(item, place)
    return Cell(shown.value, (f"({shown.std_error})", shown.interval, shown.p, *extra))


def missing(reason: str) -> Cell:
    """A cell whose value cannot be computed, with the reason."""
    return Cell(MISSING, (), reason)


def number_cell(value: Number, text: str, reason: str) -> Cell:
    """A cell with the text of a number, or its reason if the number is undefined."""
    return missing(reason) if isinstance(value, Undefined) else Cell(text)
