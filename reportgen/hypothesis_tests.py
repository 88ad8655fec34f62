"""Tests between variants: contextual effects (Mundlak), variance between groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc

from reportgen.estimation.least_squares import solve
from reportgen.estimation.mixed import intercept_derivatives
from reportgen.estimation.random_intercept import SNAP, SizeClasses, at_ratio
from reportgen.estimation.regressors import regressors
from reportgen.estimation.small_sample import kenward_roger_f
from reportgen.fits import Fit, Issue, LeastSquaresFit, MixedFit, Number, Undefined
from reportgen.moments import GroupMoments


@dataclass(frozen=True, slots=True)
class WaldTest:
    """Joint test that some coefficients are zero.

    Attributes
    ----------
    columns : tuple of str
        Design columns whose coefficients are tested.
    chi2, df, p_value : float, int, float
        Wald statistic from the model-based covariance, and its chi-squared p value: exact only with many groups.
    f, f_df, f_p_value
        Kenward-Roger F, its numerator and denominator degrees of freedom, its p value.
    """

    columns: tuple[str, ...]
    chi2: float
    df: int
    p_value: float
    f: float
    f_df: tuple[float, float]
    f_p_value: float


@dataclass(frozen=True, slots=True)
class FTest:
    """F test: statistic, numerator and denominator degrees of freedom, p value."""

    f: float
    f_df: tuple[float, float]
    p_value: float


@dataclass(frozen=True, slots=True)
class GroupVarianceTest:
    """Do the groups differ?

    Attributes
    ----------
    dummies : FTest or Undefined
        All group intercepts are equal, given the predictors that vary within groups: the group dummies against one
        intercept, df J - 1 and N - J - k_w. Exact under normal errors.
    beyond : FTest or Undefined
        The groups differ by no more than the group-level predictors say: the group dummies against pooled regression with
        those predictors. Undefined where there are none.
    lrt, lrt_p_value : float or Undefined
        Likelihood ratio of the random intercept model to pooled regression (both by maximum likelihood); its null
        distribution is the equal mixture of chi-squared with 0 and 1 degrees of freedom (Stram & Lee 1994).
    """

    dummies: FTest | Undefined
    beyond: FTest | Undefined
    lrt: Number
    lrt_p_value: Number


def contextual_test(moments: GroupMoments, fit: Fit) -> WaldTest | Undefined:
    """Test that all contextual effects of the Mundlak model are zero: equal slopes within and between groups.

    Parameters
    ----------
    moments : GroupMoments
        The data the model was fitted to.
    fit : Fit
        The Mundlak variant.
    """
    if not isinstance(fit, MixedFit):
        return Undefined(Issue("variant_not_fitted", {"variant": fit.variant}))
    index = [i for i, c in enumerate(fit.coefficients) if c.role == "contextual"]
    if not index:
        return Undefined(Issue("no_column_at_both_levels"))
    values = np.array([fit.coefficients[i].estimate for i in index])
    covariance = fit.covariance[np.ix_(index, index)]
    chi2 = float(values @ np.linalg.solve(covariance, values))
    reg = regressors(moments, tuple((c.column, c.role) for c in fit.coefficients))
    classes = SizeClasses.of(reg)
    optimum, beta = at_ratio(classes, float(fit.group_covariance.psi[0, 0] / fit.sigma2))
    derivatives = intercept_derivatives(reg, classes, optimum, beta)
    f = kenward_roger_f(derivatives, np.eye(reg.n_terms)[index], beta[index])
    if isinstance(f, Undefined):
        return f
    return WaldTest(
        columns=tuple(fit.coefficients[i].column for i in index),
        chi2=chi2,
        df=len(index),
        p_value=float(chdtrc(len(index), chi2)),
        f=f.f,
        f_df=(float(f.df1), f.df2),
        f_p_value=f.p_value,
    )


def group_variance_test(moments: GroupMoments, fits: Mapping[str, Fit]) -> GroupVarianceTest:
    """Test the variance between groups, by the dummies and by the likelihood.

    Parameters
    ----------
    moments : GroupMoments
        The data.
    fits : mapping
        Variant id to fit; a number that needs one that could not be fitted is undefined.
    """
    pooled, mixed = fits["pooled"], fits["random_intercept"]
    columns = pooled.coefficients if isinstance(pooled, LeastSquaresFit) else ()
    within = tuple(c.column for c in columns if c.role == "raw")
    beyond: FTest | Undefined = Undefined(Issue("no_group_level_predictor"))
    if len(within) + 1 < len(columns):
        beyond = _f_test(moments, tuple(c.column for c in columns if c.role != "intercept"), fits["no_pooling"])
    dummies = _f_test(moments, within, fits["no_pooling"])
    lrt: Number
    lrt_p_value: Number
    lrt = lrt_p_value = Undefined(_missing(pooled, mixed))
    simple = pooled.likelihood if isinstance(pooled, LeastSquaresFit) else Undefined(_missing(pooled))
    if isinstance(mixed, MixedFit) and not isinstance(simple, Undefined):
        lrt = likelihood_ratio(mixed.likelihood.log_likelihood, simple.log_likelihood)
        lrt_p_value = 0.5 * float(chdtrc(1, lrt)) if lrt > 0 else 1.0
    return GroupVarianceTest(dummies, beyond, lrt, lrt_p_value)


def _f_test(moments: GroupMoments, columns: tuple[str, ...], dummies: Fit) -> FTest | Undefined:
    """F test of pooled regression on some columns against the model with group dummies, in which it is nested."""
    if not isinstance(dummies, LeastSquaresFit) or dummies.sigma2 == 0.0:
        return Undefined(_missing(dummies))
    index = [moments.columns.index(column) for column in columns] + [moments.n_columns - 1]
    gram = moments.S_T[np.ix_(index, index)]
    size = np.sqrt(np.diag(gram))
    rss = solve(gram / np.outer(size, size))[2] * size[-1] ** 2
    df2 = dummies.df_residual
    df1 = moments.n_rows - len(index) - df2
    if df1 < 1:
        return Undefined(Issue("no_degrees_of_freedom", {"df": int(df1)}))
    f = max(0.0, (rss - dummies.sigma2 * df2) / df1 / dummies.sigma2)
    return FTest(float(f), (float(df1), df2), float(fdtrc(df1, df2, f)))


def _missing(*needed: Fit) -> Issue:
    """Which of the variants a test needs is not there; with all there the residual variance is zero."""
    for fit in needed:
        if not isinstance(fit, LeastSquaresFit | MixedFit):
            return Issue("variant_not_fitted", {"variant": fit.variant})
    return Issue("no_residual_variance")


def likelihood_ratio(larger: float, smaller: float) -> float:
    """Likelihood ratio statistic of two nested models, from their log-likelihoods.

    A gain below what counts as one in the search for the variances is none: at zero the p value jumps from one half to 1, and
    rounding would decide which.
    """
    gain = 2.0 * (larger - smaller)
    return gain if gain >= SNAP else 0.0
