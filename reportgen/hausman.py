"""Every form of the Hausman test beside each other: one question, many numbers, and why they differ.

All ask whether the slopes within and between groups are equal (Hausman 1978; Mundlak 1978). With d the within slopes minus
those of the random intercept model, the classic form is d'(V_FE - V_RE)^-1 d. With one residual variance and one ratio of
variances on both sides the difference is positive definite, and the statistic is the Wald test of the contextual effects
at those variances. With each model's own residual variance it need not be: then there is no statistic, and what some
software prints is an absolute value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from reportgen.column_levels import ColumnLevel
from reportgen.estimation.absent import absent
from reportgen.estimation.random_intercept import Profile, SizeClasses, at_ratio
from reportgen.estimation.regressors import Term, products_not_kept, regressors
from reportgen.estimation.robust import MAX_GROUPS, WorkingModel
from reportgen.estimation.robust_wald import robust_wald
from reportgen.estimation.small_sample import ScaledF
from reportgen.estimation.swamy_arora import SwamyArora, swamy_arora
from reportgen.fits import Fit, Issue, LeastSquaresFit, MixedFit, Number, Undefined
from reportgen.hypothesis_tests import WaldTest
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]

DEFINITE = 1e-10  # least eigenvalue, relative to V_FE, from which the difference of covariances counts as positive definite


@dataclass(frozen=True, slots=True)
class HausmanForm:
    """One form of the test.

    Attributes
    ----------
    form : str
        Name of the form.
    statistic : float or Undefined
        Chi-squared or F statistic; undefined, with the reason, where it does not exist.
    df : tuple of float
        Degrees of freedom: one for chi-squared, numerator and denominator for F.
    p_value : float or Undefined
        Upper tail.
    note_code : str
        Names the sentence on what the form assumes: ``common_variance``, ``own_variances``, ``wald``, ``small_sample``,
        ``robust``.
    """

    form: str
    statistic: Number
    df: tuple[float, ...]
    p_value: Number
    note_code: str


@dataclass(frozen=True, slots=True, eq=False)
class HausmanTable:
    """All forms, and the slopes behind two of them.

    Attributes
    ----------
    columns : tuple of str
        The m columns compared: those that vary within and between groups.
    forms : tuple of HausmanForm
        Classic forms, then tests of the contextual effects: chi-squared, Kenward-Roger F (the one to read), robust F.
    swamy_arora : SwamyArora or Undefined
        The random intercept model as econometric software fits it, to set beside the REML one.
    """

    columns: tuple[str, ...]
    forms: tuple[HausmanForm, ...]
    swamy_arora: SwamyArora | Undefined


def hausman_table(
    moments: GroupMoments, levels: tuple[ColumnLevel, ...], fits: Mapping[str, Fit], contextual: WaldTest | Undefined
) -> HausmanTable | Undefined:
    """All forms of the test.

    Parameters
    ----------
    moments : GroupMoments
        The data the variants were fitted to.
    levels : tuple of ColumnLevel
        The predictors, without the response.
    fits : mapping
        Variant id to fit.
    contextual : WaldTest or Undefined
        Test of the contextual effects (Mundlak model).
    """
    columns = tuple(level.column for level in levels if level.is_split)
    if not columns:
        return Undefined(Issue("no_column_at_both_levels"))
    econometric = swamy_arora(moments, levels, fits["no_pooling"], fits["random_intercept"])
    return HausmanTable(
        columns=columns,
        forms=(
            *_econometric_forms(columns, fits["no_pooling"], econometric),
            *_reml_forms(columns, fits["no_pooling"], fits["random_intercept"]),
            *_contextual_forms(len(columns), contextual),
            _robust_form(moments, len(columns), fits["mundlak"]),
        ),
        swamy_arora=econometric,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Slopes of the compared columns and their covariance."""

    slopes: Array
    covariance: Array

    @classmethod
    def of(cls, columns: tuple[str, ...], terms: tuple[Term, ...], slopes: Array, covariance: Array) -> _Side:
        place = {column: i for i, (column, role) in enumerate(terms) if role in ("raw", "within")}
        index = [place[column] for column in columns]
        return cls(slopes[index], covariance[np.ix_(index, index)])


def classic_statistic(within: _Side, mixed: _Side) -> Number:
    """d'(V_FE - V_RE)^-1 d, or the reason why it does not exist."""
    gap = within.slopes - mixed.slopes
    size = np.sqrt(np.diag(within.covariance))
    difference = (within.covariance - mixed.covariance) / np.outer(size, size)
    least = float(np.linalg.eigvalsh(difference)[0])
    if least < DEFINITE:
        told = least if least <= -DEFINITE else 0.0  # what is left of zero by rounding differs from machine to machine
        return Undefined(Issue("indefinite_difference", {"least_eigenvalue": told}))
    scaled = gap / size
    return float(scaled @ np.linalg.solve(difference, scaled))


def _form(form: str, statistic: Number, df: int, note_code: str) -> HausmanForm:
    p_value = statistic if isinstance(statistic, Undefined) else float(chdtrc(df, statistic))
    return HausmanForm(form, statistic, (float(df),), p_value, note_code)


def _within_side(columns: tuple[str, ...], fit: LeastSquaresFit, sigma2: float) -> _Side:
    """Within slopes, with their covariance at a given residual variance."""
    terms = tuple((c.column, c.role) for c in fit.coefficients)
    slopes = np.array([c.estimate for c in fit.coefficients])
    return _Side.of(columns, terms, slopes, fit.covariance * (sigma2 / fit.sigma2))


def _econometric_forms(
    columns: tuple[str, ...], no_pooling: Fit, econometric: SwamyArora | Undefined
) -> tuple[HausmanForm, HausmanForm]:
    common: Number
    own: Number
    if isinstance(econometric, Undefined) or not isinstance(no_pooling, LeastSquaresFit):
        common = own = econometric if isinstance(econometric, Undefined) else absent(no_pooling)
    else:
        within = _within_side(columns, no_pooling, econometric.sigma2)
        terms, slopes, unit = econometric.terms, econometric.estimates, econometric.unit_covariance
        common = classic_statistic(within, _Side.of(columns, terms, slopes, unit * econometric.sigma2))
        own = classic_statistic(within, _Side.of(columns, terms, slopes, unit * econometric.residual_sigma2))
    k = len(columns)
    return _form("swamy_arora_common", common, k, "common_variance"), _form("swamy_arora_own", own, k, "own_variances")


def _reml_forms(columns: tuple[str, ...], no_pooling: Fit, mixed: Fit) -> tuple[HausmanForm, HausmanForm]:
    common: Number
    own: Number
    if not isinstance(no_pooling, LeastSquaresFit):
        common = own = absent(no_pooling)
    elif not isinstance(mixed, MixedFit):
        common = own = absent(mixed)
    elif no_pooling.sigma2 == 0.0:
        common = own = Undefined(Issue("no_residual_variance"))
    else:
        terms = tuple((c.column, c.role) for c in mixed.coefficients)
        side = _Side.of(columns, terms, np.array([c.estimate for c in mixed.coefficients]), mixed.covariance)
        common = classic_statistic(_within_side(columns, no_pooling, mixed.sigma2), side)
        own = classic_statistic(_within_side(columns, no_pooling, no_pooling.sigma2), side)
    k = len(columns)
    return _form("reml_common", common, k, "common_variance"), _form("reml_own", own, k, "own_variances")


def _contextual_forms(k: int, test: WaldTest | Undefined) -> tuple[HausmanForm, HausmanForm]:
    if isinstance(test, Undefined):
        return (
            HausmanForm("mundlak_wald", test, (float(k),), test, "wald"),
            HausmanForm("mundlak_kenward_roger", test, (float(k),), test, "small_sample"),
        )
    return (
        HausmanForm("mundlak_wald", test.chi2, (float(test.df),), test.p_value, "wald"),
        HausmanForm("mundlak_kenward_roger", test.f, test.f_df, test.f_p_value, "small_sample"),
    )


def _robust_form(moments: GroupMoments, k: int, mundlak: Fit) -> HausmanForm:
    """CR2 test of the contextual effects: valid also where variances or correlations differ from the model's."""
    test = _robust_test(moments, mundlak)
    if isinstance(test, Undefined):
        return HausmanForm("mundlak_cr2", test, (float(k),), test, "robust")
    return HausmanForm("mundlak_cr2", test.f, (float(test.df1), test.df2), test.p_value, "robust")


def _robust_test(moments: GroupMoments, mundlak: Fit) -> ScaledF | Undefined:
    if not isinstance(mundlak, MixedFit):
        return absent(mundlak)
    if not moments.keeps_products:
        return Undefined(products_not_kept(moments))
    if moments.n_groups > MAX_GROUPS:
        return Undefined(Issue("enough_groups_for_cr1", {"n_groups": moments.n_groups}))
    reg = regressors(moments, tuple((c.column, c.role) for c in mundlak.coefficients))
    ratio = float(mundlak.group_covariance.psi[0, 0] / mundlak.sigma2)
    _, beta = at_ratio(SizeClasses.of(reg), ratio)
    inverse = Profile(SizeClasses.of(reg), np.array([ratio]), restricted=True).inverse[0]
    model = WorkingModel.of(reg, beta, inverse, (np.eye(reg.n_terms + 1, 1), np.array([[ratio]])))
    index = [i for i, (_, role) in enumerate(reg.terms) if role == "contextual"]
    return robust_wald(model, np.eye(reg.n_terms)[index], beta[index])
