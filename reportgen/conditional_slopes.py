"""Slopes within groups at the levels of a factor that multiplies them: where it is not at its reference level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reportgen.design.parts import ColumnPart
from reportgen.estimation.inference import coefficients
from reportgen.estimation.least_squares import robust_contrasts
from reportgen.fits import Coefficient, Fit, LeastSquaresFit, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ConditionalSlope:
    """The slope of a predictor where a factor has the level that a product is for.

    Attributes
    ----------
    product : str
        Column of the product, as ``age:Sex[T.Male]``.
    slope : Coefficient
        Of the predictor that the factor multiplies: its own coefficient and that of the product together.
    robust : Coefficient or Undefined
        The same with its cluster-robust error CR2.
    """

    product: str
    slope: Coefficient
    robust: Coefficient | Undefined


def conditional_slopes(
    moments: GroupMoments, parts_of: Mapping[str, tuple[ColumnPart, ...]], fit: Fit
) -> tuple[ConditionalSlope, ...]:
    """Slopes at the levels of factors, one for each product of a predictor and a level.

    Parameters
    ----------
    moments : GroupMoments
        The data the model was fitted to.
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
    pairs = _pairs(parts_of, fit)
    if not pairs:
        return ()
    contrasts = np.zeros((len(pairs), len(fit.coefficients)))
    for row, (_, places) in zip(contrasts, pairs, strict=True):
        row[list(places)] = 1.0
    variances = np.einsum("mp,pk,mk->m", contrasts, fit.covariance, contrasts)
    first = fit.coefficients[0]
    slopes = coefficients(
        tuple((fit.coefficients[places[0]].column, "within") for _, places in pairs),
        contrasts @ np.array([item.estimate for item in fit.coefficients]),
        np.sqrt(np.maximum(variances, 0.0)),
        np.full(len(pairs), first.df),
        first.df_method,
    )
    products = [product for product, _ in pairs]
    robust = robust_contrasts(moments, fit, products, contrasts)
    return tuple(
        ConditionalSlope(product, slope, found if isinstance(found, Undefined) else replace(found, column=slope.column))
        for product, slope, found in zip(products, slopes, robust, strict=True)
    )


def _pairs(parts_of: Mapping[str, tuple[ColumnPart, ...]], fit: LeastSquaresFit) -> list[tuple[str, tuple[int, int]]]:
    """Each product of a predictor and a level, with the places of the predictor's coefficient and of its own."""
    place = {item.column: i for i, item in enumerate(fit.coefficients) if item.role == "within"}
    alone = {parts[0]: column for column, parts in parts_of.items() if len(parts) == 1}
    found = []
    for product, parts in parts_of.items():
        if len(parts) != 2 or product not in place:
            continue
        own, by = sorted(parts, key=lambda part: bool(part.level))
        column = alone.get(own, "")
        if by.level and column in place:
            found.append((product, (place[column], place[product])))
    return found
