"""Small matrices, one a group, with the groups along the last axis: a step is a few vector operations over all groups.

Where the matrices are larger than the groups are many, that turns round, and LAPACK takes them one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Groups, for each entry of a matrix, below which LAPACK is faster group by group (measured for 2 to 7 effects).
ROOTS_APART, PRODUCTS_APART = 12, 8


def lower_root(spread: Array) -> Array:
    """(q, q, J) lower Cholesky factors of I + s s' for (q, r, J) matrices s."""
    q, _, n = spread.shape
    if ROOTS_APART * q * q > n:
        first = _groups_first(spread)
        return _groups_last(np.linalg.cholesky(np.eye(q) + first @ first.transpose(0, 2, 1)))
    lower = np.zeros((q, q, n))
    for k in range(q):
        for i in range(k + 1):
            entry = np.full(n, float(i == k))
            for left, right in zip(spread[k], spread[i], strict=True):
                entry += left * right
            for m in range(i):
                entry -= lower[k, m] * lower[i, m]
            lower[k, i] = np.sqrt(entry) if i == k else entry / lower[i, i]
    return lower


def forward(lower: Array, right: Array) -> Array:
    """(q, c, J) solutions of lower x = right for (q, q, J) lower triangles and (q, c, J) right sides."""
    if lower.shape[0] ** 2 > lower.shape[2]:
        return _groups_last(np.linalg.solve(_groups_first(lower), _groups_first(right)))
    out = np.empty_like(right)
    for k in range(len(lower)):
        rest = right[k]
        for i in range(k):
            rest = rest - lower[k, i] * out[i]
        out[k] = rest / lower[k, k]
    return out


def backward(lower: Array, right: Array) -> Array:
    """(q, c, J) solutions of lower' x = right."""
    out = np.empty_like(right)
    for k in range(len(lower) - 1, -1, -1):
        rest = right[k]
        for i in range(k + 1, len(lower)):
            rest = rest - lower[i, k] * out[i]
        out[k] = rest / lower[k, k]
    return out


def product(left: Array, right: Array) -> Array:
    """(a, b, J) left_j' right_j of (q, a, J) and (q, b, J) arrays."""
    if PRODUCTS_APART * left.shape[0] * left.shape[1] > left.shape[2]:
        return _groups_last(_groups_first(left).transpose(0, 2, 1) @ _groups_first(right))
    out = np.empty((left.shape[1], right.shape[1], left.shape[2]))
    for a in range(left.shape[1]):
        out[a] = left[0, a] * right[0]
        for k in range(1, len(left)):
            out[a] += left[k, a] * right[k]
    return out


def _groups_first(stack: Array) -> Array:
    return np.ascontiguousarray(stack.transpose(2, 0, 1))


def _groups_last(stack: NDArray[np.floating]) -> Array:
    return np.ascontiguousarray(stack.transpose(1, 2, 0), dtype=np.float64)
