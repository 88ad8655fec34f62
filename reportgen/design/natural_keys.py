"""Keys whose order by bytes is the order of texts in which runs of digits count as numbers: "plant 2" before "plant 10"."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

ZERO = ord("0")
LONGEST = 255  # digits that a length of one byte can tell; longer runs are compared digit by digit


def natural_keys(texts: Any) -> Any:
    """Keys of texts, as an Arrow array of large binaries; (n,).

    A run of digits becomes a zero (so that it stays where digits stand among other characters), a byte for how many digits
    follow, and those without leading zeros: of two numbers the one with more digits is the larger.

    Parameters
    ----------
    texts : Array
        Large strings without nulls; (n,).
    """
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    offsets = offsets - offsets[0]
    starts, ends = _runs(data, offsets)
    before = np.searchsorted(starts, offsets)  # runs before each text
    sizes = ends - starts
    zeros = _leading_zeros(data, starts, ends)
    if zeros.any():
        dropped = _each(starts, starts + zeros)
        data = np.delete(data, dropped)
        offsets = offsets - np.searchsorted(dropped, offsets)
        starts, sizes = starts - (np.cumsum(zeros) - zeros), sizes - zeros
    head = starts + 2 * np.arange(len(starts))  # places of the two bytes that are put in
    is_own = np.ones(len(data) + 2 * len(starts), dtype=bool)
    is_own[head] = is_own[head + 1] = False
    keys = np.empty(len(is_own), dtype=np.uint8)
    keys[is_own] = data
    keys[head] = ZERO
    keys[head + 1] = np.minimum(sizes, LONGEST)
    return pa.Array.from_buffers(pa.large_binary(), len(texts), [None, pa.py_buffer(offsets + 2 * before), pa.py_buffer(keys)])


def _runs(data: Bytes, offsets: Places) -> tuple[Places, Places]:
    """Where runs of digits start and end; none is of two texts."""
    digit = (data - np.uint8(ZERO)) < 10
    first, last = digit.copy(), digit.copy()
    first[1:] &= ~digit[:-1]
    last[:-1] &= ~digit[1:]
    inner = offsets[(offsets > 0) & (offsets < len(data))]
    first[inner] = digit[inner]
    last[inner - 1] = digit[inner - 1]
    return np.flatnonzero(first), np.flatnonzero(last) + 1


def _leading_zeros(data: Bytes, starts: Places, ends: Places) -> Places:
    """Zeros that each run begins with, all of them where it has nothing else."""
    zeros = np.zeros(len(starts), dtype=np.int64)
    found = np.flatnonzero(data[starts] == ZERO)
    if len(found):
        others = np.append(np.flatnonzero(data != ZERO), len(data))
        zeros[found] = np.minimum(others[np.searchsorted(others, starts[found])], ends[found]) - starts[found]
    return zeros


def _each(starts: Places, ends: Places) -> Places:
    """Every position from each start up to its end."""
    sizes = ends - starts
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))
