"""Where the likelihood of a model with random slopes is greatest.

The deviance is profiled down to psi / sigma2 = factor factor', with the Cholesky factor as parameter, so that a variance of
zero or a correlation of one is an ordinary point. The search:

1. the deviance on a grid of uncorrelated random effects, their standard deviations (in units of sigma, on columns of unit
   spread) from 0.01 to 1000; up to three local minima of the grid are starts;
2. quasi-Newton with the analytic gradient from each start; the best end is kept;
3. where the factor is all but singular, a search on the boundary; the boundary is kept if it costs less than ``SNAP``;
4. Newton steps on the free parameters until the gradient is nothing but rounding;
5. a certificate: with E the derivative of the deviance by psi / sigma2, E factor = 0, and E is positive semidefinite on what
   the factor does not span, so that no step into the interior gains anything. A point that fails is left along the direction
   that gains and searched again, once; if it fails then too, the fit says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product as pairs

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from reportgen.estimation.slope_profile import RotatedGroups, SlopeProfile

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

GRID = np.logspace(-2, 3, 6)
MAX_STARTS = 3
SNAP = 1e-9  # deviance below which the boundary is as good
ROUNDING = 1e-14  # of a deviance, relative
NEARLY_SINGULAR = 0.03  # relative singular value of the factor below which the boundary is tried
STEP = 1e-4  # of a parameter's size, for the differences of the gradient
NEAR = 1e-3  # gradient, over the root of the number of groups, at which quasi-Newton hands over to Newton steps
MAX_POLISH = 12
REST = 1e-9  # deviance still to be gained, by the quadratic approximation, at which the search has come to rest
DESCENT = 1e-7  # slope into the interior, as a share of its leading term, that is rounding
SAME_OPTIMUM = 1e-3  # difference in deviance of two ends that are one optimum


@dataclass(frozen=True, slots=True, eq=False)
class SlopeOptimum:
    """The end of a search.

    `factor` (q, r) square root of psi / sigma2 of full column rank r, `is_correlated` whether its entries below the diagonal
    are free, `n_minima` distinct ends from the starts, `gain_left` deviance still to be gained by the quadratic
    approximation, `descent` least eigenvalue of the slope into the interior (0 if there is no descent).
    """

    factor: Array
    is_correlated: bool
    n_minima: int
    gain_left: float
    descent: float

    @property
    def has_converged(self) -> bool:
        """Whether no step, inside or off the boundary, gains anything."""
        return self.gain_left <= REST and self.descent >= -DESCENT


@dataclass(frozen=True, eq=False)
class Search:
    """One likelihood to be maximised: the data, REML or not, correlated random effects or not."""

    groups: RotatedGroups
    restricted: bool
    correlated: bool

    def run(self, starts: tuple[Array, ...]) -> SlopeOptimum:
        """Search from (q, q) factors, as told in the module's docstring."""
        ends = [self._descend(start, self._mask(start)) for start in starts]
        values = [self._deviance(end) for end in ends]
        best = ends[int(np.argmin(values))]
        levels = np.sort(values)
        n_minima = 1 + int((np.diff(levels) > SAME_OPTIMUM).sum())
        result = self._settle(best, n_minima)
        if result.descent < -DESCENT:
            result = self._settle(self._descend(*self._leave(result.factor)), n_minima)
        return result

    def _deviance(self, factor: Array) -> float:
        return SlopeProfile(self.groups, factor).deviance(self.restricted)

    def _mask(self, factor: Array) -> Mask:
        """Free entries of a factor: the lower trapezoid, or what is not zero if uncorrelated."""
        if self.correlated:
            return np.tril(np.ones(factor.shape, dtype=bool))
        return np.asarray(factor != 0.0)

    def _descend(self, start: Array, mask: Mask) -> Array:
        """Quasi-Newton from a start, parameters in units of the rows of the start."""
        if not mask.any():
            return start
        size = np.broadcast_to(np.maximum(np.abs(start).max(axis=1), 1e-3)[:, None], start.shape)[mask]
        fun = self._objective(start, mask, size)
        near = NEAR * np.sqrt(self.groups.n_groups)
        end = minimize(fun, start[mask] / size, jac=True, method="BFGS", options={"gtol": near, "maxiter": 200})
        return _filled(start, mask, end.x * size)

    def _objective(self, start: Array, mask: Mask, size: Array) -> Callable[[Array], tuple[float, Array]]:
        def fun(values: Array) -> tuple[float, Array]:
            factor = _filled(start, mask, values * size)
            profile = SlopeProfile(self.groups, factor)
            gradient = 2.0 * (profile.score(self.restricted) @ factor)[mask] * size
            return profile.deviance(self.restricted), gradient

        return fun

    def _settle(self, factor: Array, n_minima: int) -> SlopeOptimum:
        """Boundary, polish and certificate."""
        factor, left = self._polish(factor, self._mask(factor))
        for reduced in self._reductions(factor):
            value = self._deviance(factor)
            end, end_left = self._polish(self._descend(reduced, self._mask(reduced)), self._mask(reduced))
            if self._deviance(end) - value < SNAP + ROUNDING * abs(value):
                factor, left = end, end_left
        descent = self._descent(factor)
        return SlopeOptimum(_canonical(factor) if self.correlated else factor, self.correlated, n_minima, left, descent)

    def _reductions(self, factor: Array) -> list[Array]:
        """Factors of lower rank near a factor, from the mildest to none at all."""
        if self.correlated:
            left, values, _ = np.linalg.svd(factor)
            small = values < NEARLY_SINGULAR * max(values[0], 1.0)
            ranks = [rank for rank in range(len(values) - 1, -1, -1) if small[rank]]
            return [_canonical(left[:, :rank] * values[:rank]) for rank in ranks]
        sizes = np.abs(np.diag(factor))
        small = np.flatnonzero((sizes < NEARLY_SINGULAR * max(sizes.max(), 1.0)) & (sizes > 0))
        found, dropped = [], factor
        for i in small[np.argsort(sizes[small])]:
            dropped = dropped.copy()
            dropped[i, i] = 0.0
            found.append(dropped)
        return found

    def _polish(self, factor: Array, mask: Mask) -> tuple[Array, float]:
        """Newton steps; the factor and the deviance still to be gained there."""
        if not mask.any():
            return factor, 0.0
        size = np.broadcast_to(np.maximum(np.abs(factor).max(axis=1), 1e-8)[:, None], factor.shape)[mask]
        fun = self._objective(factor, mask, size)
        at = factor[mask] / size
        value, gradient = fun(at)
        inverse = _inverse_hessian(fun, at)
        left = float(0.5 * gradient @ inverse @ gradient)
        for _ in range(MAX_POLISH):
            trial = at - inverse @ gradient
            trial_value, trial_gradient = fun(trial)
            trial_left = float(0.5 * trial_gradient @ inverse @ trial_gradient)
            if not trial_left < left or trial_value > value + SNAP + ROUNDING * abs(value):
                break
            at, value, gradient, left = trial, trial_value, trial_gradient, trial_left
        return _filled(factor, mask, at * size), left

    def _descent(self, factor: Array) -> float:
        """Least slope of the deviance by psi on what the factor does not span, as a share of its leading term; 0 if none."""
        profile = SlopeProfile(self.groups, factor)
        size = np.sqrt(np.diag(profile.effects_gram))
        score = profile.score(self.restricted) / np.outer(size, size)
        if not self.correlated:
            outside = np.diag(score)[np.abs(np.diag(factor)) == 0.0]
            return float(min(outside.min(), 0.0)) if len(outside) else 0.0
        beyond = _beyond(factor * size[:, None])
        if not beyond.shape[1]:
            return 0.0
        return float(min(np.linalg.eigvalsh(beyond.T @ score @ beyond)[0], 0.0))

    def _leave(self, factor: Array) -> tuple[Array, Mask]:
        """A full-rank start next to a point on the boundary."""
        q = self.groups.n_effects
        if not self.correlated:
            opened = factor + np.diag(np.where(np.diag(factor) == 0.0, 0.1, 0.0))
            return opened, self._mask(opened)
        start = np.asarray(np.linalg.cholesky(factor @ factor.T + 0.01 * np.eye(q)), dtype=np.float64)
        return start, self._mask(start)


def find_optima(groups: RotatedGroups, correlated: bool) -> tuple[SlopeOptimum, SlopeOptimum]:
    """The REML and the maximum-likelihood optimum of one model; both start from the same grid."""
    q = groups.n_effects
    places = list(pairs(range(len(GRID)), repeat=min(q, 2)))
    factors = {place: np.diag([GRID[place[0]], *([GRID[place[-1]]] * (q - 1))]) for place in places}
    profiles = {place: SlopeProfile(groups, factor).deviances for place, factor in factors.items()}
    ends = []
    for restricted in (True, False):
        values = {place: found[restricted] for place, found in profiles.items()}
        starts = tuple(factors[place] for place in _local_minima(values)[:MAX_STARTS])
        ends.append(Search(groups, restricted, correlated).run(starts))
    return ends[0], ends[1]


def _local_minima(values: dict[tuple[int, ...], float]) -> list[tuple[int, ...]]:
    """Places of a grid whose value no neighbour undercuts, the lowest first."""
    found = []
    for place, value in values.items():
        around = (
            tuple(i + step for i, step in zip(place, steps, strict=True)) for steps in pairs((-1, 0, 1), repeat=len(place))
        )
        if value <= min(values.get(neighbour, np.inf) for neighbour in around):
            found.append((value, place))
    return [place for _, place in sorted(found)]


def _filled(pattern: Array, mask: Mask, values: Array) -> Array:
    factor = np.zeros_like(pattern)
    factor[mask] = values
    return factor


def _canonical(factor: Array) -> Array:
    """The same factor factor' from a lower trapezoid with a diagonal >= 0."""
    if not factor.shape[1]:
        return factor
    triangle = np.linalg.qr(factor.T).R.T
    signs = np.where(np.diag(triangle[: triangle.shape[1]]) < 0, -1.0, 1.0)
    return np.asarray(np.tril(triangle * signs))


def _beyond(factor: Array) -> Array:
    """(q, q - r) orthonormal basis of what a factor of full column rank does not span."""
    if not factor.shape[1]:
        return np.eye(len(factor))
    left = np.linalg.svd(factor)[0]
    return np.asarray(left[:, factor.shape[1] :])


def _inverse_hessian(fun: Callable[[Array], tuple[float, Array]], at: Array) -> Array:
    """Pseudo-inverse of the Hessian from central differences of the gradient; directions without curvature drop out."""
    columns = []
    for i in range(len(at)):
        step = np.zeros(len(at))
        step[i] = STEP * max(1.0, abs(at[i]))
        columns.append((fun(at + step)[1] - fun(at - step)[1]) / (2.0 * step[i]))
    hessian = np.stack(columns)
    values, vectors = np.linalg.eigh(0.5 * (hessian + hessian.T))
    usable = values > 1e-9 * np.abs(values).max()
    return np.asarray((vectors[:, usable] / values[usable]) @ vectors[:, usable].T)
