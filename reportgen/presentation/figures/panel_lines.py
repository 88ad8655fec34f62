"""The lines of the group panels: how steep a model is in each group, along the predictor on the axis.

A product with that predictor, a power or a spline of it cannot stand still while it moves. In a group such a column p follows
the predictor x with the slope S_j[p, x] / S_j[x, x] of the group's own cross-products, so a model with the coefficients b rises
by b_x + sum_p b_p S_j[p, x] / S_j[x, x]. Where what x is multiplied with is the same for all rows of the group that is the
model's own slope there; else it is the slope of the straight line that comes nearest to the model over the group's rows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reportgen.fits import LeastSquaresFit, MixedFit

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

Array = NDArray[np.float64]

NO_VARIATION = 1e-12  # share of a predictor's sum of squares below which it does not vary in a group

_VARIABLE = re.compile(r"\b[cfr]([0-9]+)\b")


def followers(analysis: Analysis, column: str) -> tuple[str, ...]:
    """The other columns that are computed from a variable of this one: products with it, powers, the rest of a spline."""
    design = analysis.design
    coded = dict(zip(design.columns, design.predictors.columns, strict=True))
    own = set(_VARIABLE.findall(coded[column]))
    return tuple(other for other in design.columns if other != column and own & set(_VARIABLE.findall(coded[other])))


def can_be_drawn(analysis: Analysis, column: str) -> bool:
    """Whether the slopes in single groups are known: where a column follows, their cross-products must have been kept."""
    return analysis.moments.keeps_products or not followers(analysis, column)


def steepness(analysis: Analysis, fit: LeastSquaresFit | MixedFit, column: str, groups: NDArray[np.int64]) -> Array:
    """(L,) how much a model rises in some groups for a unit of a column, the slopes of the groups' own included."""
    shares = _shares(analysis, column, groups)
    coefficients = {c.column: c.estimate for c in fit.coefficients if c.role in ("raw", "within")}
    rise = sum((coefficients.get(name, 0.0) * share for name, share in shares.items()), np.zeros(len(groups)))
    if isinstance(fit, MixedFit):
        for name in shares.keys() & set(fit.group_covariance.terms):
            rise = rise + fit.random_effects[groups, fit.group_covariance.terms.index(name)] * shares[name]
    return np.asarray(rise)


def varying(analysis: Analysis, column: str, groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(L,) the groups in which a line has a slope: all, but where a column follows only those in which the predictor varies."""
    if not followers(analysis, column):
        return np.ones(len(groups), dtype=bool)
    position = analysis.moments.columns.index(column)
    own = analysis.moments.products_of(position, position)
    return np.asarray(own[groups] > NO_VARIATION * own.sum())


def _shares(analysis: Analysis, column: str, groups: NDArray[np.int64]) -> dict[str, Array]:
    """(L,) how far a column and its followers move in each group for a unit of it; 0 for these where it does not vary."""
    moments, shares = analysis.moments, {column: np.ones(len(groups))}
    others = followers(analysis, column)
    if others:
        position = moments.columns.index(column)
        own = moments.products_of(position, position)[groups]
        moves = varying(analysis, column, groups)
        for name in others:
            shared = moments.products_of(moments.columns.index(name), position)[groups]
            shares[name] = np.where(moves, shared / np.where(moves, own, 1.0), 0.0)
    return shares
