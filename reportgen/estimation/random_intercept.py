"""The random intercept model in closed form: one parameter, gamma = tau2 / sigma2, the rest profiled out.

V_j = sigma2 (I + gamma 1 1'). For any two columns a'V^-1 b = (S_W[a, b] + sum_j n_j / (1 + n_j gamma) m_j[a] m_j[b]) / sigma2,
so groups of equal size enter through the sum of their m_j m_j' only, and an evaluation costs as much as there are distinct
sizes. The profiled deviance can have several minima, one of them at gamma = 0: its derivative is bracketed on a grid over
the whole range and each root of it polished.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.independence import well_conditioned
from reportgen.estimation.regressors import Regressors
from reportgen.estimation.roots import bracketed_roots

Array = NDArray[np.float64]

LOG_GAMMA = (-14.0, 16.0)  # searched decades of gamma = tau2 / sigma2, that is t from 1e-7 to 1e8
SHORT_OF_DIGITS = 10.0  # upper decade where the columns are dependent within groups
PER_DECADE = 4
DEPENDENT = 1e-12  # least eigenvalue of the columns' correlations below which they count as dependent
SNAP = 1e-9  # deviance below which gamma = 0 is as good


@dataclass(frozen=True, eq=False)
class SizeClasses:
    """Groups of one variant gathered by size.

    Attributes
    ----------
    size : (D,) array
        Distinct group sizes n (sums of prior weights).
    count : (D,) array
        Groups of that size.
    outer : (D, p + 1, p + 1) array
        Sum of m_j m_j' over the groups of that size, scaled columns [1, X, y].
    within : (p + 1, p + 1) array
        S_W.
    n_rows : int
        Rows N.
    """

    size: Array
    count: Array
    outer: Array
    within: Array
    n_rows: int

    @classmethod
    def of(cls, reg: Regressors) -> SizeClasses:
        """Gather the groups of `reg`."""
        size, order, starts = reg.moments.by_size
        count = np.diff(starts, append=len(order))
        index = np.concatenate([[0], reg.source + 1])
        factor = np.concatenate([[1.0], reg.mean_factor])
        outer = reg.moments.outer_by_size[:, index[:, None], index] * np.outer(factor, factor)
        return cls(size, count.astype(float), outer, reg.S_W, reg.n_rows)

    @property
    def n_terms(self) -> int:
        """Coefficients p."""
        return len(self.within) - 1

    @cached_property
    def log_range(self) -> tuple[float, float]:
        """Decades of gamma to search."""
        return log_range(self.gram(np.array([10.0 ** LOG_GAMMA[1]])))

    def gram(self, gamma: Array) -> Array:
        """(G, p + 1, p + 1) sigma2 D'V^-1 D at each of G ratios gamma."""
        return self.within + self.gram_of_means(gamma)

    def weighted(self, weights: Array) -> Array:
        """(p + 1, p + 1) cross-products of the group means, each counted with the (D,) weight of its group's size."""
        return np.tensordot(weights, self.outer, axes=1)

    def gram_of_means(self, gamma: Array) -> Array:
        """(G, p + 1, p + 1) the part of :meth:`gram` that comes from the group means."""
        share = self.size / (1.0 + np.multiply.outer(gamma, self.size))
        return np.tensordot(share, self.outer, axes=1)

    def gram_slope(self, gamma: Array) -> Array:
        """(G, p + 1, p + 1) derivative of :meth:`gram` with respect to gamma."""
        share = self.size / (1.0 + np.multiply.outer(gamma, self.size))
        return np.asarray(-np.tensordot(share**2, self.outer, axes=1))

    def log_determinant(self, gamma: Array) -> Array:
        """(G,) sum_j log(1 + n_j gamma)."""
        return np.log1p(np.multiply.outer(gamma, self.size)) @ self.count

    def log_determinant_slope(self, gamma: Array) -> Array:
        """(G,) derivative of :meth:`log_determinant`."""
        return (self.size / (1.0 + np.multiply.outer(gamma, self.size))) @ self.count


@dataclass(frozen=True, eq=False)
class Profile:
    """Profiled deviance and its derivative at G ratios gamma, in scaled units."""

    classes: SizeClasses
    gamma: Array
    restricted: bool

    @cached_property
    def _gram(self) -> Array:
        """(G, p + 1, p + 1) sigma2 D'V^-1 D."""
        return self.classes.gram(self.gamma)

    @cached_property
    def _scaled(self) -> tuple[Array, Array]:
        """(G, p) sizes of the columns, (G, p, p) X'V^-1X sigma2 in units of them."""
        normal = self._gram[:, :-1, :-1]
        size = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
        return size, normal / (size[:, :, None] * size[:, None, :])

    @cached_property
    def beta(self) -> Array:
        """(G, p) generalised least squares coefficients."""
        size, scaled = self._scaled
        return np.asarray(np.linalg.solve(scaled, (self._gram[:, :-1, -1] / size)[:, :, None])[:, :, 0] / size)

    @cached_property
    def inverse(self) -> Array:
        """(G, p, p) (X'V^-1X)^-1 / sigma2."""
        size, scaled = self._scaled
        return np.asarray(np.linalg.inv(scaled) / (size[:, :, None] * size[:, None, :]))

    @cached_property
    def log_determinant(self) -> Array:
        """(G,) logarithm of the determinant of X'V^-1X sigma2."""
        size, scaled = self._scaled
        factor = np.linalg.cholesky(scaled)
        return np.asarray(2.0 * (np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1) + np.log(size).sum(axis=1)))

    @cached_property
    def contrast(self) -> Array:
        """(G, p + 1) u = (-beta, 1), so that D u is the residual."""
        return np.concatenate([-self.beta, np.ones((len(self.gamma), 1))], axis=1)

    @cached_property
    def rss(self) -> Array:
        """(G,) weighted residual sum of squares u'Au."""
        return np.asarray(np.einsum("gi,gij,gj->g", self.contrast, self._gram, self.contrast))

    @property
    def divisor(self) -> int:
        """Of the residual sum of squares: N - p under REML, N under maximum likelihood."""
        return self.classes.n_rows - (self.classes.n_terms if self.restricted else 0)

    @property
    def deviance(self) -> Array:
        """(G,) -2 log-likelihood."""
        value = self.classes.log_determinant(self.gamma) + self.divisor * (1.0 + np.log(2.0 * np.pi * self.rss / self.divisor))
        return value + self.log_determinant if self.restricted else value

    @property
    def slope(self) -> Array:
        """(G,) derivative of the deviance with respect to gamma."""
        change = self.classes.gram_slope(self.gamma)
        bent = np.einsum("gi,gij,gj->g", self.contrast, change, self.contrast)
        value = self.classes.log_determinant_slope(self.gamma) + self.divisor * bent / self.rss
        if self.restricted:
            value = value + np.einsum("gij,gij->g", self.inverse, change[:, :-1, :-1])
        return np.asarray(value)


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the profiled deviance is least.

    `gamma` ratio tau2 / sigma2, `sigma2` residual variance in squared scaled units of the response, `deviance` there,
    `n_minima` local minima met on the way, `at_upper_end` the deviance still falls at the largest ratio searched.
    """

    gamma: float
    sigma2: float
    deviance: float
    n_minima: int
    at_upper_end: bool


def log_range(at_upper_end: Array) -> tuple[float, float]:
    """Decades of gamma to search.

    Columns that are dependent within groups but not between them (a predictor beside its own deviations) draw together as
    gamma grows, since then only variation within groups counts.

    Parameters
    ----------
    at_upper_end : (G, p + 1, p + 1) array
        sigma2 D'V^-1 D at the largest ratio.
    """
    normal = at_upper_end[:, :-1, :-1]
    size = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
    independent = well_conditioned(normal / (size[:, :, None] * size[:, None, :]), DEPENDENT)
    return LOG_GAMMA[0], LOG_GAMMA[1] if np.all(independent) else SHORT_OF_DIGITS


def optimise(classes: SizeClasses, restricted: bool) -> Optimum:
    """Minimise the profiled deviance over gamma >= 0.

    Parameters
    ----------
    classes : SizeClasses
        The data.
    restricted : bool
        REML if true, else maximum likelihood.
    """
    low, high = classes.log_range
    grid = np.concatenate([[0.0], np.logspace(low, high, int((high - low) * PER_DECADE) + 1)])
    slope = Profile(classes, grid, restricted).slope
    first = np.flatnonzero((slope[1:-1] < 0.0) & (slope[2:] >= 0.0)) + 1
    roots = _roots(classes, restricted, grid[first], grid[first + 1])
    candidates = np.array([0.0, *roots] + ([grid[-1]] if slope[-1] < 0 else []))
    ends = Profile(classes, candidates, restricted)
    best = int(np.argmin(ends.deviance))
    if ends.deviance[0] - ends.deviance[best] < SNAP:
        best = 0
    return Optimum(
        gamma=float(candidates[best]),
        sigma2=float(ends.rss[best] / ends.divisor),
        deviance=float(ends.deviance[best]),
        n_minima=len(roots) + int(slope[0] >= 0.0),
        at_upper_end=bool(candidates[best] == grid[-1]),
    )


def at_ratio(classes: SizeClasses, gamma: float) -> tuple[Optimum, Array]:
    """The REML solution at a known ratio gamma, and its (p,) coefficients in scaled units."""
    profile = Profile(classes, np.array([gamma]), restricted=True)
    sigma2 = float(profile.rss[0] / profile.divisor)
    return Optimum(gamma, sigma2, float(profile.deviance[0]), n_minima=1, at_upper_end=False), profile.beta[0]


def _roots(classes: SizeClasses, restricted: bool, low: Array, high: Array) -> Array:
    """Roots of the derivative between pairs of ratios, found on the logarithmic scale."""

    def derivative(log_gamma: Array) -> Array:
        gamma = np.exp(log_gamma)
        return np.asarray(Profile(classes, gamma, restricted).slope * gamma)

    return np.exp(bracketed_roots(derivative, np.log(low), np.log(high)))
