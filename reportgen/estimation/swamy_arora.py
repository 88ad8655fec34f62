"""The random intercept model with variances by the method of Swamy and Arora, beside the REML one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.column_levels import ColumnLevel
from reportgen.estimation.absent import absent
from reportgen.estimation.independence import dependent_columns
from reportgen.estimation.least_squares import solve
from reportgen.estimation.random_intercept import Profile, SizeClasses, at_ratio
from reportgen.estimation.regressors import Regressors, Term, regressors
from reportgen.fits import Fit, Issue, LeastSquaresFit, MixedFit, Number, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SwamyArora:
    """Random intercept model with variances by the method of Swamy & Arora (1972), as econometric software fits it.

    sigma2 comes from the model with group dummies, tau2 from the size-weighted regression of the group means, set against
    its expectation (Baltagi & Chang 1994 where groups differ in size).

    Attributes
    ----------
    terms : tuple of (column, role)
        The p coefficients, the intercept first.
    estimates : (p,) array
        Generalised least squares coefficients.
    unit_covariance : (p, p) array
        (X'V^-1X)^-1 / sigma2: times a residual variance it is their covariance.
    sigma2, tau2 : float
        Variance components; a negative estimate of tau2 counts as 0.
    residual_sigma2 : float
        Residual variance of the weighted regression itself, rss / (N - p): what such software uses for standard errors.
    is_truncated : bool
        The estimate of tau2 was negative.
    """

    terms: tuple[Term, ...]
    estimates: Array
    unit_covariance: Array
    sigma2: float
    tau2: float
    residual_sigma2: float
    is_truncated: bool

    def slope(self, column: str) -> Number:
        """The coefficient of a design column."""
        for (name, _), value in zip(self.terms, self.estimates, strict=True):
            if name == column:
                return float(value)
        return Undefined(Issue("not_in_model", {"column": column, "variant": "swamy_arora"}))


def swamy_arora(
    moments: GroupMoments, levels: tuple[ColumnLevel, ...], no_pooling: Fit, random_intercept: Fit
) -> SwamyArora | Undefined:
    """Fit the random intercept model with Swamy-Arora variances.

    Parameters
    ----------
    moments : GroupMoments
        The data.
    levels : tuple of ColumnLevel
        The predictors, without the response.
    no_pooling, random_intercept : Fit
        The variants: the first gives sigma2, the second which columns there are.
    """
    if not isinstance(no_pooling, LeastSquaresFit):
        return absent(no_pooling)
    if not isinstance(random_intercept, MixedFit):
        return absent(random_intercept)
    reg = regressors(moments, tuple((c.column, c.role) for c in random_intercept.coefficients))
    sigma2 = no_pooling.sigma2 / reg.scale[-1] ** 2
    if sigma2 == 0.0:
        return Undefined(Issue("no_residual_variance"))
    classes = SizeClasses.of(reg)
    tau2 = _group_variance(reg, classes, sigma2, levels)
    if isinstance(tau2, Undefined):
        return tau2
    ratio = max(tau2, 0.0) / sigma2
    optimum, beta = at_ratio(classes, ratio)
    inverse = Profile(classes, np.array([ratio]), restricted=True).inverse[0]
    unit = reg.scale[-1]
    return SwamyArora(
        terms=reg.terms,
        estimates=reg.home(beta),
        unit_covariance=reg.home_covariance(inverse) / unit**2,
        sigma2=sigma2 * unit**2,
        tau2=max(tau2, 0.0) * unit**2,
        residual_sigma2=optimum.sigma2 * unit**2,
        is_truncated=tau2 < 0.0,
    )


def _group_variance(reg: Regressors, classes: SizeClasses, sigma2: float, levels: tuple[ColumnLevel, ...]) -> Number:
    """tau2 from the expectation of the size-weighted residual squares of the group means, in scaled units.

    E rss = (J - p) sigma2 + tau2 (N - tr((Z'nZ)^-1 Z'n^2 Z)), Z the p columns of means.
    """
    varying = {level.column for level in levels if level.has_means}
    kept = [i for i, (column, role) in enumerate(reg.terms) if role == "intercept" or column in varying]
    if reg.n_groups <= len(kept):
        return Undefined(Issue("no_degrees_of_freedom", {"df": reg.n_groups - len(kept)}))
    gram = classes.weighted(classes.size)
    bad = dependent_columns(gram[np.ix_(kept, kept)])
    if bad:  # a predictor of the groups that is the mean of another one
        return Undefined(Issue("dependent_columns", {"columns": tuple(reg.terms[kept[i]][0] for i in bad)}))
    index = np.append(kept, reg.n_terms)
    _, inverse, rss = solve(gram[np.ix_(index, index)])
    second = classes.weighted(classes.size**2)[np.ix_(kept, kept)]
    return float((rss - (reg.n_groups - len(kept)) * sigma2) / (reg.weight.sum() - np.trace(inverse @ second)))
