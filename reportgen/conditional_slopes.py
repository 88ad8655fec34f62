"""Slopes within groups at the levels of a factor that multiplies them: where it is not at its reference level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reportgen.design.parts import ColumnPart
from reportgen.estimation.inference import coefficients
from reportgen.fits import Coefficient, Fit, LeastSquaresFit


@dataclass(frozen=True, slots=True)
class ConditionalSlope:
    """The slope of a predictor where a factor has the level that a product is for.

    Attributes
    ----------
    product : str
        Column of the product, as ``age:Sex[T.Male]``.
    slope : Coefficient
        Of the predictor that the factor multiplies: its own coefficient and that of the product together.
    """

    product: str
    slope: Coefficient


def conditional_slopes(parts_of: Mapping[str, tuple[ColumnPart, ...]], fit: Fit) -> tuple[ConditionalSlope, ...]:
    """Slopes at the levels of factors, one for each product of a predictor and a level.

    Parameters
    ----------
    parts_of : mapping
        Design column to what it is a product of.
    fit : Fit
        The model with group dummies; their sum has the variance that its covariance matrix gives it.

    Returns
    -------
    tuple of ConditionalSlope
        Without products of numbers, of more than two columns, or of a predictor that does not stand in the formula alone.
    """
    if not isinstance(fit, LeastSquaresFit):
        return ()
    place = {item.column: i for i, item in enumerate(fit.coefficients) if item.role == "within"}
    alone = {parts[0]: column for column, parts in parts_of.items() if len(parts) == 1}
    found = []
    for product, parts in parts_of.items():
        if len(parts) != 2 or product not in place:
            continue
        own, by = sorted(parts, key=lambda part: bool(part.level))
        column = alone.get(own, "")
        if not by.level or column not in place:
            continue
        pair = [place[column], place[product]]
        estimate = sum(fit.coefficients[i].estimate for i in pair)
        variance = float(fit.covariance[np.ix_(pair, pair)].sum())
        first = fit.coefficients[pair[0]]
        (slope,) = coefficients(
            ((column, "within"),),
            np.array([estimate]),
            np.array([max(variance, 0.0) ** 0.5]),
            np.array([first.df]),
            first.df_method,
        )
        found.append(ConditionalSlope(product, slope))
    return tuple(found)
