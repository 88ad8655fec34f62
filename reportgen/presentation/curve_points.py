"""The slope at the few assumed shares of variance that the report tells in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.blends import Curve
from reportgen.fits import Undefined

SHARES = (0.01, 0.1, 0.2)
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


def told_points(curve: Curve, column: str) -> tuple[CurvePoint, ...]:
    """The round shares and the fitted one, in ascending order."""
    position = curve.columns.index(column)
    shares, fitted = list(SHARES), curve.fitted_share
    if not isinstance(fitted, Undefined) and fitted > 0:
        shares = sorted([*(share for share in shares if abs(share - fitted) > NEAR), fitted])
    return tuple(CurvePoint(share, slope_at(curve, position, share), share == fitted) for share in shares)
