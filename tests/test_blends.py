"""The arithmetic of the slopes, held against models fitted by explicit matrices."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows
from numpy.typing import NDArray

from reportgen.blends import Blend, BlendSpace, Curve, Ingredients, blends, curve, ingredients
from reportgen.column_levels import column_levels
from reportgen.fits import Undefined
from reportgen.moments import GroupMoments


def gls_slopes(rows: Rows, gamma: float, extra: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Generalised least squares with V = I + gamma 11' in every group, by explicit inverses; slopes of the x columns."""
    x, y = rows.values[:, :-1], rows.values[:, -1]
    design = np.column_stack([np.ones(len(y)), x] + ([extra] if extra is not None else []))
    same = rows.codes[:, None] == rows.codes[None, :]
    inverse = np.linalg.inv(np.eye(len(y)) + gamma * same)
    return np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ y)[1 : 1 + x.shape[1]]


def taken_apart(rows: Rows, gamma: float) -> tuple[Blend, ...]:
    found = blends(BlendSpace.of(rows.moments, rows.levels), "random_intercept", gamma)
    assert not isinstance(found, Undefined)
    return found


@pytest.mark.parametrize("gamma", [0.0, 0.01, 0.7, 30.0, 1e6])
@pytest.mark.parametrize("within", [(0.5,), (0.5, -1.0, 0.2)])
def test_the_blend_is_the_generalised_least_squares_slope(gamma: float, within: tuple[float, ...]) -> None:
    rows = grouped_rows(UNBALANCED, within, tuple(w + 1.5 for w in within))
    expected = gls_slopes(rows, gamma)
    parts = taken_apart(rows, gamma)
    np.testing.assert_allclose([part.slope for part in parts], expected, rtol=1e-9)
    for part in parts:
        assert not isinstance(part.between, Undefined)
        pulled = sum(pull.amount for pull in part.pulls)
        whole = part.within + part.own_weight * (part.between - part.within) + pulled
        assert whole == pytest.approx(part.slope, rel=1e-12)


def test_one_predictor_has_a_weight_between_zero_and_one_that_falls_with_gamma() -> None:
    rows = grouped_rows(UNBALANCED)
    weights = [taken_apart(rows, gamma)[0].weight_on_between for gamma in (0.0, 0.1, 1.0, 10.0, 1e4)]
    numbers = [w for w in weights if isinstance(w, float)]
    assert len(numbers) == 5
    assert numbers == sorted(numbers, reverse=True)
    assert 0.0 < numbers[-1] < 1e-3
    assert numbers[0] == pytest.approx(column_levels(rows.moments)[0].between_share, rel=1e-12)


def test_several_predictors_have_no_scalar_weight() -> None:
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0))
    for part in taken_apart(rows, 0.5):
        assert isinstance(part.weight_on_between, Undefined)
        assert part.weight_on_between.reason.code == "matrix_weight"


def test_a_slope_pulled_outside_its_own_parts_is_seen() -> None:
    random = np.random.default_rng(5)
    codes = np.repeat(np.arange(20), 6)
    m = random.normal(size=20)
    x1 = m[codes] + random.normal(size=120)
    x2 = m[codes] + 0.4 * random.normal(size=20)[codes] + random.normal(size=120)
    bar2 = np.array([x2[codes == j].mean() for j in range(20)])[codes]
    y = x1 + 8.0 * bar2 + 0.01 * random.normal(size=120)
    rows = Rows(("x1", "x2", "y"), codes, np.column_stack([x1, x2, y]))
    first = taken_apart(rows, 0.1)[0]
    assert first.is_outside
    assert first.pulls[0].column == "x2"
    assert not taken_apart(rows, 0.1)[1].is_outside


def test_the_curve_runs_from_pooled_to_dummies() -> None:
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0))
    drawn: Curve = curve(BlendSpace.of(rows.moments, rows.levels), 0.5)
    x, y = rows.values[:, :-1], rows.values[:, -1]
    pooled = np.linalg.lstsq(np.column_stack([np.ones(len(y)), x]), y, rcond=None)[0][1:]
    dummies = np.linalg.lstsq(np.column_stack([np.eye(rows.n_groups)[rows.codes], x]), y, rcond=None)[0][-2:]
    np.testing.assert_allclose(drawn.slopes[0], pooled, rtol=1e-9)
    np.testing.assert_allclose(drawn.slopes[-1], dummies, rtol=1e-9)
    middle = 60
    gamma = drawn.share[middle] / (1 - drawn.share[middle])
    np.testing.assert_allclose(drawn.slopes[middle], gls_slopes(rows, gamma), rtol=1e-9)
    assert drawn.fitted_share == pytest.approx(1 / 3)


def test_group_level_predictors_are_partialled_out() -> None:
    rows = grouped_rows(UNBALANCED)
    level = np.random.default_rng(7).normal(size=len(UNBALANCED))[rows.codes]
    values = np.column_stack([rows.values[:, 0], level, rows.values[:, 1]])
    moments = GroupMoments.from_rows(("x1", "z", "y"), rows.codes, values, rows.n_groups)
    found = blends(BlendSpace.of(moments, column_levels(moments)[:-1]), "random_intercept", 0.3)
    assert not isinstance(found, Undefined)
    assert [part.column for part in found] == ["x1"]
    assert found[0].slope == pytest.approx(float(gls_slopes(rows, 0.3, level)[0]), rel=1e-9)


def test_a_within_only_predictor_takes_no_weight() -> None:
    codes = np.repeat(np.arange(6), 4)
    x = np.tile([0.0, 1.0, 2.0, 3.0], 6)
    y = 2 * x + np.random.default_rng(1).normal(size=24) + codes
    rows = Rows(("x", "y"), codes, np.column_stack([x, y]))
    part = taken_apart(rows, 0.5)[0]
    assert isinstance(part.between, Undefined)
    assert part.own_weight == 0.0
    assert part.slope == pytest.approx(part.within)
    assert isinstance(ingredients(BlendSpace.of(rows.moments, rows.levels), 0.5), Undefined)


def test_ingredients_make_the_weight() -> None:
    rows = grouped_rows(UNBALANCED)
    found = ingredients(BlendSpace.of(rows.moments, rows.levels), 0.5)
    assert isinstance(found, Ingredients)
    x = rows.values[:, 0]
    means = np.array([x[rows.codes == j].mean() for j in range(rows.n_groups)])
    assert pytest.approx(((x - means[rows.codes]) ** 2).sum(), rel=1e-12) == found.W
    assert pytest.approx(((means[rows.codes] - x.mean()) ** 2).sum(), rel=1e-12) == found.B
    psi = 1 / (1 + 0.5 * np.array(UNBALANCED))
    weight = np.array(UNBALANCED) * psi
    centre = (weight * means).sum() / weight.sum()
    assert pytest.approx((weight * (means - centre) ** 2).sum(), rel=1e-12) == found.B_psi
    part = taken_apart(rows, 0.5)[0]
    assert part.own_weight == pytest.approx(found.B_psi / (found.W + found.B_psi), rel=1e-12)


def test_too_few_groups_for_the_between_slopes() -> None:
    rows = grouped_rows((6, 6, 6), (0.5, 1.0, 2.0), (0.0, 0.0, 0.0))
    found = blends(BlendSpace.of(rows.moments, rows.levels), "pooled", 0.0)
    assert isinstance(found, Undefined)
    assert found.reason.code == "between_dependent"


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.7, 25.0, 200.0])
@pytest.mark.parametrize(("shift", "factor"), [(4.0, -0.3), (1.0, 1.0), (50.0, 0.01), (1e3, 1.0 / 3.0)])
def test_beside_a_predictor_that_follows_its_means_a_slope_between_groups_is_not_made_of_rounding(
    gamma: float, shift: float, factor: float
) -> None:
    """What is left of the means beside it is zero but for rounding, which is as often positive as negative."""
    rows = grouped_rows(UNBALANCED)
    x, y = rows.values.T
    means = np.array([x[rows.codes == j].mean() for j in range(rows.n_groups)])[rows.codes]
    values = np.column_stack([x + 3.0, shift + factor * means, y])
    moments = GroupMoments.from_rows(("x", "m", "y"), rows.codes, values, rows.n_groups)
    found = blends(BlendSpace.of(moments, column_levels(moments)[:-1]), "random_intercept", gamma)
    assert isinstance(found, Undefined)
    assert found.reason.code == "between_dependent"
    assert found.reason.values["columns"] == ("x",)
