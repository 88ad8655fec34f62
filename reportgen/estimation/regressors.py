"""The columns of one variant, made from the group moments, centred and scaled.

A role keeps the within part of a design column, its group mean, or both (:data:`reportgen.variants.PARTS`); since the group
moments hold the two parts separately, the columns of every variant are a linear map of the same moments. All estimation is
done on columns of mean zero and unit spread; `back` and `offset` carry the coefficients home.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from reportgen.fits import Issue, Role, UnfitVariant
from reportgen.moments import ColumnLevel, GroupMoments
from reportgen.variants import PARTS, Variant

Array = NDArray[np.float64]

INTERCEPT = "(Intercept)"
CACHED_GROUPS = 1 << 13  # groups taken together: their products stay in the processor's cache
RANK_TOLERANCE = 1e-10  # share of a column's variance, given the other columns, below which it is their combination

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

    def cross_row(self, column: Array) -> Array:
        """(p + 1, J) products S_j c of every group's cross-products with one combination of the columns, (p + 1,)."""
        row = np.zeros((self.n_terms + 1, self.n_groups))
        share = column[1:] * self.factor
        taken = np.flatnonzero(share)
        for first in range(0, self.n_groups, CACHED_GROUPS):
            some = slice(first, first + CACHED_GROUPS)
            for b in np.flatnonzero(self.factor):
                products = self.moments.products_with(self.source[b], self.source[taken], some)
                row[b + 1, some] = (share[taken] * self.factor[b]) @ products
        return row

    def weighted_row(self, column: Array, ratio: float) -> Array:
        """(p + 1, J) the same of D_j'V_j^-1 D_j with a random intercept of variance ratio gamma, in units of sigma2 = 1.

        V_j^-1 = I - gamma / (1 + n_j gamma) 1 1', so that it is S_j c + n_j / (1 + n_j gamma) m_j (m_j'c).
        """
        rows, moments = self.cross_row(column), self.moments
        share = self.weight / (1.0 + self.weight * ratio) * self.at_means(column)
        rows[0] += share
        for b in np.flatnonzero(self.mean_factor):
            source = self.source[b]
            rows[b + 1] += share * ((moments.means[:, source] - moments.grand_mean[source]) * self.mean_factor[b])
        return rows

    def varying_groups(self) -> NDArray[np.bool_]:
        """(J,) groups in which the within part of some predictor varies."""
        found = np.zeros(self.n_groups, dtype=bool)
        for column in np.unique(self.source[:-1][self.factor[:-1] != 0]):
            found |= self.moments.products_of(column, column) > 0
        return found

    @cached_property
    def means(self) -> Array:
        """(J, p + 1) group means m_j, scaled; first column 1, last the response. Each column lies in one piece of memory."""
        moments, rows = self.moments, np.ones((self.n_terms + 1, self.n_groups))
        for row, source, factor in zip(rows[1:], self.source, self.mean_factor, strict=True):
            np.subtract(moments.means[:, source], moments.grand_mean[source], out=row)
            row *= factor
        return rows.T

    def at_means(self, column: Array) -> Array:
        """(J,) one combination of the columns, (p + 1,), at the group means."""
        moments, direction = self.moments, np.zeros(self.moments.n_columns)
        np.add.at(direction, self.source, column[1:] * self.mean_factor)
        return np.asarray(moments.means @ direction + (column[0] - moments.grand_mean @ direction))

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
        for slot, role in enumerate(variant.roles(level.varies_within, level.varies_between)):
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


def dependent_columns(gram: Array) -> list[int]:
    """Columns that are linear combinations of the others, by pivoted QR of the correlation-scaled Cholesky-like root.

    Parameters
    ----------
    gram : (k, k) array
        Cross-products of the columns.

    Returns
    -------
    list of int
        Positions, in ascending order, of the columns left over once an independent set is taken; earlier columns are
        kept where there is a choice of equal merit.
    """
    size = np.sqrt(np.maximum(np.diag(gram), 0.0))
    zero = [int(i) for i in np.flatnonzero(size == 0)]
    live = np.flatnonzero(size > 0)
    if not len(live):
        return zero
    correlation = gram[np.ix_(live, live)] / np.outer(size[live], size[live])
    values, vectors = np.linalg.eigh(correlation)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    _, triangle, pivots = qr(root, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(triangle))
    bad = [int(live[p]) for p, d in zip(pivots, diagonal, strict=True) if d**2 <= RANK_TOLERANCE]
    return sorted(zero + bad)


def well_conditioned(correlations: Array, tolerance: float) -> NDArray[np.bool_]:
    """Which of many correlation matrices have no eigenvalue as small as the tolerance.

    Parameters
    ----------
    correlations : (R, k, k) array
        Correlations of k columns.
    tolerance : float
        Of the least eigenvalue.

    Returns
    -------
    (R,) array of bool
    """
    # The eigenvalues add up to k, so that all but the least multiply to less than e: a determinant, which is a fraction of the
    # work of the eigenvalues, is enough for all but a few.
    found = np.asarray(np.linalg.det(correlations) > np.e * tolerance)
    open_ones = np.flatnonzero(~found)
    found[open_ones] = np.linalg.eigvalsh(correlations[open_ones])[:, 0] > tolerance
    return found


def rank_problem(variant: str, terms: tuple[Term, ...], gram: Array) -> UnfitVariant | None:
    """The variant as unfit if its columns (intercept partialled out) are dependent, else None."""
    bad = dependent_columns(gram)
    if not bad:
        return None
    names = tuple(dict.fromkeys(terms[i + 1][0] for i in bad))
    return UnfitVariant(variant, Issue("dependent_columns", {"columns": names}))
