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
    safe = np.where(weight > 0, weight, 1.0)
    means = np.empty((p, n_groups))
    deviations = np.empty((p, n))
    for a in range(p):
        shifted = np.subtract(values[:, a], origin[a], out=deviations[a])
        np.divide(np.bincount(codes, shifted if weights is None else shifted * weights, n_groups), safe, out=means[a])
        shifted -= means[a][codes]
    if not by_group:
        gram = deviations @ (deviations if weights is None else deviations * weights).T
        return BlockMoments(rows, weight, means, gram[np.tril_indices(p)][:, None])
    if p >= MANY_COLUMNS and n >= LONG_GROUPS * np.count_nonzero(rows):
        return BlockMoments(rows, weight, means, _by_matrix(codes, deviations, rows, weights))
    return BlockMoments(rows, weight, means, _by_pair(codes, deviations, n_groups, weights))


def _by_pair(codes: Codes, deviations: Array, n_groups: int, weights: Array | None) -> Array:
    p, n = deviations.shape
    products = np.empty((p * (p + 1) // 2, n_groups))
    scratch = np.empty(n)
    pair = 0
    for a in range(p):
        left = deviations[a] if weights is None else deviations[a] * weights
        for b in range(a + 1):
            products[pair] = np.bincount(codes, np.multiply(left, deviations[b], out=scratch), n_groups)
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
