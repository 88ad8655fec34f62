"""The forms of the Hausman test, the Swamy-Arora model and the three slopes between groups."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows
from numpy.typing import NDArray
from reference_moments import dragons, fit_all, panel_moments, panel_sets

from reportgen.column_levels import column_levels
from reportgen.estimation.between_weights import between_slopes
from reportgen.estimation.swamy_arora import SwamyArora, swamy_arora
from reportgen.fits import MixedFit, Undefined
from reportgen.hausman import HausmanForm, HausmanTable, _Side, classic_statistic, hausman_table
from reportgen.hypothesis_tests import contextual_test
from reportgen.moments import GroupMoments


def table_of(moments: GroupMoments) -> HausmanTable | Undefined:
    levels = column_levels(moments)[:-1]
    fits = fit_all(moments, levels)
    return hausman_table(moments, levels, fits, contextual_test(moments, fits["mundlak"]))


def forms_of(moments: GroupMoments) -> dict[str, HausmanForm]:
    table = table_of(moments)
    assert isinstance(table, HausmanTable)
    return {form.form: form for form in table.forms}


def test_the_forms_of_the_founding_example() -> None:
    """plm 2.6-2 phtest; lme4 1.1-31 and lm; car's Wald test of the group mean; pbkrtest 0.5-2."""
    forms = forms_of(dragons())
    assert forms["swamy_arora_own"].statistic == pytest.approx(3.565297090811, rel=1e-9)
    assert forms["swamy_arora_own"].p_value == pytest.approx(0.05899918220675, rel=1e-9)
    assert forms["reml_own"].statistic == pytest.approx(2.433, abs=5e-4)
    assert forms["reml_own"].p_value == pytest.approx(0.119, abs=5e-4)
    assert forms["mundlak_wald"].statistic == pytest.approx(3.129034726509, rel=1e-6)
    assert forms["mundlak_kenward_roger"].df == pytest.approx((1.0, 6.444642746196), rel=1e-6)
    assert forms["mundlak_kenward_roger"].p_value == pytest.approx(0.1238998963912, rel=1e-6)


@pytest.mark.parametrize("name", ["grunfeld", "chickweight", "produc"])
def test_swamy_arora_is_that_of_plm(name: str) -> None:
    moments, reference = panel_moments(name), panel_sets()[name]["plm"]
    table = table_of(moments)
    assert isinstance(table, HausmanTable)
    assert isinstance(table.swamy_arora, SwamyArora)
    for column, value in reference["swamy_arora_re"].items():
        assert table.swamy_arora.slope(column) == pytest.approx(value, rel=1e-9)
    own = next(form for form in table.forms if form.form == "swamy_arora_own")
    if name != "produc":
        assert own.statistic == pytest.approx(reference["hausman_chi2"], rel=1e-8)
        assert own.p_value == pytest.approx(reference["p"], rel=1e-8)


def test_an_indefinite_difference_has_no_statistic() -> None:
    """plm prints 25.04 for these data: the absolute value of a quadratic form of -25.04."""
    forms = forms_of(panel_moments("produc"))
    own = forms["swamy_arora_own"]
    assert isinstance(own.statistic, Undefined)
    assert isinstance(own.p_value, Undefined)
    assert own.statistic.reason.code == "indefinite_difference"
    assert own.statistic.reason.values["least_eigenvalue"] == pytest.approx(-0.0250685, rel=1e-4)
    wald = panel_sets()["produc"]["mundlak_wald"]
    assert forms["mundlak_wald"].statistic == pytest.approx(wald["chi2"], rel=1e-6)


@pytest.mark.parametrize("rounding", [2e-16, -2e-16, 0.0])
def test_what_rounding_leaves_of_no_difference_is_told_as_zero(rounding: float) -> None:
    covariance = np.diag([2.0, 3.0])
    sides = [_Side(np.array([1.0, 2.0]), covariance * factor) for factor in (1.0 + rounding, 1.0)]
    found = classic_statistic(*sides)
    assert isinstance(found, Undefined)
    assert found.reason.values == {"least_eigenvalue": 0.0}


def test_a_negative_quadratic_form_is_never_turned_round() -> None:
    within = _Side(np.array([1.0, 2.0]), np.diag([1.0, 1.0]))
    mixed = _Side(np.array([0.5, 0.0]), np.diag([0.5, 1.5]))
    assert isinstance(classic_statistic(within, mixed), Undefined)
    smaller = _Side(np.array([0.5, 0.0]), np.diag([0.5, 0.75]))
    assert classic_statistic(within, smaller) == pytest.approx(0.25 / 0.5 + 4.0 / 0.25)


@pytest.mark.parametrize("sizes", [(9,) * 7, UNBALANCED])
def test_the_classic_form_is_the_wald_test_at_the_same_variances(sizes: tuple[int, ...]) -> None:
    """For any ratio of variances, several columns, one that varies within groups only and one that does not vary within."""
    random = np.random.default_rng(3)
    base = grouped_rows(sizes, (0.5, -1.0), (2.0, 0.0), seed=21)
    means = np.array([base.values[base.codes == j].mean(axis=0) for j in range(base.n_groups)])
    flat = random.normal(size=len(base.codes))
    flat -= np.array([flat[base.codes == j].mean() for j in range(base.n_groups)])[base.codes]
    level = random.normal(size=base.n_groups)[base.codes]
    rows = Rows(("flat", "level", *base.columns), base.codes, np.column_stack([flat, level, base.values]))
    table = table_of(rows.moments)
    assert isinstance(table, HausmanTable)
    assert table.columns == ("x1", "x2")
    assert isinstance(table.swamy_arora, SwamyArora)
    gamma = table.swamy_arora.tau2 / table.swamy_arora.sigma2
    weights = np.sqrt(1.0 / (1.0 + gamma * np.array(sizes)))[rows.codes]  # what the square root of V^-1 does to a mean

    def transform(column: NDArray[np.float64]) -> NDArray[np.float64]:
        mean = np.array([column[rows.codes == j].mean() for j in range(rows.n_groups)])[rows.codes]
        return np.asarray(column - mean + weights * mean)

    columns = [np.ones(len(flat)), flat, level, *base.values[:, :2].T, *means[base.codes, :2].T]
    design = np.column_stack([transform(column) for column in columns])
    normal = design.T @ design
    beta = np.linalg.solve(normal, design.T @ transform(base.values[:, 2]))
    covariance = table.swamy_arora.sigma2 * np.linalg.inv(normal)
    wald = beta[-2:] @ np.linalg.solve(covariance[-2:, -2:], beta[-2:])
    common = next(form for form in table.forms if form.form == "swamy_arora_common")
    assert common.statistic == pytest.approx(wald, rel=1e-8)
    assert common.df == (2.0,)


def test_balanced_groups_make_swamy_arora_the_wald_test() -> None:
    for moments in (dragons(), panel_moments("grunfeld"), panel_moments("produc")):
        forms = forms_of(moments)
        wald = forms["mundlak_wald"].statistic
        assert not isinstance(wald, Undefined)
        assert forms["swamy_arora_common"].statistic == pytest.approx(wald, rel=1e-8)


def test_the_swamy_arora_slope_of_the_founding_example() -> None:
    moments = dragons()
    levels = column_levels(moments)[:-1]
    fits = fit_all(moments, levels)
    found = swamy_arora(moments, levels, fits["no_pooling"], fits["random_intercept"])
    assert isinstance(found, SwamyArora)
    assert found.slope("bodyLength2") == pytest.approx(0.6339988851222, rel=1e-10)
    mundlak = fits["mundlak"]
    assert isinstance(mundlak, MixedFit)
    assert found.tau2 == pytest.approx(mundlak.group_covariance.psi[0, 0], rel=1e-8)
    assert not found.is_truncated
    assert isinstance(found.slope("weight"), Undefined)


def test_a_negative_group_variance_counts_as_zero_and_is_marked() -> None:
    rows = grouped_rows((4,) * 30, (0.5,), (0.5,), tau=0.0, seed=2)
    fits = fit_all(rows.moments, rows.levels)
    means = rows.values[:, 1].reshape(30, 4)
    values = rows.values.copy()
    values[:, 1] = (means - means.mean(axis=1, keepdims=True)).ravel()  # no differences between groups at all
    moments = GroupMoments.from_rows(rows.columns, rows.codes, values, 30)
    fits = fit_all(moments, rows.levels)
    found = swamy_arora(moments, rows.levels, fits["no_pooling"], fits["random_intercept"])
    assert isinstance(found, SwamyArora)
    assert found.is_truncated
    assert found.tau2 == 0.0
    statistic = forms_of(moments)["swamy_arora_common"].statistic
    assert not isinstance(statistic, Undefined)
    assert statistic >= 0.0


def test_without_a_column_at_both_levels_there_is_nothing_to_compare() -> None:
    rows = grouped_rows((6,) * 6, seed=5)
    values = rows.values.copy()
    for j in range(6):
        values[rows.codes == j, 0] -= values[rows.codes == j, 0].mean()
    table = table_of(GroupMoments.from_rows(rows.columns, rows.codes, values, 6))
    assert isinstance(table, Undefined)
    assert table.reason.code == "no_column_at_both_levels"


def test_the_three_slopes_between_groups() -> None:
    """Each is a weighted regression of the group means; the last is that of the within-between model."""
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0), seed=31)
    fits = fit_all(rows.moments, rows.levels)
    fit = fits["within_between"]
    assert isinstance(fit, MixedFit)
    found = between_slopes(rows.moments, fit)
    assert isinstance(found, tuple)
    means = np.array([rows.values[rows.codes == j].mean(axis=0) for j in range(rows.n_groups)])
    design = np.column_stack([np.ones(rows.n_groups), means[:, :2]])
    sizes = np.array(UNBALANCED, dtype=float)
    variance = fit.group_covariance.psi[0, 0] + fit.sigma2 / sizes
    for name, weights in (("equal", np.ones(len(sizes))), ("by_size", sizes), ("by_precision", 1.0 / variance)):
        bread = np.linalg.inv((design * weights[:, None]).T @ design) @ (design * weights[:, None]).T
        beta, errors = bread @ means[:, 2], np.sqrt(np.diag(bread @ np.diag(variance) @ bread.T))
        for i, record in enumerate(found):
            slope = getattr(record, name)
            assert slope.estimate == pytest.approx(beta[i + 1], rel=1e-9)
            assert slope.std_error == pytest.approx(errors[i + 1], rel=1e-9)
            assert record.by_precision.std_error <= slope.std_error
    between = {c.column: c for c in fit.coefficients if c.role == "between"}
    for record in found:
        assert record.by_precision.estimate == pytest.approx(between[record.column].estimate, rel=1e-9)
        assert record.by_precision.std_error == pytest.approx(between[record.column].std_error, rel=1e-9)
