"""The numbers of a report as an Excel workbook: one sheet a table, full precision, the same bytes each time."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from reportgen.errors import OutputNotWritable
from reportgen.presentation.moment import creation_date
from reportgen.presentation.separated import neutral
from reportgen.presentation.sheets import Sheet, all_sheets

if TYPE_CHECKING:
    from reportgen.presentation.material import Material

MAX_ROWS = 1_048_575  # below the header
MAX_COLUMNS = 16_384
MAX_TEXT = 32_767  # characters of a cell
WIDEST = 40  # characters a column is made wide
LOOKED_AT = 200  # rows that decide how wide
STRICT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


class Exact(float):
    """A number that is written with all its digits: the library would cut it off after sixteen."""

    def __format__(self, _spec: str) -> str:
        return repr(float(self))


def workbook(material: Material) -> bytes:
    """The tables for machines as XLSX.

    Text stays text: nothing becomes a formula, a link or a number, and what begins like a formula has an apostrophe in front,
    as in the CSV files.

    Raises
    ------
    OutputNotWritable
        A table has more rows or columns than a sheet can hold.
    """
    import xlsxwriter

    from reportgen.presentation.exports import results

    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, STRICT)
    moment = creation_date(material.presentation.date).replace(tzinfo=None)
    document = {"title": material.title, "author": material.author, "created": moment}
    book.set_properties({key: neutral(value) if isinstance(value, str) else value for key, value in document.items()})
    head = book.add_format({"bold": True, "bottom": 1})
    for sheet in all_sheets(material.analysis, results(material.analysis)):
        if len(sheet.rows) > MAX_ROWS or len(sheet.columns) > MAX_COLUMNS:
            raise OutputNotWritable("xlsx", f"{len(sheet.rows)} {sheet.name} do not fit on a sheet; choose csv or json")
        _write(book.add_worksheet(sheet.name), sheet, head)
    book.close()
    return buffer.getvalue()


def _write(page: Any, sheet: Sheet, head: Any) -> None:
    for i, column in enumerate(sheet.columns):
        page.write_string(0, i, neutral(column)[:MAX_TEXT], head)
    for r, row in enumerate(sheet.rows, 1):
        for i, value in enumerate(row):
            if isinstance(value, bool):
                page.write_boolean(r, i, value)
            elif isinstance(value, str):
                page.write_string(r, i, neutral(value)[:MAX_TEXT])
            elif value is not None:
                page.write_number(r, i, Exact(value))
    page.freeze_panes(1, 1)
    for i, column in enumerate(sheet.columns):
        lengths = [len(str(row[i])) for row in sheet.rows[:LOOKED_AT] if row[i] is not None]
        page.set_column(i, i, min(max([len(column), *lengths]) + 2, WIDEST))
