"""Comparisons and identities on constructed data, tests against explicit computations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from constructed import INTERCEPT_ONLY, UNBALANCED, Rows, grouped_rows
from numpy.typing import NDArray
from scipy import stats

from reportgen.column_levels import column_levels
from reportgen.comparison import Comparison, compare
from reportgen.estimation.runner import fit_variants
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, Undefined, UnfitVariant
from reportgen.hypothesis_tests import FTest, WaldTest, likelihood_ratio
from reportgen.identities import TOLERANCE, IdentityCheck, relative_gap

SHAPES = [
    ((6,) * 8, (0.5,)),
    (UNBALANCED, (0.5,)),
    (UNBALANCED, (0.5, -1.0, 0.2)),
    ((60,) * 5 + (1, 1, 2), (0.5, -1.0)),
]


def compared(rows: Rows) -> Comparison:
    fits = fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY)
    return compare(rows.moments, rows.levels, fits)


@pytest.mark.parametrize(("sizes", "within"), SHAPES)
@pytest.mark.parametrize("tau", [0.0, 1.0, 30.0])
def test_identities_hold(sizes: tuple[int, ...], within: tuple[float, ...], tau: float) -> None:
    rows = grouped_rows(sizes, within, tuple(w + 1.0 for w in within), tau=tau)
    checks = {check.identity: check for check in compared(rows).checks}
    assert len(checks) == 7
    balanced = len(set(sizes)) == 1
    for name, check in checks.items():
        if name == "within_between_equals_between" and not balanced:
            assert isinstance(check.discrepancy, Undefined)
            assert check.discrepancy.reason.code == "unbalanced_groups"
        else:
            assert isinstance(check.discrepancy, float), name
            assert check.discrepancy < 1e-10, name
            assert check.holds is True


@pytest.mark.parametrize("noise", ["none", "within"])
def test_identities_hold_where_a_slope_is_zero_but_for_rounding(noise: str) -> None:
    rows = grouped_rows((12,) * 8, (0.5, 0.0), (0.5, 0.0), seed=2)
    values = rows.values.copy()
    values[:, -1] = 2 * values[:, 0] + 3
    if noise == "within":
        values[:, -1] += np.tile([1.0, -1.0], 48)  # the group means are on a line all the same
    checks = compared(replace(rows, values=values)).checks
    assert any(check.holds for check in checks)
    assert not any(check.holds is False for check in checks), checks


def test_a_broken_identity_is_seen() -> None:
    assert IdentityCheck("any", TOLERANCE * 2).holds is False
    assert relative_gap(1.0, 1.1, 0.01) == pytest.approx(0.1 / 1.1)
    assert relative_gap(0.0, 0.1, 10.0) == pytest.approx(0.01)
    assert relative_gap(0.0, 0.0, 0.0) == 0.0
    assert relative_gap(1e-17, 0.0, 0.0) == 1.0
    assert relative_gap(1e-17, 0.0, 0.0, 1e-5) == pytest.approx(1e-12)


def test_dummies_test_is_the_textbook_f_test() -> None:
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (1.0, 1.0))
    x, y = rows.values[:, :-1], rows.values[:, -1]
    n = len(y)

    def rss(design: NDArray[np.float64]) -> float:
        return float(np.sum((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2))

    small, big = rss(np.column_stack([np.ones(n), x])), rss(np.column_stack([np.eye(rows.n_groups)[rows.codes], x]))
    df1, df2 = rows.n_groups - 1, n - rows.n_groups - 2
    f = (small - big) / df1 / (big / df2)
    test = compared(rows).group_variance
    assert isinstance(test.dummies, FTest)
    assert test.dummies.f == pytest.approx(f, rel=1e-9)
    assert list(test.dummies.f_df) == [df1, df2]
    assert test.dummies.p_value == pytest.approx(stats.f.sf(f, df1, df2), rel=1e-9)
    assert isinstance(test.beyond, Undefined)


def test_group_level_predictors_take_degrees_of_freedom_from_what_is_left() -> None:
    rows = grouped_rows(UNBALANCED)
    z = np.random.default_rng(3).normal(size=rows.n_groups)[rows.codes]
    with_z = Rows(("x1", "z", "y"), rows.codes, np.column_stack([rows.values[:, 0], z, rows.values[:, 1]]))
    test, without = compared(with_z).group_variance, compared(rows).group_variance
    assert test.dummies == without.dummies
    assert isinstance(test.beyond, FTest)
    assert test.beyond.f_df == (rows.n_groups - 2, len(rows.codes) - rows.n_groups - 1)


def test_likelihood_ratio_has_the_mixture_null() -> None:
    rows = grouped_rows(UNBALANCED)
    test = compared(rows).group_variance
    assert isinstance(test.lrt, float)
    assert test.lrt > 0
    assert test.lrt_p_value == pytest.approx(0.5 * stats.chi2.sf(test.lrt, 1), rel=1e-9)


def test_contextual_test_is_the_wald_test_of_the_means() -> None:
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (1.0, 1.0))
    fits = fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY)
    mundlak = fits["mundlak"]
    assert isinstance(mundlak, MixedFit)
    index = [i for i, c in enumerate(mundlak.coefficients) if c.role == "contextual"]
    b = np.array([mundlak.coefficients[i].estimate for i in index])
    expected = b @ np.linalg.inv(mundlak.covariance[np.ix_(index, index)]) @ b
    test = compare(rows.moments, rows.levels, fits).contextual_test
    assert isinstance(test, WaldTest)
    assert test.chi2 == pytest.approx(expected, rel=1e-9)
    assert test.p_value == pytest.approx(stats.chi2.sf(expected, 2), rel=1e-9)
    assert test.f_df[0] == 2


def test_one_contextual_effect_has_the_f_of_its_kenward_roger_t() -> None:
    rows = grouped_rows(UNBALANCED)
    fits = fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY)
    mundlak = fits["mundlak"]
    assert isinstance(mundlak, MixedFit)
    t = next(c for c in mundlak.kenward_roger if c.role == "contextual")
    test = compare(rows.moments, rows.levels, fits).contextual_test
    assert isinstance(test, WaldTest)
    assert isinstance(t.statistic, float)
    assert test.f == pytest.approx(t.statistic**2, rel=1e-6)
    assert test.f_df[1] == pytest.approx(t.df, rel=1e-6)
    assert test.f_p_value == pytest.approx(t.p_value, rel=1e-6)


def test_slopes_are_aligned_over_the_variants() -> None:
    rows = grouped_rows(UNBALANCED)
    slope = compared(rows).slopes[0]
    assert {name: c.role for name, c in slope.by_variant.items()} == {
        "pooled": "raw",
        "no_pooling": "within",
        "between": "between",
        "random_intercept": "raw",
        "mundlak": "raw",
        "within_between": "within",
    }
    assert isinstance(slope.within, Coefficient)
    assert isinstance(slope.contextual, Coefficient)
    assert slope.blends.keys() == {"pooled", "random_intercept"}


def test_a_group_level_predictor_has_no_within_slope() -> None:
    codes = np.repeat(np.arange(8), 5)
    random = np.random.default_rng(2)
    z = random.normal(size=8)[codes]
    y = z + random.normal(size=8)[codes] + random.normal(size=40)
    rows = Rows(("z", "y"), codes, np.column_stack([z, y]))
    comparison = compared(rows)
    assert isinstance(comparison.slopes[0].within, Undefined)
    assert comparison.slopes[0].within.reason.code == "not_in_model"
    assert isinstance(comparison.slopes[0].between, Coefficient)
    assert isinstance(comparison.curve, Undefined)
    assert isinstance(comparison.contextual_test, Undefined)


def test_too_few_groups_leave_variants_unfit_with_a_reason() -> None:
    rows = grouped_rows((6, 6, 6), (0.5, 1.0, 2.0), (0.0, 0.0, 0.0))
    fits = fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY)
    assert isinstance(fits["between"], UnfitVariant)
    assert fits["between"].reason.code == "no_degrees_of_freedom"
    assert isinstance(fits["mundlak"], UnfitVariant)
    assert fits["mundlak"].reason.code == "no_group_left_over"
    assert isinstance(fits["no_pooling"], LeastSquaresFit)
    checks = {check.identity: check for check in compare(rows.moments, rows.levels, fits).checks}
    assert checks["mundlak_equals_no_pooling"].holds is None


def test_without_predictors_the_models_are_means() -> None:
    rows = grouped_rows((5,) * 6, (), ())
    comparison = compared(Rows(("y",), rows.codes, rows.values[:, -1:]))
    assert comparison.slopes == ()
    y = rows.values[:, -1]
    groups = [y[rows.codes == j] for j in range(6)]
    test = comparison.group_variance.dummies
    assert isinstance(test, FTest)
    assert test.f == pytest.approx(stats.f_oneway(*groups).statistic, rel=1e-9)


def test_zero_group_variance_is_pooled_regression_exactly() -> None:
    for seed in range(30):
        rows = grouped_rows((5,) * 6, tau=0.0, between=(0.5,), seed=seed)
        fits = fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY)
        mixed, pooled = fits["random_intercept"], fits["pooled"]
        assert isinstance(mixed, MixedFit)
        assert isinstance(pooled, LeastSquaresFit)
        if mixed.group_covariance.is_singular:
            break
    else:
        raise AssertionError("no seed gave a zero variance")
    assert mixed.group_covariance.psi[0, 0] == 0.0
    assert any(issue.code == "zero_group_variance" for issue in mixed.issues)
    for a, b in zip(mixed.coefficients, pooled.coefficients, strict=True):
        assert a.estimate == pytest.approx(b.estimate, rel=1e-12)
        assert a.std_error == pytest.approx(b.std_error, rel=1e-12)
        assert a.df == b.df
    np.testing.assert_array_equal(mixed.random_effects, 0.0)
    test = compare(rows.moments, rows.levels, fits).group_variance
    assert (test.lrt, test.lrt_p_value) == (0.0, 1.0)


def test_what_rounding_gains_is_no_likelihood_ratio() -> None:
    assert likelihood_ratio(-812.0 + 3e-14, -812.0) == likelihood_ratio(-812.0, -811.0) == 0.0
    assert likelihood_ratio(-811.0, -812.0) == 2.0
    assert likelihood_ratio(1e-9, 0.0) == 2e-9


def test_levels_leave_out_the_response() -> None:
    rows = grouped_rows((3, 4))
    assert len(column_levels(rows.moments)) == len(rows.levels) + 1
