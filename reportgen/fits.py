"""Plain frozen records of fitted models. How they were made is not known here.

Symbols follow the mixed-model literature: ``sigma2`` residual variance, ``psi`` (q, q) covariance of the group effects,
J groups, N rows, p fixed coefficients, q random effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.95  # coverage of every interval

Role = Literal["intercept", "raw", "within", "between", "contextual", "group_level"]
"""What a coefficient is.

``raw``: the predictor as it stands. ``within``: deviation from the group mean. ``between``: the group mean, alone or beside
the deviation. ``contextual``: the group mean beside the raw predictor. ``group_level``: a predictor constant within groups.
"""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something a reader must know about a fit or a number.

    `code` names the sentence in ``templates/issues.j2``; `values` are its numbers and names.
    """

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Undefined:
    """Stands where a number cannot be computed, with the reason."""

    reason: Issue


Number = float | Undefined


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient with its inference.

    Attributes
    ----------
    column : str
        Design column, as the formula library names it; ``(Intercept)`` for the intercept.
    role : Role
        What the coefficient is.
    estimate, std_error : float
        In units of the response per unit of the column.
    df : float
        Degrees of freedom of the t reference distribution.
    df_method : str
        ``residual``, ``satterthwaite``, ``kenward_roger``, ``groups`` (their number minus one) or ``bell_mccaffrey``.
    statistic, p_value : float or Undefined
        t statistic and two-sided p value; undefined where the standard error is zero.
    conf_low, conf_high : float
        95 % interval.
    """

    column: str
    role: Role
    estimate: float
    std_error: float
    df: float
    df_method: str
    statistic: Number
    p_value: Number
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class RobustErrors:
    """Standard errors that hold whatever the covariance inside the groups, as long as the groups are independent.

    Attributes
    ----------
    method : str
        ``CR1``, ``CR2`` or ``CR3``; what they are and which degrees of freedom go with them is told in
        :mod:`reportgen.estimation.robust`.
    coefficients : tuple of Coefficient
        The model's coefficients with these errors, as far as they can be computed.
    issues : tuple of Issue
        Why coefficients are left out.
    """

    method: str
    coefficients: tuple[Coefficient, ...]
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Maximised Gaussian likelihood (maximum likelihood, not REML) and what follows from it."""

    log_likelihood: float
    n_parameters: int
    n_obs: int

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return -2.0 * self.log_likelihood + 2.0 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion, with the number of observations as the sample size."""
        return float(-2.0 * self.log_likelihood + np.log(self.n_obs) * self.n_parameters)


@dataclass(frozen=True, slots=True, eq=False)
class GroupCovariance:
    """Covariance of the group effects.

    Attributes
    ----------
    terms : tuple of str
        Names of the q random effects, ``(Intercept)`` first where present.
    psi : (q, q) array
        Covariance matrix, in squared units of the response per unit of each term.
    is_singular : bool
        The estimate lies on the boundary: a variance of zero or a correlation of one.
    """

    terms: tuple[str, ...]
    psi: Array
    is_singular: bool


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquaresFit:
    """A model without random effects (or the regression of the J group means).

    Attributes
    ----------
    variant : str
        Id in the catalogue.
    coefficients : tuple of Coefficient
        In the order of `covariance`.
    covariance : (p, p) array
        Model-based covariance of the coefficients.
    sigma2 : float
        Residual variance.
    df_residual : float
        Residual degrees of freedom.
    r2 : mapping
        Named R-squared values.
    likelihood : Likelihood or Undefined
        At the maximum-likelihood variance; for ``between`` of the J group means.
    n_obs, n_groups : int
        Rows and groups used.
    group_levels : (J,) array
        Value of the model at each group's mean row.
    robust : tuple of RobustErrors
        Cluster-robust errors; none for ``between``, whose observations are the groups.
    issues : tuple of Issue
        What to know about this fit.
    double_demeaned : mapping
        Interaction column to the two columns it multiplies, where their deviations are multiplied instead.
    """

    variant: str
    coefficients: tuple[Coefficient, ...]
    covariance: Array
    sigma2: float
    df_residual: float
    r2: Mapping[str, Number]
    likelihood: Likelihood | Undefined
    n_obs: int
    n_groups: int
    group_levels: Array
    robust: tuple[RobustErrors, ...] = ()
    issues: tuple[Issue, ...] = ()
    double_demeaned: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """A linear mixed model fitted by REML, with its maximum-likelihood refit for comparisons.

    Attributes
    ----------
    variant, coefficients, covariance, n_obs, n_groups, robust, issues
        As in :class:`LeastSquaresFit`; the coefficients carry Satterthwaite degrees of freedom.
    kenward_roger : tuple of Coefficient
        The same coefficients with Kenward-Roger standard errors and degrees of freedom; without those whose corrected
        variance is not positive (few groups, variances that the data say little about).
    sigma2 : float
        Residual variance (REML).
    group_covariance : GroupCovariance
        Covariance of the group effects (REML).
    reml_log_likelihood : float
        Restricted log-likelihood at the optimum.
    likelihood : Likelihood
        Of the maximum-likelihood refit.
    ml_sigma2, ml_psi : float, (q, q) array
        Variances of the maximum-likelihood refit.
    r2 : mapping
        ``marginal`` and ``conditional`` (Nakagawa & Schielzeth; Johnson).
    icc : float or Undefined
        Share of the group variance in the variance not explained by the predictors; undefined with random slopes.
    random_effects : (J, q) array
        Predicted group effects (conditional modes).
    random_effect_errors : (J, q) array
        Their conditional standard deviations, given the variances and the coefficients.
    group_levels : (J,) array
        Value of the model, group effect included, at each group's mean row.
    """

    variant: str
    coefficients: tuple[Coefficient, ...]
    covariance: Array
    kenward_roger: tuple[Coefficient, ...]
    sigma2: float
    group_covariance: GroupCovariance
    reml_log_likelihood: float
    likelihood: Likelihood
    ml_sigma2: float
    ml_psi: Array
    r2: Mapping[str, Number]
    icc: Number
    random_effects: Array
    random_effect_errors: Array
    n_obs: int
    n_groups: int
    group_levels: Array
    robust: tuple[RobustErrors, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SeparateFit:
    """A regression of its own in every group that can carry one.

    Attributes
    ----------
    variant : str
        Id in the catalogue.
    columns : tuple of str
        The k design columns that vary within groups, without those left out.
    estimable : (J,) array of bool
        Groups with enough rows and variation for all k slopes; E of them.
    slopes : (E, k) array
        Slopes of the estimable groups, in the order of the groups.
    std_errors : (E, k) array or Undefined
        Their standard errors, from the residual variance of all these groups together.
    sigma2, df_residual : float or Undefined, float
        That variance, and its degrees of freedom: the sum of n_j - 1 - k.
    f, f_df, p_value
        F test that the slopes of the estimable groups are equal, against one slope of every column of the formula, those left
        out included, beside an intercept for every group; its E k less the number of these columns, and `df_residual` degrees
        of freedom.
    n_obs, n_groups : int
        Rows and groups used, those of the other groups included.
    left_out : tuple of str
        Columns that are a combination of the others in every group, as the product of time and treatment: the slopes of a group
        hold at the group's own values.
    """

    variant: str
    columns: tuple[str, ...]
    estimable: NDArray[np.bool_]
    slopes: Array
    std_errors: Array | Undefined
    sigma2: Number
    df_residual: float
    f: Number
    f_df: tuple[float, float]
    p_value: Number
    n_obs: int
    n_groups: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnfitVariant:
    """A variant that cannot be fitted to these data, with the reason."""

    variant: str
    reason: Issue


ModelFit = LeastSquaresFit | MixedFit
Fit = LeastSquaresFit | MixedFit | SeparateFit | UnfitVariant


def coefficient(fit: ModelFit, column: str, *roles: Role) -> Coefficient | None:
    """The coefficient of `column` whose role is one of `roles`, or None if the model has none."""
    for item in fit.coefficients:
        if item.column == column and item.role in roles:
            return item
    return None
