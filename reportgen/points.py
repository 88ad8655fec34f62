"""Rows for the figures: all of them where they are few, else a seeded random draw made in the same pass.

The draw is a reservoir (Li 1994, algorithm L): which rows are kept depends on the seed and on their position alone, never on
how the data were cut into chunks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CAPACITY = 20_000  # rows kept: enough for every figure, little beside the data
SEED = 20_130_901
BLOCK = 4096  # positions drawn ahead at a time


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A draw of rows.

    Attributes
    ----------
    codes : (m,) array of int
        Group of each row.
    values : (m, p) array
        Design columns, the response last.
    n_rows : int
        Rows N it was drawn from.
    """

    codes: NDArray[np.int64]
    values: NDArray[np.float64]
    n_rows: int

    @property
    def is_complete(self) -> bool:
        """Whether every row is in it."""
        return len(self.codes) == self.n_rows


@dataclass(slots=True)
class PointDraw:
    """The reservoir while it is being filled, block by block."""

    n_columns: int
    capacity: int = CAPACITY
    seen: int = 0
    codes: NDArray[np.int64] = field(init=False)
    values: NDArray[np.float64] = field(init=False)
    position: NDArray[np.int64] = field(init=False)
    _random: np.random.Generator = field(init=False)
    _planned: NDArray[np.int64] = field(init=False)
    _slots: NDArray[np.int64] = field(init=False)
    _log_w: float = 0.0

    def __post_init__(self) -> None:
        self.codes = np.empty(0, dtype=np.int64)
        self.values = np.empty((0, self.n_columns))
        self.position = np.empty(0, dtype=np.int64)
        self._random = np.random.Generator(np.random.PCG64(SEED))
        self._planned = np.array([self.capacity - 1], dtype=np.int64)
        self._slots = np.array([0], dtype=np.int64)

    def add(self, codes: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Offer the next block of rows: group codes (n,), design columns (n, p)."""
        room = max(0, min(self.capacity - self.seen, len(codes)))
        if room:
            self.codes = np.concatenate([self.codes, codes[:room]])
            self.values = np.concatenate([self.values, values[:room]])
            self.position = np.concatenate([self.position, np.arange(self.seen, self.seen + room)])
        end = self.seen + len(codes)
        while self._planned[-1] < end:
            self._plan()
        first, last = np.searchsorted(self._planned, [max(self.seen, self.capacity), end])
        chosen, slots = self._planned[first:last], self._slots[first:last]
        self.codes[slots] = codes[chosen - self.seen]
        self.values[slots] = values[chosen - self.seen]
        self.position[slots] = chosen
        self._planned, self._slots = self._planned[last:], self._slots[last:]
        self.seen = end

    def _plan(self) -> None:
        """Draw the next positions that enter the reservoir, and the slots they take."""
        log_w = self._log_w + np.cumsum(np.log(self._random.random(BLOCK))) / self.capacity
        skips = np.floor(np.log(self._random.random(BLOCK)) / np.log1p(-np.exp(log_w))) + 1.0
        start = self._planned[-1]
        ahead = np.minimum(np.cumsum(np.minimum(skips, 2.0**53)), 2.0**62).astype(np.int64)
        self._planned = np.concatenate([self._planned, start + ahead])
        self._slots = np.concatenate([self._slots, self._random.integers(0, self.capacity, BLOCK)])
        self._log_w = float(log_w[-1])

    def points(self, group_order: NDArray[np.int64]) -> Points:
        """The rows drawn, in reading order, with groups renumbered by their new order."""
        rank = np.empty(len(group_order), dtype=np.int64)
        rank[group_order] = np.arange(len(group_order))
        order = np.argsort(self.position)
        return Points(rank[self.codes[order]], self.values[order], self.seen)
