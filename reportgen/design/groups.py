"""Which group a row belongs to: codes that grow chunk by chunk, and the labels of the groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reportgen.design.labels import label_texts, natural_order
from reportgen.sources.arrays import from_mask, from_numbers, numbers_or, to_numbers

Codes = NDArray[np.int64]

MAX_SPAN = 1 << 24  # integers between the least and the greatest label for which a table of codes is kept
PAIR = 1 << 31  # codes of one column in a combination


@dataclass(slots=True)
class ColumnIndex:
    """Codes 0, 1, 2, ... for the distinct values of one column; each chunk appends its new ones, in an order of no meaning.

    Attributes
    ----------
    values : object
        Arrow array of the distinct values by code; absent before the first row.
    """

    values: Any = None
    _low: int = 0
    _table: Codes = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def encode(self, column: Any) -> Codes:
        """(n,) codes of an Arrow column without nulls."""
        if pa.types.is_floating(column.type):
            column = from_numbers(as_numpy(column) + 0.0)  # one zero instead of two
        has_table = self.values is None or len(self._table)
        if pa.types.is_integer(column.type) and not pa.types.is_uint64(column.type) and has_table:
            codes = self._encode_integers(column)
            if codes is not None:
                return codes
        return self._encode_any(column)

    @property
    def n_values(self) -> int:
        """Number of distinct values."""
        return 0 if self.values is None else len(self.values)

    def _encode_integers(self, column: Any) -> Codes | None:
        """Codes by a table from integer to code; None where the integers lie too far apart for one."""
        numbers = as_numpy(column).astype(np.int64, copy=False)
        if not len(numbers):
            return np.empty(0, dtype=np.int64)
        low, high = int(numbers.min()), int(numbers.max())
        if len(self._table):
            low, high = min(low, self._low), max(high, self._low + len(self._table) - 1)
        if high - low >= MAX_SPAN:
            self._table = np.empty(0, dtype=np.int64)
            return None
        if low != self._low or high - low + 1 != len(self._table):
            table = np.full(high - low + 1, -1, dtype=np.int64)
            start = self._low - low
            table[start : start + len(self._table)] = self._table if len(self._table) else table[:0]
            self._low, self._table = low, table
        places = numbers - low if low else numbers
        codes: Codes = self._table[places]
        if codes.size and codes.min() < 0:
            new = np.zeros(len(self._table), dtype=bool)
            new[places[codes < 0]] = True
            fresh = np.flatnonzero(new)
            self._table[fresh] = np.arange(self.n_values, self.n_values + len(fresh))
            self._append(from_numbers(fresh + low).cast(column.type))
            codes = self._table[places]
        return codes

    def _encode_any(self, column: Any) -> Codes:
        array = contiguous(column)
        has_levels = pa.types.is_dictionary(array.type)
        encoded = array if has_levels else array.dictionary_encode()
        indices = as_numpy(encoded.indices)
        dictionary = encoded.dictionary
        if has_levels:  # a level that no row has is not a group
            used = np.zeros(len(dictionary), dtype=bool)
            used[indices] = True
            codes = np.full(len(dictionary), -1, dtype=np.int64)
            codes[used] = self._codes_of(dictionary if used.all() else dictionary.filter(from_mask(used)))
        elif self.values is None:
            self.values = dictionary
            return indices.astype(np.int64)
        else:
            codes = self._codes_of(dictionary)
        result: Codes = codes[indices]
        return result

    def _codes_of(self, distinct: Any) -> Codes:
        """Codes of distinct values; new ones are appended."""
        if self.values is None:
            self.values = distinct
            return np.arange(len(distinct), dtype=np.int64)
        found = pc.index_in(distinct, value_set=self.values)
        codes = numbers_or(found, -1).astype(np.int64)
        new = codes < 0
        if new.any():
            codes[new] = np.arange(self.n_values, self.n_values + int(new.sum()))
            self._append(distinct.filter(from_mask(new)))
        return codes

    def _append(self, values: Any) -> None:
        self.values = values if self.values is None else pa.concat_arrays([self.values, values])


@dataclass(slots=True)
class GroupIndex:
    """Codes of the groups, of one column or of a combination of columns.

    Attributes
    ----------
    parts : list of ColumnIndex
        One for each column.
    pairs : list of ColumnIndex
        One for each column after the first: codes of the pairs (code so far, code of this column).
    """

    parts: list[ColumnIndex]
    pairs: list[ColumnIndex]

    @classmethod
    def of(cls, n_columns: int) -> GroupIndex:
        """An empty index for so many columns."""
        return cls([ColumnIndex() for _ in range(n_columns)], [ColumnIndex() for _ in range(n_columns - 1)])

    def encode(self, columns: Sequence[Any]) -> Codes:
        """(n,) codes of the rows; new groups get the next codes."""
        codes = self.parts[0].encode(columns[0])
        for part, pairs, column in zip(self.parts[1:], self.pairs, columns[1:], strict=True):
            codes = pairs.encode(from_numbers(codes * PAIR + part.encode(column)))
        return codes

    @property
    def n_groups(self) -> int:
        """Number of groups so far."""
        return (self.pairs or self.parts)[-1].n_values

    def keys(self) -> list[tuple[str, ...]]:
        """Labels of each group by code, one for each column."""
        if self.n_groups == 0:
            return []
        texts = [label_texts(part.values) for part in self.parts]
        groups: list[tuple[str, ...]] = [(text,) for text in texts[0]]
        for column, pairs in zip(texts[1:], self.pairs, strict=True):
            found = as_numpy(pairs.values)
            groups = [(*groups[first], column[second]) for first, second in zip(found // PAIR, found % PAIR, strict=True)]
        return groups

    def labels(self) -> list[str]:
        """Label of each group by code, the columns of a combination joined by a colon."""
        if self.pairs or not self.n_groups:
            return joined(self.keys())
        return label_texts(self.parts[0].values)

    def missing_from(self, columns: Sequence[Any]) -> list[str]:
        """Labels, sorted naturally, of those rows whose group has no code."""
        probe = GroupIndex.of(len(self.parts))
        probe.encode(columns)
        own = set(self.labels())
        lost = [label for label in probe.labels() if label not in own]
        return [lost[i] for i in natural_order(lost)]


def joined(keys: Sequence[tuple[str, ...]]) -> list[str]:
    """Labels of combinations, joined by a colon; with a backslash before the labels' own colons where two would be the same."""
    labels = [":".join(key) for key in keys]
    if len(set(labels)) < len(labels):  # "a:b" and "c" beside "a" and "b:c"
        return [":".join(text.replace("\\", "\\\\").replace(":", "\\:") for text in key) for key in keys]
    return labels


def contiguous(column: Any) -> Any:
    """An Arrow column as one array, its dictionary unified."""
    if isinstance(column, pa.ChunkedArray):
        if column.num_chunks == 1:
            return column.chunk(0)
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        combined = column.combine_chunks()
        return combined if not isinstance(combined, pa.ChunkedArray) else pa.concat_arrays(combined.chunks)
    return column


def as_numpy(column: Any) -> NDArray[Any]:
    """(n,) numbers of an Arrow column without nulls, sharing its memory where it can."""
    return to_numbers(contiguous(column))
