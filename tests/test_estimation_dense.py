"""Mixed models from group moments, held against explicit matrices and numerical derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from constructed import Rows, grouped_rows
from dense import DenseModel, DenseSandwich
from numpy.typing import NDArray

from reportgen.column_levels import column_levels
from reportgen.estimation.least_squares import fit_absorbed, fit_pooled
from reportgen.estimation.mixed import fit_random_intercept
from reportgen.estimation.random_slopes import RandomEffects, fit_random_slopes
from reportgen.estimation.regressors import regressors, terms_of
from reportgen.fits import LeastSquaresFit, MixedFit, Undefined
from reportgen.moments import GroupMoments
from reportgen.variants import CATALOGUE

Array = NDArray[np.float64]

VARIANTS = {variant.id: variant for variant in CATALOGUE}
SIZES = (1, 2, 3, 5, 8, 9, 4, 4, 1, 7, 5)
INTERCEPT = RandomEffects(True, (), True)


def sloped_rows(seed: int = 3, slope: float = 0.8, shift: float = 0.0) -> Rows:
    """Two predictors, unbalanced groups with singletons, slopes of x1 that differ between groups."""
    rows = grouped_rows(SIZES, (0.5, -1.0), (2.0, 0.3), tau=1.2, seed=seed)
    random = np.random.default_rng(seed + 100)
    values = rows.values.copy()
    values[:, -1] += slope * random.normal(size=rows.n_groups)[rows.codes] * values[:, 0]
    values[:, 0] += shift
    return Rows(rows.columns, rows.codes, values)


def weights_of(rows: Rows) -> Array:
    return np.random.default_rng(8).uniform(0.3, 3.0, size=len(rows.codes))


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A fit and the same model by explicit matrices, in the same columns and at the same variances."""

    fit: MixedFit
    model: DenseModel
    at: Array
    at_ml: Array


def fixed_columns(rows: Rows, fit: MixedFit | LeastSquaresFit, weights: Array) -> Array:
    """(N, p) columns of the coefficients of a fit."""
    position = {name: i for i, name in enumerate(rows.columns)}
    made = []
    for c in fit.coefficients:
        if c.role == "intercept":
            made.append(np.ones(len(rows.codes)))
            continue
        x = rows.values[:, position[c.column]]
        mean = (np.bincount(rows.codes, weights * x) / np.bincount(rows.codes, weights))[rows.codes]
        made.append({"raw": x, "within": x - mean, "between": mean, "contextual": mean, "group_level": x}[c.role])
    return np.column_stack(made)


@cache
def pair(variant: str, effects: RandomEffects, seed: int = 3, weighted: bool = False) -> Pair:
    rows = sloped_rows(seed)
    weights = weights_of(rows) if weighted else np.ones(len(rows.codes))
    moments = GroupMoments.from_rows(
        rows.columns, rows.codes, rows.values, rows.n_groups, weights=weights if weighted else None
    )
    reg = regressors(moments, terms_of(VARIANTS[variant], column_levels(moments)[:-1]))
    is_sloped = VARIANTS[variant].estimator == "random_slopes"
    fit = fit_random_slopes(variant, reg, effects) if is_sloped else fit_random_intercept(variant, reg)
    assert isinstance(fit, MixedFit)
    x = fixed_columns(rows, fit, weights)
    places = [next(i for i, c in enumerate(fit.coefficients) if c.column == name) for name in effects.columns]
    z = x[:, ([0] if effects.intercept else []) + places]
    q = z.shape[1]
    free = tuple((i, k) for i in range(q) for k in range(i + 1) if i == k or effects.correlated)
    model = DenseModel(rows.values[:, -1], x, z, rows.codes, free, weights)
    psi = fit.group_covariance.psi
    return Pair(fit, model, model.parameters(fit.sigma2, psi), model.parameters(fit.ml_sigma2, fit.ml_psi))


CASES = [
    ("random_intercept", INTERCEPT),
    ("mundlak", INTERCEPT),
    ("within_between", INTERCEPT),
    ("random_slope", RandomEffects(True, ("x1",), True)),
    ("within_between_slope", RandomEffects(True, ("x1",), True)),
    ("random_slope", RandomEffects(True, ("x1",), False)),
    ("within_between_slope", RandomEffects(True, ("x1",), False)),
    ("random_slope", RandomEffects(False, ("x1",), True)),
    ("random_slope", RandomEffects(True, ("x1", "x2"), True)),
    ("within_between_slope", RandomEffects(True, ("x1", "x2"), False)),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("variant", "effects"), CASES)
def test_likelihoods_coefficients_and_modes(variant: str, effects: RandomEffects, weighted: bool) -> None:
    found = pair(variant, effects, weighted=weighted)
    fit, model = found.fit, found.model
    assert fit.reml_log_likelihood == pytest.approx(model.log_likelihood(found.at, True), rel=1e-11)
    assert fit.likelihood.log_likelihood == pytest.approx(model.log_likelihood(found.at_ml, False), rel=1e-11)
    assert fit.likelihood.n_parameters == model.p + len(found.at)
    beta, phi = model.gls(found.at)
    np.testing.assert_allclose([c.estimate for c in fit.coefficients], beta, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(fit.covariance, phi, rtol=1e-8, atol=1e-12)
    modes, errors = model.modes(found.at, fit.group_covariance.psi)
    np.testing.assert_allclose(fit.random_effects, modes, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.random_effect_errors, errors, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("variant", "effects"), CASES)
def test_no_step_raises_the_likelihood(variant: str, effects: RandomEffects) -> None:
    found = pair(variant, effects)
    psi = found.fit.group_covariance.psi
    assert "not_converged" not in [issue.code for issue in found.fit.issues]
    if not found.fit.group_covariance.is_singular:
        # Differences of the likelihood carry about 1e-8 of rounding over the step.
        np.testing.assert_allclose(found.model.score(found.at, True), 0.0, atol=1e-7)
    random = np.random.default_rng(5)
    best = found.model.log_likelihood(found.at, True)
    root = np.linalg.cholesky(psi + 1e-12 * np.trace(psi) * np.eye(len(psi)))
    for size in (0.003, 0.03, 0.3, 1.0):
        for _ in range(10):
            step = size * random.normal(size=root.shape)
            moved = root @ (np.eye(len(root)) + (np.tril(step) if effects.correlated else np.diag(np.diag(step))))
            if not effects.correlated:
                moved = np.diag(np.diag(moved))
            sigma2 = found.fit.sigma2 * np.exp(0.1 * size * random.normal())
            assert found.model.log_likelihood(found.model.parameters(sigma2, moved @ moved.T), True) <= best + 1e-8


@pytest.mark.parametrize(("variant", "effects"), CASES)
def test_satterthwaite_by_numerical_hessian(variant: str, effects: RandomEffects) -> None:
    found = pair(variant, effects, seed=12)  # no case is singular: on the boundary the observed information is not used
    assert not found.fit.group_covariance.is_singular
    for i, c in enumerate(found.fit.coefficients):
        expected = found.model.satterthwaite(found.at, np.eye(found.model.p)[i])
        assert c.df == pytest.approx(expected, rel=2e-4)  # second differences of second differences


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("variant", "effects"), CASES)
def test_kenward_roger_written_out(variant: str, effects: RandomEffects, weighted: bool) -> None:
    found = pair(variant, effects, weighted=weighted)
    for i, c in enumerate(found.fit.kenward_roger):
        error, df = found.model.kenward_roger(found.at, np.eye(found.model.p)[i])
        assert c.std_error == pytest.approx(error, rel=1e-7)
        assert c.df == pytest.approx(df, rel=1e-6)


def small_sample_factor(n: int, groups: int, p: int) -> float:
    return float(np.sqrt(groups / (groups - 1) * (n - 1) / (n - p)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("variant", "effects"), CASES)
def test_robust_errors_of_mixed_models_written_out(variant: str, effects: RandomEffects, weighted: bool) -> None:
    found = pair(variant, effects, weighted=weighted)
    model = found.model
    residual = model.y - model.x @ model.gls(found.at)[0]
    compare_robust(found.fit, sandwich(model.x, residual, model.covariance(found.at), model.codes, model.weights), model.p)


def sandwich(x: Array, residual: Array, v: Array, codes: NDArray[np.int64], weights: Array) -> DenseSandwich:
    """Of rows multiplied by the root of their prior weight."""
    root = np.sqrt(weights)
    return DenseSandwich(x * root[:, None], residual * root, v * np.outer(root, root), codes)


def compare_robust(fit: MixedFit | LeastSquaresFit, dense: DenseSandwich, p_counted: int) -> None:
    factor = small_sample_factor(len(dense.x), len(dense.groups()), p_counted)
    assert [robust.method for robust in fit.robust] == ["CR1", "CR2", "CR3"]
    for robust in fit.robust:
        assert len(robust.coefficients) == len(fit.coefficients)
        for i, c in enumerate(robust.coefficients):
            contrast = np.eye(dense.x.shape[1])[i]
            grow = 1.0 if robust.method == "CR2" else factor
            assert c.estimate == pytest.approx(fit.coefficients[i].estimate, rel=1e-12)
            assert c.std_error == pytest.approx(grow * dense.error(robust.method, contrast), rel=1e-7)
            expected = dense.df(contrast) if robust.method == "CR2" else len(dense.groups()) - 1
            assert c.df == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_robust_errors_of_least_squares_written_out(weighted: bool) -> None:
    rows = sloped_rows()
    weights = weights_of(rows) if weighted else np.ones(len(rows.codes))
    moments = GroupMoments.from_rows(
        rows.columns, rows.codes, rows.values, rows.n_groups, weights=weights if weighted else None
    )
    levels = column_levels(moments)[:-1]
    y, v = rows.values[:, -1], np.diag(1.0 / weights)
    pooled = fit_pooled("pooled", regressors(moments, terms_of(VARIANTS["pooled"], levels)))
    assert isinstance(pooled, LeastSquaresFit)
    x = fixed_columns(rows, pooled, weights)
    residual = y - x @ np.array([c.estimate for c in pooled.coefficients])
    compare_robust(pooled, sandwich(x, residual, v, rows.codes, weights), x.shape[1])
    absorbed = fit_absorbed("no_pooling", regressors(moments, terms_of(VARIANTS["no_pooling"], levels)))
    assert isinstance(absorbed, LeastSquaresFit)
    more = np.bincount(rows.codes)[rows.codes] > 1
    x = fixed_columns(rows, absorbed, weights)[more]
    y_mean = (np.bincount(rows.codes, weights * y) / np.bincount(rows.codes, weights))[rows.codes]
    residual = (y - y_mean)[more] - x @ np.array([c.estimate for c in absorbed.coefficients])
    inside = v[np.ix_(more, more)]
    compare_robust(absorbed, sandwich(x, residual, inside, rows.codes[more], weights[more]), x.shape[1] + 1)


def test_absorbed_dummies_count_in_the_leverage() -> None:
    """CR2 with the group dummies as columns is CR2 on the within columns (generalised inverse for the dummies)."""
    rows = grouped_rows((5, 6, 7, 8, 4), (0.5,), (2.0,))
    fit = fit_absorbed("no_pooling", regressors(rows.moments, terms_of(VARIANTS["no_pooling"], rows.levels)))
    assert isinstance(fit, LeastSquaresFit)
    dummies = np.eye(rows.n_groups)[rows.codes]
    x = np.column_stack([rows.values[:, 0], dummies])
    residual = rows.values[:, 1] - x @ np.linalg.lstsq(x, rows.values[:, 1])[0]
    dense = DenseSandwich(x, residual, np.eye(len(x)), rows.codes)
    c = fit.robust[1].coefficients[0]
    assert c.std_error == pytest.approx(dense.error("CR2", np.eye(x.shape[1])[0]), rel=1e-8)
    assert c.df == pytest.approx(dense.df(np.eye(x.shape[1])[0]), rel=1e-8)


def test_the_intraclass_correlation_needs_a_single_intercept() -> None:
    assert not isinstance(pair("random_intercept", INTERCEPT).fit.icc, Undefined)
    undefined = pair("random_slope", RandomEffects(True, ("x1",), True)).fit.icc
    assert isinstance(undefined, Undefined)
    assert undefined.reason.code == "icc_with_slopes"
