"""Arrow arrays made of numpy arrays and texts, and back, sharing their memory.

``pyarrow.array`` and ``to_numpy`` do the same, but load pandas first to see whether they were given one of its objects: a
tenth of a second that a small fit can do without.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def from_numbers(values: NDArray[Any]) -> Any:
    """Numbers as an Arrow array of their own type; (n,)."""
    plain = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(plain.dtype), len(plain), [None, pa.py_buffer(plain)])


def from_mask(values: NDArray[np.bool_]) -> Any:
    """A mask as an Arrow array of booleans; (n,)."""
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def to_numbers(array: Any) -> NDArray[Any]:
    """(n,) numbers, or 0 and 1 for booleans, of an Arrow array without nulls, sharing its memory where it can."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    if not len(array):  # one number's worth of bytes has the type as well; to ask for its name loads pandas
        return to_numbers(pa.Array.from_buffers(array.type, 1, [None, pa.py_buffer(bytes(array.type.bit_width // 8))]))[:0]
    return np.from_dlpack(array)


def numbers_or(array: Any, missing: int) -> NDArray[Any]:
    """(n,) numbers of an Arrow array, `missing` where it has none."""
    values = to_numbers(pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], offset=array.offset))
    return np.where(to_numbers(array.is_null()), values.dtype.type(missing), values) if array.null_count else values


def to_mask(column: Any) -> NDArray[np.bool_]:
    """(n,) mask of an Arrow column of booleans without nulls."""
    pieces = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return np.concatenate([np.zeros(0, dtype=bool), *(to_numbers(piece).astype(bool) for piece in pieces)])


def emptied(column: Any, mask: Any) -> Any:
    """An Arrow column with nulls where a mask is true; not by ``if_else``, which makes garbage of sliced texts in Arrow 18."""
    places = from_numbers(np.arange(len(column), dtype=np.int64))
    return column.take(pc.if_else(mask, pa.scalar(None, pa.int64()), places))


def from_texts(values: Sequence[str]) -> Any:
    """Texts as an Arrow array of large strings; (n,)."""
    data = "".join(values).encode()
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    if int(lengths.sum()) != len(data):  # characters of several bytes
        lengths = np.fromiter((len(text.encode()) for text in values), dtype=np.int64, count=len(values))
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    return pa.Array.from_buffers(pa.large_string(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
