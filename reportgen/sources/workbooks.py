"""Excel workbooks: the first sheet, its first row the names of the columns."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from reportgen.errors import SourceUnreadable, quoted
from reportgen.sources.cells import table_of_cells
from reportgen.sources.digests import kept_digest
from reportgen.sources.frames import Frame, open_frame

MAX_ROWS = 1 << 20  # that a sheet can have


@dataclass(frozen=True, slots=True, eq=False)
class Workbook:
    """The first sheet of a workbook, in memory.

    Attributes
    ----------
    name : str
        Name of the file.
    path : Path
        The file.
    cells : Frame
        Its cells.
    unsaved : mapping
        Column to the first of its cells that holds a formula but no value.
    failed : mapping
        Column to the first of its cells whose formula failed, and what stands there.
    """

    name: str
    path: Path
    cells: Frame
    unsaved: Mapping[str, str]
    failed: Mapping[str, tuple[str, str]]
    _digest: list[str] = field(default_factory=list, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.cells.columns

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        return self.cells.types(columns)

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows.

        Raises
        ------
        SourceUnreadable
            A cell has a formula without its value: it would be taken as missing; or the error that its formula ended in: it
            would be taken as a label.
        """
        for column in columns:
            if column in self.failed:
                cell, value = self.failed[column]
                allowed = "mend its formula, or empty the cell"
                raise SourceUnreadable(self.name, f"cell {cell}", f"its formula failed: {quoted(value)}", allowed)
            if column in self.unsaved:
                problem = "holds a formula, but not the value that it gave"
                allowed = "open it in a spreadsheet program and save it there"
                raise SourceUnreadable(self.name, f"cell {self.unsaved[column]}", problem, allowed)
        return self.cells.chunks(columns, as_text)

    def sha256(self, columns: Sequence[str] = ()) -> str:  # noqa: ARG002
        """SHA-256 of the file's bytes, computed once."""
        return kept_digest(self._digest, (self.path,))


class NoSheet(Exception):
    """A workbook has sheets of charts alone."""


def open_workbook(path: Path, name: str, chunk_rows: int, missing: Sequence[str] = ()) -> Workbook:
    """Read the first sheet of an Excel workbook; cells with a text that means `missing` are empty.

    Raises
    ------
    SourceUnreadable
        The reader is not installed, the file is broken, a row has cells beyond the named columns
    """
    try:
        import openpyxl
    except ImportError as error:
        allowed = "install it with: pip install 'reportgen[excel]', or save the sheet as CSV"
        raise SourceUnreadable(name, "", "the reader of Excel files is not installed", allowed) from error
    try:
        with _opened(openpyxl, path, values=True) as sheet:
            rows = [_without_end(row) for row in _rows(sheet, values_only=True)]
        width = max(map(len, rows), default=0)
        errors = _failed_formulas(rows, frozenset(openpyxl.cell.cell.ERROR_CODES) - {*missing}, openpyxl)
        unsaved = _unsaved_formulas(openpyxl, path) if any(len(row) < width or None in row for row in rows) else {}
    except NoSheet as error:
        raise SourceUnreadable(name, "", "has no sheet of cells", "put the data on a sheet, or save them as CSV") from error
    except Exception as error:  # the reader passes on what zip and XML raise
        raise SourceUnreadable(
            name, "", "is not an Excel workbook that can be read", "save it again as .xlsx or CSV"
        ) from error
    names, body = _with_names(name, [row for row in rows if row], width)
    table = table_of_cells(names, [[*row, *[None] * (width - len(row))] for row in body], missing)
    places = {names[column]: place for column, place in unsaved.items() if column < width}
    failed = {names[column]: place for column, place in errors.items()}
    return Workbook(name, path, open_frame(table, name, chunk_rows), places, failed)


def _with_names(name: str, rows: Sequence[list[Any]], width: int) -> tuple[list[str], Sequence[list[Any]]]:
    """The names in the first row, and the others."""
    if len(rows) < 2:
        raise SourceUnreadable(name, "", "the first sheet has no rows of data", "put names in row 1 and data below")
    header = [*rows[0], *[None] * (width - len(rows[0]))]
    if None in header:
        problem = f"column {header.index(None) + 1} has no name"
        raise SourceUnreadable(name, "row 1", problem, "put the names of the columns in the first row")
    names = [str(cell).strip() for cell in header]
    if len(set(names)) < width:
        raise SourceUnreadable(name, "row 1", "a name occurs twice", "give every column its own name")
    return names, rows[1:]


@contextmanager
def _opened(openpyxl: Any, path: Path, *, values: bool) -> Iterator[Any]:
    """The first sheet: its cells' values, or their formulas."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions, which hold no data
        book = openpyxl.load_workbook(path, read_only=True, data_only=values)
        if not book.worksheets:  # charts alone
            raise NoSheet
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its size may be wrong: cells beyond would be left out
        try:
            yield sheet
        finally:
            book.close()


def _rows(sheet: Any, *, values_only: bool = False) -> Iterator[Sequence[Any]]:
    """The rows of a sheet, each as long as its last cell says; empty ones that the file leaves out included."""
    for number, row in enumerate(sheet.iter_rows(values_only=values_only), 1):
        if number > MAX_ROWS:
            raise ValueError("more rows than a sheet can have")
        yield row


def _without_end(row: Sequence[Any]) -> list[Any]:
    """A row up to its last cell with a value."""
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return list(row[:end])


def _failed_formulas(rows: Sequence[Sequence[Any]], codes: frozenset[str], openpyxl: Any) -> dict[int, tuple[str, str]]:
    """The first cell in each column that holds one of the `codes` of errors, as #N/A, and which."""
    letter = openpyxl.utils.get_column_letter
    found: dict[int, tuple[str, str]] = {}
    for number, row in enumerate(rows, 1):
        for i, cell in enumerate(row):
            if isinstance(cell, str) and cell in codes:
                found.setdefault(i, (f"{letter(i + 1)}{number}", cell))
    return found


def _unsaved_formulas(openpyxl: Any, path: Path) -> dict[int, str]:
    """The first cell in each column whose formula was written by a program that does not compute: it has no value."""
    found: dict[int, str] = {}
    with _opened(openpyxl, path, values=True) as values, _opened(openpyxl, path, values=False) as formulas:
        for row, written in zip(_rows(values), _rows(formulas), strict=True):
            for i, (cell, formula) in enumerate(zip(row, written, strict=True)):
                if formula.data_type == "f" and cell.value is None and cell.data_type == "n":
                    found.setdefault(i, str(formula.coordinate))
    return found
