"""How much the residuals scatter in each group, from the group moments alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma

from reportgen.estimation.absent import absent
from reportgen.estimation.regressors import products_not_kept
from reportgen.fits import Fit, Issue, LeastSquaresFit, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]

MIN_ROWS = 5  # rows below which a group's own residual variance says too little
MIN_GROUPS = 3


@dataclass(frozen=True, slots=True, eq=False)
class ResidualSpread:
    """Residual standard deviations of single groups around the common slopes of the model with group dummies.

    Attributes
    ----------
    groups : (L,) array of int
        Groups with at least ``MIN_ROWS`` rows and some residual variance, by index.
    deviations : (L,) array
        Their residual standard deviations, in units of the response.
    relative : float
        Standard deviation of the logarithm of the true residual standard deviations over groups, what chance adds taken off;
        about the share by which a group's spread typically differs from the common one.
    noise : float
        Standard error of the variance of log s^2 if all groups had the same spread.
    """

    groups: NDArray[np.int64]
    deviations: Array
    relative: float
    noise: float

    @property
    def lowest(self) -> int:
        """Group whose residuals scatter least; the first of equals."""
        return int(self.groups[np.argmin(self.deviations)])

    @property
    def highest(self) -> int:
        """Group whose residuals scatter most; the first of equals."""
        return int(self.groups[np.argmax(self.deviations)])


def residual_squares(moments: GroupMoments, fit: LeastSquaresFit) -> Array:
    """(J,) sums of squares that the slopes of the model with group dummies leave in each group."""
    slope_of = {c.column: c.estimate for c in fit.coefficients if c.role == "within"}
    residual = np.array([-slope_of.get(column, 0.0) for column in moments.columns[:-1]] + [1.0])
    return moments.squares_of(residual)


def residual_spread(moments: GroupMoments, fit: Fit) -> ResidualSpread | Undefined:
    """Residual standard deviation of every group, and how far they differ beyond chance.

    With s_j^2 on d_j = n_j - 1 degrees of freedom, log s_j^2 scatters by chance with variance psi'(d_j / 2) (Bartlett & Kendall
    1946); what its variance over the groups exceeds the mean of these by belongs to the groups.

    Parameters
    ----------
    moments : GroupMoments
        The data.
    fit : Fit
        The model with group dummies.
    """
    if not isinstance(fit, LeastSquaresFit):
        return absent(fit)
    if not moments.keeps_products:
        return Undefined(products_not_kept(moments))
    df = moments.rows - 1.0
    variances = residual_squares(moments, fit) / np.maximum(df, 1.0)
    floor = 1e-12 * moments.S_T[-1, -1] / moments.n_rows
    groups = np.flatnonzero((moments.rows >= MIN_ROWS) & (variances > floor))
    if len(groups) < MIN_GROUPS:
        return Undefined(Issue("too_few_groups_for_spread", {"n": len(groups), "rows": MIN_ROWS}))
    own_df, count = np.unique(df[groups], return_counts=True)
    expected = float(np.asarray(polygamma(1, own_df / 2.0)) @ count) / len(groups)
    excess = float(np.log(variances[groups]).var(ddof=1) - expected)
    noise = float(expected * np.sqrt(2.0 / (len(groups) - 1)))
    return ResidualSpread(groups, np.sqrt(variances[groups]), max(excess, 0.0) ** 0.5 / 2.0, noise)
