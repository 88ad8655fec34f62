"""Leave one group out: the same as fitting the remaining groups again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows
from numpy.typing import NDArray
from reference_moments import fit_all

import reportgen.estimation.mixed as mixed_module
import reportgen.influence as influence_module
from reportgen.estimation import many_intercepts
from reportgen.estimation.left_out import LeftOut
from reportgen.estimation.many_intercepts import per_ratio
from reportgen.estimation.regressors import Term, regressors
from reportgen.fits import LeastSquaresFit, MixedFit, Undefined, coefficient
from reportgen.influence import Influence, SlopesWithout, leave_one_group_out
from reportgen.influence_moves import MAX_NAMED, Move, strongest_moves
from reportgen.moments import GroupMoments
from reportgen.pair_influence import MAX_GROUPS, SlopesWithoutPairs


def influence_of(rows: Rows) -> Influence:
    return leave_one_group_out(rows.moments, rows.levels, fit_all(rows.moments, rows.levels))


def with_group_level(rows: Rows, seed: int = 3) -> Rows:
    """The same rows with a predictor constant within groups in front."""
    z = np.random.default_rng(seed).normal(size=rows.n_groups)
    return Rows(("z", *rows.columns), rows.codes, np.column_stack([z[rows.codes], rows.values]))


def without(rows: Rows, *groups: int) -> Rows:
    kept = ~np.isin(rows.codes, groups)
    return Rows(rows.columns, np.unique(rows.codes[kept], return_inverse=True)[1], rows.values[kept])


SETS = [
    grouped_rows((60,) * 8, tau=3.0, seed=4),
    grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0), seed=5),
    with_group_level(grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0), tau=0.2, seed=6)),
    grouped_rows((3, 4) * 10, tau=0.0, seed=7),
]


@pytest.mark.parametrize("rows", SETS)
@pytest.mark.parametrize(
    ("part", "variant", "role"),
    [
        ("within", "no_pooling", "within"),
        ("between", "between", "between"),
        ("contextual", "mundlak", "contextual"),
        ("random_intercept", "random_intercept", "raw"),
    ],
)
def test_slopes_without_a_group_are_those_of_the_other_rows(rows: Rows, part: str, variant: str, role: str) -> None:
    found = getattr(influence_of(rows), part)
    assert isinstance(found, SlopesWithout)
    assert found.refitted.all()
    assert list(found.groups) == list(range(rows.n_groups))
    for group in range(rows.n_groups):
        left = without(rows, group)
        fit = fit_all(left.moments, rows.levels)[variant]
        assert isinstance(fit, LeastSquaresFit | MixedFit)
        for c, column in enumerate(found.columns):
            alone = coefficient(fit, column, role, "group_level")  # type: ignore[arg-type]
            assert alone is not None
            assert found.estimates[group, c] == pytest.approx(alone.estimate, rel=1e-8, abs=1e-8 * alone.std_error)
            assert found.errors[group, c] == pytest.approx(alone.std_error, rel=1e-7)
            if part in ("within", "between") or group == found.strongest[c]:
                assert found.df[group, c] == pytest.approx(alone.df, rel=1e-5)
            elif group not in found.strongest:
                assert found.df[group, c] == found.full_df[c]


def test_degrees_of_freedom_without_a_group_take_no_second_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ratio of the variances is known from the slopes; with hundreds of columns each search more takes a second."""
    rows = grouped_rows((60,) * 8, tau=3.0, seed=4)
    fits = fit_all(rows.moments, rows.levels)

    def searched(*_: object) -> None:
        raise AssertionError("searched again")

    monkeypatch.setattr(mixed_module, "optimise", searched)
    found = leave_one_group_out(rows.moments, rows.levels, fits).random_intercept
    assert isinstance(found, SlopesWithout)
    (place,) = found.groups.searchsorted(found.strongest)
    assert found.df[place] != found.full_df


def test_a_ratio_without_an_upper_bound_is_told() -> None:
    """A response that stands still within groups: the likelihood grows with the ratio, wherever the search ends."""
    rows = grouped_rows((4,) * 6, seed=9)
    still = rows.values.copy()
    still[:, -1] = np.arange(6.0)[rows.codes] ** 2
    intercept: tuple[Term, ...] = (("(Intercept)", "intercept"),)
    alone = regressors(Rows(rows.columns, rows.codes, still).moments, intercept)
    assert many_intercepts.optimise_many(LeftOut.of(alone)).at_upper_end.all()
    assert not many_intercepts.optimise_many(LeftOut.of(regressors(rows.moments, intercept))).at_upper_end.any()


def test_the_group_that_was_made_to_matter_is_named() -> None:
    rows = grouped_rows((10,) * 9, tau=0.1, sigma=0.2, seed=8)
    values = rows.values.copy()
    mine = rows.codes == 5
    deviation = values[mine, 0] - values[mine, 0].mean()
    values[mine, 1] += 30.0 * deviation  # group 5 has another slope
    found = influence_of(replace(rows, values=values))
    assert isinstance(found.within, SlopesWithout)
    assert found.within.strongest[0] == 5
    slope = found.within.without("x1", 5)
    assert not isinstance(slope, Undefined)
    assert slope[0] == pytest.approx(0.5, abs=0.1)
    assert abs(found.within.full[0] - 0.5) > 1.0


def test_a_group_that_alone_varies_cannot_be_left_out() -> None:
    rows = grouped_rows((6,) * 5, seed=9)
    values = rows.values.copy()
    for group in range(4):
        mine = rows.codes == group
        values[mine, 0] = values[mine, 0].mean()
    found = influence_of(replace(rows, values=values))
    assert isinstance(found.within, SlopesWithout)
    assert found.within.lost == (4,)
    assert list(found.within.groups) == [0, 1, 2, 3]
    missing = found.within.without("x1", 4)
    assert isinstance(missing, Undefined)
    assert missing.reason.code == "not_estimable_without_group"


def test_a_predictor_that_varies_in_one_group_is_group_level_without_it() -> None:
    rows = grouped_rows((6, 9, 7, 8, 5, 8, 10), seed=12)
    values = rows.values.copy()
    for group in (0, 1, 2, 4, 5, 6):
        mine = rows.codes == group
        values[mine, 0] = values[mine, 0].mean()
    rows = replace(rows, values=values)
    found = influence_of(rows).random_intercept
    assert isinstance(found, SlopesWithout)
    assert found.lost == ()
    left = without(rows, 3)
    alone = fit_all(left.moments, left.levels)["random_intercept"]
    assert isinstance(alone, MixedFit)
    slope = coefficient(alone, "x1", "group_level")
    assert slope is not None
    assert found.estimates[3, 0] == pytest.approx(slope.estimate, rel=1e-8)
    assert found.errors[3, 0] == pytest.approx(slope.std_error, rel=1e-7)


def test_a_dummy_of_one_group_cannot_be_left_out() -> None:
    rows = grouped_rows((6,) * 7, seed=10)
    mark = (rows.codes == 2).astype(float)
    rows = Rows(("mark", *rows.columns), rows.codes, np.column_stack([mark, rows.values]))
    found = influence_of(rows)
    assert isinstance(found.random_intercept, SlopesWithout)
    assert isinstance(found.between, SlopesWithout)
    assert found.random_intercept.lost == found.between.lost == (2,)


def test_with_too_few_groups_the_reason_stands_there() -> None:
    rows = grouped_rows((8, 9, 7), seed=11)
    found = influence_of(rows)
    assert isinstance(found.within, SlopesWithout)
    assert isinstance(found.between, Undefined)
    assert isinstance(found.contextual, Undefined)
    assert found.contextual.reason.code == "no_degrees_of_freedom"


def test_with_many_groups_the_most_influential_are_refitted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = grouped_rows((3, 5, 9) * 12, tau=0.7, seed=12)
    whole = influence_of(rows).random_intercept
    monkeypatch.setattr(influence_module, "MAX_REFITS", 6)
    some = influence_of(rows).random_intercept
    assert isinstance(whole, SlopesWithout)
    assert isinstance(some, SlopesWithout)
    assert some.refitted.sum() == 6
    assert some.refitted[some.groups == some.strongest[0]].all()
    assert some.strongest[0] == whole.strongest[0]
    np.testing.assert_allclose(some.estimates[some.refitted], whole.estimates[some.refitted], rtol=1e-10)
    gap = np.abs(some.estimates - whole.estimates)[~some.refitted]
    assert 0 < gap.max() < 0.5 * np.abs(whole.change).max()


def test_offsets_and_units_change_nothing() -> None:
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0), seed=13)
    moved = replace(rows, values=rows.values * np.array([1e-6, 1e6, 10.0]) + np.array([1.0, 1e9, -50.0]))
    a, b = influence_of(rows).random_intercept, influence_of(moved).random_intercept
    assert isinstance(a, SlopesWithout)
    assert isinstance(b, SlopesWithout)
    np.testing.assert_allclose(b.estimates / np.array([1e7, 1e-5]), a.estimates, rtol=1e-8)


def test_prior_weights_are_left_out_with_their_group() -> None:
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0), seed=15)
    weights = np.random.default_rng(16).uniform(0.5, 2.0, len(rows.codes))
    moments = GroupMoments.from_rows(rows.columns, rows.codes, rows.values, rows.n_groups, weights=weights)
    found = leave_one_group_out(moments, rows.levels, fit_all(moments, rows.levels)).contextual
    assert isinstance(found, SlopesWithout)
    kept = rows.codes != 6
    codes = np.unique(rows.codes[kept], return_inverse=True)[1]
    left = GroupMoments.from_rows(rows.columns, codes, rows.values[kept], rows.n_groups - 1, weights=weights[kept])
    fit = fit_all(left, rows.levels)["mundlak"]
    assert isinstance(fit, MixedFit)
    for column in found.columns:
        alone, slope = coefficient(fit, column, "contextual"), found.without(column, 6)
        assert alone is not None
        assert not isinstance(slope, Undefined)
        assert slope == pytest.approx((alone.estimate, alone.std_error), rel=1e-7)


def test_one_evaluation_for_equal_ratios_and_blocks_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def square(gamma: NDArray[np.float64]) -> NDArray[np.float64]:
        calls.append(len(gamma))
        return gamma[:, None] ** 2

    monkeypatch.setattr(many_intercepts, "BLOCK", 6)
    assert per_ratio(square, np.full(50, 3.0), 2).shape == (50, 1)
    np.testing.assert_array_equal(per_ratio(square, np.arange(7.0), 2)[:, 0], np.arange(7.0) ** 2)
    assert calls == [1, 3, 3, 1]


@pytest.mark.parametrize("rows", SETS)
def test_slopes_without_a_pair_are_those_of_the_other_rows(rows: Rows) -> None:
    found = influence_of(rows).between_pairs
    assert isinstance(found, SlopesWithoutPairs)
    assert len(found.pairs) == rows.n_groups * (rows.n_groups - 1) / 2
    for place in range(0, len(found.pairs), 5):
        left = without(rows, *found.pairs[place].tolist())
        fit = fit_all(left.moments, rows.levels)["between"]
        assert isinstance(fit, LeastSquaresFit)
        for c, column in enumerate(found.columns):
            alone = coefficient(fit, column, "between", "group_level")
            assert alone is not None
            assert found.estimates[place, c] == pytest.approx(alone.estimate, rel=1e-8, abs=1e-8 * alone.std_error)
            assert found.errors[place, c] == pytest.approx(alone.std_error, rel=1e-7)


def test_pairs_are_left_out_where_groups_are_not_many_and_enough() -> None:
    assert isinstance(influence_of(grouped_rows((3,) * MAX_GROUPS, seed=1)).between_pairs, SlopesWithoutPairs)
    many = influence_of(grouped_rows((3,) * (MAX_GROUPS + 1), seed=1)).between_pairs
    assert isinstance(many, Undefined)
    assert many.reason.code == "too_many_pairs"
    few = influence_of(grouped_rows((5,) * 4, seed=1)).between_pairs
    assert isinstance(few, Undefined)
    assert few.reason.code == "no_degrees_of_freedom"
    assert isinstance(influence_of(grouped_rows((5,) * 5, seed=1)).between_pairs, SlopesWithoutPairs)


def test_a_pair_that_alone_carries_a_dummy_cannot_be_left_out() -> None:
    rows = grouped_rows((6,) * 8, seed=10)
    mark = np.isin(rows.codes, (2, 5)).astype(float)
    rows = Rows(("mark", *rows.columns), rows.codes, np.column_stack([mark, rows.values]))
    found = influence_of(rows).between_pairs
    assert isinstance(found, SlopesWithoutPairs)
    assert len(found.pairs) == 8 * 7 / 2 - 1
    assert [2, 5] not in found.pairs.tolist()


def test_the_strongest_moves_tell_sign_and_zero() -> None:
    rows = grouped_rows((10,) * 9, tau=0.1, sigma=0.2, seed=8)
    values = rows.values.copy()
    mine = rows.codes == 5
    values[mine, 1] -= 9.0 * (values[mine, 0] - values[mine, 0].mean())  # group 5 turns the slope within groups
    changed = replace(rows, values=values)
    moves = {(move.kind, move.column): move for move in strongest_moves(influence_of(changed))}
    move = moves["within", "x1"]
    assert (move.group, move.changes_sign, move.is_notable) == (5, True, True)
    full, alone = (fit_all(r.moments, r.levels)["no_pooling"] for r in (changed, without(changed, 5)))
    for fit, value, error, covers in (
        (full, move.full, move.full_error, move.covered),
        (alone, move.without, move.error, move.covers),
    ):
        assert isinstance(fit, LeastSquaresFit)
        own = coefficient(fit, "x1", "within")
        assert own is not None
        assert (value, error) == pytest.approx((own.estimate, own.std_error), rel=1e-8)
        assert covers == (own.conf_low <= 0 <= own.conf_high)
    assert not move.covers
    turned, crossed = [], []
    for j in range(9):
        rest = without(changed, j)
        fit = fit_all(rest.moments, rest.levels)["no_pooling"]
        assert isinstance(fit, LeastSquaresFit)
        own = coefficient(fit, "x1", "within")
        assert own is not None
        turned += [j] if own.estimate * move.full < 0 else []
        crossed += [j] if (own.conf_low <= 0 <= own.conf_high) != move.covered else []
    assert (move.n_turned, move.n_crossed) == (len(turned), len(crossed))
    assert (move.turned, move.crossed) == tuple(tuple(some) if len(some) <= MAX_NAMED else () for some in (turned, crossed))
    assert move.turned


@pytest.mark.parametrize(("without_it", "is_notable"), [(3.01, False), (2.99, True), (5.01, True), (4.99, False)])
def test_a_slope_rests_on_a_group_that_moves_it_by_a_standard_error(without_it: float, is_notable: bool) -> None:
    assert Move("x", "within", 0, 4.0, without_it, 1.0, 1.0, False, False).is_notable == is_notable


def test_a_change_of_sign_or_of_zero_counts_from_half_a_standard_error_on() -> None:
    for full, without_it, covers, is_notable in (
        (0.3, -0.19, True, False),
        (0.3, -0.21, True, True),
        (2.3, 1.79, False, False),
        (2.3, 1.79, True, True),
        (2.3, 1.81, True, False),
    ):
        covered = full < 2.0
        assert Move("x", "within", 0, full, without_it, 1.0, 1.0, covered, covers).is_notable == is_notable


def test_the_moves_of_one_column_are_those_of_all() -> None:
    influence = influence_of(SETS[2])
    moves = strongest_moves(influence)
    assert {move.column for move in moves} == {"z", "x1", "x2"}
    for column in ("z", "x1", "x2"):
        assert strongest_moves(influence, column) == tuple(move for move in moves if move.column == column)
    assert isinstance(influence.random_intercept, SlopesWithout)
    assert [move.group for move in moves if move.kind == "random_intercept"] == influence.random_intercept.strongest.tolist()
