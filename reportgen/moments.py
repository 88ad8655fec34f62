"""Group moments: the one sufficient summary of every linear variant.

For the columns D = [X, y] of a row, each group keeps its row count, its mean and its centred cross-products. Two pieces of
one group merge exactly (Chan, Golub & LeVeque 1983), so a chunk of a file, a partition on a cluster and a data frame differ
only in who adds up. Means are kept as offsets from a common origin: a column with mean 1e9 and spread 1 loses no digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reportgen.block_moments import Array, BlockMoments, Codes, block_moments, pair, pairs_with, unpacked

MAX_PRODUCT_BYTES = 512 << 20  # of the (J, p, p) cross-products of single groups; beyond it only their sum is kept


@dataclass(frozen=True, slots=True, eq=False)
class SummedProducts:
    """Stands for the cross-products of the groups where there were too many of them to keep.

    Attributes
    ----------
    total : (p, p) array
        Their sum S_W: all that models without random slopes need, but not what separate regressions, cluster-robust errors
        and leaving out a group need.
    """

    total: Array


@dataclass(frozen=True, eq=False)
class GroupMoments:
    """Moments of D = [X, y] by group: a commutative monoid under :meth:`merge`.

    Attributes
    ----------
    columns : tuple of str
        Names of the p = k + 1 columns, the response last.
    origin : (p,) array
        Point from which the means are measured, in units of the columns.
    rows : (J,) array of int
        Rows per group.
    weight : (J,) array
        Sum of the prior weights per group; equals `rows` without weights.
    means : (J, p) array
        Weighted group means minus `origin`; zero where a group is empty. Each column lies in one piece of memory.
    products : (p (p + 1) / 2, J) array or SummedProducts
        Weighted centred cross-products S_j = sum_i w_i (d_i - m_j)(d_i - m_j)': a row for each pair of columns, in the order
        (0, 0), (1, 0), (1, 1), (2, 0) and so on. Of every group as long as (J, p, p) numbers take at most
        ``MAX_PRODUCT_BYTES``.
    log_weight : float
        Sum of the logarithms of the prior weights, for the likelihood.
    """

    columns: tuple[str, ...]
    origin: Array
    rows: Codes
    weight: Array
    means: Array
    products: Array | SummedProducts
    log_weight: float = 0.0

    @classmethod
    def from_rows(
        cls,
        columns: Sequence[str],
        codes: Codes,
        values: Array,
        n_groups: int,
        origin: Array | None = None,
        weights: Array | None = None,
    ) -> GroupMoments:
        """Moments of a block of rows.

        Parameters
        ----------
        columns : sequence of str
            Names of the p columns, the response last.
        codes : (n,) array of int
            Group of each row, 0 to ``n_groups - 1``.
        values : (n, p) array
            The columns.
        n_groups : int
            Number of groups J.
        origin : (p,) array, optional
            Where to measure the means from; by default the mean of the block.
        weights : (n,) array, optional
            Positive prior weights.
        """
        n, p = values.shape
        if origin is None:
            origin = values.mean(axis=0) if n else np.zeros(p)
        keeps = fits_in_memory(n_groups, p)
        block = block_moments(codes, values, n_groups, origin, weights, by_group=keeps)
        log_weight = 0.0 if weights is None else float(np.log(weights).sum())
        return cls.of_block(columns, origin, block, log_weight)

    @classmethod
    def of_block(
        cls,
        columns: Sequence[str],
        origin: Array,
        block: BlockMoments,
        log_weight: float,
        order: Codes | None = None,
    ) -> GroupMoments:
        """From sums over blocks, the groups in a new order if one is given."""
        chosen = slice(None) if order is None else order
        n_groups = len(block.rows)
        products: Array | SummedProducts
        if block.products.shape[1] != n_groups or not fits_in_memory(n_groups, len(columns)):
            products = SummedProducts(unpacked(block.products.sum(axis=1, keepdims=True))[0])
        else:
            products = block.products[:, chosen]
        means = block.means[:, chosen].T
        return cls(tuple(columns), origin, block.rows[chosen], block.weight[chosen], means, products, log_weight)

    def merge(self, other: GroupMoments) -> GroupMoments:
        """Moments of the rows of both; `other` may know more groups (they follow the common ones)."""
        if other.columns != self.columns:
            raise ValueError(f"cannot merge moments of {self.columns} and {other.columns}")
        n_groups = max(self.n_groups, other.n_groups)
        a, b = self._grown(n_groups), other._grown(n_groups)
        total = a.weight + b.weight
        share = b.weight / np.where(total > 0, total, 1.0)
        gap = np.where((b.weight > 0)[:, None], b.means + (b.origin - a.origin) - a.means, 0.0)
        weighted = gap * (a.weight * share)[:, None]
        products: Array | SummedProducts
        if isinstance(a.products, SummedProducts) or isinstance(b.products, SummedProducts):
            products = SummedProducts(a.S_W + b.S_W + weighted.T @ gap)
        else:
            products = a.products + b.products
            for row, left, right in zip(products, *np.tril_indices(self.n_columns), strict=True):
                row += weighted[:, left] * gap[:, right]
        means = a.means + gap * share[:, None]
        return GroupMoments(a.columns, a.origin, a.rows + b.rows, total, means, products, a.log_weight + b.log_weight)

    def _grown(self, n_groups: int) -> GroupMoments:
        """With empty groups added at the end, and without the products of single groups where they would be too many."""
        products = self.products
        if not fits_in_memory(n_groups, self.n_columns):
            products = SummedProducts(self.S_W)
        missing = n_groups - self.n_groups
        if missing and not isinstance(products, SummedProducts):
            products = np.concatenate([products, np.zeros((len(products), missing))], axis=1)
        return replace(
            self,
            rows=np.concatenate([self.rows, np.zeros(missing, dtype=self.rows.dtype)]),
            weight=np.concatenate([self.weight, np.zeros(missing)]),
            means=np.concatenate([self.means, np.zeros((missing, self.n_columns))]),
            products=products,
        )

    def take(self, groups: NDArray[np.int64] | NDArray[np.bool_]) -> GroupMoments:
        """The moments of some groups, in the order given (or where a mask is true). Prior weights' logs are kept whole.

        Raises
        ------
        ValueError
            Only some of the groups, where only the sum of all cross-products was kept.
        """
        products = self.products
        if not isinstance(products, SummedProducts):
            products = products[:, groups]
        elif len(self.rows[groups]) != self.n_groups:
            raise ValueError("cross-products of single groups were not kept")
        return replace(self, rows=self.rows[groups], weight=self.weight[groups], means=self.means[groups], products=products)

    def select(self, columns: Sequence[int]) -> GroupMoments:
        """The moments of some columns."""
        index = np.asarray(columns, dtype=int)
        products = self.products
        if isinstance(products, SummedProducts):
            products = SummedProducts(products.total[np.ix_(index, index)])
        else:
            products = products[[pair(index[a], index[b]) for a, b in zip(*np.tril_indices(len(index)), strict=True)]]
        return replace(
            self,
            columns=tuple(self.columns[i] for i in index),
            origin=self.origin[index],
            means=self.means[:, index],
            products=products,
        )

    @property
    def keeps_products(self) -> bool:
        """Whether the cross-products of single groups are there."""
        return not isinstance(self.products, SummedProducts)

    @property
    def cross(self) -> Array:
        """(J, p, p) cross-products of the groups as matrices; ask :attr:`keeps_products` first."""
        return self.cross_of(slice(None))

    @property
    def _kept(self) -> Array:
        if isinstance(self.products, SummedProducts):
            raise TypeError("cross-products of single groups were not kept")
        return self.products

    def cross_of(self, groups: NDArray[np.int64] | slice) -> Array:
        """(L, p, p) cross-products of some groups as matrices."""
        return unpacked(self._kept[:, groups])

    def cross_sum(self, groups: NDArray[np.bool_]) -> Array:
        """(p, p) sum of the cross-products of the groups where the (J,) mask holds."""
        return np.asarray(unpacked((self._kept @ groups)[:, None])[0])

    def products_of(self, left: int, right: int) -> Array:
        """(J,) cross-product of two columns in every group."""
        return np.asarray(self._kept[pair(left, right)])

    def products_with(self, column: int, others: Codes, groups: slice) -> Array:
        """(m, L) cross-products of a column with some columns in some groups."""
        return np.asarray(self._kept[pairs_with(column, others), groups])

    def squares_of(self, direction: Array) -> Array:
        """(J,) sum of squares of a combination of the columns, (p,), about its mean in every group."""
        shares = np.outer(direction, direction)
        return np.asarray((2.0 * shares - np.diag(np.diag(shares)))[np.tril_indices(len(shares))] @ self._kept)

    @property
    def n_groups(self) -> int:
        """Number of groups J."""
        return len(self.rows)

    @property
    def n_columns(self) -> int:
        """Number of columns p, the response included."""
        return len(self.columns)

    @cached_property
    def n_rows(self) -> int:
        """Number of rows N."""
        return int(self.rows.sum())

    @cached_property
    def by_size(self) -> tuple[Array, Codes, Codes]:
        """Distinct group sizes (D,), the groups ordered by size (J,), and where each size begins in that order (D,)."""
        order = np.argsort(self.weight, kind="stable")
        in_order = self.weight[order]
        starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1])) if len(order) else order
        return in_order[starts], order, starts

    @cached_property
    def outer_by_size(self) -> Array:
        """(D, p + 1, p + 1) sums of d d' over the groups of each size, d = (1, mean about the grand mean)."""
        _, order, starts = self.by_size
        rows = np.ones((self.n_columns + 1, self.n_groups))
        rows[1:] = (self.means - self.grand_mean).T[:, order]
        outer = np.empty((len(starts), len(rows), len(rows)))
        for a in range(len(rows)):
            for b in range(a + 1):
                outer[:, a, b] = outer[:, b, a] = np.add.reduceat(rows[a] * rows[b], starts)
        return outer

    @cached_property
    def total_weight(self) -> float:
        """Sum of all prior weights (N without weights)."""
        return float(self.weight.sum())

    @cached_property
    def grand_mean(self) -> Array:
        """(p,) weighted mean of all rows, as an offset from `origin`."""
        return self.weight @ self.means / self.total_weight

    @cached_property
    def S_W(self) -> Array:
        """(p, p) pooled within-group cross-products."""
        if isinstance(self.products, SummedProducts):
            return self.products.total
        return np.asarray(unpacked(self.products.sum(axis=1, keepdims=True))[0])

    @cached_property
    def S_B(self) -> Array:
        """(p, p) between-group cross-products, groups weighted by their size."""
        centred = self.means - self.grand_mean
        return (centred * self.weight[:, None]).T @ centred

    @property
    def S_T(self) -> Array:
        """(p, p) total centred cross-products."""
        return self.S_W + self.S_B


def fits_in_memory(n_groups: int, n_columns: int) -> bool:
    """Whether cross-products are kept for so many groups, one by one."""
    return n_groups * n_columns**2 * 8 <= MAX_PRODUCT_BYTES
