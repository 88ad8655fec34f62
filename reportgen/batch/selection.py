"""Some rows of a source: those with one label in one column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from reportgen.batch.jobs import Selection
from reportgen.design.labels import label_texts, natural_order
from reportgen.errors import OptionConflict, quoted
from reportgen.sources import Source, open_source
from reportgen.sources.arrays import emptied

MOST_VALUES = 100_000  # of a column by which a file is split: more is an identifier, not a way to split


@dataclass(frozen=True, slots=True, eq=False)
class SelectedRows:
    """A source without the rows that have another label; it is a :class:`~reportgen.sources.Source` itself."""

    source: Source
    selection: Selection

    @property
    def name(self) -> str:
        """Name of the data with what is selected."""
        return f"{self.source.name}, {self.selection.column} = {self.selection.value}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.source.columns

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        return self.source.types(columns)

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The selected rows in order."""
        column = self.selection.column
        is_own = column in columns
        wanted = list(columns) if is_own else [*columns, column]
        # A column the formula takes as a number is selected by the number's text, any other by the text as it is written.
        texts = list(as_text) if is_own else [*as_text, column]
        for table in self.source.chunks(wanted, texts):
            chosen = table.filter(_mask(table.column(column), self.selection.value)).select(list(columns))
            if chosen.num_rows:
                yield chosen

    def sha256(self, columns: Sequence[str] = ()) -> str:
        """Fingerprint of the whole source."""
        return self.source.sha256(columns)


def selected(source: Source, selections: Sequence[Selection]) -> Source:
    """The rows of a source that match every selection."""
    for selection in selections:
        source = SelectedRows(source, selection)
    return source


@dataclass(frozen=True, slots=True)
class Values:
    """The labels of a column in their natural order, and how many rows have none."""

    labels: tuple[str, ...]
    rows_without: int


def values_of(path: str, column: str, missing: Sequence[str] = ()) -> Values:
    """What a column has in its cells: empty cells, NaN in a column of numbers, and texts that mean `missing` are no value.

    Raises
    ------
    ColumnMissing
        There is no such column.
    OptionConflict
        It has no value at all, or more than ``MOST_VALUES``.
    """
    source = open_source(path, missing=missing)
    found: dict[str, None] = {}
    rows_without = 0
    for table in source.chunks([column], [column]):
        cells = _valued(table.column(column))
        rows_without += cells.null_count
        found |= dict.fromkeys(label_texts(pc.drop_null(pc.unique(cells))))
        if len(found) > MOST_VALUES:
            problem = f"has more than {MOST_VALUES:,} values in {source.name}"
            raise OptionConflict(f"--by: column {quoted(column)}", problem, "choose a column with few values")
    if not found:
        raise OptionConflict(f"--by: column {quoted(column)}", f"has no value in {source.name}", "choose another column")
    labels = list(found)
    return Values(tuple(labels[position] for position in natural_order(labels)), rows_without)


def _valued(column: Any) -> Any:
    """A column with nulls wherever it has no value."""
    plain = _plain(column)
    if pa.types.is_floating(plain.type):
        return emptied(plain, pc.is_nan(plain))
    if pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type):
        return emptied(plain, pc.equal(plain, ""))
    return plain


def _plain(column: Any) -> Any:
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


def _mask(column: Any, value: str) -> Any:
    """(n,) Arrow mask of the cells with a label."""
    plain = _plain(column)
    distinct = pc.drop_null(pc.unique(plain))
    places = [place for place, label in enumerate(label_texts(distinct)) if label == value]
    return pc.is_in(plain, value_set=distinct.take(pa.array(places, pa.int64())))
