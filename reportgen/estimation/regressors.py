"""The columns of one variant, made from the group moments, centred and scaled.

A role keeps the within part of a design column, its group mean, or both (:data:`reportgen.variants.PARTS`); since the group
moments hold the two parts separately, the columns of every variant are a linear map of the same moments. All estimation is
done on columns of mean zero and unit spread; `back` and `offset` carry the coefficients home.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reportgen.column_levels import ColumnLevel
from reportgen.fits import Issue, Role
from reportgen.moments import GroupMoments
from reportgen.variants import PARTS, Variant

Array = NDArray[np.float64]

INTERCEPT = "(Intercept)"
CACHED_GROUPS = 1 << 13  # groups taken together where they are many: what is computed of them stays in the processor's cache
ALL = slice(None)

Term = tuple[str, Role]


@dataclass(frozen=True, eq=False)
class Regressors:
    """Group moments of D = [1, X, y] for one variant, in scaled units.

    Attributes
    ----------
    terms : tuple of (column, role)
        The p coefficients, the intercept first.
    rows : (J,) array of int
        Rows per group.
    weight : (J,) array
        Sum of prior weights per group, n_j.
    S_W : (p + 1, p + 1) array
        Pooled within cross-products, scaled; zero in the first row and column.
    log_weight : float
        Sum of the logarithms of the prior weights.
    scale : (p + 1,) array
        Units of the columns: a scaled value times its unit is a value in the data's units.
    centre : (p + 1,) array
        What was subtracted from each column, in the data's units (0 for the intercept and for within parts).
    source : (p,) array of int
        Which column of the moments each column after the intercept is made of.
    factor, mean_factor : (p,) array
        What its within part and its group mean, about the grand mean, are multiplied by.
    moments : GroupMoments
        The data.
    """

    terms: tuple[Term, ...]
    rows: NDArray[np.int64]
    weight: Array
    S_W: Array
    log_weight: float
    scale: Array
    centre: Array
    source: NDArray[np.int64]
    factor: Array
    mean_factor: Array
    moments: GroupMoments

    @property
    def n_rows(self) -> int:
        """Number of rows N."""
        return int(self.rows.sum())

    @property
    def n_groups(self) -> int:
        """Number of groups J."""
        return len(self.rows)

    @property
    def n_terms(self) -> int:
        """Number of coefficients p, the intercept included."""
        return len(self.terms)

    @property
    def keeps_products(self) -> bool:
        """Whether the cross-products of single groups are there."""
        return self.moments.keeps_products

    def cross_of(self, groups: NDArray[np.int64]) -> Array:
        """(L, p + 1, p + 1) centred cross-products S_j of some groups, scaled."""
        cross = np.zeros((len(groups), self.n_terms + 1, self.n_terms + 1))
        own = self.moments.cross_of(groups)
        cross[:, 1:, 1:] = own[:, self.source[:, None], self.source] * np.outer(self.factor, self.factor)
        return cross

    def cross_sum(self, groups: NDArray[np.bool_]) -> Array:
        """(p, p) sum of the cross-products of the groups where the (J,) mask holds, of [X, y] without the intercept, scaled."""
        return self.moments.cross_sum(groups)[self.source[:, None], self.source] * np.outer(self.factor, self.factor)

    def pieces(self) -> Iterator[slice]:
        """The groups, some thousand at a time."""
        for first in range(0, self.n_groups, CACHED_GROUPS):
            yield slice(first, min(first + CACHED_GROUPS, self.n_groups))

    def cross_row(self, column: Array, groups: slice = ALL) -> Array:
        """(p + 1, L) products S_j c of the groups' cross-products with one combination of the columns, (p + 1,)."""
        row = np.zeros((self.n_terms + 1, len(self.rows[groups])))
        share = column[1:] * self.factor
        taken, live = np.flatnonzero(share), np.flatnonzero(self.factor)
        if len(taken) == 1:  # a column by itself, as of a basis: one look at the products instead of one for each column
            products = self.moments.products_with(self.source[taken[0]], self.source[live], groups)
            row[live + 1] = (share[taken] * self.factor[live])[:, None] * products
            return row
        for b in live:
            products = self.moments.products_with(self.source[b], self.source[taken], groups)
            row[b + 1] = (share[taken] * self.factor[b]) @ products
        return row

    def weighted_row(self, column: Array, ratio: float, groups: slice = ALL) -> Array:
        """(p + 1, L) the same of D_j'V_j^-1 D_j with a random intercept of variance ratio gamma, in units of sigma2 = 1.

        V_j^-1 = I - gamma / (1 + n_j gamma) 1 1', so that it is S_j c + n_j / (1 + n_j gamma) m_j (m_j'c).
        """
        row, weight = self.cross_row(column, groups), self.weight[groups]
        share = weight / (1.0 + weight * ratio) * self.at_means(column, groups)
        row[0] += share
        for b in np.flatnonzero(self.mean_factor).tolist():
            row[b + 1] += share * self._mean(b, groups)
        return row

    def varying_groups(self) -> NDArray[np.bool_]:
        """(J,) groups in which the within part of some predictor varies."""
        found = np.zeros(self.n_groups, dtype=bool)
        for column in np.unique(self.source[:-1][self.factor[:-1] != 0]):
            found |= self.moments.products_of(column, column) > 0
        return found

    def _mean(self, place: int, groups: slice | NDArray[np.int64]) -> Array:
        """(L,) scaled means of some groups, of one column; the first after the intercept has place 0."""
        own = self.moments.means[groups, self.source[place]] - self.moments.grand_mean[self.source[place]]
        return np.asarray(own * self.mean_factor[place])

    def means_of(self, groups: slice | NDArray[np.int64]) -> Array:
        """(L, p + 1) means m_j of some groups, scaled; first column 1, last the response. Each column lies in one piece."""
        return np.stack([np.ones(len(self.rows[groups])), *(self._mean(place, groups) for place in range(self.n_terms))]).T

    @cached_property
    def means(self) -> Array:
        """(J, p + 1) :meth:`means_of` all groups."""
        return self.means_of(ALL)

    def at_means(self, column: Array, groups: slice = ALL) -> Array:
        """(L,) one combination of the columns, (p + 1,), at the group means."""
        moments, direction = self.moments, np.zeros(self.moments.n_columns)
        np.add.at(direction, self.source, column[1:] * self.mean_factor)
        return np.asarray(moments.means[groups] @ direction + (column[0] - moments.grand_mean @ direction))

    @cached_property
    def S_B(self) -> Array:
        """(p + 1, p + 1) cross-products of the group means about the grand mean; zero in the first row and column."""
        between = np.zeros_like(self.S_W)
        own = self.moments.S_B[self.source[:, None], self.source]
        between[1:, 1:] = own * np.outer(self.mean_factor, self.mean_factor)
        return between

    @cached_property
    def total(self) -> Array:
        """(p + 1, p + 1) uncentred total cross-products of D; but for the intercept they are about the grand mean."""
        whole = self.S_W + self.S_B
        whole[0, 0] = self.moments.total_weight
        return whole

    @cached_property
    def back(self) -> Array:
        """(p, p) matrix that turns scaled coefficients into coefficients in the data's units (before `offset`)."""
        unit = self.scale[-1]
        matrix = np.diag(unit / self.scale[:-1])
        matrix[0, 1:] = -unit * self.centre[1:-1] / self.scale[1:-1]
        return matrix

    @property
    def offset(self) -> Array:
        """(p,) constant added after `back`: the mean of the response, in the intercept."""
        return np.concatenate([[self.centre[-1]], np.zeros(self.n_terms - 1)])

    def home(self, beta: Array) -> Array:
        """Scaled coefficients in the data's units."""
        return self.back @ beta + self.offset

    def home_covariance(self, covariance: Array) -> Array:
        """Covariance of scaled coefficients in the data's units."""
        return self.back @ covariance @ self.back.T


def terms_of(variant: Variant, levels: tuple[ColumnLevel, ...]) -> tuple[Term, ...]:
    """The coefficients a variant has for these predictors: intercept, then the roles in the catalogue's order.

    Parameters
    ----------
    variant : Variant
        Row of the catalogue.
    levels : tuple of ColumnLevel
        The k predictors (without the response), in the order of the design.
    """
    plan: list[list[Term]] = [[], []]
    for level in levels:
        for slot, role in enumerate(variant.roles(level)):
            plan[slot].append((level.column, role))
    return ((INTERCEPT, "intercept"), *plan[0], *plan[1])


def regressors(moments: GroupMoments, terms: tuple[Term, ...]) -> Regressors:
    """Transform group moments into the columns of a variant.

    Parameters
    ----------
    moments : GroupMoments
        Of the k predictors and the response (last).
    terms : tuple of (column, role)
        From :func:`terms_of`.
    """
    position = {name: i for i, name in enumerate(moments.columns)}
    source = np.array([position[column] for column, _ in terms[1:]] + [moments.n_columns - 1], dtype=np.int64)
    parts = np.array([PARTS[role] for _, role in terms[1:]] + [(1.0, 1.0)])
    keeps_within, keeps_mean = parts[:, 0], parts[:, 1]
    spread = (np.diag(moments.S_W)[source] * keeps_within + np.diag(moments.S_B)[source] * keeps_mean) / moments.total_weight
    unit = np.where(spread > 0, np.sqrt(spread), 1.0)
    factor = keeps_within / unit
    S_W = np.zeros((len(terms) + 1, len(terms) + 1))
    S_W[1:, 1:] = moments.S_W[np.ix_(source, source)] * np.outer(factor, factor)
    return Regressors(
        terms=terms,
        rows=moments.rows,
        weight=moments.weight,
        S_W=S_W,
        log_weight=moments.log_weight,
        scale=np.concatenate([[1.0], unit]),
        centre=np.concatenate([[0.0], (moments.origin + moments.grand_mean)[source] * keeps_mean]),
        source=source,
        factor=factor,
        mean_factor=keeps_mean / unit,
        moments=moments,
    )


def products_not_kept(moments: GroupMoments) -> Issue:
    """Why something cannot be computed from moments without the cross-products of single groups."""
    return Issue("products_not_kept", {"n_groups": moments.n_groups, "n_columns": moments.n_columns})
