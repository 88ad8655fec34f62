"""Excel workbooks: the first sheet, its first row the names of the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from reportgen.errors import SourceUnreadable
from reportgen.sources.cells import table_of_cells
from reportgen.sources.digests import digest_of_files
from reportgen.sources.frames import Frame, open_frame


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
    """

    name: str
    path: Path
    cells: Frame
    _digest: list[str] = field(default_factory=list, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.cells.columns

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        return self.cells.types(columns)

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows."""
        return self.cells.chunks(columns, as_text)

    def sha256(self, columns: Sequence[str] = ()) -> str:  # noqa: ARG002
        """SHA-256 of the file's bytes, computed once."""
        if not self._digest:
            self._digest.append(digest_of_files((self.path,)))
        return self._digest[0]


def open_workbook(path: Path, name: str, chunk_rows: int) -> Workbook:
    """Read the first sheet of an Excel workbook.

    Raises
    ------
    SourceUnreadable
        The reader is not installed, the file is broken, or a row has cells beyond the named columns.
    """
    try:
        import openpyxl
    except ImportError as error:
        allowed = "install it with: pip install 'reportgen[excel]', or save the sheet as CSV"
        raise SourceUnreadable(name, "", "the reader of Excel files is not installed", allowed) from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except Exception as error:  # the reader passes on what zip and XML raise
        raise SourceUnreadable(
            name, "", "is not an Excel workbook that can be read", "save it again as .xlsx or CSV"
        ) from error
    rows = [row for row in rows if any(cell is not None for cell in row)]
    if len(rows) < 2:
        raise SourceUnreadable(name, "", "the first sheet has no rows of data", "put names in row 1 and data below")
    header, body = rows[0], rows[1:]
    width = max((i + 1 for row in rows for i, cell in enumerate(row) if cell is not None), default=0)
    if any(cell is None for cell in [*header, *[None] * width][:width]):
        column = next(i for i, cell in enumerate([*header, *[None] * width]) if cell is None) + 1
        raise SourceUnreadable(name, "row 1", f"column {column} has no name", "put the names of the columns in the first row")
    table = (
        table_of_cells([str(cell) for cell in header[:width]], [[*row, *[None] * (width - len(row))] for row in body])
        if len({str(cell) for cell in header[:width]}) == width
        else None
    )
    if table is None:
        raise SourceUnreadable(name, "row 1", "a name occurs twice", "give every column its own name")
    return Workbook(name, path, open_frame(table, name, chunk_rows))
