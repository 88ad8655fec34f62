"""The analysed columns of the rows used, as plain values, and back into a table that gives the same fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from reportgen.analysis import Analysis
from reportgen.design.factors import LevelSearch
from reportgen.design.groups import contiguous
from reportgen.design.labels import label_texts
from reportgen.errors import OutputNotWritable
from reportgen.sample import used_rows

Kind = Literal["integer", "number", "boolean", "string"]
ARROW: Mapping[Kind, Any] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column.

    Attributes
    ----------
    name : str
        As in the data.
    kind : Kind
        What its values are; labels of any other type are texts.
    levels : tuple of str
        Levels in the order of a categorical type; empty for other types.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysedRows:
    """Columns of the rows used: one list of n values for each field."""

    fields: tuple[Field, ...]
    columns: tuple[list[Any], ...]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0])


def analysed_rows(analysis: Analysis) -> AnalysedRows:
    """Read the rows used again, in the order of the data, with the columns that the analysis needs.

    Raises
    ------
    OutputNotWritable
        The data are not what they were when they were analysed.
    """
    design = analysis.design
    chunks = used_rows(design.source, design.source_columns, design.group_columns, design.text_columns)
    tables = [table for table, _ in chunks if table.num_rows]
    if sum(table.num_rows for table in tables) != analysis.sample.n_obs:
        raise OutputNotWritable("the attached data", "the data have changed since they were read")
    pieces = [[table.column(name) for table in tables] for name in design.source_columns]
    fields = tuple(_field(name, parts) for name, parts in zip(design.source_columns, pieces, strict=True))
    columns = tuple(
        [value for part in parts for value in _values(part, field.kind)] for field, parts in zip(fields, pieces, strict=True)
    )
    return AnalysedRows(fields, columns)


def _field(name: str, parts: Sequence[Any]) -> Field:
    kind = parts[0].type
    if pa.types.is_dictionary(kind):
        search = LevelSearch(name, keeps_order=True)
        for part in parts:
            search.add(part)
        return Field(name, "string", search.factor().levels)
    if pa.types.is_boolean(kind):
        return Field(name, "boolean")
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return Field(name, "integer")
    is_number = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    return Field(name, "number" if is_number else "string")


def _values(column: Any, kind: Kind) -> list[Any]:
    if kind == "number":
        return [float(value) for value in column.to_pylist()]
    if kind != "string":
        return list(column.to_pylist())
    array = contiguous(column)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    texts = label_texts(encoded.dictionary)
    return [texts[i] for i in encoded.indices.to_pylist()]


def table_of(rows: AnalysedRows) -> pa.Table:
    """The rows as a table whose columns have the types that their fields name."""
    return pa.table({field.name: _array(field, values) for field, values in zip(rows.fields, rows.columns, strict=True)})


def _array(field: Field, values: Sequence[Any]) -> Any:
    if not field.levels:
        return pa.array(values, ARROW[field.kind])
    place = {level: i for i, level in enumerate(field.levels)}
    indices = pa.array([place[value] for value in values], pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(field.levels, pa.string()))
