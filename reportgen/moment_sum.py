"""Adding up the moments of blocks of rows: memory for the groups met so far, whatever the number of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.block_moments import Array, BlockMoments, Codes, SortedRows, block_moments
from reportgen.moments import GroupMoments, fits_in_memory

SCATTERED_GROUPS = 1 << 18  # groups whose sums no longer stay in the cache: from so many on, rows are sorted by group first
CACHED_GROUPS = 1 << 13  # groups merged together


@dataclass(slots=True)
class MomentSum:
    """Moments of the blocks added so far; every group keeps its place, new groups follow.

    The same figures as :meth:`reportgen.moments.GroupMoments.merge`, to rounding, but in place: only the groups between the
    least and the greatest of a block are touched, where these are very many only those that have rows in it.

    Attributes
    ----------
    columns : tuple of str
        Names of the p columns, the response last.
    n_groups : int
        Groups met so far.
    log_weight : float
        Sum of the logarithms of the prior weights.
    """

    columns: tuple[str, ...]
    n_groups: int = 0
    log_weight: float = 0.0
    _origin: Array = field(init=False)
    _sums: BlockMoments = field(init=False)
    _by_group: bool = True

    def __post_init__(self) -> None:
        p = len(self.columns)
        self._origin = np.zeros(p)
        self._sums = BlockMoments(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((p, 0)), np.zeros((_pairs(p), 0)))

    def add(self, codes: Codes, values: Array, n_groups: int, weights: Array | None = None) -> None:
        """Add a block of rows.

        Parameters
        ----------
        codes : (n,) array of int
            Group of each row, 0 to ``n_groups - 1``.
        values : (n, p) array
            The columns.
        n_groups : int
            Groups known after this block.
        weights : (n,) array, optional
            Positive prior weights.
        """
        if not len(codes):
            return
        if not self.n_groups:
            self._origin = values.mean(axis=0)
        self._grow(n_groups)
        first, last = int(codes.min()), int(codes.max()) + 1
        touched: slice | Codes = slice(first, last)
        if last - first > SCATTERED_GROUPS:
            rows = SortedRows.of(codes, values, weights)
            touched, near, values, own_weights = rows.groups, rows.places, rows.values, rows.weights
        else:
            near, own_weights = codes - first if first else codes, weights
        n_touched = len(touched) if isinstance(touched, np.ndarray) else last - first
        block = block_moments(near, values, n_touched, self._origin, own_weights, by_group=self._by_group)
        self._merge(touched, block)
        if weights is not None:
            self.log_weight += float(np.log(weights).sum())

    def moments(self, order: Codes | None = None) -> GroupMoments:
        """The moments of all rows added, the groups in a new order if one is given."""
        J, sums = self.n_groups, self._sums
        products = sums.products[:, :J] if self._by_group else sums.products
        sums = BlockMoments(sums.rows[:J], sums.weight[:J], sums.means[:, :J], products)
        return GroupMoments.of_block(self.columns, self._origin, sums, self.log_weight, order)

    def _grow(self, n_groups: int) -> None:
        """Make room for more groups, twice as much as before, so that growing costs little in all."""
        self.n_groups = max(self.n_groups, n_groups)
        sums, room = self._sums, len(self._sums.rows)
        products = sums.products
        if self._by_group and not fits_in_memory(self.n_groups, len(self.columns)):
            self._by_group = False
            products = products.sum(axis=1, keepdims=True)
        if self.n_groups > room:
            size = max(self.n_groups, 2 * room)
            kept = _longer(products, size) if self._by_group else products
            self._sums = BlockMoments(_longer(sums.rows, size), _longer(sums.weight, size), _longer(sums.means, size), kept)
        elif products is not sums.products:
            self._sums = BlockMoments(sums.rows, sums.weight, sums.means, products)

    def _merge(self, touched: slice | Codes, block: BlockMoments) -> None:
        """Add a block's moments to those of the groups it touches, some at a time, which then stay in the cache."""
        n = len(block.rows)
        if not self._by_group:
            self._sums.products[:] += block.products
        for first in range(0, n, CACHED_GROUPS):
            some = slice(first, min(first + CACHED_GROUPS, n))
            own = slice(touched.start + first, touched.start + some.stop) if isinstance(touched, slice) else touched[some]
            self._merge_some(own, block, some)

    def _merge_some(self, own: slice | Codes, block: BlockMoments, some: slice) -> None:
        """Merge the groups `some` of a block into the sums' groups `own` (Chan, Golub & LeVeque 1983)."""
        sums = self._sums
        before, means, more = sums.weight[own], sums.means[:, own], block.weight[some]
        weight = before + more
        share = more / np.where(weight > 0, weight, 1.0)
        gap = np.where(more > 0, block.means[:, some] - means, 0.0)
        factor = before * share
        sums.rows[own] += block.rows[some]
        sums.weight[own] = weight
        sums.means[:, own] = means + gap * share
        for pair, (a, b) in enumerate(zip(*np.tril_indices(len(gap)), strict=True)):
            row, moved = sums.products[pair], factor * gap[a]
            if self._by_group:
                row[own] += block.products[pair, some] + moved * gap[b]
            else:
                row += moved @ gap[b]


def _longer(old: NDArray[Any], size: int) -> NDArray[Any]:
    """With zeros after the last column: in memory that nothing has touched, which costs nothing until groups come."""
    new = np.zeros((*old.shape[:-1], size), dtype=old.dtype)
    new[..., : old.shape[-1]] = old
    return new


def _pairs(n_columns: int) -> int:
    return n_columns * (n_columns + 1) // 2
