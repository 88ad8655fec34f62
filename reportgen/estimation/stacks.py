"""Small matrices, one a group, with the groups along the last axis: a step is a few vector operations over all groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def lower_root(spread: Array) -> Array:
    """(q, q, J) lower Cholesky factors of I + s s' for (q, r, J) matrices s."""
    q, _, n = spread.shape
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
    out = np.empty((left.shape[1], right.shape[1], left.shape[2]))
    for a in range(left.shape[1]):
        out[a] = left[0, a] * right[0]
        for k in range(1, len(left)):
            out[a] += left[k, a] * right[k]
    return out
