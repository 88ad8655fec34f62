"""The robust test of several coefficients, against CR2 with every matrix written out."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows
from numpy.typing import NDArray
from reference_moments import dragons, fit_all

from reportgen.column_levels import column_levels
from reportgen.estimation.random_intercept import Profile, SizeClasses
from reportgen.estimation.regressors import regressors
from reportgen.estimation.robust import WorkingModel
from reportgen.estimation.robust_wald import robust_wald, wishart_df
from reportgen.estimation.small_sample import ScaledF
from reportgen.fits import Issue, MixedFit, Undefined, coefficient
from reportgen.hausman import HausmanTable, hausman_table
from reportgen.hypothesis_tests import contextual_test

Array = NDArray[np.float64]


def root(matrix: Array, power: float) -> Array:
    """Symmetric power of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-10 * values[-1]
    return np.asarray((vectors[:, kept] * values[kept] ** power) @ vectors[:, kept].T)


def dense_test(design: Array, residual: Array, v: Array, codes: NDArray[np.int64], contrasts: Array) -> tuple[Array, float]:
    """CR2 covariance of the contrasts and eta of HTZ (Pustejovsky & Tipton 2018, equations 15 to 19), from the rows."""
    inverse_v = np.linalg.inv(v)
    m = np.linalg.inv(design.T @ inverse_v @ design)
    hat = design @ m @ design.T @ inverse_v
    bread = contrasts @ m
    omega = root(contrasts @ m @ contrasts.T, -0.5)
    scores, forms = [], []
    for j in range(codes.max() + 1):
        own = codes == j
        d = np.linalg.cholesky(v[np.ix_(own, own)]).T
        inner = d @ (v[np.ix_(own, own)] - design[own] @ m @ design[own].T) @ d.T
        adjust = d.T @ root(inner, -0.5) @ d
        rows = bread @ design[own].T @ inverse_v[np.ix_(own, own)] @ adjust
        scores.append(rows @ residual[own])
        forms.append(omega @ rows @ (np.eye(len(codes)) - hat)[own])  # (m, N): what each contrast takes of the errors
    covariance = np.sum([np.outer(score, score) for score in scores], axis=0)
    k = len(contrasts)
    total = 0.0
    for s in range(k):
        for t in range(k):
            form = np.sum([np.outer(f[s], f[t]) for f in forms], axis=0)
            form = 0.5 * (form + form.T)
            total += 2.0 * np.trace(form @ v @ form @ v)
    return np.asarray(covariance), k * (k + 1) / total


@pytest.mark.parametrize("sizes", [(4, 5, 6, 3, 7, 4, 5, 6, 8), UNBALANCED])
def test_it_is_the_test_from_the_rows(sizes: tuple[int, ...]) -> None:
    rows = grouped_rows(sizes, (0.5, -1.0), (2.0, 0.0), seed=71)
    fit = fit_all(rows.moments, rows.levels)["mundlak"]
    assert isinstance(fit, MixedFit)
    reg = regressors(rows.moments, tuple((c.column, c.role) for c in fit.coefficients))
    ratio = float(fit.group_covariance.psi[0, 0] / fit.sigma2)
    profile = Profile(SizeClasses.of(reg), np.array([ratio]), restricted=True)
    model = WorkingModel.of(reg, profile.beta[0], profile.inverse[0], (np.eye(6, 1), np.array([[ratio]])))
    contrasts = np.eye(5)[3:]
    x = rows.values[:, :2]
    means = np.array([x[rows.codes == j].mean(axis=0) for j in range(rows.n_groups)])[rows.codes]
    design = np.column_stack([np.ones(len(x)), x, means])
    beta = np.array([c.estimate for c in fit.coefficients])
    v = np.eye(len(x)) + ratio * (rows.codes[:, None] == rows.codes[None, :])
    covariance, eta = dense_test(design, rows.values[:, 2] - design @ beta, v, rows.codes, contrasts)
    found = robust_wald(model, contrasts, profile.beta[0][3:])
    assert isinstance(found, ScaledF)
    wald = beta[3:] @ np.linalg.solve(covariance, beta[3:])
    assert wishart_df(model, contrasts) == pytest.approx(eta, rel=1e-7)
    assert found.df1 == 2
    assert found.df2 == pytest.approx(eta - 1.0, rel=1e-7)
    assert found.f == pytest.approx((eta - 1.0) / (2.0 * eta) * wald, rel=1e-7)


def test_with_one_contrast_it_is_the_square_of_bell_and_mccaffreys_t() -> None:
    moments = dragons()
    levels = column_levels(moments)[:-1]
    fits = fit_all(moments, levels)
    table = hausman_table(moments, levels, fits, contextual_test(moments, fits["mundlak"]))
    assert isinstance(table, HausmanTable)
    form = next(form for form in table.forms if form.form == "mundlak_cr2")
    mundlak = fits["mundlak"]
    assert isinstance(mundlak, MixedFit)
    assert coefficient(mundlak, "bodyLength2", "contextual") is not None
    cr2 = next(errors for errors in mundlak.robust if errors.method == "CR2")
    single = next(c for c in cr2.coefficients if c.role == "contextual")
    assert not isinstance(single.statistic, Undefined)
    assert form.statistic == pytest.approx(single.statistic**2, rel=1e-9)
    assert form.df == pytest.approx((1.0, single.df), rel=1e-9)
    assert form.p_value == pytest.approx(single.p_value, rel=1e-8)


def test_more_contrasts_than_groups_have_no_test() -> None:
    rows = grouped_rows((5, 6, 7, 4, 9), (0.5, -1.0, 0.2), (2.0, 0.0, 1.0), seed=72)
    fit = fit_all(rows.moments, rows.levels)["mundlak"]
    assert isinstance(fit, MixedFit)
    reg = regressors(rows.moments, tuple((c.column, c.role) for c in fit.coefficients))
    profile = Profile(SizeClasses.of(reg), np.array([0.5]), restricted=True)
    model = WorkingModel.of(reg, profile.beta[0], profile.inverse[0], (np.eye(8, 1), np.array([[0.5]])))
    found = robust_wald(model, np.eye(7)[1:], profile.beta[0][1:])
    assert isinstance(found, Undefined)
    assert found.reason.code == "robust_covariance_singular"


def test_a_group_that_decides_a_coefficient_alone_leaves_no_test() -> None:
    base = grouped_rows((5, 6, 7, 4, 9, 6), seed=73)
    only = np.where(base.codes == 2, np.random.default_rng(5).normal(size=len(base.codes)), 0.0)  # varies in one group only
    rows = Rows(("only", *base.columns), base.codes, np.column_stack([only, base.values]))
    fits = fit_all(rows.moments, rows.levels)
    table = hausman_table(rows.moments, rows.levels, fits, contextual_test(rows.moments, fits["mundlak"]))
    assert isinstance(table, HausmanTable)
    form = next(form for form in table.forms if form.form == "mundlak_cr2")
    assert isinstance(form.statistic, Undefined)
    assert isinstance(form.p_value, Undefined)
    assert form.statistic.reason.code == "one_group_decides"


def test_degrees_of_freedom_below_zero_are_told_as_too_few_groups() -> None:
    """The model has rows enough; what lacks is groups for so many contrasts at once."""
    rows = grouped_rows((5, 6, 7, 4, 9, 6), (0.5, -1.0, 0.2, 0.1), (2.0, 0.0, 1.0, 0.5), seed=65)
    fits = fit_all(rows.moments, rows.levels)
    table = hausman_table(rows.moments, rows.levels, fits, contextual_test(rows.moments, fits["mundlak"]))
    assert isinstance(table, HausmanTable)
    form = next(form for form in table.forms if form.form == "mundlak_cr2")
    assert isinstance(form.statistic, Undefined)
    assert form.statistic.reason == Issue("robust_covariance_singular", {"n_groups": 6, "n_contrasts": 4})
