"""Likelihood intervals of the standard deviations and correlations of random slopes.

As in :mod:`reportgen.estimation.intervals` an interval is the projection of the region of models whose deviance is within
``cut`` of the least one. Each end is found directly: the greatest and the least value of the quantity over the region, by
sequential quadratic programming with the analytic gradient of the deviance, in coordinates in which the region is nearly a
ball. Parameters are a lower triangle M with psi / sigma2 = M M' in the data's columns, and log sigma.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from reportgen.estimation.absent import absent
from reportgen.estimation.intervals import EffectCorrelation, Interval, VarianceIntervals, intercept_intervals
from reportgen.estimation.random_slopes import EffectsDesign, RandomEffects
from reportgen.estimation.regressors import INTERCEPT, regressors
from reportgen.estimation.slope_profile import RotatedGroups, SlopeProfile
from reportgen.fits import LEVEL, Fit, Issue, MixedFit, Number, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]
Quantity = Callable[[Array], tuple[float, Array]]
"""Value and gradient of a quantity at a parameter vector."""

ON_EDGE = 1e-4  # deviance by which an end may miss the edge of the region
NEARLY_ONE = 1e-4  # distance of a correlation from 1 at which it is taken as 1
NEARLY_ZERO, OPENING = 1e-3, 0.3  # entries on the diagonal, in units of the effect's row, that are opened, and how far
FAR = 50.0  # radius within which the search stays, in units in which the region's is about 2
STEP = 1e-4  # for the differences of the gradient, in units of the parameters
FLAT = 1e-4  # curvature, relative to the greatest, below which a direction counts as this curved
OUTSIDE = 1e100  # deviance where it is no number


@dataclass(frozen=True, eq=False)
class SlopeLikelihood:
    """Deviance of one random slope model at M and log sigma, and its gradient.

    Attributes
    ----------
    groups : RotatedGroups
        The data.
    home : (q, q) array
        Turns effects of the scaled columns into effects of the data's columns.
    restricted, correlated : bool
        REML or not; correlated random effects or not.
    """

    groups: RotatedGroups
    home: Array
    restricted: bool
    correlated: bool

    @cached_property
    def back(self) -> Array:
        """(q, q) the inverse of `home`."""
        return np.asarray(np.linalg.inv(self.home))

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the free entries of M."""
        q = len(self.home)
        rows, columns = np.tril_indices(q) if self.correlated else (np.arange(q), np.arange(q))
        return rows.astype(np.int64), columns.astype(np.int64)

    def triangle(self, values: Array) -> Array:
        """(q, q) M of a parameter vector."""
        matrix = np.zeros_like(self.home)
        matrix[self.places] = values[:-1]
        return matrix

    def deviance(self, values: Array) -> tuple[float, Array]:
        """-2 log-likelihood, sigma2 not profiled out, and its gradient."""
        factor = self.back @ self.triangle(values)
        profile = SlopeProfile(self.groups, factor)
        n, sigma2 = profile.divisor(self.restricted), float(np.exp(2.0 * values[-1]))
        ratio = sigma2 / profile.sigma2(self.restricted)
        value = profile.deviance(self.restricted) + n * (np.log(ratio) + 1.0 / ratio - 1.0)
        slope = 2.0 * (self.back.T @ profile.score_at(sigma2, self.restricted) @ factor)[self.places]
        return value, np.append(slope, 2.0 * n * (1.0 - 1.0 / ratio))

    def quantity(self, first: int, second: int | None = None) -> Quantity:
        """Logarithm of the standard deviation of an effect (over 1), or the correlation of two effects."""
        rows, columns = self.places

        def log_deviation(values: Array) -> tuple[float, Array]:
            row = self.triangle(values)[first]
            square = max(float(row @ row), 1e-300)
            slope = np.where(rows == first, row[columns], 0.0) / square
            return 0.5 * float(np.log(square)) + float(values[-1]), np.append(slope, 1.0)

        def correlation(values: Array) -> tuple[float, Array]:
            matrix = self.triangle(values)
            a, b = matrix[first], matrix[second]
            size_a, size_b = max(float(np.linalg.norm(a)), 1e-150), max(float(np.linalg.norm(b)), 1e-150)
            value = float(a @ b) / size_a / size_b
            by_a = (b / size_b - value * a / size_a) / size_a
            by_b = (a / size_a - value * b / size_b) / size_b
            slope = np.where(rows == first, by_a[columns], 0.0) + np.where(rows == second, by_b[columns], 0.0)
            return value, np.append(slope, 0.0)

        return log_deviation if second is None else correlation


@dataclass(frozen=True, eq=False)
class SlopeRegion:
    """The models whose deviance is within `cut` of the least one.

    Attributes
    ----------
    likelihood : SlopeLikelihood
    best : (r,) array
        Parameters of the least deviance.
    least : float
        That deviance.
    axes : (r, r) array
        Parameters = best + axes phi, with a deviance of about least + |phi|^2.
    cut : float
        Quantile of chi-squared with 1 degree of freedom.
    """

    likelihood: SlopeLikelihood
    best: Array
    least: float
    axes: Array
    cut: float

    @classmethod
    def of(cls, likelihood: SlopeLikelihood, start: Array, level: float) -> SlopeRegion:
        """The region around the optimum that `start` is near to."""
        size = _sizes(likelihood, start)
        best = size * _descend(likelihood, start / size, size)
        least = likelihood.deviance(best)[0]
        columns = []
        for i in range(len(best)):
            step = np.zeros(len(best))
            step[i] = STEP * size[i]
            columns.append((likelihood.deviance(best + step)[1] - likelihood.deviance(best - step)[1]) * size / (2.0 * STEP))
        hessian = np.stack(columns)
        values, vectors = np.linalg.eigh(0.25 * (hessian + hessian.T))
        values = np.maximum(values, FLAT * values.max())
        return cls(likelihood, best, least, size[:, None] * vectors / np.sqrt(values), float(chdtri(1, 1.0 - level)))

    def extreme(self, quantity: Quantity, sign: float) -> Number:
        """Greatest (sign 1) or least (sign -1) value of a quantity over the region."""
        from scipy.optimize import minimize  # slow to load, and needed for random slopes only

        def objective(phi: Array) -> tuple[float, Array]:
            value, gradient = quantity(self.best + self.axes @ phi)
            return -sign * value, -sign * (self.axes.T @ gradient)

        edge: Any = {"type": "ineq", **self._edge()}
        options: Any = {"maxiter": 300, "ftol": 1e-10}
        box = [(-FAR, FAR)] * len(self.best)
        found = []
        for start in self._starts(quantity, sign):
            end = minimize(objective, start, jac=True, method="SLSQP", bounds=box, constraints=edge, options=options)
            if np.all(np.isfinite(end.x)) and edge["fun"](end.x) * self.cut >= -ON_EDGE:
                found.append(-sign * float(end.fun))
        if not found:
            return Undefined(Issue("interval_not_found"))
        return max(found) if sign > 0 else min(found)

    def _starts(self, quantity: Quantity, sign: float) -> list[Array]:
        """Along the slope of the quantity, from the optimum as it stands and with its correlations turned round.

        Zeros on the diagonal of M are opened first: there a standard deviation has no direction to grow, and by symmetry a
        search that starts at zero never leaves it.
        """
        rows, columns = self.likelihood.places
        diagonal, size, radius = np.append(rows == columns, False), _sizes(self.likelihood, self.best), np.sqrt(self.cut)
        opened = np.where(diagonal & (np.abs(self.best) < NEARLY_ZERO * size), OPENING * size, self.best)
        turned = np.where(np.append(rows == columns, True), opened, -opened)
        slope = self.axes.T @ quantity(opened)[1]
        direction = sign * slope / max(float(np.linalg.norm(slope)), 1e-300)
        starts = []
        for values, share in ((opened, 0.9), (opened, 0.3), (turned, 0.5)):
            phi = np.linalg.solve(self.axes, values - self.best)
            phi *= min(1.0, radius / max(float(np.linalg.norm(phi)), 1e-300))
            starts.append(phi + share * radius * direction)
        return starts

    def reaches_zero(self, effect: int) -> bool:
        """Whether the standard deviation of an effect is 0 somewhere in the region."""
        rows, _ = self.likelihood.places
        size = _sizes(self.likelihood, self.best)
        free = np.append(rows != effect, True)
        start = np.where(free, self.best / size, 0.0)
        end = _descend(self.likelihood, start, size, free)
        return bool(self.likelihood.deviance(end * size)[0] - self.least <= self.cut)

    def _edge(self) -> dict[str, Callable[[Array], Any]]:
        """The deviance left to the edge of the region, over `cut`, and its gradient.

        The search asks for both at the same point, one after the other: they are computed together, and once.
        """
        last: list[tuple[Array, float, Array]] = []

        def both(phi: Array) -> tuple[float, Array]:
            if not last or not np.array_equal(last[0][0], phi):
                value, slope = self.likelihood.deviance(self.best + self.axes @ phi)
                left, gradient = (self.cut + self.least - value) / self.cut, -self.axes.T @ slope / self.cut
                last[:] = [(phi.copy(), left, gradient)]
            return last[0][1], last[0][2]

        return {"fun": lambda phi: both(phi)[0], "jac": lambda phi: both(phi)[1]}


def variance_intervals(
    moments: GroupMoments, fit: Fit, effects: RandomEffects, restricted: bool = True, level: float = LEVEL
) -> VarianceIntervals | Undefined:
    """Intervals of the variance parameters of any mixed variant.

    Parameters
    ----------
    moments : GroupMoments
        The data it was fitted to.
    fit : Fit
        A mixed variant.
    effects : RandomEffects
        What varies between groups in the variants with random slopes.
    restricted : bool
        REML likelihood if true, else maximum likelihood.
    level : float
        Coverage.
    """
    if not isinstance(fit, MixedFit):
        return absent(fit)
    if fit.group_covariance.terms == (INTERCEPT,):
        return intercept_intervals(moments, fit, restricted, level)
    reg = regressors(moments, tuple((c.column, c.role) for c in fit.coefficients))
    design = EffectsDesign.of(reg, effects)
    likelihood = SlopeLikelihood(RotatedGroups.of(reg, design.columns), design.home, restricted, effects.correlated)
    region = SlopeRegion.of(likelihood, _start(likelihood, fit, float(reg.scale[-1])), level)
    return _record(region, fit.variant, effects, float(reg.scale[-1]), level)


def _record(region: SlopeRegion, variant: str, effects: RandomEffects, unit: float, level: float) -> VarianceIntervals:
    method = "profile_reml" if region.likelihood.restricted else "profile_ml"
    names = effects.terms
    zero = [region.reaches_zero(k) for k in range(len(names))]

    def deviation(quantity: Quantity, from_zero: bool) -> Interval:
        low = 0.0 if from_zero else _deviation(region.extreme(quantity, -1.0), unit)
        return Interval(low, _deviation(region.extreme(quantity, 1.0), unit), level, method)

    def correlation(a: int, b: int) -> EffectCorrelation:
        ends: tuple[Number, Number] = (-1.0, 1.0)
        if not (zero[a] or zero[b]):  # else some model of the region has one effect only, and any correlation
            quantity = region.likelihood.quantity(a, b)
            ends = _correlation(region.extreme(quantity, -1.0)), _correlation(region.extreme(quantity, 1.0))
        return EffectCorrelation(names[a], names[b], Interval(*ends, level, method))

    pairs = [(a, b) for b in range(len(names)) for a in range(b)] if effects.correlated else []
    return VarianceIntervals(
        variant=variant,
        terms=names,
        deviations=tuple(deviation(region.likelihood.quantity(k), zero[k]) for k in range(len(names))),
        correlations=tuple(correlation(a, b) for a, b in pairs),
        residual=deviation(_log_sigma, False),
        icc=Undefined(Issue("icc_with_slopes")),
    )


def _log_sigma(values: Array) -> tuple[float, Array]:
    return float(values[-1]), np.append(np.zeros(len(values) - 1), 1.0)


def _deviation(value: Number, unit: float) -> Number:
    return value if isinstance(value, Undefined) else float(np.exp(value)) * unit


def _correlation(value: Number) -> Number:
    if isinstance(value, Undefined) or abs(value) < 1.0 - NEARLY_ONE:
        return value
    return 1.0 if value > 0 else -1.0


def _start(likelihood: SlopeLikelihood, fit: MixedFit, unit: float) -> Array:
    """Parameters of the reported fit, a variance of zero opened a little."""
    psi, sigma2 = (fit.group_covariance.psi, fit.sigma2) if likelihood.restricted else (fit.ml_psi, fit.ml_sigma2)
    matrix = psi / sigma2
    size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    values, vectors = np.linalg.eigh(matrix / np.outer(size, size))
    root = size[:, None] * vectors * np.sqrt(np.maximum(values, 0.0))
    triangle = np.linalg.qr(root.T).R.T
    return np.append(triangle[likelihood.places], 0.5 * np.log(sigma2 / unit**2))


def _sizes(likelihood: SlopeLikelihood, values: Array) -> Array:
    """Units of the parameters: the size of the effect's row, not below a hundredth of a standard deviation of the column."""
    rows, _ = likelihood.places
    triangle = likelihood.triangle(values)
    least = 0.01 * np.abs(np.diag(likelihood.home))
    return np.append(np.maximum(np.linalg.norm(triangle, axis=1), least)[rows], 1.0)


def _descend(likelihood: SlopeLikelihood, start: Array, size: Array, free: NDArray[np.bool_] | None = None) -> Array:
    """Least deviance over the free parameters, in the units given."""
    from scipy.optimize import minimize  # slow to load, and needed for random slopes only

    mask = np.ones(len(start), dtype=bool) if free is None else free

    def objective(values: Array) -> tuple[float, Array]:
        whole = start.copy()
        whole[mask] = values
        try:
            value, slope = likelihood.deviance(whole * size)
        except (np.linalg.LinAlgError, ArithmeticError):
            return OUTSIDE, np.zeros(mask.sum())
        return (value, (slope * size)[mask]) if np.isfinite(value) else (OUTSIDE, np.zeros(mask.sum()))

    with np.errstate(all="ignore"):  # a step may lead out of the range of numbers; OUTSIDE turns the search back
        end = minimize(objective, start[mask], jac=True, method="BFGS", options={"gtol": 1e-5, "maxiter": 200})
    whole = start.copy()
    whole[mask] = end.x
    return whole
