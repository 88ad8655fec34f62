"""The problems left when one group is left out: moments minus that group, never the rows again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.independence import RANK_TOLERANCE, well_conditioned
from reportgen.estimation.many_intercepts import per_ratio
from reportgen.estimation.random_intercept import SizeClasses
from reportgen.estimation.regressors import Regressors

Array = NDArray[np.float64]
Index = NDArray[np.int64]

ROUNDING = 1e-12  # share of a column's variation within groups below which what is left without a group is its rounding


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Random intercept problems without one group each, as :class:`reportgen.estimation.many_intercepts.Problems`.

    Attributes
    ----------
    classes : SizeClasses
        All groups of the variant.
    groups : (R,) array of int
        The group left out of each problem.
    rows, weight : (R,) array
        Its rows and its sum of prior weights.
    means : (R, p + 1) array
        Its means, scaled columns [1, X, y].
    within : (R, p + 1, p + 1) array
        Centred cross-products of the groups left; exactly zero for a column that varies in none of them.
    """

    classes: SizeClasses
    groups: Index
    rows: Index
    weight: Array
    means: Array
    within: Array

    @classmethod
    def of(cls, reg: Regressors, groups: Index | None = None) -> LeftOut:
        """One problem for each of `groups` (by default for every group) of `reg`."""
        chosen = np.arange(reg.n_groups) if groups is None else groups
        within = _within_left(reg.S_W, reg.cross_of(chosen))
        return cls(SizeClasses.of(reg), chosen, reg.rows[chosen], reg.weight[chosen], reg.means_of(chosen), within)

    def only(self, index: Index) -> LeftOut:
        """Some of the problems."""
        return LeftOut(
            self.classes, self.groups[index], self.rows[index], self.weight[index], self.means[index], self.within[index]
        )

    @property
    def n_problems(self) -> int:
        """Number of problems R."""
        return len(self.groups)

    @property
    def n_terms(self) -> int:
        """Coefficients p."""
        return self.classes.n_terms

    @property
    def n_rows(self) -> Array:
        """(R,) rows left."""
        return np.asarray(self.classes.n_rows - self.rows, dtype=np.float64)

    def gram(self, index: Index, gamma: Array) -> Array:
        """(G, p + 1, p + 1) sigma2 D'V^-1 D without the group."""
        own = self._share(index, gamma)
        mean = self.means[index]
        # Within and between apart: for a column without variation within the groups left, the part between them is all there
        # is, and at large ratios it is smaller than the rounding of the whole.
        others = per_ratio(self.classes.gram_of_means, gamma, len(self.classes.size))
        return np.asarray(self.within[index] + (others - (own[:, None] * mean)[:, :, None] * mean[:, None, :]))

    def gram_slope(self, index: Index, gamma: Array) -> Array:
        """(G, p + 1, p + 1) derivative of :meth:`gram` by gamma."""
        own = self._share(index, gamma)
        mean = self.means[index]
        whole = per_ratio(self.classes.gram_slope, gamma, len(self.classes.size))
        return np.asarray(whole + (own[:, None] ** 2 * mean)[:, :, None] * mean[:, None, :])

    def log_determinant(self, index: Index, gamma: Array) -> Array:
        """(G,) sum of log(1 + n_j gamma) over the groups left."""
        whole = per_ratio(self.classes.log_determinant, gamma, len(self.classes.size))
        return np.asarray(whole - np.log1p(self.weight[index] * gamma))

    def log_determinant_slope(self, index: Index, gamma: Array) -> Array:
        """(G,) derivative of :meth:`log_determinant` by gamma."""
        whole = per_ratio(self.classes.log_determinant_slope, gamma, len(self.classes.size))
        return np.asarray(whole - self._share(index, gamma))

    def _share(self, index: Index, gamma: Array) -> Array:
        return self.weight[index] / (1.0 + self.weight[index] * gamma)


def _within_left(whole: Array, removed: Array) -> Array:
    """(R, k, k) cross-products without each group; what is rounding of the (k, k) whole is none."""
    left = np.asarray(whole - removed)
    kept = np.diagonal(left, axis1=1, axis2=2) > ROUNDING * np.diag(whole)
    return np.where(kept[:, :, None] & kept[:, None, :], left, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Deletions:
    """Regressions without one group each, in scaled units.

    `groups` (L,) the group left out, `estimates` (L, m) coefficients, `errors` (L, m) standard errors, `lost` groups
    without which the regression cannot be computed.
    """

    groups: Index
    estimates: Array
    errors: Array
    lost: tuple[int, ...]

    def among(self, groups: Index) -> Deletions:
        """The same, where what was removed belongs to these groups."""
        return Deletions(groups[self.groups], self.estimates, self.errors, tuple(int(groups[j]) for j in self.lost))


def independent(gram: Array, reference: Array) -> NDArray[np.bool_]:
    """Which of many sets of columns are linearly independent.

    Parameters
    ----------
    gram : (R, k, k) array
        Cross-products of each set.
    reference : (k,) array
        Sums of squares of the columns before anything was taken away: what is left must be more than their rounding.

    Returns
    -------
    (R,) array of bool
    """
    own = np.diagonal(gram, axis1=1, axis2=2)
    alive = np.all(own > RANK_TOLERANCE * reference, axis=1)
    size = np.sqrt(np.where(own > 0.0, own, 1.0))
    return np.asarray(alive & well_conditioned(gram / (size[:, :, None] * size[:, None, :]), RANK_TOLERANCE))


def delete(gram: Array, removed: Array, df: Array) -> Deletions:
    """Least squares of D = [X, y] without each group in turn.

    Parameters
    ----------
    gram : (m + 1, m + 1) array
        Cross-products of all groups.
    removed : (J, m + 1, m + 1) array
        What goes with each group.
    df : (J,) array
        Residual degrees of freedom left.
    """
    left = gram - removed
    size = np.sqrt(np.diag(gram)[:-1])
    fine = independent(left[:, :-1, :-1], np.diag(gram)[:-1]) & (df >= 1)
    index = np.flatnonzero(fine)
    normal = left[index, :-1, :-1] / np.outer(size, size)
    inverse = np.linalg.inv(normal)
    beta = np.linalg.solve(normal, (left[index, :-1, -1] / size)[:, :, None])[:, :, 0] / size
    contrast = np.concatenate([-beta, np.ones((len(index), 1))], axis=1)
    rss = np.maximum(np.einsum("gi,gij,gj->g", contrast, left[index], contrast), 0.0)
    spread = np.diagonal(inverse, axis1=1, axis2=2) / size**2
    errors = np.sqrt(spread * (rss / df[index])[:, None])
    return Deletions(index, beta, errors, tuple(int(j) for j in np.flatnonzero(~fine)))
