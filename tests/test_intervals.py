"""Profile-likelihood intervals: against lme4's, and against the definition with the likelihood written out in full."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows
from numpy.typing import NDArray
from reference_moments import dragons, fit_all
from scipy.optimize import minimize, minimize_scalar

from reportgen.column_levels import column_levels
from reportgen.estimation.intervals import InterceptRegion, Interval, VarianceIntervals, intercept_intervals, variance_factor
from reportgen.estimation.random_intercept import Profile, SizeClasses
from reportgen.estimation.random_slopes import EffectsDesign, RandomEffects
from reportgen.estimation.regressors import regressors
from reportgen.estimation.runner import fit_variants
from reportgen.estimation.slope_intervals import SlopeLikelihood, SlopeRegion, variance_intervals
from reportgen.estimation.slope_profile import RotatedGroups
from reportgen.fits import Fit, MixedFit, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]
CUT = 3.841458820694124  # 95 % quantile of chi-squared with 1 degree of freedom

DYESTUFF = (
    (1545, 1440, 1440, 1520, 1580),
    (1540, 1555, 1490, 1560, 1495),
    (1595, 1550, 1605, 1510, 1560),
    (1445, 1440, 1595, 1465, 1545),
    (1595, 1630, 1515, 1635, 1625),
    (1520, 1455, 1450, 1480, 1445),
)


def fitted(rows: Rows, variant: str, slopes: tuple[str, ...] = ()) -> Fit:
    return fit_all(rows.moments, rows.levels, slopes)[variant]


def ends(interval: Interval) -> tuple[float, float]:
    assert not isinstance(interval.low, Undefined)
    assert not isinstance(interval.high, Undefined)
    return interval.low, interval.high


def test_the_intervals_of_dyestuff_are_those_of_lme4() -> None:
    """confint(lmer(Yield ~ 1 + (1 | Batch), Dyestuff)); lme4 interpolates its profile, hence four digits."""
    moments = GroupMoments.from_rows(("Yield",), np.repeat(np.arange(6), 5), np.array(DYESTUFF, dtype=float).reshape(-1, 1), 6)
    found = variance_intervals(
        moments, fit_all(moments, ())["random_intercept"], RandomEffects(True, (), True), restricted=False
    )
    assert isinstance(found, VarianceIntervals)
    assert ends(found.deviations[0]) == pytest.approx((12.19853, 84.06305), rel=3e-4)
    assert ends(found.residual) == pytest.approx((38.22999, 67.65770), rel=1e-4)
    assert found.residual.method == "profile_ml"


def dense_deviance(rows: Rows, psi: Array, sigma2: float, restricted: bool, columns: list[int]) -> float:
    """-2 log-likelihood of y ~ 1 + x with random effects of the intercept and of `columns`, every matrix written out."""
    x = np.column_stack([np.ones(len(rows.codes)), rows.values[:, :-1]])
    y = rows.values[:, -1]
    z = np.column_stack([np.ones(len(y)), *(rows.values[:, c] for c in columns)])
    v = sigma2 * np.eye(len(y)) + (z @ psi @ z.T) * (rows.codes[:, None] == rows.codes[None, :])
    lower = np.linalg.cholesky(v)
    design, response = np.linalg.solve(lower, x), np.linalg.solve(lower, y)
    beta = np.linalg.lstsq(design, response, rcond=None)[0]
    value = 2 * np.log(np.diag(lower)).sum() + ((response - design @ beta) ** 2).sum()
    n = len(y) - (x.shape[1] if restricted else 0)
    value += n * np.log(2 * np.pi)
    return float(value + np.linalg.slogdet(design.T @ design)[1] if restricted else value)


@pytest.mark.parametrize("restricted", [True, False])
def test_at_the_ends_of_tau_sigma_and_icc_the_profile_meets_the_cut(restricted: bool) -> None:
    rows = grouped_rows(UNBALANCED, tau=1.2, seed=51)
    fit = fitted(rows, "random_intercept")
    assert isinstance(fit, MixedFit)
    found = intercept_intervals(rows.moments, fit, restricted)
    assert isinstance(found, VarianceIntervals)

    def deviance(tau: float, sigma: float) -> float:
        return dense_deviance(rows, np.array([[tau**2]]), sigma**2, restricted, [])

    sigma2, tau2 = fit.ml_sigma2, float(fit.ml_psi[0, 0])
    if restricted:
        sigma2, tau2 = fit.sigma2, float(fit.group_covariance.psi[0, 0])
    least = deviance(float(np.sqrt(tau2)), float(np.sqrt(sigma2)))

    def profile(at: float, make: str) -> float:
        def model(free: Array) -> float:
            size = float(np.exp(free[0]))
            if make == "icc":
                return deviance(float(np.sqrt(at)) * size, float(np.sqrt(1 - at)) * size)
            return deviance(at, size) if make == "tau" else deviance(size, at)

        start = np.array([0.5 * np.log(tau2 if make == "sigma" else sigma2)])
        return float(minimize(model, start, method="Nelder-Mead", tol=1e-10).fun) - least

    assert isinstance(found.icc, Interval)
    for make, interval in (("tau", found.deviations[0]), ("sigma", found.residual), ("icc", found.icc)):
        for end in ends(interval):
            assert profile(end, make) == pytest.approx(CUT, abs=2e-5)


@pytest.mark.parametrize("seed", range(2, 10))
def test_the_greatest_tau_is_found_close_to_the_greatest_ratio_too(seed: int) -> None:
    """At the end of tau no sigma may have a lower deviance than the cut; with many rows a group it lies near the edge."""
    rows = grouped_rows((30,) * 9, tau=3.0, seed=seed)
    fit = fitted(rows, "mundlak")
    assert isinstance(fit, MixedFit)
    found = intercept_intervals(rows.moments, fit)
    assert isinstance(found, VarianceIntervals)
    means = np.array([rows.values[rows.codes == code, 0].mean() for code in range(9)])[rows.codes]
    both = Rows(("x1", "mean", "y"), rows.codes, np.column_stack([rows.values[:, 0], means, rows.values[:, -1]]))

    def deviance(tau: float, sigma: float) -> float:
        return dense_deviance(both, np.array([[tau**2]]), sigma**2, True, [])

    least = deviance(float(np.sqrt(fit.group_covariance.psi[0, 0])), float(np.sqrt(fit.sigma2)))
    top = ends(found.deviations[0])[1]
    nearest = minimize_scalar(lambda log_s: deviance(top, np.exp(log_s)), (-0.1, 0.1), tol=1e-12)
    assert nearest.fun - least == pytest.approx(CUT, abs=1e-5)


@pytest.mark.parametrize(("sizes", "tau", "seed"), [((5,) * 15, 0.3, 5), ((5,) * 15, 0.0, 1), ((50,) * 6, 1.0, 1)])
def test_the_order_of_the_rows_moves_no_end(sizes: tuple[int, ...], tau: float, seed: int) -> None:
    """Rounding differs from order to order; an end that is searched beside the wrong point differs by per cents."""
    rows = grouped_rows(sizes, tau=tau, seed=seed)
    found = []
    for number in range(8):
        order = np.random.default_rng(number).permutation(len(rows.codes))
        moved = Rows(rows.columns, rows.codes[order], rows.values[order])
        intervals = intercept_intervals(moved.moments, fitted(moved, "random_intercept"))
        assert isinstance(intervals, VarianceIntervals)
        found.append([*ends(intervals.deviations[0]), *ends(intervals.residual)])
    np.testing.assert_allclose(found, [found[0]] * len(found), rtol=1e-8)


def test_where_zero_is_likely_the_interval_starts_there() -> None:
    rows = grouped_rows((5,) * 12, (0.5,), (0.5,), tau=0.0, seed=52)
    found = intercept_intervals(rows.moments, fitted(rows, "random_intercept"))
    assert isinstance(found, VarianceIntervals)
    assert isinstance(found.icc, Interval)
    assert found.deviations[0].low == found.icc.low == 0.0
    assert 0.0 < ends(found.deviations[0])[1] < 1.0


def test_a_variance_on_one_degree_of_freedom_is_bounded_far_out_and_on_none_not_at_all() -> None:
    three = grouped_rows((20, 20, 20), tau=5.0, seed=53)
    found = intercept_intervals(three.moments, fitted(three, "mundlak"))
    assert isinstance(found, VarianceIntervals)
    assert ends(found.deviations[0])[1] > 20 * ends(found.residual)[1]
    two = grouped_rows((20, 20), tau=5.0, seed=53)
    reg = regressors(two.moments, (("(Intercept)", "intercept"), ("x1", "raw"), ("x1", "contextual")))
    classes = SizeClasses.of(reg)
    flat = float(Profile(classes, np.array([0.0]), restricted=True).deviance[0])
    region = InterceptRegion(classes, restricted=True, best=0.0, least=flat, cut=CUT)
    low, high = region.gamma_ends()
    assert low == 0.0
    assert isinstance(high, Undefined)
    assert high.reason.code == "unbounded_variance_ratio"
    tau, sigma = region.deviation_ends(low, high)
    assert tau[0] == 0.0
    assert isinstance(tau[1], Undefined)
    assert 0.5 < sigma[0] < sigma[1] < 1.5


def test_intervals_scale_with_the_response() -> None:
    rows = grouped_rows(UNBALANCED, seed=54)
    moved = Rows(rows.columns, rows.codes, rows.values * np.array([1e5, 1e-6]) + np.array([0.0, 1.0]))
    a = intercept_intervals(rows.moments, fitted(rows, "random_intercept"))
    b = intercept_intervals(moved.moments, fitted(moved, "random_intercept"))
    assert isinstance(a, VarianceIntervals)
    assert isinstance(b, VarianceIntervals)
    assert np.array(ends(b.deviations[0])) * 1e6 == pytest.approx(ends(a.deviations[0]), rel=1e-6)


@pytest.mark.parametrize("excess", [1e-16, 1e-9, 1e-4, 0.1, 3.0])
def test_the_factor_of_the_variance_solves_its_equation(excess: float) -> None:
    for upper in (True, False):
        s = float(variance_factor(np.array([excess]), upper)[0])
        assert (s > 1.0) is upper
        assert np.log(s) + 1 / s - 1 == pytest.approx(excess, rel=1e-4, abs=1e-15)


@cache
def slope_rows() -> Rows:
    """Random slopes of standard deviation 0.8, correlated with the intercepts."""
    random = np.random.default_rng(55)
    sizes = np.array([8, 6, 9, 7, 8, 10, 6, 12, 9, 7, 8, 5])
    codes = np.repeat(np.arange(12), sizes)
    x = random.normal(size=len(codes)) + 1.0
    effects = random.multivariate_normal([0.0, 0.0], [[1.0, 0.3], [0.3, 0.64]], size=12)
    y = 1.0 + 0.5 * x + effects[codes, 0] + effects[codes, 1] * x + 0.4 * random.normal(size=len(codes))
    return Rows(("x1", "y"), codes, np.column_stack([x, y]))


@pytest.mark.parametrize("restricted", [True, False])
def test_at_the_ends_of_random_slopes_the_profile_meets_the_cut(restricted: bool) -> None:
    rows = slope_rows()
    fit = fitted(rows, "random_slope", ("x1",))
    assert isinstance(fit, MixedFit)
    found = variance_intervals(rows.moments, fit, RandomEffects(True, ("x1",), True), restricted)
    assert isinstance(found, VarianceIntervals)
    psi, sigma2 = (fit.group_covariance.psi, fit.sigma2) if restricted else (fit.ml_psi, fit.ml_sigma2)
    best = np.array([*np.sqrt(np.diag(psi)), psi[0, 1] / np.sqrt(psi[0, 0] * psi[1, 1]), np.sqrt(sigma2)])
    least = dense_deviance(rows, psi, sigma2, restricted, [0])

    def profile(fixed: int, at: float) -> float:
        def deviance(free: Array) -> float:
            a, b, r, s = np.insert(free, fixed, 0.0)
            values = np.array([np.exp(a), np.exp(b), np.tanh(r), np.exp(s)])
            values[fixed] = at
            a, b, r, s = values
            return dense_deviance(rows, np.array([[a * a, r * a * b], [r * a * b, b * b]]), s * s, restricted, [0])

        start = np.delete(np.array([np.log(best[0]), np.log(best[1]), np.arctanh(best[2]), np.log(best[3])]), fixed)
        end = minimize(deviance, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000})
        return float(end.fun) - least

    intervals = [*found.deviations, found.correlations[0].interval, found.residual]
    for fixed, interval in enumerate(intervals):
        for end in ends(interval):
            assert end not in (0.0, 1.0, -1.0)
            assert profile(fixed, end) == pytest.approx(CUT, abs=1e-3)


def test_a_random_intercept_through_the_general_search_has_the_closed_intervals() -> None:
    rows = grouped_rows(UNBALANCED, tau=1.5, seed=56)
    fit = fitted(rows, "random_intercept")
    assert isinstance(fit, MixedFit)
    reg = regressors(rows.moments, tuple((c.column, c.role) for c in fit.coefficients))
    design = EffectsDesign.of(reg, RandomEffects(True, (), True))
    likelihood = SlopeLikelihood(RotatedGroups.of(reg, design.columns), design.home, True, True)
    region = SlopeRegion.of(likelihood, np.array([1.0, 0.0]), 0.95)
    closed = intercept_intervals(rows.moments, fit)
    assert isinstance(closed, VarianceIntervals)
    for sign, end in zip((-1.0, 1.0), ends(closed.deviations[0]), strict=True):
        value = region.extreme(likelihood.quantity(0), sign)
        assert not isinstance(value, Undefined)
        assert np.exp(value) * reg.scale[-1] == pytest.approx(end, rel=1e-5)


def test_the_gradients_are_those_of_the_functions() -> None:
    rows = slope_rows()
    fit = fitted(rows, "random_slope", ("x1",))
    assert isinstance(fit, MixedFit)
    reg = regressors(rows.moments, tuple((c.column, c.role) for c in fit.coefficients))
    design = EffectsDesign.of(reg, RandomEffects(True, ("x1",), True))
    at, step = np.array([1.2, 0.3, 0.7, -0.4]), 1e-5
    for restricted in (True, False):
        likelihood = SlopeLikelihood(RotatedGroups.of(reg, design.columns), design.home, restricted, True)
        for function in (likelihood.deviance, likelihood.quantity(0), likelihood.quantity(1), likelihood.quantity(0, 1)):
            slope = [(function(at + step * e)[0] - function(at - step * e)[0]) / (2 * step) for e in np.eye(4)]
            np.testing.assert_allclose(function(at)[1], slope, rtol=1e-5, atol=1e-6)


def test_a_singular_fit_has_a_correlation_that_reaches_one() -> None:
    moments = dragons()
    levels = column_levels(moments)[:-1]
    fit = fit_all(moments, levels, ("bodyLength2",))["random_slope"]
    found = variance_intervals(moments, fit, RandomEffects(True, ("bodyLength2",), True))
    assert isinstance(found, VarianceIntervals)
    assert found.correlations[0].interval.low == -1.0
    assert isinstance(found.icc, Undefined)
    assert isinstance(fit, MixedFit)
    for interval, variance in zip(found.deviations, np.diag(fit.group_covariance.psi), strict=True):
        low, high = ends(interval)
        assert low < np.sqrt(variance) < high


def test_a_random_slope_of_variance_zero_has_an_upper_end() -> None:
    """The end against the deviance with the slope's standard deviation held there, sigma set to its best."""
    rows = grouped_rows((9, 7, 8, 10, 6, 9, 12, 8), (0.5,), (0.5,), tau=0.0, seed=80)
    effects = RandomEffects(False, ("x1",), True)
    fit = fit_variants(rows.moments, rows.levels, effects)["within_between_slope"]
    assert isinstance(fit, MixedFit)
    found = variance_intervals(rows.moments, fit, effects)
    assert isinstance(found, VarianceIntervals)
    low, high = ends(found.deviations[0])
    assert fit.group_covariance.psi[0, 0] == low == 0.0
    assert 0.05 < high < 1.0
    x = rows.values[:, 0]
    means = np.array([x[rows.codes == j].mean() for j in range(rows.n_groups)])[rows.codes]
    design = np.column_stack([np.ones(len(x)), x - means, means])
    same = (rows.codes[:, None] == rows.codes[None, :]) * np.outer(x - means, x - means)

    def deviance(deviation: float, sigma: float) -> float:
        v = sigma**2 * np.eye(len(x)) + deviation**2 * same
        m = design.T @ np.linalg.solve(v, design)
        rest = rows.values[:, 1] - design @ np.linalg.solve(m, design.T @ np.linalg.solve(v, rows.values[:, 1]))
        return float(np.linalg.slogdet(v)[1] + np.linalg.slogdet(m)[1] + rest @ np.linalg.solve(v, rest))

    def held(free: Array) -> float:
        return deviance(high, float(free[0]))

    at_end = float(minimize(held, np.array([0.9]), method="Nelder-Mead", tol=1e-9).fun)
    assert at_end - deviance(0.0, float(np.sqrt(fit.sigma2))) == pytest.approx(CUT, abs=1e-3)


def test_uncorrelated_effects_have_no_correlation() -> None:
    rows = slope_rows()
    effects = RandomEffects(True, ("x1",), False)
    fit = fit_variants(rows.moments, rows.levels, effects)["random_slope"]
    found = variance_intervals(rows.moments, fit, effects)
    assert isinstance(found, VarianceIntervals)
    assert found.correlations == ()
    assert isinstance(fit, MixedFit)
    for interval, variance in zip(found.deviations, np.diag(fit.group_covariance.psi), strict=True):
        low, high = ends(interval)
        assert low < np.sqrt(variance) < high


def test_a_model_without_random_effects_has_no_such_intervals() -> None:
    rows = slope_rows()
    assert isinstance(variance_intervals(rows.moments, fitted(rows, "pooled"), RandomEffects(True, (), True)), Undefined)
