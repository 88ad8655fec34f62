"""Identities between the variants, closed forms, invariances, and data at the edge."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows
from numpy.typing import NDArray
from reference_moments import dragons
from scipy.special import fdtrc

from reportgen.column_levels import column_levels
from reportgen.estimation import robust, stacks
from reportgen.estimation.independence import well_conditioned
from reportgen.estimation.least_squares import fit_absorbed
from reportgen.estimation.mixed import fit_random_intercept
from reportgen.estimation.random_slopes import RandomEffects, fit_random_slopes
from reportgen.estimation.regressors import INTERCEPT, Regressors, regressors, terms_of
from reportgen.estimation.runner import fit_variants
from reportgen.estimation.separate import fit_separate
from reportgen.estimation.slope_derivatives import slope_derivatives
from reportgen.estimation.slope_profile import RotatedGroups, SlopeProfile
from reportgen.fits import Coefficient, Fit, LeastSquaresFit, MixedFit, SeparateFit, Undefined, UnfitVariant
from reportgen.moments import GroupMoments
from reportgen.variants import CATALOGUE

Array = NDArray[np.float64]

VARIANTS = {variant.id: variant for variant in CATALOGUE}
SLOPE = RandomEffects(True, ("x1",), True)


def columns_of(moments: GroupMoments, variant: str) -> Regressors:
    return regressors(moments, terms_of(VARIANTS[variant], column_levels(moments)[:-1]))


def fit_all(moments: GroupMoments, effects: RandomEffects = SLOPE) -> dict[str, Fit]:
    return fit_variants(moments, column_levels(moments)[:-1], effects)


def fitted(fit: Fit) -> MixedFit | LeastSquaresFit:
    assert isinstance(fit, MixedFit | LeastSquaresFit)
    return fit


def mixed(fit: Fit) -> MixedFit:
    assert isinstance(fit, MixedFit)
    return fit


def found(fit: Fit, column: str, *roles: str) -> Coefficient:
    for item in fitted(fit).coefficients:
        if item.column == column and item.role in roles:
            return item
    raise AssertionError(f"{column} is not in {fit}")


# Identities


def test_dummies_within_and_mundlak_give_one_slope() -> None:
    fits = fit_all(grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.3)).moments)
    for column in ("x1", "x2"):
        dummies = found(fits["no_pooling"], column, "within")
        for variant, role in (("mundlak", "raw"), ("within_between", "within")):
            other = found(fits[variant], column, role)
            assert other.estimate == pytest.approx(dummies.estimate, rel=1e-10)
        within, between = (found(fits["within_between"], column, role) for role in ("within", "between"))
        assert found(fits["mundlak"], column, "contextual").estimate == pytest.approx(
            between.estimate - within.estimate, rel=1e-9
        )
    assert mixed(fits["mundlak"]).reml_log_likelihood == pytest.approx(mixed(fits["within_between"]).reml_log_likelihood)


def test_explicit_dummies_give_the_absorbed_fit() -> None:
    rows = grouped_rows((4, 5, 6, 3), (0.5,), (2.0,))
    fit = fitted(fit_absorbed("no_pooling", columns_of(rows.moments, "no_pooling")))
    design = np.column_stack([rows.values[:, 0], np.eye(4)[rows.codes]])
    beta, rss, *_ = np.linalg.lstsq(design, rows.values[:, 1])
    sigma2 = rss[0] / (len(design) - 5)
    error = np.sqrt(sigma2 * np.linalg.inv(design.T @ design)[0, 0])
    (c,) = fit.coefficients
    np.testing.assert_allclose([c.estimate, c.std_error, c.df], [beta[0], error, 13.0], rtol=1e-10)


def test_no_group_variance_is_pooled_regression() -> None:
    """Groups whose means are less spread than chance makes them."""
    rows = grouped_rows((6,) * 8, (0.7,), (0.7,), tau=0.0)
    values = rows.values.copy()
    residual = values[:, 1] - 0.7 * values[:, 0]
    values[:, 1] -= (np.bincount(rows.codes, residual) / 6)[rows.codes]
    fits = fit_all(Rows(rows.columns, rows.codes, values).moments, RandomEffects(True, (), True))
    intercept = mixed(fits["random_intercept"])
    assert intercept.group_covariance.psi.tolist() == [[0.0]]
    for ours, pooled in zip(intercept.coefficients, fitted(fits["pooled"]).coefficients, strict=True):
        assert ours.estimate == pytest.approx(pooled.estimate, rel=1e-13)
        assert ours.std_error == pytest.approx(pooled.std_error, rel=1e-13)
        assert ours.df == pooled.df


def test_one_random_intercept_either_way() -> None:
    moments = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.3)).moments
    for variant in ("random_intercept", "mundlak", "within_between"):
        reg = columns_of(moments, variant)
        closed = mixed(fit_random_intercept(variant, reg))
        searched = mixed(fit_random_slopes(variant, reg, RandomEffects(True, (), True)))
        assert searched.reml_log_likelihood == pytest.approx(closed.reml_log_likelihood, rel=1e-12)
        assert searched.icc == pytest.approx(closed.icc, rel=1e-7)
        np.testing.assert_allclose(searched.random_effects, closed.random_effects, rtol=1e-7)
        np.testing.assert_allclose(searched.random_effect_errors, closed.random_effect_errors, rtol=1e-7)
        for name in ("coefficients", "kenward_roger"):
            for a, b in zip(getattr(searched, name), getattr(closed, name), strict=True):
                assert a.estimate == pytest.approx(b.estimate, rel=1e-8)
                np.testing.assert_allclose([a.std_error, a.df], [b.std_error, b.df], rtol=1e-6)


def test_random_slopes_average_the_group_regressions_with_swamys_weights() -> None:
    """Swamy 1970: weights [psi + sigma2 (Z'Z)^-1]^-1, Z the intercept and the slope's column."""
    rows = sloped((5, 6, 7, 8, 9, 12, 6, 5))
    fit = mixed(fit_random_slopes("random_slope", columns_of(rows.moments, "random_slope"), SLOPE))
    weights, sums = np.zeros((2, 2)), np.zeros(2)
    for j in range(rows.n_groups):
        own = rows.values[rows.codes == j]
        z = np.column_stack([np.ones(len(own)), own[:, 0]])
        weight = np.linalg.inv(fit.group_covariance.psi + fit.sigma2 * np.linalg.inv(z.T @ z))
        weights += weight
        sums += weight @ np.linalg.lstsq(z, own[:, 1])[0]
    np.testing.assert_allclose([c.estimate for c in fit.coefficients], np.linalg.solve(weights, sums), rtol=1e-8)


# Degrees of freedom with a closed form


def test_closed_form_degrees_of_freedom_in_balanced_data() -> None:
    """Balanced random intercepts: N - J - k for slopes within groups, J - 1 - k_b for those between."""
    rows = grouped_rows((7,) * 11, (0.5, -1.0), (2.0, 0.3), tau=2.0)
    fit = mixed(fit_random_intercept("within_between", columns_of(rows.moments, "within_between")))
    for c in (*fit.coefficients, *fit.kenward_roger):
        assert c.df == pytest.approx(77 - 11 - 2 if c.role == "within" else 11 - 1 - 2, rel=1e-8)


def test_closed_form_degrees_of_freedom_of_balanced_slopes() -> None:
    """The same x in every group: intercept and slope are means of J group regressions, with J - 1 degrees of freedom."""
    rows = sloped((6,) * 9)
    values = rows.values.copy()
    slope = values[:, 1] - values[:, 0]
    values[:, 0] = np.tile(np.arange(6.0), 9)
    values[:, 1] = slope + (np.random.default_rng(4).normal(size=9) * 2.0)[rows.codes] * values[:, 0]
    moments = Rows(rows.columns, rows.codes, values).moments
    fit = mixed(fit_random_slopes("random_slope", columns_of(moments, "random_slope"), SLOPE))
    assert not fit.group_covariance.is_singular
    for c in (*fit.coefficients, *fit.kenward_roger):
        assert c.df == pytest.approx(8, rel=1e-8)


# Invariances


def sloped(sizes: tuple[int, ...], seed: int = 2, k: int = 1) -> Rows:
    rows = grouped_rows(sizes, (0.5, -1.0)[:k], (1.0, 0.3)[:k], tau=1.5, seed=seed)
    values = rows.values.copy()
    values[:, -1] += 2.0 * np.random.default_rng(seed + 50).normal(size=rows.n_groups)[rows.codes] * values[:, 0]
    return Rows(rows.columns, rows.codes, values)


def summary(fits: dict[str, Fit], x_unit: float, y_unit: float) -> dict[str, list[float]]:
    """Slopes, their errors and degrees of freedom by every method, in the units of the data before scaling."""
    out: dict[str, list[float]] = {}
    for name, fit in fits.items():
        if isinstance(fit, SeparateFit):
            out[name] = [*np.sort(fit.slopes[:, 0] / (y_unit / x_unit)), fit.f]  # type: ignore[list-item]
            continue
        own = fitted(fit)
        lists = [own.coefficients, *(errors.coefficients for errors in own.robust)]
        if isinstance(own, MixedFit):
            lists.append(own.kenward_roger)
            out[name + "/variances"] = [own.sigma2 / y_unit**2, own.group_covariance.psi[-1, -1] / (y_unit / x_unit) ** 2]
            if own.group_covariance.terms[-1] != "x1":
                out[name + "/variances"][1] *= x_unit**-2
        for i, items in enumerate(lists):
            slopes = [c for c in items if c.role != "intercept"]
            unit = y_unit / x_unit
            out[f"{name}/{i}"] = [v for c in slopes for v in (c.estimate / unit, c.std_error / unit, c.df, c.p_value)]  # type: ignore[misc]
    return out


def assert_same(ours: dict[str, list[float]], theirs: dict[str, list[float]], rel: float) -> None:
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], rtol=rel, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("x_unit", "x_shift", "y_unit", "y_shift", "rel"),
    [
        (1e12, 0.0, 1.0, 0.0, 1e-8),
        (1e-12, 0.0, 1.0, 0.0, 1e-8),
        (1.0, 0.0, 1e12, 0.0, 1e-8),
        (1.0, 0.0, 1e-12, 0.0, 1e-8),
        (1e-12, 0.0, 1e12, 0.0, 1e-8),
        # A shift by 2^30 rounds the data themselves to 1e-7, so the columns are made on that lattice first.
        (1.0, 2.0**30, 1.0, 0.0, 1e-8),
        (1.0, 0.0, 1.0, 2.0**30, 1e-8),
    ],
)
def test_scale_and_shift_change_no_estimate(x_unit: float, x_shift: float, y_unit: float, y_shift: float, rel: float) -> None:
    rows = sloped(UNBALANCED)
    lattice = np.round(rows.values * 2.0**20) / 2.0**20
    moved = lattice * [x_unit, y_unit] + [x_shift, y_shift]
    plain = fit_all(Rows(rows.columns, rows.codes, lattice).moments)
    other = fit_all(Rows(rows.columns, rows.codes, moved).moments)
    assert_same(summary(other, x_unit, y_unit), summary(plain, 1.0, 1.0), rel)


def test_the_order_of_rows_and_groups_changes_nothing() -> None:
    rows = sloped(UNBALANCED, k=2)
    order = np.random.default_rng(1).permutation(len(rows.codes))
    names = np.random.default_rng(2).permutation(rows.n_groups)
    moved = Rows(rows.columns, names[rows.codes[order]], rows.values[order])
    plain, other = fit_all(rows.moments), fit_all(moved.moments)
    assert_same(summary(other, 1.0, 1.0), summary(plain, 1.0, 1.0), 1e-9)
    np.testing.assert_allclose(
        mixed(other["random_slope"]).random_effects[names], mixed(plain["random_slope"]).random_effects, rtol=1e-6, atol=1e-9
    )


def test_correlated_effects_do_not_care_where_zero_lies_and_uncorrelated_ones_do() -> None:
    rows = sloped((5, 6, 7, 8, 9, 12, 6, 5))
    moved = Rows(rows.columns, rows.codes, rows.values + np.array([3.0, 0.0]))
    likelihoods = {}
    for correlated in (True, False):
        effects = RandomEffects(True, ("x1",), correlated)
        a, b = (mixed(fit_random_slopes("random_slope", columns_of(r.moments, "random_slope"), effects)) for r in (rows, moved))
        likelihoods[correlated] = (a.reml_log_likelihood, b.reml_log_likelihood)
        if correlated:
            back = np.array([[1.0, 3.0], [0.0, 1.0]])  # effects at the old zero from those at the new one
            np.testing.assert_allclose(back @ b.group_covariance.psi @ back.T, a.group_covariance.psi, rtol=1e-7)
            np.testing.assert_allclose(b.random_effects @ back.T, a.random_effects, rtol=1e-6, atol=1e-9)
    assert likelihoods[True][0] == pytest.approx(likelihoods[True][1], rel=1e-11)
    assert abs(likelihoods[False][0] - likelihoods[False][1]) > 1e-3


# The example's group moments; figures of lme4 1.1-31, pbkrtest 0.5-2 and pyfixest, the singular ones from 40-digit arithmetic


def test_the_singular_random_slope() -> None:
    fit = mixed(fit_all(dragons(), RandomEffects(True, ("bodyLength2",), True))["random_slope"])
    assert fit.group_covariance.is_singular
    assert np.linalg.matrix_rank(fit.group_covariance.psi, tol=1e-9) == 1
    slope = found(fit, "bodyLength2", "raw")
    assert slope.estimate == pytest.approx(-0.0332542007778, rel=1e-8)
    assert slope.std_error == pytest.approx(1.683169064, rel=1e-6)  # lme4
    assert fit.sigma2 == pytest.approx(221.577900932459, rel=1e-9)
    assert fit.reml_log_likelihood == pytest.approx(-1990.26114935602583, rel=1e-12)
    adjusted = fit.kenward_roger[1]
    assert adjusted.std_error == pytest.approx(1.7383, rel=1e-4)  # pbkrtest, at lme4's optimum
    assert adjusted.df == pytest.approx(6.50, abs=0.01)


def test_cluster_robust_errors_of_the_example() -> None:
    fits = fit_all(dragons(), RandomEffects(True, (), True))
    pooled = {r.method: r.coefficients[1] for r in fitted(fits["pooled"]).robust}
    absorbed = {r.method: r.coefficients[0] for r in fitted(fits["no_pooling"]).robust}
    assert pooled["CR1"].std_error == pytest.approx(3.599644273937, rel=1e-9)
    assert pooled["CR3"].std_error == pytest.approx(5.329, abs=5e-4)
    assert pooled["CR3"].p_value == pytest.approx(0.135, abs=5e-4)
    assert (pooled["CR1"].df, pooled["CR3"].df) == (7.0, 7.0)
    assert absorbed["CR1"].std_error == pytest.approx(1.665, abs=5e-4)
    assert absorbed["CR3"].std_error == pytest.approx(1.954, abs=5e-4)
    methods = {c.df_method for c in pooled.values()}
    assert methods == {"groups", "bell_mccaffrey"}


def test_cr2_of_equal_groups_with_a_group_level_predictor_is_the_error_of_the_means() -> None:
    """A two-group comparison of group means: CR2 is Welch's error, its df the Bell-McCaffrey ones of the J means."""
    random = np.random.default_rng(3)
    codes = np.repeat(np.arange(10), 4)
    treated = (np.arange(10) < 4).astype(float)
    y = treated[codes] + random.normal(size=10)[codes] + random.normal(size=40)
    moments = GroupMoments.from_rows(("treated", "y"), codes, np.column_stack([treated[codes], y]), 10)
    c = fitted(fit_all(moments, RandomEffects(True, (), True))["pooled"]).robust[1].coefficients[1]
    means = np.bincount(codes, y) / 4
    one, other = means[:4].var(ddof=1) / 4, means[4:].var(ddof=1) / 6
    assert c.std_error == pytest.approx(np.sqrt(one + other), rel=1e-10)
    # Under equal variances Welch's df are (1/4 + 1/6)^2 / (1/(16 * 3) + 1/(36 * 5)).
    assert c.df == pytest.approx((1 / 4 + 1 / 6) ** 2 / (1 / 48 + 1 / 180), rel=1e-8)


@pytest.mark.parametrize("k", [1, 2, 3, 8])
def test_well_conditioned_is_what_the_eigenvalues_say(k: int) -> None:
    rng = np.random.default_rng(2)
    near = 10.0 ** rng.uniform(-7.0, 0.0, 400)[:, None]  # of the last column to the first: least eigenvalues from 1e-14 to 1
    rows = rng.normal(size=(400, 20, k))
    rows[:, :, -1] = rows[:, :, 0] + near * rows[:, :, -1]
    rows[:20, :, -1] = rows[:20, :, 0]
    gram = rows.transpose(0, 2, 1) @ rows
    size = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    correlations = gram / (size[:, :, None] * size[:, None, :])
    least = np.linalg.eigvalsh(correlations)[:, 0]
    for tolerance in (1e-10, 1e-3):
        assert well_conditioned(correlations, tolerance).tolist() == (least > tolerance).tolist()


# Separate regressions


def test_separate_regressions_one_by_one() -> None:
    rows = sloped((1, 2, 3, 5, 8, 9, 4), k=2)
    fit = fit_separate("separate", columns_of(rows.moments, "no_pooling"))
    assert isinstance(fit, SeparateFit)
    assert fit.estimable.tolist() == [False, False, True, True, True, True, True]
    own = [rows.values[rows.codes == j] for j in range(2, 7)]
    designs = [np.column_stack([np.ones(len(d)), d[:, :2]]) for d in own]
    solutions = [np.linalg.lstsq(x, d[:, 2])[0] for x, d in zip(designs, own, strict=True)]
    rss = sum(((d[:, 2] - x @ b) ** 2).sum() for d, x, b in zip(own, designs, solutions, strict=True))
    df = sum(len(d) for d in own) - 5 * 3
    np.testing.assert_allclose(fit.slopes, [b[1:] for b in solutions], rtol=1e-8)
    errors = [np.sqrt(rss / df * np.diag(np.linalg.inv(x.T @ x))[1:]) for x in designs]
    assert not isinstance(fit.std_errors, Undefined)
    np.testing.assert_allclose(fit.std_errors, errors, rtol=1e-7)
    centred = np.concatenate([d - d.mean(axis=0) for d in own])
    common = centred[:, 2] - centred[:, :2] @ np.linalg.lstsq(centred[:, :2], centred[:, 2])[0]
    assert fit.f_df == (8.0, float(df))
    assert not isinstance(fit.f, Undefined)
    assert fit.f == pytest.approx(((common**2).sum() - rss) / 8 / (rss / df), rel=1e-8)
    assert fit.p_value == pytest.approx(float(fdtrc(8, df, fit.f)), rel=1e-9)


def test_equal_slopes_in_the_example() -> None:
    fit = fit_separate("separate", columns_of(dragons(), "no_pooling"))
    assert isinstance(fit, SeparateFit)
    assert fit.f == pytest.approx(1.45918639, rel=1e-7)  # R's anova of the two lm fits
    assert fit.f_df == (7.0, 464.0)


def test_separate_regressions_that_do_not_exist() -> None:
    pairs_only = sloped((2, 2, 2, 2), k=1)
    fit = fit_separate("separate", columns_of(pairs_only.moments, "no_pooling"))
    assert isinstance(fit, SeparateFit)
    assert isinstance(fit.f, Undefined)
    assert isinstance(fit.std_errors, Undefined)
    assert fit.f.reason.code == "no_degrees_of_freedom"
    two_slopes = sloped((2, 2, 2, 2), k=2)
    assert isinstance(fit_separate("separate", columns_of(two_slopes.moments, "no_pooling")), UnfitVariant)


def test_a_group_of_as_many_rows_as_slopes_carries_none_of_its_own() -> None:
    rng = np.random.default_rng(11)  # the third column's rounding beside two that are nearly one is no direction of its own
    codes = np.concatenate([np.repeat(np.arange(300), 3), np.full(20, 300)])
    values = rng.normal(size=(len(codes), 4))
    values[:, 1] = values[:, 0] + 1e-4 * values[:, 1]
    moments = GroupMoments.from_rows(("x1", "x2", "x3", "y"), codes, values, 301)
    fit = fit_separate("separate", columns_of(moments, "no_pooling"))
    assert isinstance(fit, SeparateFit)
    assert np.flatnonzero(fit.estimable).tolist() == [300]


# Data at the edge


def reason(fit: Fit) -> str:
    assert isinstance(fit, UnfitVariant)
    return fit.reason.code


def test_slopes_that_no_group_can_carry() -> None:
    pairs_only = sloped((2, 2, 2, 1, 2, 2))
    reg = columns_of(pairs_only.moments, "random_slope")
    assert reason(fit_random_slopes("random_slope", reg, SLOPE)) == "groups_too_small_for_slopes"
    rows = sloped((5, 6, 7, 8))
    by_group = np.arange(4.0)[rows.codes]
    values = np.column_stack([rows.values[:, 0], by_group, rows.values[:, 1]])
    moments = GroupMoments.from_rows(("x1", "level", "y"), rows.codes, values, 4)
    constant = RandomEffects(True, ("level",), True)
    assert reason(fit_random_slopes("v", columns_of(moments, "random_slope"), constant)) == "no_slope_within_groups"


def test_groups_that_fit_exactly_leave_no_residual_variance() -> None:
    rows = sloped((5, 6, 7, 8))
    values = rows.values.copy()
    values[:, 1] = np.array([1.0, 2.0, -1.0, 0.5])[rows.codes] + np.array([0.3, 1.0, 2.0, -1.0])[rows.codes] * values[:, 0]
    reg = columns_of(Rows(rows.columns, rows.codes, values).moments, "random_slope")
    assert reason(fit_random_slopes("random_slope", reg, SLOPE)) == "no_residual_variance"


def test_slopes_without_variance() -> None:
    """Slopes less spread than chance makes them: the slope's variance is zero, the fit singular, and nothing is lost."""
    rows = grouped_rows((6,) * 8, (0.7,), (0.7,), tau=1.0)
    values = rows.values.copy()
    for j in range(8):
        own = rows.codes == j
        x = values[own, 0] - values[own, 0].mean()
        values[own, 1] -= ((x @ values[own, 1]) / (x @ x) - 0.7) * x  # every group has the slope 0.7
    reg = columns_of(Rows(rows.columns, rows.codes, values).moments, "random_slope")
    uncorrelated = mixed(fit_random_slopes("random_slope", reg, RandomEffects(True, ("x1",), False)))
    assert uncorrelated.group_covariance.psi[1, 1] == 0.0
    assert uncorrelated.group_covariance.is_singular
    intercept = mixed(fit_random_intercept("random_intercept", reg))
    assert uncorrelated.reml_log_likelihood == pytest.approx(intercept.reml_log_likelihood, rel=1e-12)
    assert [i.code for i in uncorrelated.issues] == ["singular_fit"]


def test_a_coefficient_that_one_group_decides_has_no_robust_error() -> None:
    rows = grouped_rows((5, 6, 7, 8), (0.5,), (0.5,))
    only = (rows.codes == 2).astype(float)
    values = np.column_stack([rows.values[:, 0], only, rows.values[:, 1]])
    moments = GroupMoments.from_rows(("x1", "only", "y"), rows.codes, values, 4)
    fits = fit_all(moments, RandomEffects(True, (), True))
    for variant in ("pooled", "random_intercept"):
        for errors in fitted(fits[variant]).robust:
            assert [c.column for c in errors.coefficients] == [INTERCEPT, "x1"]
            assert [(i.code, i.values) for i in errors.issues] == [("one_group_decides", {"columns": ("only",)})]


def test_too_much_work_leaves_cr1(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = grouped_rows((5, 6, 7, 8), (0.5,), (0.5,))
    monkeypatch.setattr(robust, "MAX_WORK", 4 * 2**3 - 1)
    methods = fitted(fit_all(rows.moments, RandomEffects(True, (), True))["pooled"]).robust
    assert [(r.method, len(r.coefficients)) for r in methods] == [("CR1", 2), ("CR2", 0), ("CR3", 0)]
    assert [i.values for i in methods[1].issues] == [{"n_groups": 4, "n_columns": 2}]


@pytest.mark.parametrize("seed", range(12))
def test_small_odd_groups_come_to_rest(seed: int) -> None:
    """Few groups, singletons, wild variances: every search ends at a certified optimum, with finite figures."""
    random = np.random.default_rng(seed)
    sizes = (5, *random.integers(1, 9, size=int(random.integers(3, 9))))
    rows = grouped_rows(sizes, (0.5,), (1.5,), tau=float(10 ** random.uniform(-2, 2)), seed=seed)
    values = rows.values.copy()
    values[:, 1] += 10 ** random.uniform(-2, 1.5) * random.normal(size=len(sizes))[rows.codes] * values[:, 0]
    moments = Rows(rows.columns, rows.codes, values).moments
    for correlated in (True, False):
        for variant in ("random_slope", "within_between_slope"):
            fit = mixed(fit_random_slopes(variant, columns_of(moments, variant), RandomEffects(True, ("x1",), correlated)))
            assert "not_converged" not in [i.code for i in fit.issues]
            assert np.linalg.eigvalsh(fit.group_covariance.psi)[0] >= -1e-12 * np.trace(fit.group_covariance.psi)
            figures = [v for c in (*fit.coefficients, *fit.kenward_roger) for v in (c.estimate, c.std_error, c.df)]
            assert np.all(np.isfinite(figures))


def test_derivatives_name_every_free_entry_once() -> None:
    rows = sloped(UNBALANCED, k=2)
    reg = columns_of(rows.moments, "random_slope")
    design = np.zeros((reg.n_terms + 1, 3))
    design[[0, 1, 2], [0, 1, 2]] = 1.0
    profile = SlopeProfile(RotatedGroups.of(reg, design), np.diag([1.0, 0.5, 0.3]))
    assert slope_derivatives(profile, correlated=True).trace.shape == (7, 7)
    assert slope_derivatives(profile, correlated=False).trace.shape == (4, 4)


@pytest.mark.parametrize("n_groups", [3, 50])
def test_stacks_of_matrices_both_ways(n_groups: int) -> None:
    """Many groups go in long vector operations, few groups with many columns through LAPACK: the same products."""
    random = np.random.default_rng(6)
    spread, right = random.normal(size=(4, 2, n_groups)), random.normal(size=(4, 3, n_groups))
    lower = stacks.lower_root(spread)
    solved, back = stacks.forward(lower, right), stacks.backward(lower, right)
    crossed = stacks.product(spread, right)
    for j in range(n_groups):
        root = np.linalg.cholesky(np.eye(4) + spread[:, :, j] @ spread[:, :, j].T)
        np.testing.assert_allclose(lower[:, :, j], root, atol=1e-13)
        np.testing.assert_allclose(solved[:, :, j], np.linalg.solve(root, right[:, :, j]), atol=1e-12)
        np.testing.assert_allclose(back[:, :, j], np.linalg.solve(root.T, right[:, :, j]), atol=1e-12)
        np.testing.assert_allclose(crossed[:, :, j], spread[:, :, j].T @ right[:, :, j], atol=1e-12)
