"""Where the variance of the response lies in a mixed model, and what clustering does to means and slopes.

The parts are those of Rights & Sterba (2019): predictors within groups, predictors between groups, differences of slopes,
differences of intercepts, residual. Marginal and conditional R-squared (Nakagawa & Schielzeth 2013; Johnson 2014; Nakagawa,
Johnson & Schielzeth 2017) are sums of them; they exist on singular fits as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.column_levels import ColumnLevel
from reportgen.estimation.absent import absent
from reportgen.estimation.regressors import INTERCEPT, Term, regressors
from reportgen.fits import Fit, Issue, MixedFit, Number, Undefined, coefficient
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VarianceParts:
    """Parts of the variance of the response that a mixed model implies, in squared units of the response.

    Attributes
    ----------
    variant : str
        Id in the catalogue.
    fixed_within, fixed_between : float
        Variance of the model's fixed part: deviations from the group means, and group means; divisor N - 1 each.
    slope_variation : float
        tr(psi Cov(z)): what differing slopes add, Cov(z) the covariance of the random effects' columns (divisor N).
    intercept_variation : float
        zbar' psi zbar: variance of the groups' levels at the mean of those columns; tau2 without random slopes.
    residual : float
        sigma2.
    """

    variant: str
    fixed_within: float
    fixed_between: float
    slope_variation: float
    intercept_variation: float
    residual: float

    @property
    def total(self) -> float:
        """Sum of all parts."""
        return self.fixed_within + self.fixed_between + self.slope_variation + self.intercept_variation + self.residual

    @property
    def marginal(self) -> float:
        """Share of the fixed parts: marginal R-squared."""
        return (self.fixed_within + self.fixed_between) / self.total

    @property
    def conditional(self) -> float:
        """Share of everything but the residual: conditional R-squared."""
        return 1.0 - self.residual / self.total

    @property
    def shares(self) -> Mapping[str, float]:
        """Each part as a share of the total."""
        parts = ("fixed_within", "fixed_between", "slope_variation", "intercept_variation", "residual")
        return {part: getattr(self, part) / self.total for part in parts}


@dataclass(frozen=True, slots=True)
class MeanDesign:
    """What clustering does to the mean of the response.

    Attributes
    ----------
    icc : float
        Intraclass correlation of the response, of the model without predictors.
    group_size : float
        sum n_j^2 / N: the size of the group that the average row is in, the mean size if all are equal (Kish 1965).
    effect : float
        1 + (group_size - 1) icc: variance of the mean of all rows over its variance were the rows independent.
    effective_rows : float
        N over that effect.
    """

    icc: float
    group_size: float
    effect: float
    effective_rows: float


@dataclass(frozen=True, slots=True)
class SlopeDesign:
    """What clustering does to the variance of a slope of pooled regression (Moulton 1986).

    Attributes
    ----------
    column : str
        Design column.
    icc_column : float
        Intraclass correlation of the column given the other predictors, from all pairs of rows of a group.
    icc_residual : float
        The same of the residual of pooled regression.
    effect : float
        1 + (sum n_j^2 / N - 1) icc_column icc_residual: true variance over the one pooled regression reports.
    """

    column: str
    icc_column: float
    icc_residual: float
    effect: float


@dataclass(frozen=True, slots=True, eq=False)
class MeanReliability:
    """How well the mean of a group's rows stands for the group, for one column.

    Holds if the rows are a sample of a larger group; where they are the whole group the mean is exact.

    Attributes
    ----------
    column : str
        Design column.
    icc : float
        Intraclass correlation of the column (one-way analysis of variance).
    by_group : (J,) array
        lambda_j = tau2_x / (tau2_x + sigma2_x / n_j).
    at_mean_size : float
        lambda at the mean group size.
    contextual : float or Undefined
        Contextual effect of the Mundlak model.
    corrected : float or Undefined
        The same divided by lambda at the mean group size (Ludtke et al. 2008); with several predictors each is corrected as
        if it were alone.
    """

    column: str
    icc: float
    by_group: Array
    at_mean_size: float
    contextual: Number
    corrected: Number


def variance_parts(moments: GroupMoments, fit: Fit) -> VarianceParts | Undefined:
    """Take the variance of a mixed model apart.

    Parameters
    ----------
    moments : GroupMoments
        The data it was fitted to.
    fit : Fit
        Any mixed variant.
    """
    if not isinstance(fit, MixedFit):
        return absent(fit)
    reg = regressors(moments, tuple((c.column, c.role) for c in fit.coefficients))
    slopes = np.array([c.estimate for c in fit.coefficients[1:]])
    beta = slopes * reg.scale[1:-1]
    mean, spread = _effect_columns(moments, fit)
    psi = fit.group_covariance.psi
    return VarianceParts(
        variant=fit.variant,
        fixed_within=float(beta @ reg.S_W[1:-1, 1:-1] @ beta) / (reg.n_rows - 1),
        fixed_between=float(beta @ reg.S_B[1:-1, 1:-1] @ beta) / (reg.n_rows - 1),
        slope_variation=max(0.0, float(np.sum(psi * spread))),
        intercept_variation=max(0.0, float(mean @ psi @ mean)),
        residual=fit.sigma2,
    )


def _effect_columns(moments: GroupMoments, fit: MixedFit) -> tuple[Array, Array]:
    """(q,) means and (q, q) covariance, divisor N, of the random effects' columns as the model uses them."""
    names = fit.group_covariance.terms
    slopes = [name for name in names if name != INTERCEPT]
    mean, spread = np.array([float(name == INTERCEPT) for name in names]), np.zeros((len(names), len(names)))
    if not slopes:
        return mean, spread
    terms: list[Term] = []
    for name in slopes:
        found = coefficient(fit, name, "within", "raw", "group_level")
        if found is None:
            raise KeyError(f"{fit.variant} has a random slope of {name} but no coefficient")
        terms.append((name, found.role))
    reg = regressors(moments, ((INTERCEPT, "intercept"), *terms))
    at = np.array([i for i, name in enumerate(names) if name != INTERCEPT])
    centred = (reg.S_W + reg.S_B) / reg.weight.sum()
    scale = reg.scale[1:-1]
    mean[at] = reg.centre[1:-1]
    spread[np.ix_(at, at)] = centred[1:-1, 1:-1] * np.outer(scale, scale)
    return mean, spread


def mean_design(moments: GroupMoments, null_icc: Number) -> MeanDesign | Undefined:
    """Design effect of the mean of all rows.

    Parameters
    ----------
    moments : GroupMoments
        The data; only the group sizes matter.
    null_icc : float or Undefined
        Intraclass correlation of the model without predictors.
    """
    if isinstance(null_icc, Undefined):
        return null_icc
    size = _row_group_size(moments)
    effect = 1.0 + (size - 1.0) * null_icc
    return MeanDesign(null_icc, size, effect, moments.n_rows / effect)


def slope_designs(moments: GroupMoments) -> tuple[SlopeDesign, ...] | Undefined:
    """Moulton's design effect of every slope of pooled regression, for rows that all count the same (no prior weights).

    Parameters
    ----------
    moments : GroupMoments
        Of the k predictors and the response (last), no predictor a combination of the others.
    """
    total = moments.S_T
    size = np.sqrt(np.diag(total))
    scaled = total / np.outer(size, size)
    if moments.rows.max() == 1:
        return Undefined(Issue("one_row_per_group"))
    n_predictors = moments.n_columns - 1
    residual = np.append(-np.linalg.solve(scaled[:-1, :-1], scaled[:-1, -1]), 1.0) / size
    icc_residual = _pair_correlation(moments, residual)
    partial = np.linalg.inv(scaled[:-1, :-1])  # row c is the column's residual on the others, up to a factor
    found = []
    for c in range(n_predictors):
        direction = np.append(partial[c], 0.0) / size
        icc_column = _pair_correlation(moments, direction)
        effect = 1.0 + (_row_group_size(moments) - 1.0) * icc_column * icc_residual
        found.append(SlopeDesign(moments.columns[c], icc_column, icc_residual, effect))
    return tuple(found)


def _pair_correlation(moments: GroupMoments, direction: Array) -> float:
    """Correlation of a combination of the columns over all ordered pairs of rows of a group.

    sum_j (n_j^2 d_j^2 - sum_i d_ij^2) / (Var sum_j n_j (n_j - 1)), d deviations from the grand mean.
    """
    away = moments.means @ direction - moments.grand_mean @ direction
    square = float(direction @ moments.S_T @ direction)
    n = moments.rows
    pairs = float(n @ (n - 1))
    if square <= 0.0:
        return 0.0
    return float(((n * away) ** 2).sum() - square) / (square / moments.n_rows * pairs)


def _row_group_size(moments: GroupMoments) -> float:
    """sum n_j^2 / N."""
    return float(moments.rows @ moments.rows) / moments.n_rows


def mean_reliabilities(moments: GroupMoments, levels: tuple[ColumnLevel, ...], mundlak: Fit) -> tuple[MeanReliability, ...]:
    """Reliability of the group means of every column that varies at both levels.

    Parameters
    ----------
    moments : GroupMoments
        The data.
    levels : tuple of ColumnLevel
        The predictors, without the response.
    mundlak : Fit
        The Mundlak variant, for the contextual effects.
    """
    n = moments.weight
    found = []
    for level in levels:
        if not level.is_split:
            continue
        rest = 1.0 - level.icc
        by_group = level.icc / (level.icc + rest / n)
        at_mean = float(level.icc / (level.icc + rest / n.mean()))
        effect = coefficient(mundlak, level.column, "contextual") if isinstance(mundlak, MixedFit) else None
        contextual: Number = absent(mundlak) if effect is None else effect.estimate
        corrected = contextual
        if not isinstance(contextual, Undefined):
            unreliable = Undefined(Issue("no_reliability", {"column": level.column}))
            corrected = contextual / at_mean if at_mean > 0 else unreliable
        found.append(MeanReliability(level.column, level.icc, by_group, at_mean, contextual, corrected))
    return tuple(found)
