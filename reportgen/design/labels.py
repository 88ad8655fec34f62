"""Labels as text, and their natural order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reportgen.design.natural_keys import natural_keys
from reportgen.sources.arrays import from_mask, from_texts, to_numbers

NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def label_texts(values: Any) -> list[str]:
    """Distinct values of an Arrow array as text: whole numbers without a decimal point, texts as they are, bytes as UTF-8."""
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            return list(values.to_pylist())
        except UnicodeDecodeError:  # Arrow and Parquet call bytes a text without looking
            return label_texts(values.cast(pa.large_binary()))
    if pa.types.is_floating(kind):
        return [str(int(v)) if v.is_integer() and abs(v) < 1e15 else repr(v) for v in values.to_pylist()]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _texts_of_bytes(values.to_pylist())
    if pa.types.is_time(kind):  # Python's has no nanoseconds
        return list(values.cast(pa.string()).to_pylist())
    try:
        return [str(v) for v in values.to_pylist()]
    except (pa.ArrowException, OverflowError, ValueError, LookupError):  # years beyond Python's, zones nobody knows
        plain = values.cast(pa.int64()).cast(pa.timestamp(kind.unit)) if pa.types.is_timestamp(kind) else values
        return list(plain.cast(pa.string()).to_pylist())


def _texts_of_bytes(values: Sequence[bytes]) -> list[str]:
    """Bytes as UTF-8, what is none of it spelled out; with their own backslashes doubled where two would be the same."""
    texts = [value.decode("utf-8", "backslashreplace") for value in values]
    if len(set(texts)) < len(texts):
        return [value.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace") for value in values]
    return texts


def natural_order(labels: Sequence[str]) -> NDArray[np.int64]:
    """(J,) permutation that sorts labels of groups: numbers first, by value ("2" before "10"), then texts.

    Digits in a text count as numbers ("plant 2" before "plant 10"); texts that differ in nothing but leading zeros, and all
    other characters, are sorted by code point.
    """
    return _order(labels, _naturally)


def level_order(levels: Sequence[str]) -> NDArray[np.int64]:
    """(L,) permutation that sorts levels of factors: numbers first, by value, then texts by code point, as elsewhere."""
    return _order(levels, _by_code_point)


def _order(labels: Sequence[str], order_of_texts: Callable[[Any], NDArray[np.int64]]) -> NDArray[np.int64]:
    if not labels:
        return np.empty(0, dtype=np.int64)
    array = from_texts(labels)
    is_number = to_numbers(pc.match_substring_regex(array, f"^{NUMBER.pattern}$")).astype(bool)
    numbers, texts = array.filter(from_mask(is_number)), array.filter(from_mask(~is_number))
    return np.concatenate([np.flatnonzero(is_number)[_by_value(numbers)], np.flatnonzero(~is_number)[order_of_texts(texts)]])


def _by_value(numbers: Any) -> NDArray[np.int64]:
    """Order of texts that are numbers; where several are the same number, by code point."""
    value = to_numbers(pc.utf8_ltrim(numbers, characters="+").cast(pa.float64()))
    order = np.argsort(value)
    if np.all(value[order[1:]] > value[order[:-1]]):
        return order
    rank = np.empty(len(value), dtype=np.int64)
    rank[_by_code_point(numbers)] = np.arange(len(value))
    return np.lexsort((rank, value))


def _by_code_point(texts: Any) -> NDArray[np.int64]:
    """Order of texts by the bytes of UTF-8, which is that by code point."""
    return to_numbers(pc.sort_indices(texts)).astype(np.int64)


def _naturally(texts: Any) -> NDArray[np.int64]:
    """Order of texts in which runs of digits count as numbers."""
    if not pc.any(pc.match_substring_regex(texts, "[0-9]")).as_py():
        return _by_code_point(texts)
    table = pa.table({"key": natural_keys(texts), "text": texts})
    return to_numbers(pc.sort_indices(table, sort_keys=[("key", "ascending"), ("text", "ascending")])).astype(np.int64)
