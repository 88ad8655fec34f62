"""The slope at the few assumed shares of variance that the report tells in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.blends import Curve
from reportgen.fits import Coefficient, Issue, Undefined

SHARES = (0.01, 0.1, 0.2)
FLAT = 1e-6  # of a standard error: texts show a slope to a hundred-thousandth of it at the finest
ROUNDING = 1e-9  # of the slope itself, where the model leaves no residuals and so no standard error
NEAR = 0.02  # distance from the fitted share within which a round one is left out


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The slope of one column at an assumed share of variance between groups."""

    share: float
    slope: float
    is_fitted: bool


def slope_at(curve: Curve, position: int, share: float) -> float:
    """Slope of one column at an assumed share, from the curve; its points are even in the square root of the share."""
    return float(np.interp(share**0.5, np.sqrt(curve.share), curve.slopes[:, position]))


def is_flat(curve: Curve, slope: Coefficient) -> bool:
    """Whether every share of variance between groups gives one and the same slope, so that there is no curve to show.

    Parameters
    ----------
    curve : Curve
        The slopes of all columns.
    slope : Coefficient
        That of one column with group dummies, where its curve ends.
    """
    along = curve.slopes[:, curve.columns.index(slope.column)]
    return float(np.ptp(along)) <= FLAT * slope.std_error + ROUNDING * float(np.abs(along).max())


def told_points(curve: Curve, column: str) -> tuple[CurvePoint, ...]:
    """The round shares and the fitted one, in ascending order."""
    position = curve.columns.index(column)
    shares, fitted = list(SHARES), curve.fitted_share
    if not isinstance(fitted, Undefined) and fitted > 0:
        shares = sorted([*(share for share in shares if abs(share - fitted) > NEAR), fitted])
    return tuple(CurvePoint(share, slope_at(curve, position, share), share == fitted) for share in shares)


def slope_if(curve: Curve, column: str, factor: float) -> float | Undefined:
    """The random intercept slope if every group had `factor` times as many rows like its own, or tau2 were so much larger.

    Both are the same point of the curve: the slope depends on group sizes and variances by n tau2 / sigma2 alone.
    """
    fitted = curve.fitted_share
    if isinstance(fitted, Undefined):
        return fitted
    if not 0.0 < fitted < 1.0:
        return Undefined(Issue("no_share_to_change"))
    gamma = factor * fitted / (1.0 - fitted)
    return slope_at(curve, curve.columns.index(column), gamma / (1.0 + gamma))
