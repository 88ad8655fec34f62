"""What stands where in a comparison, and what stands there when a model that it needs could not be fitted."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest
from constructed import INTERCEPT_ONLY, UNBALANCED, Rows, grouped_rows

from reportgen.blends import BlendSpace, Curve, Ingredients, curve, ingredients
from reportgen.comparison import Comparison, compare, null_icc, variance_ratio
from reportgen.estimation.between_weights import between_slopes
from reportgen.estimation.mixed import fit_random_intercept
from reportgen.estimation.regressors import INTERCEPT, regressors
from reportgen.estimation.runner import fit_variants
from reportgen.fits import Fit, Issue, MixedFit, Undefined, UnfitVariant
from reportgen.hausman import HausmanTable
from reportgen.hypothesis_tests import WaldTest
from reportgen.influence import Influence

REASON = Issue("no_degrees_of_freedom", {"df": 0})
GROUP_LEVEL = np.random.default_rng(6).normal(size=len(UNBALANCED))


def with_group_level(*columns: str) -> Rows:
    """x1 varies at both levels, w between groups only."""
    rows = grouped_rows(UNBALANCED)
    values = {"x1": rows.values[:, 0], "w": GROUP_LEVEL[rows.codes], "y": rows.values[:, -1]}
    return Rows((*columns, "y"), rows.codes, np.column_stack([values[name] for name in (*columns, "y")]))


@cache
def fits_of(*columns: str) -> dict[str, Fit]:
    rows = with_group_level(*columns)
    return dict(fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY))


def compared(*columns: str, without: str = "") -> Comparison:
    rows = with_group_level(*columns)
    fits = fits_of(*columns)
    if without:
        fits = {**fits, without: UnfitVariant(without, REASON)}
    return compare(rows.moments, rows.levels, fits)


def test_each_part_is_the_one_of_these_fits() -> None:
    rows, fits, found = with_group_level("x1", "w"), fits_of("x1", "w"), compared("x1", "w")
    space, gamma = BlendSpace.of(rows.moments, rows.levels), variance_ratio(fits["random_intercept"])
    mixed = fits["random_intercept"]
    assert isinstance(mixed, MixedFit)
    assert isinstance(gamma, float)
    assert gamma == mixed.group_covariance.psi[0, 0] / mixed.sigma2
    drawn = curve(space, gamma)
    assert isinstance(found.curve, Curve)
    assert found.curve.columns == ("x1",)
    assert found.curve.fitted_share == drawn.fitted_share == pytest.approx(gamma / (1 + gamma))
    np.testing.assert_array_equal(found.curve.slopes, drawn.slopes)
    expected = between_slopes(rows.moments, fits["within_between"])
    assert not isinstance(expected, Undefined)
    assert not isinstance(found.between_slopes, Undefined)
    assert [asdict(part) for part in found.between_slopes] == [asdict(part) for part in expected]
    assert isinstance(found.hausman, HausmanTable)
    assert isinstance(found.influence, Influence)
    assert isinstance(found.contextual_test, WaldTest)
    assert [slope.column for slope in found.slopes] == ["x1", "w"]
    for slope in found.slopes:
        assert {name: blend.variant for name, blend in slope.blends.items()} == {name: name for name in slope.blends}


def test_ingredients_are_there_with_one_predictor() -> None:
    rows, found = with_group_level("x1"), compared("x1").ingredients
    gamma = variance_ratio(fits_of("x1")["random_intercept"])
    assert isinstance(gamma, float)
    assert isinstance(found, Ingredients)
    expected = ingredients(BlendSpace.of(rows.moments, rows.levels), gamma)
    assert isinstance(expected, Ingredients)
    assert asdict(found) == asdict(expected)


def test_a_group_level_predictor_is_one_in_every_variant() -> None:
    slope = compared("x1", "w").slopes[1]
    roles = {name: item.role for name, item in slope.by_variant.items()}
    assert roles == dict.fromkeys(("pooled", "between", "random_intercept", "mundlak", "within_between"), "group_level")
    assert isinstance(slope.within, Undefined)
    assert slope.within.reason == Issue("not_in_model", {"column": "w", "variant": "no_pooling"})
    assert isinstance(slope.contextual, Undefined)
    assert slope.contextual.reason == Issue("not_in_model", {"column": "w", "variant": "mundlak"})


def test_the_share_of_the_groups_without_predictors() -> None:
    rows = with_group_level("x1", "w")
    alone = Rows(("y",), rows.codes, rows.values[:, -1:])
    fit = fit_random_intercept("any", regressors(alone.moments, ((INTERCEPT, "intercept"),)))
    assert isinstance(fit, MixedFit)
    assert compared("x1", "w").null_icc == pytest.approx(fit.icc, rel=1e-9)


def test_the_share_of_the_groups_in_data_that_have_none() -> None:
    flat = Rows(("x", "y"), np.repeat(np.arange(3), 2), np.column_stack([np.arange(6.0), np.ones(6)]))
    found = null_icc(flat.moments)
    assert isinstance(found, Undefined)
    assert found.reason.code == "no_residual_variance"


def test_without_the_model_of_group_dummies_nothing_is_taken_apart() -> None:
    found = compared("x1", without="no_pooling")
    assert found.curve == Undefined(REASON)
    assert found.residual_spread == Undefined(REASON)
    (slope,) = found.slopes
    assert slope.within == Undefined(REASON)
    assert slope.blends == {}
    reasons = {check.identity: check.reason for check in found.checks}
    missing = Issue("variant_not_fitted", {"variant": "no_pooling"})
    for identity in ("pooled_is_a_blend", "random_intercept_is_a_blend", "mundlak_equals_no_pooling"):
        assert reasons[identity] == missing
    assert isinstance(slope.contextual, type(compared("x1").slopes[0].contextual))


def test_without_the_random_intercept_the_pooled_slope_is_taken_apart_still() -> None:
    found = compared("x1", without="random_intercept")
    assert found.slopes[0].blends.keys() == {"pooled"}
    assert found.ingredients == Undefined(REASON)
    assert isinstance(found.curve, Curve)
    assert found.curve.fitted_share == Undefined(REASON)
    assert "random_intercept" not in found.slopes[0].by_variant


def test_a_curve_needs_a_column_that_varies_within() -> None:
    found = compared("w")
    assert found.curve == Undefined(Issue("no_column_varies_within"))
    assert isinstance(found.ingredients, Undefined)
    fits = {**fits_of("w"), "no_pooling": UnfitVariant("no_pooling", REASON)}
    rows = with_group_level("w")
    assert compare(rows.moments, rows.levels, fits).curve == Undefined(Issue("no_column_varies_within"))


def test_the_ratio_of_the_variances() -> None:
    mixed = fits_of("x1")["random_intercept"]
    assert isinstance(mixed, MixedFit)
    doubled = replace(mixed, sigma2=mixed.sigma2 * 2)
    assert variance_ratio(doubled) == pytest.approx(float(mixed.group_covariance.psi[0, 0]) / mixed.sigma2 / 2)
    assert variance_ratio(UnfitVariant("random_intercept", REASON)) == Undefined(REASON)
