"""Does a slope vary between groups? Random slope models against the same models with random intercepts only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scipy.special import chdtrc

from reportgen.estimation.absent import absent
from reportgen.estimation.regressors import INTERCEPT
from reportgen.fits import Fit, Issue, MixedFit, Number, Undefined
from reportgen.hypothesis_tests import likelihood_ratio

PAIRS = (("random_slope", "random_intercept"), ("within_between_slope", "within_between"))
"""A variant with random slopes, and the variant with the same coefficients in which it nests one without."""


@dataclass(frozen=True, slots=True)
class SlopeVarianceTest:
    """Likelihood ratio test that a slope is the same in all groups.

    Attributes
    ----------
    variant, against : str
        The model with the random slope, and the one without.
    columns : tuple of str
        Design columns whose slopes vary.
    lrt : float or Undefined
        Twice the difference of the restricted log-likelihoods, which can be compared because both models have the same
        coefficients.
    df : tuple of int
        Of the two chi-squared distributions whose equal mixture is the null distribution: (1, 2) for a slope that is
        correlated with the intercept, (0, 1) for one that is not.
    p_value : float or Undefined
        Exact only with many groups (Stram & Lee 1994).
    """

    variant: str
    against: str
    columns: tuple[str, ...]
    lrt: Number
    df: tuple[int, int]
    p_value: Number


def slope_variance_tests(fits: Mapping[str, Fit]) -> tuple[SlopeVarianceTest, ...]:
    """The tests of all variants with random slopes; none where the formula asks for no random slope.

    Parameters
    ----------
    fits : mapping
        Variant id to fit.
    """
    return tuple(_tested(fits))


def _tested(fits: Mapping[str, Fit]) -> Iterator[SlopeVarianceTest]:
    for variant, against in PAIRS:
        if variant not in fits:
            continue
        full, null = fits[variant], fits[against]
        if not isinstance(full, MixedFit) or not isinstance(null, MixedFit):
            missing = absent(null if isinstance(full, MixedFit) else full)
            yield SlopeVarianceTest(variant, against, (), missing, (0, 0), missing)
            continue
        columns = tuple(term for term in full.group_covariance.terms if term != INTERCEPT)
        added = full.likelihood.n_parameters - null.likelihood.n_parameters
        df, problem = (added - 1, added), _problem(full, null, columns)
        if problem:
            yield SlopeVarianceTest(variant, against, columns, Undefined(problem), df, Undefined(problem))
            continue
        lrt = likelihood_ratio(full.reml_log_likelihood, null.reml_log_likelihood)
        yield SlopeVarianceTest(variant, against, columns, lrt, df, mixture_p_value(lrt, df))


def _problem(full: MixedFit, null: MixedFit, columns: tuple[str, ...]) -> Issue | None:
    """Why the mixture of two chi-squared distributions is not the null distribution here."""
    if full.group_covariance.terms[0] != INTERCEPT:
        return Issue("slopes_without_intercept", {"columns": columns})
    if len(columns) > 1:
        return Issue("several_slopes_tested", {"columns": columns})
    if null.group_covariance.is_singular:  # a second parameter on its boundary, of which the mixture knows nothing
        return Issue("slope_test_on_boundary", {"columns": columns})
    return next((issue for fit in (full, null) for issue in fit.issues if issue.code == "not_converged"), None)


def mixture_p_value(lrt: float, df: tuple[int, int]) -> float:
    """Probability of a likelihood ratio as large under the equal mixture of two chi-squared distributions.

    With 0 degrees of freedom the distribution is the point zero.
    """
    if lrt <= 0.0:
        return 1.0
    return 0.5 * sum(float(chdtrc(k, lrt)) for k in df if k > 0)
