"""Rows that lie farther from the fit with group dummies than the farthest of so many rows with normal residuals would.

A row's leverage there is h = 1/n_j + x'(S_W)^-1 x for its deviation x from the group mean, r = e / (sigma (1 - h)^1/2) its
standardised residual. With f residual degrees of freedom t = r ((f - 1) / (f - r^2))^1/2 is its studentised residual, from a
fit without the row: Student's t with f - 1 degrees of freedom. The bound is that of Bonferroni for N rows (Cook & Weisberg
1982).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from reportgen.fits import LeastSquaresFit
from reportgen.moments import GroupMoments
from reportgen.points import Points

Array = NDArray[np.float64]

LEVEL = 0.05  # chance that normal residuals have any such row
OWN = 1e-9  # of 1 - h: a row that its group, or a coefficient, fits exactly; of the squares left without a row: a perfect fit


@dataclass(frozen=True, slots=True, eq=False)
class OutlyingRows:
    """What lies beyond the bound.

    Attributes
    ----------
    bound : float
        Studentised residual beyond which a row counts.
    groups : (m,) array of int
        Group of each such row.
    values : (m,) array
        Its studentised residual.
    """

    bound: float
    groups: NDArray[np.int64]
    values: Array


def outlying_rows(moments: GroupMoments, points: Points, fit: LeastSquaresFit) -> OutlyingRows | None:
    """The rows that lie far from the fit of a model with group dummies.

    Parameters
    ----------
    moments : GroupMoments
        The data.
    points : Points
        Their rows.
    fit : LeastSquaresFit
        The model, of variant ``no_pooling``.

    Returns
    -------
    OutlyingRows or None
        None where it cannot be told: only some of the rows are at hand, rows have prior weights, or nothing is left over,
        of all rows or without one of them.
    """
    weighted = not np.array_equal(moments.weight, moments.rows)
    if not points.is_complete or weighted or fit.sigma2 <= 0 or fit.df_residual <= 2:
        return None
    places = [moments.columns.index(item.column) for item in fit.coefficients]
    deviations = points.values - (moments.means + moments.origin)[points.codes]
    x = deviations[:, places]
    residuals = deviations[:, -1] - x @ np.array([item.estimate for item in fit.coefficients])
    spread = x @ np.linalg.cholesky(np.linalg.inv(moments.S_W[np.ix_(places, places)]))
    free = 1.0 - 1.0 / moments.rows[points.codes] - (spread**2).sum(axis=1)
    usable = free > OWN
    squares = np.zeros(len(residuals))
    squares[usable] = residuals[usable] ** 2 / (fit.sigma2 * free[usable])
    left = fit.df_residual - squares
    if left.min() <= OWN * fit.df_residual:  # without one of the rows the fit is perfect: nothing to measure it by
        return None
    values = np.sign(residuals) * np.sqrt(squares * (fit.df_residual - 1.0) / left)
    bound = float(stdtrit(fit.df_residual - 1.0, 1.0 - 0.5 * LEVEL / len(values)))
    far = np.flatnonzero(np.abs(values) > bound)
    return OutlyingRows(bound, points.codes[far], values[far])
