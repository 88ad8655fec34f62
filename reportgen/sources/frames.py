"""Data frames of pandas, polars, Arrow, or anything that hands out its columns as an Arrow stream."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from reportgen.errors import ColumnUnusable, InputError, SourceUnreadable, listed, said
from reportgen.sources.cells import column_of_cells, is_missing, text_of
from reportgen.sources.digests import digest_of_columns
from reportgen.sources.plain_types import plain_column
from reportgen.sources.source import check_known, rows_at_a_time, sliced


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Columns in memory.

    Attributes
    ----------
    name : str
        Name for the report.
    labels : mapping
        Name of each column to its label in the frame, which need not be a text.
    frame : object
        A pandas data frame or an Arrow table.
    chunk_rows : int
        Rows of a chunk.
    missing : frozenset of str
        Texts that mean "no value" where they stand among numbers.
    """

    name: str
    labels: Mapping[str, Any]
    frame: Any
    chunk_rows: int
    missing: frozenset[str] = frozenset()
    _converted: dict[str, Any] = field(default_factory=dict, repr=False)
    _digests: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.labels)

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        return {name: self._column(name).type for name in columns}

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:  # noqa: ARG002
        """The rows as slices that share the frame's memory."""
        check_known(columns, self.columns, self.name)
        table = pa.table({name: self._column(name) for name in columns})
        yield from sliced(table, rows_at_a_time(self.chunk_rows, len(columns)))

    def sha256(self, columns: Sequence[str] = ()) -> str:
        """SHA-256 of the contents of `columns` (by default of all), computed once."""
        names = tuple(columns or self.columns)
        if names not in self._digests:
            self._digests[names] = digest_of_columns({name: self._column(name) for name in names})
        return self._digests[names]

    def _column(self, name: str) -> Any:
        check_known([name], self.columns, self.name)
        if name not in self._converted:
            label = self.labels[name]
            is_arrow = isinstance(self.frame, pa.Table)
            column = self.frame.column(label) if is_arrow else self._of_pandas(name, label)
            self._converted[name] = plain_column(column)
        return self._converted[name]

    def _of_pandas(self, name: str, label: object) -> Any:
        """One column of a pandas frame; its cells may be objects of any class, whose methods are asked for their text."""
        try:
            return _pandas_column(self.frame[label], self.missing)
        except (InputError, MemoryError):
            raise
        except Exception as error:
            problem = f"holds objects that cannot be written as text ({type(error).__name__} in their own methods)"
            raise ColumnUnusable(self.name, name, problem, "give texts or numbers in their place") from error


def open_frame(data: object, name: str, chunk_rows: int, missing: Sequence[str] = ()) -> Frame:
    """A data frame as a source; the texts that mean `missing` do not make a column of numbers one of texts.

    Raises
    ------
    SourceUnreadable
        Not a data frame, or column names that occur twice.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        if data.columns.nlevels > 1:
            raise SourceUnreadable(name, "", "its columns have names of several levels", "give each column one name")
        if not len(data):
            raise _no_rows(name)
        return Frame(name, _labels(list(data.columns), name), data, chunk_rows, frozenset(missing))
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if not isinstance(data, pa.Table) and hasattr(data, "__arrow_c_stream__") and not isinstance(data, pa.RecordBatchReader):
        try:
            data = _column_by_column(data, frozenset(missing)) if hasattr(data, "get_columns") else pa.table(data)
        except MemoryError:
            raise
        except Exception as error:  # of the library that made it, or of objects in its cells
            problem = f"a {type(data).__name__} that Arrow cannot read ({_reason(error)})"
            raise SourceUnreadable(name, "", problem, "give a data frame whose columns have ordinary types") from error
    if isinstance(data, pa.Table):
        _labels(data.column_names, name)
        if not data.num_rows:
            raise _no_rows(name)
        return Frame(name, {column: i for i, column in enumerate(data.column_names)}, data, chunk_rows)
    allowed = "give a path or a data frame of pandas, polars or pyarrow"
    if hasattr(data, "collect"):
        allowed = "call its collect() first"
    raise SourceUnreadable(name, "", f"a {type(data).__name__} is not a table that can be read twice", allowed)


def _column_by_column(frame: Any, missing: frozenset[str]) -> pa.Table:
    """A polars frame as an Arrow table; a column of a type that Arrow lacks by its cells: integers of 128 bits, objects.

    Of objects Arrow is handed where they are in memory, as bytes, which would be labels.
    """
    columns = frame.get_columns()
    if not any(_holds_objects(series) for series in columns):
        with suppress(pa.ArrowException):
            return pa.table(frame)
    return pa.table({series.name: _polars_column(series, missing) for series in columns})


def _polars_column(series: Any, missing: frozenset[str]) -> Any:
    if not _holds_objects(series):
        with suppress(pa.ArrowException):
            return pa.chunked_array(series)
    return _column_of_values(series.to_list(), missing)


def _column_of_values(values: Sequence[Any], missing: frozenset[str]) -> Any:
    """Values of any types as a column; NA, NaN and the texts that mean `missing` are none."""
    return column_of_cells([None if is_missing(v) or (isinstance(v, str) and v in missing) else v for v in values])


def _holds_objects(series: Any) -> bool:
    return str(series.dtype) == "Object"


def _no_rows(name: str) -> SourceUnreadable:
    return SourceUnreadable(name, "", "has no rows", "give a data frame with rows")


def _reason(error: Exception) -> str:
    try:
        return said(str(error)) or type(error).__name__
    except Exception:  # of an error class of somebody else
        return type(error).__name__


def _labels(labels: Sequence[object], source: str) -> Mapping[str, object]:
    try:
        names = [str(label) for label in labels]
    except Exception as error:
        problem = f"the name of a column cannot be written as text ({type(error).__name__} in its own methods)"
        raise SourceUnreadable(source, "", problem, "give every column a text as its name") from error
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise SourceUnreadable(source, "", f"several columns are named {listed(twice)}", "give every column its own name")
    return dict(zip(names, labels, strict=True))


def _pandas_column(series: Any, missing: frozenset[str]) -> Any:
    """One pandas column as an Arrow array; numbers share their memory, NaN stays NaN."""
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "biuf":
        return pa.array(_plain_numbers(series.to_numpy()))
    try:
        column = pa.array(series, from_pandas=True)
    except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError):  # infinite Decimals are a TypeError
        return _column_of_values(series.to_list(), missing)
    value = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if isinstance(value, pa.BaseExtensionType):  # periods, intervals: labels as they print
        return pa.array([None if is_missing(value) else text_of(value) for value in series.to_list()], pa.string())
    return column


def _plain_numbers(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Numbers in this machine's byte order, at most 64 bits wide: other ones Arrow does not take."""
    if values.dtype.kind == "f" and values.dtype.itemsize > np.dtype(np.float64).itemsize:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which is said with its row
            return values.astype(np.float64)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))
