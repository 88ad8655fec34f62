"""Slopes between groups under three weightings of the group means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.absent import absent
from reportgen.estimation.least_squares import solve
from reportgen.estimation.random_intercept import SizeClasses
from reportgen.estimation.regressors import Term, regressors
from reportgen.fits import Fit, Issue, MixedFit, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WeightedSlope:
    """A slope between groups: `estimate` and `std_error` under the variances tau2 + sigma2 / n_j of the group means."""

    estimate: float
    std_error: float


@dataclass(frozen=True, slots=True)
class BetweenSlopes:
    """One column's slope between groups by how much each group counts.

    With groups of one size the three are one; the mixed models use the last, which has the smallest standard error.

    Attributes
    ----------
    column : str
        Design column.
    equal : WeightedSlope
        Every group mean counts the same.
    by_size : WeightedSlope
        A group mean counts as much as it has rows, as in pooled regression.
    by_precision : WeightedSlope
        A group mean counts as much as it is exact: 1 / (tau2 + sigma2 / n_j), variances of the within-between model.
    """

    column: str
    equal: WeightedSlope
    by_size: WeightedSlope
    by_precision: WeightedSlope


def between_slopes(moments: GroupMoments, fit: Fit) -> tuple[BetweenSlopes, ...] | Undefined:
    """The slopes between groups under three weightings.

    Parameters
    ----------
    moments : GroupMoments
        The data.
    fit : Fit
        The within-between variant.
    """
    if not isinstance(fit, MixedFit):
        return absent(fit)
    reg = regressors(moments, _mean_terms(fit))
    if reg.n_terms < 2:
        return Undefined(Issue("no_column_varies_between"))
    classes = SizeClasses.of(reg)
    variance = fit.group_covariance.psi[0, 0] + fit.sigma2 / classes.size
    unit = reg.scale[-1]
    found = []
    for weights in (np.ones(len(classes.size)), classes.size, variance.min() / variance):
        beta, inverse, _ = solve(classes.weighted(weights))
        filling = classes.weighted(weights**2 * variance)[:-1, :-1]
        errors = np.sqrt(np.diag(inverse @ filling @ inverse)) / reg.scale[:-1]
        found.append([WeightedSlope(float(b), float(e)) for b, e in zip(beta * unit / reg.scale[:-1], errors, strict=True)])
    return tuple(
        BetweenSlopes(column, equal, size, precision)
        for (column, _), equal, size, precision in zip(reg.terms[1:], *(slopes[1:] for slopes in found), strict=True)
    )


def _mean_terms(fit: MixedFit) -> tuple[Term, ...]:
    return tuple((c.column, c.role) for c in fit.coefficients if c.role in ("intercept", "between", "group_level"))
