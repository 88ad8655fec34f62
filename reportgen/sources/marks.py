"""Texts that mean "no value", as R's NA: a source in which the cells that hold one are empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from reportgen.sources.arrays import emptied
from reportgen.sources.diagnosis import BLANKS, is_number
from reportgen.sources.plain_types import plain_column
from reportgen.sources.source import DivisibleSource, Source


@dataclass(frozen=True, slots=True, eq=False)
class WithoutMarks:
    """A source whose cells with one of some texts have no value.

    Attributes
    ----------
    source : Source
        Whose cells.
    marks : tuple of str
        The texts. In columns of numbers it is the number that counts: -999 is -999.0.
    """

    source: Source
    marks: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the data."""
        return self.source.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.source.columns

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        return self.source.types(columns)

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows in order."""
        for table in self.source.chunks(columns, as_text):
            yield pa.table({name: without_marks(table.column(name), self.marks) for name in table.column_names})

    def sha256(self, columns: Sequence[str] = ()) -> str:
        """Fingerprint of the data as they are."""
        return self.source.sha256(columns)


@dataclass(frozen=True, slots=True, eq=False)
class DivisibleWithoutMarks(WithoutMarks):
    """The same of a source whose parts can be read elsewhere."""

    source: DivisibleSource

    @property
    def n_rows(self) -> int:
        """Rows of the whole."""
        return self.source.n_rows

    def parts(self, rows: int) -> Sequence[Source]:
        """The source cut into parts of about so many rows, in order."""
        return [as_if_empty(part, self.marks) for part in self.source.parts(rows)]


def as_if_empty(source: Source, marks: Sequence[str]) -> Source:
    """The source with the cells that hold one of the texts empty; without any text, the source itself."""
    if not marks:
        return source
    if isinstance(source, DivisibleSource):
        return DivisibleWithoutMarks(source, tuple(marks))
    return WithoutMarks(source, tuple(marks))


def without_marks(column: Any, marks: Sequence[str]) -> Any:
    """An Arrow column, or array, with nulls in the place of some texts, and of the numbers that these are."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        pieces = [
            pa.DictionaryArray.from_arrays(piece.indices, without_marks(piece.dictionary, marks), ordered=kind.ordered)
            for piece in column.chunks
        ]
        return plain_column(pa.chunked_array(pieces, kind))
    values = _values(kind, marks)
    is_mark = pc.is_in(column, value_set=values) if len(values) else None
    if is_mark is None or not pc.any(is_mark).as_py():
        return column
    return emptied(column, is_mark)


def _values(kind: pa.DataType, marks: Sequence[str]) -> Any:
    """The marks that a column of some type can hold, in that type."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.array(marks, kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([mark.encode() for mark in marks], kind)
    found = []
    for number in (Decimal(mark.strip(BLANKS)) for mark in marks if is_number(mark)):
        with suppress(pa.ArrowInvalid, OverflowError):  # a number that no cell of the type can be
            if pa.types.is_floating(kind):
                found.append(pa.scalar(float(number), kind))
            elif pa.types.is_decimal(kind):
                found.append(pa.scalar(number, kind))
            elif pa.types.is_integer(kind) and number.is_finite() and number == int(number):
                found.append(pa.scalar(int(number), kind))
    return pa.array([value.as_py() for value in found], kind)
