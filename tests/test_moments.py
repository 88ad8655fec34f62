"""Group moments: exact under any cutting, merging and shifting."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import UNBALANCED, grouped_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reportgen.column_levels import ColumnLevel, column_levels
from reportgen.moments import GroupMoments


def assert_close(a: GroupMoments, b: GroupMoments, tolerance: float) -> None:
    np.testing.assert_array_equal(a.rows, b.rows)
    spread = np.sqrt(np.diag(b.S_T) / b.n_rows)
    np.testing.assert_allclose((a.means + a.origin - b.origin - b.means) / spread, 0.0, atol=tolerance)
    np.testing.assert_allclose((a.cross - b.cross) / np.outer(spread, spread), 0.0, atol=tolerance * b.n_rows)


def test_they_are_means_and_centred_cross_products() -> None:
    rows = grouped_rows(UNBALANCED)
    moments = rows.moments
    for j in range(rows.n_groups):
        own = rows.values[rows.codes == j]
        np.testing.assert_allclose(moments.means[j] + moments.origin, own.mean(axis=0), rtol=1e-13)
        centred = own - own.mean(axis=0)
        np.testing.assert_allclose(moments.cross[j], centred.T @ centred, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), pieces=st.integers(1, 9))
def test_any_cutting_and_any_order_of_merging_give_the_same(seed: int, pieces: int) -> None:
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0))
    random = np.random.default_rng(seed)
    order = random.permutation(len(rows.codes))
    parts = [
        GroupMoments.from_rows(rows.columns, rows.codes[index], rows.values[index], rows.n_groups)
        for index in np.array_split(order, pieces)
    ]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part) if random.random() < 0.5 else part.merge(merged)
    assert_close(merged, rows.moments, 1e-12)


def test_merging_takes_in_groups_met_later() -> None:
    rows = grouped_rows((3, 4, 5))
    early = rows.codes < 2
    first = GroupMoments.from_rows(rows.columns, rows.codes[early], rows.values[early], 2)
    rest = GroupMoments.from_rows(rows.columns, rows.codes[~early], rows.values[~early], 3)
    assert_close(first.merge(rest), rows.moments, 1e-12)
    assert_close(rest.merge(first), rows.moments, 1e-12)


def test_a_shift_loses_no_more_than_the_digits_the_data_lose() -> None:
    rows = grouped_rows(UNBALANCED)
    shifted = rows.values + 1e9
    moments = GroupMoments.from_rows(rows.columns, rows.codes, shifted, rows.n_groups)
    rounded = shifted - 1e9  # what is left of the data once they carry 1e9
    exact = GroupMoments.from_rows(rows.columns, rows.codes, rounded, rows.n_groups)
    np.testing.assert_allclose(moments.cross, exact.cross, rtol=0, atol=1e-12 * float(np.diag(exact.S_T).max()))
    gap = moments.means + (moments.origin - 1e9) - exact.means - exact.origin
    np.testing.assert_allclose(gap, 0.0, atol=1e-7 * 2)  # the origin itself is a number near 1e9


def test_whole_number_weights_are_repeated_rows() -> None:
    rows = grouped_rows((3, 4, 5))
    weights = np.random.default_rng(3).integers(1, 4, len(rows.codes))
    weighted = GroupMoments.from_rows(rows.columns, rows.codes, rows.values, 3, weights=weights.astype(float))
    repeated = GroupMoments.from_rows(rows.columns, np.repeat(rows.codes, weights), np.repeat(rows.values, weights, axis=0), 3)
    np.testing.assert_allclose(weighted.weight, repeated.weight)
    np.testing.assert_allclose(weighted.means + weighted.origin, repeated.means + repeated.origin, rtol=1e-12)
    np.testing.assert_allclose(weighted.cross, repeated.cross, atol=1e-12)
    assert weighted.log_weight == pytest.approx(np.log(weights).sum())
    assert weighted.n_rows == len(rows.codes)


def test_total_is_within_plus_between() -> None:
    rows = grouped_rows(UNBALANCED)
    centred = rows.values - rows.values.mean(axis=0)
    np.testing.assert_allclose(rows.moments.S_T, centred.T @ centred, rtol=1e-12)


def test_moments_of_other_columns_do_not_merge() -> None:
    rows = grouped_rows((3, 4))
    with pytest.raises(ValueError, match="cannot merge"):
        rows.moments.merge(rows.moments.select([1, 0]))


@pytest.mark.parametrize("shift", [0.0, 1e9])
@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_levels_of_columns(shift: float, scale: float) -> None:
    codes = np.repeat([0, 1, 2], 4)
    both = np.random.default_rng(1).normal(size=12) + codes
    group_level = np.array([1.1, 2.3, 4.7])[codes]
    within_only = np.tile([0.1, 0.2, 0.3, 0.7], 3)
    values = np.column_stack([both, group_level, within_only]) * scale + shift * scale
    levels = column_levels(GroupMoments.from_rows(["both", "group_level", "within_only"], codes, values, 3))
    assert [(level.varies_within, level.varies_between) for level in levels] == [(True, True), (False, True), (True, False)]


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_what_is_said_of_a_column_does_not_depend_on_the_unit_of_the_weights(unit: float) -> None:
    rows = grouped_rows(UNBALANCED)
    weights = np.random.default_rng(4).uniform(0.5, 2.0, len(rows.codes))

    def levels(weights: NDArray[np.float64] | None) -> tuple[ColumnLevel, ...]:
        return column_levels(GroupMoments.from_rows(rows.columns, rows.codes, rows.values, rows.n_groups, weights=weights))

    assert levels(weights * unit) == levels(weights)
    assert levels(np.full(len(rows.codes), unit)) == levels(None)
