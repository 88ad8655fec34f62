"""The last digits of coefficients where columns nearly depend on each other.

Group moments are cross-products, and solving with them costs twice the digits that the condition of the columns costs: powers
of the same number up to the fifth leave seven of sixteen. Where that is so and all rows are at hand, the coefficients of every
variant with a random intercept at most are solved for again by an orthogonal decomposition of the rows, each minus a part of
its group's mean, with residuals in extended precision. Standard errors and variances are right before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.inference import coefficients
from reportgen.estimation.regressors import INTERCEPT, Term
from reportgen.fits import Coefficient, Fit, LeastSquaresFit, MixedFit, RobustErrors
from reportgen.moments import GroupMoments
from reportgen.points import Points
from reportgen.variants import PARTS

Array = NDArray[np.float64]
Extended = NDArray[Any]

ILL_CONDITIONED = 1e-5  # least eigenvalue of the columns' correlations below which coefficients are solved for again
ROUNDS = 4  # each gains about eight digits, until those of extended precision are reached


def refined(fits: Mapping[str, Fit], moments: GroupMoments, points: Points) -> dict[str, Fit]:
    """The fits, their coefficients solved for again from the rows where the moments leave too few digits.

    Parameters
    ----------
    fits : mapping
        Variant id to fit.
    moments : GroupMoments
        Of the k predictors and the response.
    points : Points
        Rows of the same columns; without all of them, or with prior weights, the fits are handed back as they are.
    """
    is_weighted = not np.array_equal(moments.weight, moments.rows)
    if not points.is_complete or is_weighted or not is_ill_conditioned(moments, has_slopes_between(fits)):
        return dict(fits)
    rows = GroupedRows.of(points, moments)
    return {variant: _refined(fit, rows) for variant, fit in fits.items()}


def has_slopes_between(fits: Mapping[str, Fit]) -> bool:
    """Whether some fit has slopes of group means: with no more groups than predictors none has, however these depend."""
    return any(
        coefficient.role in ("between", "contextual")
        for fit in fits.values()
        if isinstance(fit, LeastSquaresFit | MixedFit)
        for coefficient in fit.coefficients
    )


def is_ill_conditioned(moments: GroupMoments, between: bool = True) -> bool:
    """Whether the predictors nearly depend on each other, over all rows, within groups or, if asked for, `between` them."""
    for gram in (moments.S_T, moments.S_W, *([moments.S_B] if between else [])):
        inner = gram[:-1, :-1]
        live = np.flatnonzero(np.diag(inner) > 0)
        size = np.sqrt(np.diag(inner)[live])
        if len(live) > 1 and np.linalg.eigvalsh(inner[np.ix_(live, live)] / np.outer(size, size))[0] < ILL_CONDITIONED:
            return True
    return False


@dataclass(frozen=True, eq=False)
class GroupedRows:
    """Rows in extended precision, about their grand mean.

    Attributes
    ----------
    columns : tuple of str
        The p columns, the response last.
    codes : (n,) array of int
        Group of each row.
    centre : (p,) array
        Grand mean.
    within : (n, p) array
        Deviations from the group means.
    means : (J, p) array
        Group means minus `centre`.
    sizes : (J,) array
        Rows of each group.
    """

    columns: tuple[str, ...]
    codes: NDArray[np.int64]
    centre: Extended
    within: Extended
    means: Extended
    sizes: Array

    @classmethod
    def of(cls, points: Points, moments: GroupMoments) -> GroupedRows:
        """From all rows of the data."""
        order = np.argsort(points.codes, kind="stable")
        codes = points.codes[order]
        values = points.values[order].astype(np.longdouble)
        centre = values.mean(axis=0)
        values -= centre
        starts = np.concatenate([[0], np.cumsum(moments.rows)[:-1]])
        means = np.add.reduceat(values, starts, axis=0) / moments.rows[:, None]
        return cls(moments.columns, codes, centre, values - means[codes], means, moments.rows.astype(float))

    def of_terms(self, terms: tuple[Term, ...], shares: Array) -> tuple[Extended, Extended]:
        """(n, m) columns of some terms and (n,) response, each minus `shares` (J,) of its group's mean."""
        kept = self._columns(terms)
        parts = np.array([PARTS[role] for _, role in terms] + [(1.0, 1.0)])
        left = (1.0 - shares)[self.codes]
        table = self.within[:, kept] * parts[:, 0] + (self.means[:, kept] * parts[:, 1])[self.codes] * left[:, None]
        table[:, [i for i, (column, _) in enumerate(terms) if column == INTERCEPT]] = left[:, None]
        return table[:, :-1], table[:, -1]

    def of_groups(self, terms: tuple[Term, ...]) -> tuple[Extended, Extended]:
        """(J, m) group means of some terms and (J,) of the response."""
        table = self.means[:, self._columns(terms)]
        table[:, [i for i, (column, _) in enumerate(terms) if column == INTERCEPT]] = 1.0
        return table[:, :-1], table[:, -1]

    def home(self, terms: tuple[Term, ...], beta: Extended) -> Array:
        """Coefficients of columns about the grand mean as coefficients of the columns themselves."""
        centres = self.centre[self._columns(terms)[:-1]] * np.array([PARTS[role][1] for _, role in terms])
        is_intercept = np.array([column == INTERCEPT for column, _ in terms])
        moved = self.centre[-1] - np.where(is_intercept, 0.0, centres) @ beta
        return np.asarray(beta + np.where(is_intercept, moved, 0.0), dtype=np.float64)

    def _columns(self, terms: tuple[Term, ...]) -> list[int]:
        place = {name: i for i, name in enumerate(self.columns)}
        return [*(place.get(column, len(self.columns) - 1) for column, _ in terms), len(self.columns) - 1]


def _refined(fit: Fit, rows: GroupedRows) -> Fit:
    if not isinstance(fit, LeastSquaresFit | MixedFit):
        return fit
    terms = tuple((c.column, c.role) for c in fit.coefficients)
    if any(column not in (*rows.columns, INTERCEPT) for column, _ in terms) or not terms:
        return fit
    if isinstance(fit, MixedFit):
        psi = fit.group_covariance
        if psi.terms != (INTERCEPT,):
            return fit
        shares = 1.0 - 1.0 / np.sqrt(1.0 + rows.sizes * float(psi.psi[0, 0]) / fit.sigma2)
        system = rows.of_terms(terms, shares)
    elif fit.variant == "between":
        system = rows.of_groups(terms)
    else:
        has_intercept = terms[0][0] == INTERCEPT
        system = rows.of_terms(terms, np.zeros(len(rows.sizes)) if has_intercept else np.ones(len(rows.sizes)))
    estimates = rows.home(terms, solved(*system))
    return _with_estimates(fit, dict(zip(terms, estimates.tolist(), strict=True)))


def solved(table: Extended, response: Extended) -> Extended:
    """(m,) least squares coefficients of (n, m) columns.

    A decomposition in double precision turns the columns into nearly orthonormal ones, exactly as far as extended precision
    goes; these are solved for by residuals. So neither the condition of the columns nor large residuals cost digits.
    """
    size = np.sqrt((table**2).sum(axis=0))
    scaled = table / np.where(size > 0, size, 1.0)
    triangle = np.linalg.qr(scaled.astype(np.float64), mode="r")
    turn = np.linalg.inv(triangle).astype(np.longdouble)
    basis = scaled @ turn
    found = np.zeros(table.shape[1], dtype=np.longdouble)
    for _ in range(ROUNDS):
        found += basis.T @ (response - basis @ found)
    return np.asarray(turn @ found / np.where(size > 0, size, 1.0))


def _with_estimates(fit: LeastSquaresFit | MixedFit, estimates: Mapping[Term, float]) -> Fit:
    robust = tuple(RobustErrors(r.method, _renewed(r.coefficients, estimates), r.issues) for r in fit.robust)
    renewed = _renewed(fit.coefficients, estimates)
    if isinstance(fit, LeastSquaresFit):
        return replace(fit, coefficients=renewed, robust=robust)
    return replace(fit, coefficients=renewed, robust=robust, kenward_roger=_renewed(fit.kenward_roger, estimates))


def _renewed(items: tuple[Coefficient, ...], estimates: Mapping[Term, float]) -> tuple[Coefficient, ...]:
    """Coefficient records with other estimates, everything that follows from them included."""
    if not items:
        return ()
    terms = tuple((c.column, c.role) for c in items)
    errors, df = np.array([c.std_error for c in items]), np.array([c.df for c in items])
    return coefficients(terms, np.array([estimates[term] for term in terms]), errors, df, items[0].df_method)
