"""Tests between variants: contextual effects (Mundlak), variance between groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc

from reportgen.estimation.mixed import intercept_derivatives
from reportgen.estimation.random_intercept import SizeClasses, at_ratio
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
class GroupVarianceTest:
    """Is there any variance between groups?

    Attributes
    ----------
    f, f_df, f_p_value
        F test of the group dummies against pooled regression; exact under normal errors.
    lrt, lrt_p_value
        Likelihood ratio of the random intercept model to pooled regression (both by maximum likelihood); its null
        distribution is the equal mixture of chi-squared with 0 and 1 degrees of freedom (Stram & Lee 1994).
    """

    f: Number
    f_df: tuple[float, float] | Undefined
    f_p_value: Number
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
    return WaldTest(
        columns=tuple(fit.coefficients[i].column for i in index),
        chi2=chi2,
        df=len(index),
        p_value=float(chdtrc(len(index), chi2)),
        f=f.f,
        f_df=(float(f.df1), f.df2),
        f_p_value=f.p_value,
    )


def group_variance_test(pooled: Fit, no_pooling: Fit, random_intercept: Fit) -> GroupVarianceTest:
    """Test the variance between groups, by the dummies and by the likelihood.

    Parameters
    ----------
    pooled, no_pooling, random_intercept : Fit
        The variants compared; a number that needs one that could not be fitted is undefined.
    """
    f: Number
    f_df: tuple[float, float] | Undefined
    f_p_value: Number
    f = f_df = f_p_value = Undefined(_missing(pooled, no_pooling))
    if isinstance(pooled, LeastSquaresFit) and isinstance(no_pooling, LeastSquaresFit) and no_pooling.sigma2 > 0:
        df1, df2 = pooled.df_residual - no_pooling.df_residual, no_pooling.df_residual
        gain = pooled.sigma2 * pooled.df_residual - no_pooling.sigma2 * df2
        f, f_df = float(gain / df1 / no_pooling.sigma2), (df1, df2)
        f_p_value = float(fdtrc(df1, df2, max(f, 0.0)))
    lrt: Number
    lrt_p_value: Number
    lrt = lrt_p_value = Undefined(_missing(pooled, random_intercept))
    simple = pooled.likelihood if isinstance(pooled, LeastSquaresFit) else Undefined(_missing(pooled))
    if isinstance(random_intercept, MixedFit) and not isinstance(simple, Undefined):
        lrt = max(0.0, 2.0 * (random_intercept.likelihood.log_likelihood - simple.log_likelihood))
        lrt_p_value = 0.5 * float(chdtrc(1, lrt)) if lrt > 0 else 1.0
    return GroupVarianceTest(f, f_df, f_p_value, lrt, lrt_p_value)


def _missing(*needed: Fit) -> Issue:
    """Which of the variants a test needs is not there; with all there the residual variance is zero."""
    for fit in needed:
        if not isinstance(fit, LeastSquaresFit | MixedFit):
            return Issue("variant_not_fitted", {"variant": fit.variant})
    return Issue("no_residual_variance")
