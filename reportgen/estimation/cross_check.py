"""The same variants once more with statsmodels, from the rows: an independent check, not the source of any figure.

OLS for the least-squares variants (with the group dummies swept out by demeaning the rows), MixedLM for the mixed ones.
Estimates and variances must agree. MixedLM's standard errors need not: it inverts the joint Hessian of coefficients and
variance parameters, where (X'V^-1X)^-1 at the estimated variances is meant.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reportgen.choices import CROSS_CHECK_ROWS
from reportgen.estimation.regressors import INTERCEPT
from reportgen.fits import Coefficient, Fit, Issue, LeastSquaresFit, MixedFit, Undefined
from reportgen.points import Points

Array = NDArray[np.float64]
Quantity = Literal["estimate", "std_error", "sigma2", "psi"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """One figure of one variant, here and from statsmodels.

    Attributes
    ----------
    variant, quantity, name : str
        Which figure: of a coefficient (`name` is ``column (role)``), of the residual variance or of the group covariance.
    ours, theirs : float
        The two figures.
    gap : float
        Their difference: of estimates in standard errors; of standard errors and sigma2 relative; of an entry of psi relative
        to its size plus the residual variance in the same units, so that it means something at a variance of zero.
    """

    variant: str
    quantity: Quantity
    name: str
    ours: float
    theirs: float
    gap: float


def cross_check(rows: Points, columns: tuple[str, ...], fits: Mapping[str, Fit]) -> tuple[Agreement, ...] | Undefined:
    """Refit every variant with statsmodels and hold the figures side by side.

    Parameters
    ----------
    rows : Points
        All rows used.
    columns : tuple of str
        Names of the columns of `rows.values`, the response last.
    fits : mapping
        Variant id to fit.

    Returns
    -------
    tuple of Agreement or Undefined
        Undefined where the rows are too many or not all there.
    """
    if not rows.is_complete or rows.n_rows > CROSS_CHECK_ROWS:
        return Undefined(Issue("too_many_rows_to_cross_check", {"n_rows": rows.n_rows, "limit": CROSS_CHECK_ROWS}))
    table = _Table.of(rows, columns)
    found: list[Agreement] = []
    for fit in fits.values():
        if isinstance(fit, LeastSquaresFit):
            found += _least_squares(table, fit)
        elif isinstance(fit, MixedFit):
            found += _mixed(table, fit)
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The rows, their group means repeated on every row, and the group codes."""

    columns: tuple[str, ...]
    codes: NDArray[np.int64]
    values: Array
    means: Array

    @classmethod
    def of(cls, rows: Points, columns: tuple[str, ...]) -> _Table:
        counts = np.bincount(rows.codes)
        means = np.column_stack([np.bincount(rows.codes, column) / counts for column in rows.values.T])
        return cls(columns, rows.codes, rows.values, means[rows.codes])

    @property
    def response(self) -> Array:
        return self.values[:, -1]

    def column(self, item: Coefficient) -> Array:
        """The column a coefficient multiplies, made from the rows."""
        if item.column == INTERCEPT:
            return np.ones(len(self.codes))
        at = self.columns.index(item.column)
        if item.role == "within":
            return self.values[:, at] - self.means[:, at]
        return self.means[:, at] if item.role in ("between", "contextual") else self.values[:, at]

    def design(self, fit: LeastSquaresFit | MixedFit) -> Array:
        return np.column_stack([self.column(item) for item in fit.coefficients])


def _least_squares(table: _Table, fit: LeastSquaresFit) -> list[Agreement]:
    from statsmodels.regression.linear_model import OLS

    if not fit.coefficients or fit.sigma2 == 0.0:
        return []
    design, response = table.design(fit), table.response
    if any(item.role == "within" for item in fit.coefficients):
        response = response - table.means[:, -1]  # Frisch, Waugh & Lovell: the dummies are swept out
    elif fit.variant == "between":
        first = np.unique(table.codes, return_index=True)[1]
        design = np.column_stack([_group_level(table, item)[first] for item in fit.coefficients])
        response = table.means[first, -1]
    result = OLS(response, design).fit()
    sigma2 = float(result.ssr / fit.df_residual)
    errors = np.asarray(result.bse) * np.sqrt(sigma2 / float(result.scale))
    return [*_coefficients(fit, np.asarray(result.params), errors), _variance(fit, "sigma2", "", fit.sigma2, sigma2)]


def _group_level(table: _Table, item: Coefficient) -> Array:
    return np.ones(len(table.codes)) if item.column == INTERCEPT else table.means[:, table.columns.index(item.column)]


def _mixed(table: _Table, fit: MixedFit) -> list[Agreement]:
    from statsmodels.regression.mixed_linear_model import MixedLM

    design = table.design(fit)
    position = {item.column: i for i, item in enumerate(fit.coefficients) if item.role in ("intercept", "raw", "within")}
    effects = design[:, [position[name] for name in fit.group_covariance.terms]]
    unit, effect_unit = _spread(design), _spread(effects)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every fit on the boundary; what it found is compared all the same
        model = MixedLM(table.response, design / unit, table.codes, effects / effect_unit)
        result: Any = model.fit(reml=True, method=["bfgs", "lbfgs", "cg"])
        errors = np.asarray(result.bse_fe)
    psi = np.asarray(result.cov_re) / np.outer(effect_unit, effect_unit)
    terms = fit.group_covariance.terms
    noise = fit.sigma2 / np.outer(effect_unit, effect_unit)
    found = _coefficients(fit, np.asarray(result.fe_params) / unit, errors / unit)
    found.append(_variance(fit, "sigma2", "", fit.sigma2, float(result.scale)))
    for i in range(len(terms)):
        for j in range(i + 1):
            ours, theirs = float(fit.group_covariance.psi[i, j]), float(psi[i, j])
            gap = abs(ours - theirs) / (abs(ours) + float(noise[i, j]))
            found.append(Agreement(fit.variant, "psi", f"{terms[i]}, {terms[j]}", ours, theirs, gap))
    return found


def _spread(design: Array) -> Array:
    """Size of each column, so that the other optimiser meets columns near one."""
    return np.asarray(np.sqrt((design**2).mean(axis=0)))


def _coefficients(fit: LeastSquaresFit | MixedFit, estimates: Array, errors: Array) -> list[Agreement]:
    found: list[Agreement] = []
    for item, estimate, error in zip(fit.coefficients, estimates, errors, strict=True):
        name = f"{item.column} ({item.role})"
        gap = abs(item.estimate - estimate) / item.std_error
        found.append(Agreement(fit.variant, "estimate", name, item.estimate, float(estimate), float(gap)))
        gap = abs(item.std_error - error) / item.std_error
        found.append(Agreement(fit.variant, "std_error", name, item.std_error, float(error), float(gap)))
    return found


def _variance(fit: LeastSquaresFit | MixedFit, quantity: Quantity, name: str, ours: float, theirs: float) -> Agreement:
    return Agreement(fit.variant, quantity, name, ours, theirs, abs(ours - theirs) / ours)
