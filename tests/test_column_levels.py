"""Products whose group means follow from predictors of the groups: told where it is exact, and what the models make of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reportgen import analyze
from reportgen.analysis import Analysis, walk
from reportgen.column_levels import ColumnLevel, column_levels, with_aliased_means
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, Undefined
from reportgen.moments import GroupMoments

DATA = Path(__file__).resolve().parent / "reference" / "data"
GROWTH = "distance ~ age * Sex + (1 | Subject)"
PRODUCT = "age:Sex[T.Male]"
TIMES = np.array([8.0, 10.0, 12.0, 14.0])


def told(times: np.ndarray, treated: np.ndarray, *others: np.ndarray, products: tuple[str, ...] = ("p",)) -> ColumnLevel:
    """The level of the product p of (J, n) times and of (J,) treatment of the groups."""
    n_groups, n = times.shape
    codes = np.repeat(np.arange(n_groups), n)
    rows = [times.ravel(), treated[codes], *(other[codes] for other in others), times.ravel() * treated[codes], codes * 1.0]
    names = ["t", "z", *(f"v{i}" for i in range(len(others))), "p", "y"]
    moments = GroupMoments.from_rows(names, codes, np.column_stack(rows), n_groups)
    return with_aliased_means(moments, column_levels(moments), products)[-2]


def seen_alike(n_groups: int = 9) -> tuple[np.ndarray, np.ndarray]:
    return np.tile(TIMES, (n_groups, 1)), (np.arange(n_groups) % 2).astype(float)


def test_where_all_are_seen_at_the_same_times_the_means_of_the_product_follow() -> None:
    level = told(*seen_alike())
    assert level.means_aliased_with == ("z",)
    assert (level.varies_within, level.varies_between, level.has_means, level.is_split) == (True, True, False, False)


@pytest.mark.parametrize("shift", [0.0, 1e5])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_unit_and_origin_of_the_times_do_not_matter(shift: float, scale: float) -> None:
    times, treated = seen_alike()
    assert told((times + shift) * scale, treated).means_aliased_with == ("z",)


@pytest.mark.parametrize("shift", [0.0, 1e5])
def test_one_late_visit_gives_the_product_means_of_its_own(shift: float) -> None:
    times, treated = seen_alike()
    times[1, 2] += 1e-3
    assert told(times + shift, treated).is_split
    times[1, 2] = TIMES[2] + 1e-7  # nothing beside the spread of the visits
    assert told(times + shift, treated).means_aliased_with == ("z",)


def test_a_late_visit_where_there_is_no_treatment_is_not_in_the_product() -> None:
    times, treated = seen_alike()
    times[0, 2] += 1.0
    assert told(times, treated).means_aliased_with == ("z",)


def test_only_what_has_a_share_in_the_means_is_named() -> None:
    times, treated = seen_alike()
    assert told(times, treated, np.cos(np.arange(9.0))).means_aliased_with == ("z",)


def test_only_products_are_asked() -> None:
    assert told(*seen_alike(), products=()).is_split
    assert told(*seen_alike(), products=("t", "z", "y")).is_split


@pytest.mark.parametrize(("n_groups", "follows"), [(3, False), (4, True)])
def test_groups_must_be_left_over(n_groups: int, follows: bool) -> None:
    assert bool(told(*seen_alike(n_groups)).means_aliased_with) is follows


def test_without_a_predictor_of_the_groups_the_means_are_its_own() -> None:
    codes = np.repeat(np.arange(9), 4)
    times, treated = seen_alike()
    values = np.column_stack([times.ravel(), times.ravel() * treated[codes], codes * 1.0])
    moments = GroupMoments.from_rows(["t", "p", "y"], codes, values, 9)
    assert with_aliased_means(moments, column_levels(moments), ("p",)) == column_levels(moments)


@cache
def growth() -> Analysis:
    return walk(GROWTH, DATA / "orthodont.csv")


def estimate(variant: str, column: str) -> Coefficient:
    fit = growth().fits[variant]
    assert isinstance(fit, LeastSquaresFit | MixedFit)
    return next(c for c in fit.coefficients if c.column == column)


def test_every_variant_of_a_growth_study_is_fitted_and_has_the_same_product() -> None:
    found = [
        estimate(variant, PRODUCT) for variant in ("pooled", "no_pooling", "random_intercept", "mundlak", "within_between")
    ]
    assert [c.role for c in found] == ["raw", "within", "raw", "raw", "within"]
    assert np.ptp([c.estimate for c in found]) < 1e-12
    assert found[2].estimate == pytest.approx(0.3048295, abs=5e-8)  # nlme's data, as Pinheiro & Bates (2000) print it: 0.305
    assert np.ptp([c.std_error for c in found[1:]]) < 1e-12
    assert all(check.holds in (True, None) for check in growth().comparison.checks)


def test_the_groups_are_compared_at_the_mean_of_the_times_or_at_zero() -> None:
    at_mean, at_zero = estimate("within_between", "Sex[T.Male]"), estimate("mundlak", "Sex[T.Male]")
    assert at_mean.estimate == pytest.approx(estimate("between", "Sex[T.Male]").estimate, rel=1e-12)
    assert at_mean.estimate == pytest.approx(at_zero.estimate + 11.0 * estimate("mundlak", PRODUCT).estimate, rel=1e-12)


def test_there_is_no_slope_between_groups_and_the_reason_is_said() -> None:
    analysis = walk(GROWTH, DATA / "orthodont.csv")  # not the kept one, which is made before a mutant's changes
    slope = next(s for s in analysis.comparison.slopes if s.column == PRODUCT)
    assert isinstance(slope.within, Coefficient)
    for found in (slope.between, slope.contextual, slope.blends["pooled"].between):
        assert isinstance(found, Undefined)
        assert found.reason.code == "group_means_aliased"
        assert found.reason.values == {"column": PRODUCT, "others": ("Sex[T.Male]",)}


def test_the_finding_names_what_the_means_are_aliased_with() -> None:
    (finding,) = [f for f in growth().findings if f.kind == "aliased_means"]
    assert (finding.severity, finding.values) == ("info", {"column": PRODUCT, "predictors": ["Sex[T.Male]"]})


def test_visits_as_a_factor_follow_as_well() -> None:
    data = pd.read_csv(DATA / "orthodont.csv")
    columns = json.loads(analyze("distance ~ C(age) * Sex + (1 | Subject)", data).to_json())["columns"]
    assert [column["means_aliased_with"] for column in columns] == [[]] * 4 + [["Sex[T.Male]"]] * 3


def test_a_missed_visit_gives_the_product_means_of_its_own() -> None:
    data = pd.read_csv(DATA / "orthodont.csv")
    for sex, is_split in (("Male", True), ("Female", False)):  # the product is zero where a girl is seen
        fewer = data.drop(index=data.index[(data["Sex"] == sex) & (data["age"] == 8)][:1])
        level = next(level for level in walk(GROWTH, fewer).levels if level.column == PRODUCT)
        assert level.is_split is is_split
