"""Adding up blocks: the moments of all rows, whatever the blocks; and what happens where groups are too many."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import INTERCEPT_ONLY, UNBALANCED, grouped_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen import block_moments, moment_sum, moments
from reportgen.column_levels import column_levels
from reportgen.comparison import compare
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.runner import fit_variants
from reportgen.fits import LeastSquaresFit, MixedFit, Undefined, UnfitVariant
from reportgen.moment_sum import MomentSum
from reportgen.moments import GroupMoments, SummedProducts


def assert_same(a: GroupMoments, b: GroupMoments) -> None:
    spread = np.sqrt(np.diag(b.S_T) / b.n_rows)
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_allclose(a.weight, b.weight, rtol=1e-13)
    np.testing.assert_allclose((a.means + a.origin - b.origin - b.means) / spread, 0.0, atol=1e-12)
    np.testing.assert_allclose((a.S_W - b.S_W) / np.outer(spread, spread), 0.0, atol=1e-12 * b.n_rows)
    assert a.log_weight == pytest.approx(b.log_weight, rel=1e-12)
    if a.keeps_products and b.keeps_products:
        np.testing.assert_allclose((a.cross - b.cross) / np.outer(spread, spread), 0.0, atol=1e-12 * b.n_rows)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    pieces=st.integers(1, 9),
    weighted=st.booleans(),
    keeps=st.booleans(),
    scattered=st.booleans(),
)
def test_blocks_add_up_to_the_moments_of_all_rows(seed: int, pieces: int, weighted: bool, keeps: bool, scattered: bool) -> None:
    rows = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0))
    random = np.random.default_rng(seed)
    values = rows.values + 10.0
    weights = random.uniform(0.5, 2.0, len(values)) if weighted else None
    whole = GroupMoments.from_rows(rows.columns, rows.codes, values, rows.n_groups, weights=weights)
    total = MomentSum(rows.columns)
    with pytest.MonkeyPatch.context() as patch:
        if not keeps:
            patch.setattr(moments, "MAX_PRODUCT_BYTES", 8 * 9 * 5)  # crossed after five groups
        if scattered:
            patch.setattr(moment_sum, "SCATTERED_GROUPS", 1)
        patch.setattr(moment_sum, "CACHED_GROUPS", 3)
        for index in np.array_split(random.permutation(len(values)), pieces):
            total.add(rows.codes[index], values[index], rows.n_groups, None if weights is None else weights[index])
        found = total.moments()
    assert found.keeps_products is keeps
    assert_same(found, whole)


def test_new_groups_follow_and_empty_blocks_change_nothing() -> None:
    rows = grouped_rows((3, 4, 5, 6, 7, 8, 9))
    total = MomentSum(rows.columns)
    total.add(rows.codes[:0], rows.values[:0], 0)
    for j in range(rows.n_groups):
        own = rows.codes == j
        total.add(rows.codes[own], rows.values[own], j + 1)
    assert_same(total.moments(), rows.moments)
    order = np.array([6, 0, 5, 1, 4, 2, 3])
    assert_same(total.moments(order), rows.moments.take(order))


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_sorted_by_group_keep_their_order_and_give_the_same_sums(weighted: bool) -> None:
    random = np.random.default_rng(7)
    codes, values = random.choice([2, 3, 5, 1_000_000], 500), random.normal(size=(500, 3))
    weights = random.uniform(0.5, 2.0, 500) if weighted else None
    rows = block_moments.SortedRows.of(codes, values, weights)
    order = np.argsort(codes, kind="stable")
    assert rows.groups.tolist() == [2, 3, 5, 1_000_000]
    np.testing.assert_array_equal(rows.groups[rows.places], codes[order])
    np.testing.assert_array_equal(rows.values, values[order])
    assert (rows.weights is None) is (weights is None)
    origin = values.mean(axis=0)
    places = np.searchsorted(rows.groups, codes)
    one = block_moments.block_moments(rows.places, rows.values, 4, origin, rows.weights)
    other = block_moments.block_moments(places, values, 4, origin, weights)
    np.testing.assert_array_equal(one.means, other.means)
    np.testing.assert_array_equal(one.products, other.products)


@pytest.mark.parametrize("weighted", [False, True])
def test_both_ways_of_multiplying_many_columns_agree(weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    codes = random.integers(0, 4, 600)
    codes[codes == 2] = 3  # a group without rows
    values = random.normal(size=(600, 13))
    weights = random.uniform(0.5, 2.0, 600) if weighted else None
    by_matrix = block_moments.block_moments(codes, values, 5, values.mean(axis=0), weights)
    monkeypatch.setattr(block_moments, "MANY_COLUMNS", 99)
    by_pair = block_moments.block_moments(codes, values, 5, values.mean(axis=0), weights)
    np.testing.assert_allclose(by_matrix.products, by_pair.products, atol=1e-11)
    assert not by_matrix.products[:, 2].any()


def test_merging_drops_the_products_where_together_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = grouped_rows(UNBALANCED)
    early = rows.codes < 4
    first = GroupMoments.from_rows(rows.columns, rows.codes[early], rows.values[early], 4)
    rest = GroupMoments.from_rows(rows.columns, rows.codes[~early], rows.values[~early], rows.n_groups)
    whole = rows.moments
    monkeypatch.setattr(moments, "MAX_PRODUCT_BYTES", 8 * 4 * 6)
    assert GroupMoments.from_rows(rows.columns, rows.codes[early], rows.values[early], 4).keeps_products
    both = first.merge(rest)
    assert isinstance(both.products, SummedProducts)
    assert_same(both, whole)
    assert_same(both.select([1, 0]), whole.select([1, 0]))
    assert_same(both.take(np.arange(rows.n_groups)[::-1]), whole.take(np.arange(rows.n_groups)[::-1]))
    with pytest.raises(ValueError, match="not kept"):
        both.take(np.array([0, 1]))
    with pytest.raises(TypeError, match="not kept"):
        _ = both.cross


def test_without_the_products_all_but_a_few_things_stay_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = grouped_rows((*UNBALANCED, 7, 9))
    slopes = RandomEffects(True, ("x1",), True)
    full = fit_variants(rows.moments, rows.levels, slopes)
    monkeypatch.setattr(moments, "MAX_PRODUCT_BYTES", 0)
    summed = rows.moments
    levels = column_levels(summed)[:-1]
    fits = fit_variants(summed, levels, slopes)
    for name in ("separate", "random_slope", "within_between_slope"):
        fit = fits[name]
        assert isinstance(fit, UnfitVariant)
        assert fit.reason.code == "products_not_kept"
    for name in ("pooled", "no_pooling", "between", "random_intercept", "mundlak", "within_between"):
        one, other = fits[name], full[name]
        assert isinstance(one, LeastSquaresFit | MixedFit)
        assert isinstance(other, LeastSquaresFit | MixedFit)
        for a, b in zip(one.coefficients, other.coefficients, strict=True):
            assert a.estimate == pytest.approx(b.estimate, rel=1e-10)
            assert a.std_error == pytest.approx(b.std_error, rel=1e-10)
        assert all(errors.issues[0].code == "products_not_kept" for errors in one.robust)
        assert len(one.robust) == (0 if name == "between" else 3)
    compared = compare(summed, levels, fit_variants(summed, levels, INTERCEPT_ONLY))
    assert isinstance(compared.influence.within, Undefined)
    assert not isinstance(compared.influence.between, Undefined)
