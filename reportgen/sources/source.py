"""What every data source offers, and how its record batches are gathered into chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from reportgen.errors import ColumnMissing

CHUNK_ROWS = 1 << 20
CHUNK_CELLS, LEAST_ROWS = 5 << 19, 1 << 16  # rows of more columns come in smaller chunks, down to this many


@runtime_checkable
class Source(Protocol):
    """A table that can be read again and again, chunk by chunk.

    Attributes
    ----------
    name : str
        Name for the report: the file's name without its folders, or ``data frame``.
    columns : tuple of str
        Names of the columns, each once.
    """

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns, as read without `as_text`."""
        ...

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows in order.

        Parameters
        ----------
        columns : sequence of str
            The columns to read, in this order.
        as_text : sequence of str
            Of these, the ones whose cells are labels: a source of text gives them as they are written (01 is not 1);
            a typed source gives its own type.

        Raises
        ------
        InputError
            The data cannot be read; says where.
        """
        ...

    def sha256(self, columns: Sequence[str] = ()) -> str:
        """Fingerprint: of a file's bytes, whatever the columns; of a data frame, of the contents of `columns`."""
        ...


@runtime_checkable
class DivisibleSource(Source, Protocol):
    """A source whose parts can be read elsewhere, each by itself.

    Attributes
    ----------
    n_rows : int
        Rows of the whole.
    """

    @property
    def n_rows(self) -> int: ...

    def parts(self, rows: int) -> Sequence[Source]:
        """The source cut into parts of about so many rows, in order."""
        ...


def check_known(columns: Sequence[str], available: Sequence[str], name: str) -> None:
    """Raise :class:`ColumnMissing` for the first of `columns` that is not there."""
    known = frozenset(available)
    for column in columns:
        if column not in known:
            raise ColumnMissing(column, available, name)


def rows_at_a_time(chunk_rows: int, n_columns: int) -> int:
    """Rows of a chunk of so many columns."""
    return min(chunk_rows, max(LEAST_ROWS, CHUNK_CELLS // max(n_columns, 1)))


def gathered(batches: Iterable[Any], chunk_rows: int) -> Iterator[pa.Table]:
    """Record batches of any size as tables of `chunk_rows` to twice as many rows (the last one may be smaller)."""
    waiting: list[Any] = []
    rows = 0
    for batch in batches:
        if batch.num_rows == 0:
            continue
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= chunk_rows:
            yield from sliced(pa.Table.from_batches(waiting), chunk_rows)
            waiting, rows = [], 0
    if waiting:
        yield from sliced(pa.Table.from_batches(waiting), chunk_rows)


def sliced(table: pa.Table, chunk_rows: int) -> Iterator[pa.Table]:
    """A table as slices of `chunk_rows`, the last one up to twice as long; nothing is copied."""
    start = 0
    while table.num_rows - start >= 2 * chunk_rows:
        yield table.slice(start, chunk_rows)
        start += chunk_rows
    if table.num_rows > start:
        yield table.slice(start)
