"""Where the likelihood of a model with random slopes is greatest.

The deviance is profiled down to psi / sigma2 = factor factor', with the Cholesky factor as parameter, so that a variance of
zero or a correlation of one is an ordinary point. The search:

1. starts from a grid (:mod:`reportgen.estimation.slope_starts`);
2. quasi-Newton with the analytic gradient from each start; the best end is kept;
3. Newton steps on the free parameters until the gradient is nothing but rounding;
4. where the factor is all but singular, a search on the boundary; the boundary is kept if it costs less than ``SNAP``;
5. a certificate: with E the derivative of the deviance by psi / sigma2, E factor = 0 and E is positive semidefinite, so that
   no step, on the boundary or off it, gains anything. A point that fails is left along the direction that gains most and
   searched again, up to ``MAX_ESCAPES`` times; if it fails then too, the fit says so. A point on the boundary is left once
   more by a long step, in case the likelihood rises again farther inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.slope_profile import RotatedGroups, SlopeProfile
from reportgen.estimation.slope_starts import starts

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LENGTHS = np.logspace(-3, 3, 13)  # of a step off the boundary, standard deviations in units of sigma
FAR = 0.2  # length of a step off the boundary that may lead to another optimum
MAX_ESCAPES = 6
FARTHEST = 1e10  # entries of a factor, in standard deviations of the residuals; optima are looked for up to 1e8
SNAP = 1e-9  # deviance below which the boundary is as good
ROUNDING = 1e-14  # of a deviance, relative
NEARLY_SINGULAR = 0.03  # relative singular value of the factor below which the boundary is tried
STEP = 1e-4  # of a parameter's size, for the differences of the gradient
NEAR = 1e-3  # gradient, over the root of the number of groups, at which quasi-Newton hands over to Newton steps
CLOSE = 1e-6  # the same for a search from a point that was left
MAX_POLISH = 12
REST = 1e-9  # deviance still to be gained, by the quadratic approximation, at which the search has come to rest
DESCENT = 1e-6  # slope by psi, as a share of its leading term, that is rounding
SAME_OPTIMUM = 1e-3  # difference in deviance of two ends that are one optimum


@dataclass(frozen=True, slots=True, eq=False)
class SlopeOptimum:
    """The end of a search.

    `factor` (q, r) square root of psi / sigma2 of full column rank r, `is_correlated` whether its entries below the diagonal
    are free, `n_minima` distinct ends from the starts, `gain_left` deviance still to be gained by the quadratic
    approximation, `descent` steepest slope downwards by psi (0 if there is none).
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
        ends = [self._descend(start) for start in starts]
        levels = [self._deviance(end) for end in ends]
        n_minima = 1 + int((np.diff(np.sort(levels)) > SAME_OPTIMUM).sum())
        result = self._settle(ends[int(np.argmin(levels))], n_minima)
        for _ in range(MAX_ESCAPES):
            is_singular = np.count_nonzero(result.factor.any(axis=0)) < self.groups.n_effects
            if result.has_converged and not is_singular:
                break
            start = self._leave(result.factor, LENGTHS if not result.has_converged else LENGTHS[LENGTHS > FAR])
            left = self._settle(self._descend(start, CLOSE), n_minima)
            if not self._deviance(left.factor) < self._deviance(result.factor) - SNAP:
                break
            result = left
        return result

    def _deviance(self, factor: Array) -> float:
        with np.errstate(all="ignore"):
            value = SlopeProfile(self.groups, factor).deviance(self.restricted)
        return value if np.isfinite(value) else np.inf

    def _mask(self, factor: Array) -> Mask:
        """Free entries of a factor: the lower trapezoid, or what is not zero if uncorrelated."""
        if self.correlated:
            return np.tril(np.ones(factor.shape, dtype=bool))
        return np.asarray(factor != 0.0)

    def _descend(self, start: Array, near: float = NEAR) -> Array:
        """Quasi-Newton from a start, parameters in units of the rows of the start."""
        from scipy.optimize import minimize  # slow to load, and needed for random slopes only

        mask = self._mask(start)
        if not mask.any():
            return start
        size = np.broadcast_to(np.maximum(np.abs(start).max(axis=1), 1e-3)[:, None], start.shape)[mask]
        fun = self._objective(start, mask, size)
        near = near * np.sqrt(self.groups.n_groups)
        end = minimize(fun, start[mask] / size, jac=True, method="BFGS", options={"gtol": near, "maxiter": 200})
        return _filled(start, mask, end.x * size) if np.all(np.isfinite(end.x)) else start

    def _objective(self, start: Array, mask: Mask, size: Array) -> Callable[[Array], tuple[float, Array]]:
        def fun(values: Array) -> tuple[float, Array]:
            factor = _filled(start, mask, values * size)
            if not np.all(np.abs(factor) < FARTHEST):  # a step that 64-bit numbers cannot follow: shorter, please
                return np.inf, np.zeros(len(values))
            profile = SlopeProfile(self.groups, factor)
            with np.errstate(all="ignore"):
                value = profile.deviance(self.restricted)
                gradient = 2.0 * (profile.score(self.restricted) @ factor)[mask] * size
            is_number = np.isfinite(value) and np.all(np.isfinite(gradient))
            return (value, gradient) if is_number else (np.inf, np.zeros(len(values)))

        return fun

    def _settle(self, factor: Array, n_minima: int) -> SlopeOptimum:
        """Boundary, polish and certificate."""
        factor, left = self._polish(factor)
        for reduced in self._reductions(factor):
            value = self._deviance(factor)
            end, end_left = self._polish(self._descend(reduced))
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

    def _polish(self, factor: Array) -> tuple[Array, float]:
        """Newton steps; the factor and the deviance still to be gained there."""
        mask = self._mask(factor)
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
            rounding = SNAP + ROUNDING * abs(value)
            if trial_value > value + rounding or not (trial_left < left or trial_value < value - rounding):
                break
            at, value, gradient, left = trial, trial_value, trial_gradient, trial_left
        return _filled(factor, mask, at * size), left

    def _slope(self, factor: Array) -> tuple[Array, Array]:
        """Derivative of the deviance by psi / sigma2 over the size of its leading term, and that size by effect."""
        profile = SlopeProfile(self.groups, factor)
        size = np.sqrt(np.diag(profile.effects_gram))
        return profile.score(self.restricted) / np.outer(size, size), size

    def _descent(self, factor: Array) -> float:
        """Steepest slope downwards by psi, as a share of its leading term; 0 if there is none."""
        slope, _ = self._slope(factor)
        least = np.linalg.eigvalsh(slope)[0] if self.correlated else np.diag(slope).min()
        return float(min(least, 0.0))

    def _leave(self, factor: Array, lengths: Array) -> Array:
        """A start off a point: psi grows where its slope is least, by the length that leads to the least deviance."""
        slope, size = self._slope(factor)
        if self.correlated:
            direction = np.linalg.eigh(slope)[1][:, 0] / size
        else:
            direction = np.eye(len(size))[int(np.argmin(np.diag(slope)))]
        direction = direction / np.linalg.norm(direction)
        trials = []
        for length in lengths:
            if self.correlated:
                trials.append(_canonical(np.column_stack([factor, length * direction])))
            else:
                trials.append(np.diag(np.hypot(np.diag(factor), length * direction)))
        return trials[int(np.argmin([self._deviance(trial) for trial in trials]))]


def find_optima(groups: RotatedGroups, correlated: bool) -> tuple[SlopeOptimum, SlopeOptimum]:
    """The REML and the maximum-likelihood optimum of one model."""
    for_ml, for_reml = starts(groups, correlated)
    return Search(groups, True, correlated).run(for_reml), Search(groups, False, correlated).run(for_ml)


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


def _inverse_hessian(fun: Callable[[Array], tuple[float, Array]], at: Array) -> Array:
    """Pseudo-inverse of the Hessian from central differences of the gradient; directions without curvature drop out.

    A curvature downwards counts with its size, so that the step goes down there too.
    """
    columns = []
    for i in range(len(at)):
        step = np.zeros(len(at))
        step[i] = STEP * max(1.0, abs(at[i]))
        columns.append((fun(at + step)[1] - fun(at - step)[1]) / (2.0 * step[i]))
    hessian = np.stack(columns)
    values, vectors = np.linalg.eigh(0.5 * (hessian + hessian.T))
    usable = np.abs(values) > 1e-9 * np.abs(values).max()
    return np.asarray((vectors[:, usable] / np.abs(values[usable])) @ vectors[:, usable].T)
