"""Whether columns are linearly independent, from their cross-products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.regressors import Term
from reportgen.fits import Issue, UnfitVariant

Array = NDArray[np.float64]

RANK_TOLERANCE = 1e-10  # share of a column's variance, given the other columns, below which it is their combination


def dependent_columns(gram: Array) -> list[int]:
    """Columns that are linear combinations of the others, by pivoted QR of the correlation-scaled Cholesky-like root.

    Parameters
    ----------
    gram : (k, k) array
        Cross-products of the columns.

    Returns
    -------
    list of int
        Positions, in ascending order, of the columns left over once an independent set is taken; earlier columns are
        kept where there is a choice of equal merit.
    """
    size = np.sqrt(np.maximum(np.diag(gram), 0.0))
    zero = [int(i) for i in np.flatnonzero(size == 0)]
    live = np.flatnonzero(size > 0)
    if not len(live):
        return zero
    correlation = gram[np.ix_(live, live)] / np.outer(size[live], size[live])
    values, vectors = np.linalg.eigh(correlation)
    if values[0] > RANK_TOLERANCE:  # no column's variance, given any others, is less than the least eigenvalue
        return zero
    from scipy.linalg import qr  # slow to load, and needed for columns that depend on others only

    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    _, triangle, pivots = qr(root, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(triangle))
    bad = [int(live[p]) for p, d in zip(pivots, diagonal, strict=True) if d**2 <= RANK_TOLERANCE]
    return sorted(zero + bad)


def well_conditioned(correlations: Array, tolerance: float) -> NDArray[np.bool_]:
    """Which of many correlation matrices have no eigenvalue as small as the tolerance.

    Parameters
    ----------
    correlations : (R, k, k) array
        Correlations of k columns.
    tolerance : float
        Of the least eigenvalue.

    Returns
    -------
    (R,) array of bool
    """
    # The eigenvalues add up to k, so that all but the least multiply to less than e: a determinant, which is a fraction of the
    # work of the eigenvalues, is enough for all but a few.
    found = np.asarray(np.linalg.det(correlations) > np.e * tolerance)
    open_ones = np.flatnonzero(~found)
    found[open_ones] = np.linalg.eigvalsh(correlations[open_ones])[:, 0] > tolerance
    return found


def rank_problem(variant: str, terms: tuple[Term, ...], gram: Array) -> UnfitVariant | None:
    """The variant as unfit if its columns (intercept partialled out) are dependent, else None."""
    bad = dependent_columns(gram)
    if not bad:
        return None
    names = tuple(dict.fromkeys(terms[i + 1][0] for i in bad))
    return UnfitVariant(variant, Issue("dependent_columns", {"columns": names}))
