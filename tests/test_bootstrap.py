"""Parametric bootstrap from moments: the samples have the right distribution, the refits are the right fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows
from numpy.typing import NDArray
from reference_moments import fit_all

import reportgen.estimation.simulated as simulated_module
from reportgen.estimation.bootstrap import Bootstrap, bootstrap
from reportgen.estimation.many_intercepts import optimise_many
from reportgen.estimation.random_intercept import SizeClasses, optimise
from reportgen.estimation.random_slopes import EffectsDesign, RandomEffects, fit_random_slopes
from reportgen.estimation.regressors import Regressors, regressors
from reportgen.estimation.simulated import InterceptModel, SimulatedIntercepts, draw_cross_products
from reportgen.estimation.slope_bootstrap import SlopeModel, _factor, _search, _snapped, draw_slopes
from reportgen.estimation.slope_profile import RotatedGroups, SlopeProfile
from reportgen.fits import MixedFit, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]
INTERCEPT_ONLY = RandomEffects(True, (), True)
SLOPES = RandomEffects(True, ("x1",), True)


def mixed(rows: Rows, variant: str, slopes: tuple[str, ...] = ()) -> MixedFit:
    fit = fit_all(rows.moments, rows.levels, slopes)[variant]
    assert isinstance(fit, MixedFit)
    return fit


def columns_of(rows: Rows, fit: MixedFit) -> Regressors:
    return regressors(rows.moments, tuple((c.column, c.role) for c in fit.coefficients))


def drawn(rows: Rows, variant: str, n_samples: int, seed: int = 1) -> SimulatedIntercepts:
    fit = mixed(rows, variant)
    reg = columns_of(rows, fit)
    model = InterceptModel(np.array([0.3, -0.2, 0.4][: reg.n_terms]), 0.7, 0.9)
    (samples,) = SimulatedIntercepts.draw(reg, model, n_samples, seed)
    return samples


@pytest.mark.parametrize("variant", ["random_intercept", "mundlak"])
def test_refits_in_step_are_the_fits_one_by_one(variant: str) -> None:
    samples = drawn(grouped_rows(UNBALANCED, seed=61), variant, 40)
    solved = optimise_many(samples)
    for r in range(40):
        outer = samples.classes.outer.copy()
        outer[:, :, -1] = outer[:, -1, :] = samples.between[r]
        within = samples.classes.within.copy()
        within[:, -1] = within[-1, :] = samples.within[r]
        own = SizeClasses(samples.classes.size, samples.classes.count, outer, within, samples.classes.n_rows)
        alone = optimise(own, restricted=True)
        assert solved.gamma[r] == pytest.approx(alone.gamma, rel=1e-7, abs=1e-12)
        assert solved.sigma2[r] == pytest.approx(alone.sigma2, rel=1e-9)


def test_samples_have_the_distribution_of_rows() -> None:
    """Means and covariances of the moments of 20,000 samples, against those of as many samples of rows."""
    rows = grouped_rows((2, 3, 3, 5), seed=62)
    samples = drawn(rows, "random_intercept", 20_000)
    reg = columns_of(rows, mixed(rows, "random_intercept"))
    scaled = np.column_stack([np.ones(13), (rows.values[:, 0] - reg.centre[1]) / reg.scale[1]])
    random = np.random.default_rng(2)
    effects = np.sqrt(0.9) * random.normal(size=(20_000, 4))[:, rows.codes]
    y = scaled @ np.array([0.3, -0.2]) + effects + np.sqrt(0.7) * random.normal(size=(20_000, 13))
    member = np.eye(4)[rows.codes]
    mean_y = y @ member / member.sum(axis=0)
    mean_x = scaled[:, 1] @ member / member.sum(axis=0)
    deviation = y - mean_y[:, rows.codes]
    by_rows = np.column_stack(
        [
            deviation @ (scaled[:, 1] - mean_x[rows.codes]),
            (deviation**2).sum(axis=1),
            mean_y[:, [0, 3]],
            mean_y[:, 1] + mean_y[:, 2],
            (mean_y[:, 1:3] ** 2).sum(axis=1),
        ]
    )
    by_moments = np.column_stack(
        [samples.within[:, 1:], samples.between[:, [0, 2], 0], samples.between[:, 1, 0], samples.between[:, 1, -1]]
    )
    spread = by_rows.std(axis=0)
    np.testing.assert_allclose(by_moments.mean(axis=0) / spread, by_rows.mean(axis=0) / spread, atol=0.04)
    np.testing.assert_allclose(
        np.cov(by_moments.T) / np.outer(spread, spread), np.cov(by_rows.T) / np.outer(spread, spread), atol=0.08
    )


def test_cross_products_of_dependent_columns_keep_their_dependence() -> None:
    x = np.random.default_rng(3).normal(size=(12, 2))
    x = np.column_stack([x, x @ np.array([1.0, 2.0]), np.zeros(12)])
    stream = np.random.default_rng(4)
    found = draw_cross_products(x.T @ x, np.array([1.0, 0.0, 0.0, 5.0]), 0.5, 12, 200, stream)
    np.testing.assert_allclose(found[:, 2], found[:, 0] + 2 * found[:, 1], rtol=1e-8, atol=1e-8)
    assert not found[:, 3].any()
    assert found[:, 4].mean() == pytest.approx((x[:, 0] ** 2).sum() + 0.5 * 12, rel=0.1)


def test_in_large_samples_the_intervals_are_the_models() -> None:
    rows = grouped_rows((6, 9) * 60, (0.5, -1.0), (0.5, -1.0), seed=63)
    fit = mixed(rows, "random_intercept")
    found = bootstrap(rows.moments, fit, INTERCEPT_ONLY, n_samples=2000)
    assert isinstance(found, Bootstrap)
    for own, model in zip(found.coefficients, fit.coefficients, strict=True):
        assert (own.column, own.role) == (model.column, model.role)
        assert own.interval.low == pytest.approx(model.conf_low, abs=0.2 * model.std_error)
        assert own.interval.high == pytest.approx(model.conf_high, abs=0.2 * model.std_error)
    (tau,) = found.deviations
    assert not isinstance(tau.low, Undefined)
    assert not isinstance(tau.high, Undefined)
    assert tau.low < np.sqrt(fit.group_covariance.psi[0, 0]) < tau.high
    assert found.singular_share == 0.0


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    rows = grouped_rows(UNBALANCED, seed=64)
    fit = mixed(rows, "mundlak")
    first = bootstrap(rows.moments, fit, INTERCEPT_ONLY, n_samples=50)
    assert bootstrap(rows.moments, fit, INTERCEPT_ONLY, n_samples=50) == first
    assert bootstrap(rows.moments, fit, INTERCEPT_ONLY, n_samples=50, seed=9) != first


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = grouped_rows(UNBALANCED, seed=65)
    fit = mixed(rows, "random_intercept")
    whole = bootstrap(rows.moments, fit, INTERCEPT_ONLY, n_samples=50)
    monkeypatch.setattr(simulated_module, "BLOCK", 200)
    parts = bootstrap(rows.moments, fit, INTERCEPT_ONLY, n_samples=50)
    assert isinstance(whole, Bootstrap)
    assert isinstance(parts, Bootstrap)
    assert parts.residual.low == pytest.approx(whole.residual.low, rel=1e-9)
    assert parts.deviations[0].high == pytest.approx(whole.deviations[0].high, rel=1e-7)


def test_without_group_variance_half_of_the_samples_have_none() -> None:
    rows = grouped_rows((8,) * 40, (0.5,), (0.5,), tau=0.0, seed=69)
    values = rows.values.copy()
    values[:, 1] -= 0.9 * np.array([values[rows.codes == j, 1].mean() for j in range(40)])[rows.codes]
    rows = replace(rows, values=values)
    fit = mixed(rows, "random_intercept")
    assert fit.group_covariance.is_singular
    found = bootstrap(rows.moments, fit, INTERCEPT_ONLY, n_samples=600)
    assert isinstance(found, Bootstrap)
    assert 0.4 < found.singular_share < 0.7
    assert found.deviations[0].low == 0.0


def slope_rows(seed: int = 66) -> Rows:
    random = np.random.default_rng(seed)
    codes = np.repeat(np.arange(14), [1, 2, 9, 7, 8, 10, 6, 12, 9, 7, 8, 5, 3, 9])
    x = random.normal(size=len(codes)) + 1.0
    effects = random.multivariate_normal([0.0, 0.0], [[1.0, 0.3], [0.3, 0.64]], size=14)
    y = 1.0 + 0.5 * x + effects[codes, 0] + effects[codes, 1] * x + 0.5 * random.normal(size=len(codes))
    return Rows(("x1", "y"), codes, np.column_stack([x, y]))


def test_a_sample_with_random_slopes_is_fitted_as_the_estimator_fits_rows() -> None:
    """The quick search of the bootstrap, on rows drawn from the model, against the certified one."""
    rows = slope_rows()
    fit = mixed(rows, "random_slope", ("x1",))
    for seed in range(8):
        random = np.random.default_rng(seed)
        effects = random.multivariate_normal([0.0, 0.0], fit.group_covariance.psi, size=14)
        y = fit.coefficients[0].estimate + fit.coefficients[1].estimate * rows.values[:, 0] + effects[rows.codes, 0]
        y = y + effects[rows.codes, 1] * rows.values[:, 0] + np.sqrt(fit.sigma2) * random.normal(size=len(y))
        moments = GroupMoments.from_rows(rows.columns, rows.codes, np.column_stack([rows.values[:, 0], y]), 14)
        reg = regressors(moments, (("(Intercept)", "intercept"), ("x1", "raw")))
        certified = fit_random_slopes("random_slope", reg, SLOPES)
        assert isinstance(certified, MixedFit)
        design = EffectsDesign.of(reg, SLOPES)
        groups = RotatedGroups.of(reg, design.columns)
        away = np.linalg.inv(design.home)
        factor = _search(groups, _factor(away @ fit.group_covariance.psi @ away.T / fit.sigma2, True), True)
        profile = SlopeProfile(groups, factor)
        psi = profile.sigma2(True) * reg.scale[-1] ** 2 * design.home @ factor @ factor.T @ design.home.T
        expected = certified.group_covariance.psi
        unit = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
        np.testing.assert_allclose(psi / unit, expected / unit, atol=1e-3)


def test_samples_with_random_slopes_have_the_distribution_of_rows() -> None:
    """Generalised least squares of each sample at the model's own variances: mean beta, covariance the model's."""
    rows = slope_rows()
    fit = mixed(rows, "random_slope", ("x1",))
    reg = columns_of(rows, fit)
    design = EffectsDesign.of(reg, SLOPES)
    groups = RotatedGroups.of(reg, design.columns)
    away = np.linalg.inv(design.home)
    relative = away @ (fit.group_covariance.psi / fit.sigma2) @ away.T
    beta = np.array([0.3, -0.2])
    factor = np.linalg.cholesky(relative)
    found, residual = [], []
    for sample in draw_slopes(groups, SlopeModel(beta, 0.5, relative), 3000, 5):
        profile = SlopeProfile(sample, factor)
        found.append(profile.beta)
        residual.append(profile.sigma2(restricted=True))
    covariance = 0.5 * SlopeProfile(groups, factor).inverse
    spread = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(np.mean(found, axis=0) / spread, beta / spread, atol=0.08)
    np.testing.assert_allclose(
        np.cov(np.array(found).T) / np.outer(spread, spread), covariance / np.outer(spread, spread), atol=0.1
    )
    assert np.mean(residual) == pytest.approx(0.5, rel=0.02)
    assert np.var(residual) == pytest.approx(2 * 0.25 / (reg.n_rows - 2), rel=0.1)


def test_intervals_of_random_slopes() -> None:
    rows = slope_rows()
    fit = mixed(rows, "random_slope", ("x1",))
    found = bootstrap(rows.moments, fit, SLOPES, n_samples=100)
    assert isinstance(found, Bootstrap)
    assert found.terms == ("(Intercept)", "x1")
    assert isinstance(found.icc, Undefined)
    assert len(found.correlations) == 1
    for interval, variance in zip(found.deviations, np.diag(fit.group_covariance.psi), strict=True):
        assert not isinstance(interval.low, Undefined)
        assert not isinstance(interval.high, Undefined)
        assert interval.low < np.sqrt(variance) < interval.high


def test_uncorrelated_slopes_stay_uncorrelated() -> None:
    rows = slope_rows()
    effects = RandomEffects(True, ("x1",), False)
    fit = fit_random_slopes("random_slope", columns_of(rows, mixed(rows, "random_slope", ("x1",))), effects)
    found = bootstrap(rows.moments, fit, effects, n_samples=30)
    assert isinstance(found, Bootstrap)
    assert found.correlations == ()


def test_a_model_without_random_effects_is_not_sampled() -> None:
    rows = grouped_rows(UNBALANCED, seed=67)
    assert isinstance(bootstrap(rows.moments, fit_all(rows.moments, rows.levels)["pooled"], INTERCEPT_ONLY), Undefined)


@pytest.mark.parametrize(("slope_spread", "expected"), [(0.0, 0.0), (3.0, 0.001)])
def test_what_is_nearly_zero_is_zero_where_that_is_as_likely(slope_spread: float, expected: float) -> None:
    rows = grouped_rows((12,) * 10, tau=2.0, seed=5)
    x = rows.values[:, 0]
    own = np.tile([1.0, -1.0], 5)[rows.codes]
    flat = x - np.array([x[rows.codes == j].mean() for j in range(10)])[rows.codes]
    even = np.tile([1.0, -1.0], 60)
    y = 4.0 * own + slope_spread * own * flat + even  # with no spread, slopes of the groups differ less than by chance
    even_slope = np.array([flat[rows.codes == j] @ even[rows.codes == j] for j in range(10)])
    y = y - (even_slope / np.array([flat[rows.codes == j] @ flat[rows.codes == j] for j in range(10)]))[rows.codes] * flat
    moments = GroupMoments.from_rows(rows.columns, rows.codes, np.column_stack([x, y]), 10)
    reg = regressors(moments, (("(Intercept)", "intercept"), ("x1", "raw")))
    groups = RotatedGroups.of(reg, EffectsDesign.of(reg, SLOPES).columns)
    factor = np.diag([1.0, 0.001])
    snapped = _snapped(groups, factor)
    assert snapped[1, 1] == expected
    assert snapped[0, 0] == 1.0
    before, after = (SlopeProfile(groups, item).deviance(restricted=True) for item in (factor, snapped))
    assert after <= before + 1e-6
