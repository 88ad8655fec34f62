"""Python values, as a data frame or a workbook may hold them, as Arrow columns: nothing merged, nothing rounded unseen."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

LARGEST = 1e308  # beyond it a whole number is no 64-bit float
MAX_DIGITS = 76  # of a whole number, the most that an Arrow type holds


def column_of_cells(values: Sequence[Any]) -> Any:
    """Values of any types, None where there is none, as one column.

    Numbers if all are (whole ones beyond 64 bits keep every digit, for as labels they may differ in the last), else texts as
    they print; complex numbers become records, which are no numbers to a model.
    """
    given = [value for value in values if value is not None]
    if any(isinstance(value, complex) for value in given):
        parts = [None if value is None else {"real": complex(value).real, "imaginary": complex(value).imag} for value in values]
        return pa.array(parts)
    is_flag = [isinstance(value, bool) for value in given]
    if all(is_flag):
        return pa.array(values, pa.bool_())
    if not any(is_flag) and all(isinstance(value, numbers.Real | Decimal) for value in given):
        return _numbers(values, given)
    return pa.array([None if value is None else text_of(value) for value in values], pa.string())


def _numbers(values: Sequence[Any], given: Sequence[Any]) -> Any:
    if not all(isinstance(value, numbers.Integral) for value in given):
        if any(isinstance(value, numbers.Integral) and not _is_float(int(value)) for value in given):
            return pa.array([None if value is None else str(value) for value in values], pa.string())  # ids beside fractions
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if all(-(2**63) <= value < 2**63 for value in given):
        return pa.array([None if value is None else int(value) for value in values], pa.int64())
    if all(abs(value) < 10**MAX_DIGITS for value in given):
        exact = [None if value is None else Decimal(int(value)) for value in values]
        return pa.array(exact, pa.decimal256(MAX_DIGITS, 0))
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _is_float(value: int) -> bool:
    """Whether a whole number keeps all its digits as a 64-bit float."""
    return abs(value) < LARGEST and int(float(value)) == value


def text_of(value: object) -> str:
    """A value as text that can be written as UTF-8; half a character is spelled out."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()


def is_missing(value: object) -> bool:
    """Whether a value stands for none: None, NA, NaT, NaN."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Real | Decimal) and bool(value != value)


def table_of_cells(names: Sequence[str], rows: Sequence[Sequence[object]], missing: Sequence[str] = ()) -> pa.Table:
    """Rows of Python values as an Arrow table: a column is numbers, booleans or dates if all its cells are, else text.

    The empty text and those that mean `missing` are no values.
    """
    empty = frozenset(["", *missing])
    columns = []
    for index in range(len(names)):
        values = [row[index] for row in rows]
        values = [None if isinstance(value, str) and value in empty else value for value in values]
        try:
            kinds = {type(value) for value in values if value is not None}
            columns.append(pa.array(values) if len(kinds) <= 1 or kinds == {int, float} else column_of_cells(values))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeError):
            columns.append(column_of_cells(values))
    return pa.table(dict(zip(names, columns, strict=True)))
