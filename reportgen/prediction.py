"""Predicted values of any fitted variant, for rows used in the fit or for new ones.

The group means in a model are those of the rows it was fitted to: a new row of a known group is compared with the mean of
that group, not with a mean of new rows. A new group has no estimated effect and no such mean: it gets the population value,
with the mean of its own new rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import GroupNotFitted
from reportgen.estimation.regressors import INTERCEPT
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, ModelFit
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NewRows:
    """Rows to predict.

    Attributes
    ----------
    columns : tuple of str
        The k design columns.
    values : (n, k) array
        Their values.
    codes : (n,) array of int
        Group of each row among the J groups of the fit; new groups are numbered on from J.
    labels : tuple of str
        Labels of the new groups.
    """

    columns: tuple[str, ...]
    values: Array
    codes: Codes
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Predicted values.

    Attributes
    ----------
    values : (n,) array
        In units of the response.
    is_new_group : (n,) array of bool
        The row belongs to a group the model has not seen: its value is that of the population.
    """

    values: Array
    is_new_group: NDArray[np.bool_]


def predict(fit: ModelFit, moments: GroupMoments, rows: NewRows, group_effects: bool = True) -> Prediction:
    """Predict the response.

    Parameters
    ----------
    fit : LeastSquaresFit or MixedFit
        The variant.
    moments : GroupMoments
        The data it was fitted to.
    rows : NewRows
        What to predict.
    group_effects : bool
        Add the predicted effect of a known group; without, the value of the population.

    Raises
    ------
    GroupNotFitted
        The variant has an intercept for each group and none for a new one.
    """
    is_new = rows.codes >= moments.n_groups
    means = _group_means(moments, rows)
    values = np.zeros(len(rows.codes))
    for item in fit.coefficients:
        values += item.estimate * _column(item, rows, means)
    if isinstance(fit, LeastSquaresFit):
        for item in fit.coefficients:
            if item.column in fit.double_demeaned:
                values += item.estimate * _demeaned_twice(moments, rows, means, item.column, fit.double_demeaned[item.column])
    if isinstance(fit, MixedFit) and group_effects:
        values[~is_new] += _effects(fit, rows, means)[~is_new]
    elif isinstance(fit, LeastSquaresFit) and not any(c.role == "intercept" for c in fit.coefficients):
        if is_new.any():
            raise GroupNotFitted(fit.variant, rows.labels)
        values += (moments.means[:, -1] + moments.origin[-1])[rows.codes]
    return Prediction(values, is_new)


def _group_means(moments: GroupMoments, rows: NewRows) -> Array:
    """(J + new, k) means of the design columns: of the rows fitted for known groups, of the new rows for new ones."""
    known = moments.means[:, :-1] + moments.origin[:-1]
    n_groups = moments.n_groups + len(rows.labels)
    counts = np.bincount(rows.codes, minlength=n_groups)[moments.n_groups :]
    fresh = [np.bincount(rows.codes, column, n_groups)[moments.n_groups :] / counts for column in rows.values.T]
    return np.concatenate([known, np.column_stack(fresh)]) if fresh and len(rows.labels) else known


def _column(item: Coefficient, rows: NewRows, means: Array) -> Array | float:
    if item.column == INTERCEPT:
        return 1.0
    at = rows.columns.index(item.column)
    own = rows.values[:, at]
    if item.role in ("raw", "group_level"):
        return own
    mean = means[rows.codes, at]
    return np.asarray(own - mean if item.role == "within" else mean)


def _demeaned_twice(moments: GroupMoments, rows: NewRows, means: Array, column: str, factors: tuple[str, str]) -> Array:
    """(n,) the product of the deviations less its group mean, less the deviation of the product (already counted)."""
    at, (first, second) = rows.columns.index(column), (rows.columns.index(name) for name in factors)
    codes = np.minimum(rows.codes, moments.n_groups - 1)
    own = rows.values - means[rows.codes]
    covariance = moments.cross[:, first, second] / moments.weight
    return np.asarray(own[:, first] * own[:, second] - covariance[codes] - own[:, at])


def _effects(fit: MixedFit, rows: NewRows, means: Array) -> Array:
    """(n,) group effects; rows of new groups hold what is not to be used."""
    roles = {item.column: item for item in fit.coefficients if item.role in ("raw", "within")}
    codes = np.minimum(rows.codes, len(fit.random_effects) - 1)
    values = np.zeros(len(codes))
    for q, term in enumerate(fit.group_covariance.terms):
        column = 1.0 if term == INTERCEPT else _column(roles[term], rows, means)
        values += fit.random_effects[codes, q] * column
    return values
