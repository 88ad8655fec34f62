"""Counts, means and centred cross-products by group of one block of rows: where the rows of the data become moments.

The cross-products of p columns are symmetric, so only the p (p + 1) / 2 pairs of the lower triangle are computed, each as one
row over the groups: long vectors that stay in the processor's cache where small matrices, one per group, would not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

CACHED_ROWS, CACHED_BYTES = 1 << 15, 1 << 20  # rows taken together, and sums beside which they stay in the cache
MANY_COLUMNS = 12  # from so many columns on, and
LONG_GROUPS = 64  # with so many rows a group, rows are sorted by group and every group is one matrix product


@dataclass(frozen=True, slots=True, eq=False)
class BlockMoments:
    """Moments of a block by group.

    Attributes
    ----------
    rows : (J,) array of int
        Rows per group.
    weight : (J,) array
        Sum of the prior weights per group; the rows without weights.
    means : (p, J) array
        Weighted means minus the origin; zero where a group is empty.
    products : (q, J) array
        Centred cross-products of the q = p (p + 1) / 2 pairs of columns (a, b), b <= a, in the order (0, 0), (1, 0), (1, 1)
        and so on;
        or (q, 1), summed over the groups.
    """

    rows: Codes
    weight: Array
    means: Array
    products: Array


@dataclass(frozen=True, slots=True, eq=False)
class SortedRows:
    """Rows of a block in the order of their groups, so that sums over very many groups go through memory and not about in it.

    Attributes
    ----------
    groups : (L,) array of int
        The groups that have rows, in ascending order.
    places : (n,) array of int
        Group of each row, as its place in `groups`: ascending.
    values : (n, p) array
        The columns.
    weights : (n,) array, optional
        Prior weights.
    """

    groups: Codes
    places: Codes
    values: Array
    weights: Array | None

    @classmethod
    def of(cls, codes: Codes, values: Array, weights: Array | None) -> SortedRows:
        """The rows sorted; those of a group keep their order."""
        n, p = values.shape
        bits = n.bit_length()
        key = codes << bits  # group and row as one number, since numbers alone are sorted faster than they are ranked
        key |= np.arange(n)
        key.sort()
        order = key & ((1 << bits) - 1)
        key >>= bits
        is_first = np.append(True, key[1:] != key[:-1])
        columns = np.empty((p, n))
        for own, column in zip(columns, values.T, strict=True):
            np.take(column, order, out=own, mode="clip")  # all are in range; "raise" would copy the column once more
        return cls(key[is_first], np.cumsum(is_first) - 1, columns.T, None if weights is None else weights[order])


def block_moments(
    codes: Codes, values: Array, n_groups: int, origin: Array, weights: Array | None = None, *, by_group: bool = True
) -> BlockMoments:
    """Moments of a block of rows.

    Parameters
    ----------
    codes : (n,) array of int
        Group of each row, 0 to ``n_groups - 1``.
    values : (n, p) array
        The columns.
    n_groups : int
        Number of groups J.
    origin : (p,) array
        Where the means are measured from.
    weights : (n,) array, optional
        Positive prior weights.
    by_group : bool
        Whether cross-products are kept for every group, or only their sum.
    """
    n, p = values.shape
    rows = np.bincount(codes, minlength=n_groups).astype(np.int64, copy=False)
    weight = np.asarray(rows if weights is None else np.bincount(codes, weights, n_groups), dtype=np.float64)
    means = np.zeros((p, n_groups))
    deviations = np.empty((p, n))
    for a in range(p):
        shifted = np.subtract(values[:, a], origin[a], out=deviations[a])
        np.add.at(means[a], codes, shifted if weights is None else shifted * weights)
    means /= np.where(weight > 0, weight, 1.0)
    for shifted, mean in zip(deviations, means, strict=True):
        shifted -= mean.take(codes)
    if not by_group:
        gram = deviations @ (deviations if weights is None else deviations * weights).T
        return BlockMoments(rows, weight, means, gram[np.tril_indices(p)][:, None])
    if p >= MANY_COLUMNS and n >= LONG_GROUPS * np.count_nonzero(rows):
        return BlockMoments(rows, weight, means, _by_matrix(codes, deviations, rows, weights))
    return BlockMoments(rows, weight, means, _by_pair(codes, deviations, n_groups, weights))


def _by_pair(codes: Codes, deviations: Array, n_groups: int, weights: Array | None) -> Array:
    """Cross-products pair by pair; where they are few, for some thousand rows at a time, which then stay in the cache."""
    p, n = deviations.shape
    products = np.zeros((p * (p + 1) // 2, n_groups))
    step = CACHED_ROWS if products.nbytes <= CACHED_BYTES else n
    scratch = np.empty(min(step, n))
    for start in range(0, n, step):
        own = codes[start : start + step]
        part = deviations[:, start : start + step]
        pair = 0
        for a in range(p):
            left = part[a] if weights is None else part[a] * weights[start : start + step]
            for b in range(a + 1):
                np.add.at(products[pair], own, np.multiply(left, part[b], out=scratch[: len(own)]))
                pair += 1
    return products


def _by_matrix(codes: Codes, deviations: Array, rows: Codes, weights: Array | None) -> Array:
    p = len(deviations)
    order = np.argsort(codes)
    right = np.ascontiguousarray(deviations.T)[order]
    left = right if weights is None else right * weights[order, None]
    ends = np.cumsum(rows)
    products = np.zeros((p * (p + 1) // 2, len(rows)))
    triangle = np.tril_indices(p)
    for j in np.flatnonzero(rows):
        own = slice(ends[j] - rows[j], ends[j])
        products[:, j] = (left[own].T @ right[own])[triangle]
    return products


def pair(left: int, right: int) -> int:
    """Row of the products of two columns."""
    high, low = max(left, right), min(left, right)
    return int(high * (high + 1) // 2 + low)


def pairs_with(column: int, others: Codes) -> Codes:
    """(m,) rows of the products of a column with (m,) columns."""
    high, low = np.maximum(others, column), np.minimum(others, column)
    return np.asarray(high * (high + 1) // 2 + low)


def unpacked(products: Array) -> Array:
    """(J, p, p) symmetric matrices of (p (p + 1) / 2, J) products."""
    p = int((2 * len(products)) ** 0.5)
    full = np.empty((products.shape[1], p, p))
    for row, a, b in zip(products, *np.tril_indices(p), strict=True):
        full[:, a, b] = full[:, b, a] = row
    return full


def packed(cross: Array) -> Array:
    """(p (p + 1) / 2, J) products of (J, p, p) symmetric matrices."""
    left, right = np.tril_indices(cross.shape[1])
    return np.ascontiguousarray(cross[:, left, right].T)
