"""The rows used: complete cases, and the ledger of what was dropped and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reportgen.errors import NoCompleteRows
from reportgen.sources import Source
from reportgen.sources.arrays import from_mask, from_numbers, numbers_or, to_mask, to_numbers

Reason = Literal["missing_value", "missing_group"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Rows dropped for one reason.

    Attributes
    ----------
    reason : Reason
        ``missing_group`` for a column of the group, else ``missing_value``.
    column : str
        The first column of the row, in the order of the formula, that has no value.
    rows : int
        Number of rows.
    """

    reason: Reason
    column: str
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """What happened to the rows read: a commutative monoid under :meth:`merge`.

    Attributes
    ----------
    n_rows_read : int
        Rows read.
    dropped : mapping
        Column to the rows dropped for it; each dropped row counts once.
    groups : tuple of str
        Columns of the group.
    groups_of_dropped : object
        Arrow table of the distinct groups among the dropped rows, one column per group column, or of none.
    """

    n_rows_read: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    groups_of_dropped: Any = None

    def merge(self, other: Ledger) -> Ledger:
        """The ledger of the rows of both."""
        counts = {c: self.dropped.get(c, 0) + other.dropped.get(c, 0) for c in dict.fromkeys([*self.dropped, *other.dropped])}
        tables = [t for t in (self.groups_of_dropped, other.groups_of_dropped) if t is not None]
        both = _distinct(pa.concat_tables(tables)) if tables else None
        return Ledger(self.n_rows_read + other.n_rows_read, counts, self.groups or other.groups, both)

    @property
    def n_rows_dropped(self) -> int:
        """Rows dropped for any reason."""
        return sum(self.dropped.values())

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        """What was dropped, by column in the order of the formula."""
        return tuple(
            LedgerEntry("missing_group" if column in self.groups else "missing_value", column, rows)
            for column, rows in self.dropped.items()
            if rows
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows used, and where they come from.

    Attributes
    ----------
    source : str
        Name of the data.
    sha256 : str
        Fingerprint of the data; empty where none was taken.
    n_rows_read, n_rows_dropped, n_obs, n_groups : int
        Rows read, dropped and used; groups among those used.
    group_size_min, group_size_median, group_size_max : float
        Rows per group.
    ledger : tuple of LedgerEntry
        Rows dropped by reason.
    lost_groups : tuple of str
        Groups all of whose rows were dropped, sorted.
    """

    source: str
    sha256: str
    n_rows_read: int
    n_rows_dropped: int
    n_obs: int
    n_groups: int
    group_size_min: float
    group_size_median: float
    group_size_max: float
    ledger: tuple[LedgerEntry, ...]
    lost_groups: tuple[str, ...]


def complete_rows(chunk: pa.Table, columns: Sequence[str], groups: Sequence[str] = ()) -> tuple[pa.Table, Ledger]:
    """The rows that have a value in every column, and the ledger of the others.

    Parameters
    ----------
    chunk : Table
        Some rows. Null, NaN and the empty text are missing.
    columns : sequence of str
        Columns that must be complete, in the order of the formula.
    groups : sequence of str
        Of these, the columns of the group.
    """
    missing = {name: mask for name in columns if (mask := _missing(chunk.column(name))) is not None}
    if not missing:
        return chunk, Ledger(chunk.num_rows, dict.fromkeys(columns, 0), tuple(groups))
    complete = np.ones(chunk.num_rows, dtype=bool)
    counts = dict.fromkeys(columns, 0)
    for name in columns:
        if name in missing:
            counts[name] = int(np.count_nonzero(missing[name] & complete))
            complete &= ~missing[name]
    has_group = np.ones(chunk.num_rows, dtype=bool)
    for name in groups:
        has_group &= ~missing.get(name, np.False_)
    lost = chunk.select(list(groups)).filter(from_mask(~complete & has_group)) if groups else None
    if lost is not None:
        lost = _distinct(_decoded(lost))
    return chunk.filter(from_mask(complete)), Ledger(chunk.num_rows, counts, tuple(groups), lost)


def missing_cells(chunk: pa.Table, columns: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) mask of the rows that lack a value in one of some columns."""
    found = np.zeros(chunk.num_rows, dtype=bool)
    for name in columns:
        mask = _missing(chunk.column(name))
        if mask is not None:
            found |= mask
    return found


def _missing(column: Any) -> NDArray[np.bool_] | None:
    """(n,) mask of the cells without a value, or None if all have one."""
    kind = column.type
    mask = None
    if column.null_count:
        mask = to_mask(column.is_null(nan_is_null=pa.types.is_floating(kind)))
    elif pa.types.is_floating(kind) and pc.any(pc.is_nan(column)).as_py():
        mask = to_mask(pc.is_nan(column))
    blank = _blank(column)
    if blank is None:
        return mask
    return blank if mask is None else mask | blank


def _blank(column: Any) -> NDArray[np.bool_] | None:
    """(n,) mask of the cells with an empty text, or None if there is none."""
    kind = column.type
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_string(value) or pa.types.is_large_string(value)):
        return None
    if pa.types.is_dictionary(kind):
        pieces = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        if not any(pc.min(pc.binary_length(piece.dictionary)).as_py() == 0 for piece in pieces if len(piece.dictionary)):
            return None
        column = column.cast(value)
    lengths = pc.binary_length(column)
    if pc.min(lengths).as_py() != 0:
        return None
    pieces = lengths.chunks if isinstance(lengths, pa.ChunkedArray) else [lengths]
    return np.concatenate([numbers_or(piece, 1) == 0 for piece in pieces])


def _distinct(table: pa.Table) -> pa.Table:
    """The rows of a table without nulls that differ from all before them.

    By codes, because the grouping of Arrow loads its data sets and pandas first, longer than most fits take.
    """
    codes = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        encoded = pa.concat_arrays(column.chunks).dictionary_encode() if column.num_chunks else None
        if encoded is not None:
            codes = np.unique(codes * len(encoded.dictionary) + to_numbers(encoded.indices), return_inverse=True)[1]
    return table.take(from_numbers(np.sort(np.unique(codes, return_index=True)[1])))


def _decoded(table: pa.Table) -> pa.Table:
    """Dictionary columns as their values, so that chunks with other dictionaries can be joined."""
    fields = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))


def used_rows(
    source: Source, columns: Sequence[str], groups: Sequence[str], as_text: Sequence[str]
) -> Iterator[tuple[pa.Table, Ledger]]:
    """The complete rows of a source, chunk by chunk, each with its ledger.

    Parameters
    ----------
    source : Source
        Where the rows are.
    columns : sequence of str
        Columns that must be complete, in the order of the formula.
    groups : sequence of str
        Of these, the columns of the group.
    as_text : sequence of str
        Of these, the ones whose cells are labels.
    """
    for chunk in source.chunks(columns, as_text):
        yield complete_rows(chunk, columns, groups)


def summarise(source: str, sha256: str, ledger: Ledger, rows: NDArray[np.int64], lost_groups: Sequence[str] = ()) -> Sample:
    """The record of the rows used.

    Parameters
    ----------
    source, sha256 : str
        Name and fingerprint of the data.
    ledger : Ledger
        Of all rows read.
    rows : (J,) array of int
        Rows used per group.
    lost_groups : sequence of str
        Groups all of whose rows were dropped.

    Raises
    ------
    NoCompleteRows
        None was used.
    """
    if not len(rows):
        raise NoCompleteRows(source, ledger.n_rows_read, {entry.column: entry.rows for entry in ledger.entries})
    return Sample(
        source=source,
        sha256=sha256,
        n_rows_read=ledger.n_rows_read,
        n_rows_dropped=ledger.n_rows_dropped,
        n_obs=int(rows.sum()),
        n_groups=len(rows),
        group_size_min=float(rows.min()),
        group_size_median=float(np.median(rows)),
        group_size_max=float(rows.max()),
        ledger=ledger.entries,
        lost_groups=tuple(lost_groups),
    )
