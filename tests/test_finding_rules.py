"""Each rule alone, held against evidence that just makes it speak and evidence that just does not, and all it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from evidence import ABSENT, base, compared, fitted, frame, level, said
from numpy.typing import NDArray

from reportgen.analysis import walk
from reportgen.blends import Blend, Pull
from reportgen.choices import Options
from reportgen.comparison import SlopeComparison
from reportgen.estimation.residual_spread import ResidualSpread
from reportgen.findings import Evidence, Finding, cautions, data_cautions, residual_cautions, summary
from reportgen.findings.records import Rule
from reportgen.fits import Coefficient, Issue, LeastSquaresFit, MixedFit, Number
from reportgen.formula import parse_formula
from reportgen.identities import IdentityCheck
from reportgen.moments import ColumnLevel, GroupMoments, column_levels
from reportgen.points import Points


def of_rows(*columns: NDArray[np.float64], codes: NDArray[np.int64], weights: NDArray[np.float64] | None = None) -> Evidence:
    """Evidence with the moments, levels and points of these rows; predictors x, z, ..., the response last."""
    names = (*"xzvw"[: len(columns) - 1], "y")
    values = np.column_stack(columns)
    moments = GroupMoments.from_rows(names, codes, values, int(codes.max()) + 1, weights=weights)
    points = Points(codes, values, len(codes))
    groups = tuple(f"g{j:02d}" for j in range(moments.n_groups))
    return replace(base(), moments=moments, levels=column_levels(moments), points=points, groups=groups)


def leveled(*levels: ColumnLevel) -> Evidence:
    return replace(base(), levels=(*levels, level("y")))


def least_squares(variant: str) -> LeastSquaresFit:
    fit = base().fits[variant]
    assert isinstance(fit, LeastSquaresFit)
    return fit


def with_issue(code: str, *variants: str) -> Evidence:
    changed = {}
    for variant in variants:
        fit = base().fits[variant]
        assert isinstance(fit, MixedFit)
        changed[variant] = replace(fit, issues=(Issue("something_else"), Issue(code)))
    return fitted(**changed)


def grouped(*sizes: int) -> Evidence:
    """Groups of these sizes, the column otherwise of no matter."""
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return of_rows(np.arange(float(len(codes))), np.sin(np.arange(len(codes))), codes=codes)


# --- groups


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (2, [("very_few_groups", "problem", {"n_groups": 2})]),
        (4, [("very_few_groups", "problem", {"n_groups": 4})]),
        (5, [("few_groups", "caution", {"n_groups": 5})]),
        (9, [("few_groups", "caution", {"n_groups": 9})]),
        (10, []),
    ],
)
def test_few_groups(n: int, expected: list[object]) -> None:
    assert said(cautions.few_groups, grouped(*[3] * n)) == expected


def test_between_on_few_df() -> None:
    fit = least_squares("between")
    values = {"columns": ["x"], "df": 10.0, "n_groups": 12}
    assert said(cautions.between_on_few_df, base()) == [("between_on_few_df", "caution", values)]
    assert said(cautions.between_on_few_df, fitted(between=replace(fit, df_residual=10.5))) == []
    alone = replace(fit, coefficients=fit.coefficients[:1])
    assert alone.coefficients[0].role == "intercept"
    assert said(cautions.between_on_few_df, fitted(between=alone)) == []
    assert said(cautions.between_on_few_df, fitted(between=base().fits["separate"])) == []


def test_singleton_groups() -> None:
    assert said(cautions.singleton_groups, grouped(2, 3)) == []
    found = said(cautions.singleton_groups, grouped(1, 2, 1, 1, 1, 1, 1))
    assert found == [("singleton_groups", "caution", {"n": 6, "examples": ["g00", "g02", "g03", "g04", "g05"]})]


def test_unbalanced_groups() -> None:
    assert said(cautions.unbalanced_groups, grouped(3, 3)) == []
    found = said(cautions.unbalanced_groups, grouped(3, 2, 5))
    assert found == [("unbalanced_groups", "info", {"smallest": 2, "largest": 5})]


def test_groups_without_variation() -> None:
    codes = np.repeat(np.arange(9), [2, 2, 2, 2, 2, 2, 2, 1, 3])
    x = np.array([1.0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9, 1, 2, 3])
    evidence = of_rows(x, np.sin(np.arange(18)), codes=codes)
    values = {"column": "x", "n": 6, "examples": ["g00", "g01", "g02", "g03", "g04"]}
    assert said(cautions.groups_without_variation, evidence) == [("groups_without_variation", "caution", values)]
    constant = of_rows(codes.astype(float), x, np.sin(np.arange(18)), codes=codes)
    assert [finding[2]["column"] for finding in said(cautions.groups_without_variation, constant)] == ["z"]


def test_groups_without_variation_are_not_looked_for_where_only_sums_were_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reportgen.moments.MAX_PRODUCT_BYTES", 0)
    codes = np.repeat(np.arange(3), 2)
    evidence = of_rows(np.array([1.0, 1, 2, 3, 4, 5]), np.sin(np.arange(6)), codes=codes)
    assert not evidence.moments.keeps_products
    assert said(cautions.groups_without_variation, evidence) == []


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (("a", "b"), []),
        (("North", "north ", "South"), [["North", "north "]]),
        (("a  b", "a b", "ab"), [["a  b", "a b"]]),
        (("e\u0301", "é"), [["e\u0301", "é"]]),
        (("1", "01"), []),
        (("①", "1"), []),
        (("x1", "X1", "y", "Y"), [["x1", "X1"], ["y", "Y"]]),
        (("\u0661", " \u0661"), [["\u0661", " \u0661"]]),
    ],
)
def test_similar_labels(labels: tuple[str, ...], found: list[list[str]]) -> None:
    expected = [("similar_labels", "caution", {"n": len(found), "examples": found})] if found else []
    assert said(cautions.similar_labels, replace(base(), groups=labels)) == expected


def test_five_examples_of_similar_labels() -> None:
    labels = tuple(letter for lower in "abcdefg" for letter in (lower, lower.upper()))
    ((_, _, values),) = said(cautions.similar_labels, replace(base(), groups=labels))
    assert (values["n"], values["examples"]) == (7, [["a", "A"], ["b", "B"], ["c", "C"], ["d", "D"], ["e", "E"]])


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (("a", "n", "0"), []),
        ((" NA ", "a"), [" NA "]),
        (("n/a", "#N/A", "None", "NULL", "nil", "?"), ["n/a", "#N/A", "None", "NULL", "nil"]),
        (("-", ".", "Missing", "UNKNOWN", "  "), ["-", ".", "Missing", "UNKNOWN", "  "]),
        (("nan",), ["nan"]),
    ],
)
def test_missing_labels(labels: tuple[str, ...], found: list[str]) -> None:
    n = len(labels) if len(found) == 5 else len(found)
    expected = [("missing_labels", "caution", {"n": n, "examples": found})] if found else []
    assert said(data_cautions.missing_labels, replace(base(), groups=labels)) == expected


def test_groups_lost() -> None:
    sample = base().sample
    lost = replace(base(), sample=replace(sample, lost_groups=tuple("abcdefg")))
    assert said(data_cautions.groups_lost, base()) == []
    assert said(data_cautions.groups_lost, lost) == [("groups_lost", "caution", {"n": 7, "examples": list("abcde")})]


def test_dropped_rows() -> None:
    sample = base().sample
    dropped = replace(base(), sample=replace(sample, n_rows_read=49, n_rows_dropped=1))
    assert said(cautions.dropped_rows, base()) == []
    assert said(cautions.dropped_rows, dropped) == [("dropped_rows", "caution", {"n_read": 49, "n_dropped": 1})]


def test_numeric_group_predictor() -> None:
    formula = parse_formula("y ~ x + b + (1 | a:b)")
    found = said(cautions.numeric_group_predictor, replace(base(), formula=formula))
    assert found == [("numeric_group_predictor", "caution", {"column": "b"})]
    assert said(cautions.numeric_group_predictor, base()) == []


# --- predictors


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"between_share": 0.96}, "little_within_variation"),
        ({"between_share": 0.95}, ""),
        ({"between_share": 0.01}, ""),
        ({"between_share": 0.009}, "little_between_variation"),
        ({"between_share": 0.96, "varies_within": False}, ""),
        ({"between_share": 0.001, "varies_between": False}, ""),
    ],
)
def test_level_variation(changes: dict[str, Any], kind: str) -> None:
    expected = [(kind, "caution", {"column": "x", "between_share": changes["between_share"]})] if kind else []
    assert said(cautions.level_variation, leveled(level(**changes))) == expected


def test_level_variation_looks_at_all_predictors_and_not_at_the_response() -> None:
    evidence = replace(leveled(level(varies_within=False), level("z", between_share=0.99)), formula=base().formula)
    assert [finding[2]["column"] for finding in said(cautions.level_variation, evidence)] == ["z"]
    only_response = replace(base(), levels=(level(), level("y", between_share=0.99)))
    assert said(cautions.level_variation, only_response) == []


def test_one_level_predictors() -> None:
    evidence = leveled(level("x"), level("z", varies_within=False), level("v", varies_between=False))
    assert said(cautions.one_level_predictors, evidence) == [
        ("group_level_predictor", "info", {"column": "z"}),
        ("within_only_predictor", "info", {"column": "v"}),
    ]


@pytest.mark.parametrize(
    ("changes", "speaks"),
    [
        ({"icc": 0.36}, True),  # 0.36 / (0.36 + 0.64 / 4) = 0.692
        ({"icc": 0.37}, False),  # 0.37 / (0.37 + 0.63 / 4) = 0.701
        ({"icc": 0.1, "between_share": 0.01}, True),
        ({"icc": 0.1, "between_share": 0.0099}, False),
        ({"icc": 0.1, "varies_within": False}, False),
        ({"icc": 0.1, "varies_between": False}, False),
    ],
)
def test_unreliable_group_means(changes: dict[str, Any], speaks: bool) -> None:
    icc = changes["icc"]
    values = {"column": "x", "reliability": pytest.approx(4 * icc / (1 + 3 * icc), rel=1e-12), "group_size": 4.0}
    expected = [("unreliable_group_means", "caution", values)] if speaks else []
    assert said(cautions.unreliable_group_means, leveled(level(**changes))) == expected


def test_reliability_of_seven_tenths_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cautions, "RELIABLE", 0.8)
    assert said(cautions.unreliable_group_means, leveled(level(icc=0.5))) == []  # 0.5 / (0.5 + 0.5 / 4) is 0.8 exactly


def test_group_means_at_the_median_size() -> None:
    evidence = replace(grouped(1, 2, 9, 9, 90), levels=(level(icc=0.1), level("y")))
    ((_, _, values),) = said(cautions.unreliable_group_means, evidence)
    assert values["group_size"] == 9.0


def collinear(noise: float) -> Evidence:
    random = np.random.default_rng(8)
    codes = np.repeat(np.arange(10), 5)
    x, z, v = random.normal(size=(3, 50))
    return of_rows(x, 1000.0 * (x + noise * z), v, random.normal(size=50), codes=codes)


def inflation(evidence: Evidence) -> list[float]:
    """1 / (1 - R2) of each predictor on the others, by least squares."""
    factors = []
    x = evidence.points.values[:, :-1]
    for i in range(x.shape[1]):
        others = np.column_stack([np.ones(len(x)), np.delete(x, i, axis=1)])
        left = x[:, i] - others @ np.linalg.lstsq(others, x[:, i], rcond=None)[0]
        factors.append(float(((x[:, i] - x[:, i].mean()) ** 2).sum() / (left @ left)))
    return factors


def test_overlapping_predictors() -> None:
    evidence = collinear(0.1)
    factors = inflation(evidence)
    assert factors[0] > 10 > factors[2]
    ((kind, severity, values),) = said(cautions.overlapping_predictors, evidence)
    assert (kind, severity) == ("overlapping_predictors", "caution")
    assert values["columns"] == [
        {"column": "x", "vif": pytest.approx(factors[0], rel=1e-9)},
        {"column": "z", "vif": pytest.approx(factors[1], rel=1e-9)},
    ]


def test_a_factor_of_ten_is_not_yet_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    x, z = np.tile([1.0, -1, 1, -1], 4), np.tile([1.0, 1, -1, -1], 4)
    evidence = of_rows(x, z, np.arange(16.0), codes=np.repeat(np.arange(8), 2))
    monkeypatch.setattr(cautions, "COLLINEAR", 1.0)  # what it is exactly for predictors without any correlation
    assert said(cautions.overlapping_predictors, evidence) == []
    assert said(cautions.overlapping_predictors, base()) == []


def derived(exponent: float, *, n_groups: int = 5) -> Evidence:
    """z is a line on the group means of x, but for a part of this size."""
    codes = np.repeat(np.arange(n_groups), [3, 4, 5, 3, 4][:n_groups])
    x = np.sin(np.arange(len(codes)) * 1.7) + codes
    means = np.array([x[codes == j].mean() for j in range(n_groups)])
    centred = (means - x.mean())[codes]
    other = ((np.arange(n_groups) - 1.0) ** 2)[codes]
    other = other - other.mean() - centred * (centred @ other) / (centred @ centred)
    z = 3.0 - 2.0 * centred + 10.0**exponent * other * np.sqrt(4 * centred @ centred / (other @ other + 1e-300))
    return of_rows(x, z, np.cos(np.arange(len(codes))), codes=codes)


def test_derived_mean() -> None:
    expected = [("derived_mean", "caution", {"column": "z", "predictor": "x"})]
    assert said(data_cautions.derived_mean, derived(-20)) == expected
    assert said(data_cautions.derived_mean, derived(-5.02)) == expected  # a share of 10**-10.04 of its variation is left
    assert said(data_cautions.derived_mean, derived(-4.98)) == []
    assert said(data_cautions.derived_mean, derived(-20, n_groups=3)) == expected
    assert said(data_cautions.derived_mean, derived(-20, n_groups=2)) == []
    assert said(data_cautions.derived_mean, base("y ~ x + z + (1 | g)")) == []


def test_a_mean_is_derived_from_predictors_of_both_levels_only() -> None:
    evidence = derived(-20)
    x, z, y = evidence.levels
    assert said(data_cautions.derived_mean, replace(evidence, levels=(replace(x, varies_between=False), z, y))) == []
    assert said(data_cautions.derived_mean, replace(evidence, levels=(replace(x, varies_within=False), z, y))) == []
    turned = of_rows(*evidence.points.values[:, [1, 0, 2]].T, codes=evidence.points.codes)
    assert said(data_cautions.derived_mean, turned) == [("derived_mean", "caution", {"column": "x", "predictor": "z"})]


# --- values


def test_binary_response() -> None:
    codes = np.repeat(np.arange(3), 2)
    x = np.arange(6.0)
    two = of_rows(x, np.array([1.0, 3, 1, 1, 3, 1]), codes=codes)
    assert said(cautions.binary_response, two) == [("binary_response", "caution", {"low": 1.0, "high": 3.0})]
    assert said(cautions.binary_response, of_rows(x, np.array([1.0, 3, 1, 1, 3, 2]), codes=codes)) == []
    assert said(cautions.binary_response, of_rows(np.ones(6), np.tile([1.0, 2.0], 3), x, codes=codes)) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2, 1, 2, 1, 2, 1, 2], []),
        ([1.0, 2, 3, 1, 2, 3, 1], [("few_values", "caution", {"n": 3})]),
        ([1.0, 2, 3, 1, 2, 3], []),
        ([1.0, 2, 3, 4, 5, 6] * 3, [("few_values", "caution", {"n": 6})]),
        ([1.0, 2, 3, 4, 5, 6, 7] * 3, []),
    ],
)
def test_few_values(values: list[float], expected: list[object]) -> None:
    y = np.array(values)
    evidence = of_rows(np.sin(np.arange(len(y))), y, codes=np.arange(len(y)) % 3)
    assert said(data_cautions.few_values, evidence) == expected


@pytest.mark.parametrize("code", [-9999.0, -999.0, -99.0, -9.0, 99.0, 999.0, 9999.0])
def test_each_code_for_missing_values(code: float) -> None:
    x = np.array([code, code, 1.0, 2.0, 3.0, 1.5])
    evidence = of_rows(x, np.arange(6.0), codes=np.arange(6) % 3)
    expected = [("missing_value_codes", "caution", {"column": "x", "value": code, "n": 2})]
    assert said(cautions.missing_value_codes, evidence) == expected


@pytest.mark.parametrize(
    ("values", "n"),
    [
        ([99.0, 1, 2, 3, 4, 5], 0),  # once only
        ([99.0, 99, 99, 99, 1, 2], 0),  # hardly anything else
        ([99.0, 99, 99, 1, 2, 3], 3),
        ([99.0, 99, 50, 60, 70, 80], 0),  # as far away as the others are from each other at most
        ([99.0, 99, 49, 60, 70, 74], 0),  # exactly so: 74 + 25
        ([99.0, 99, 50, 60, 70, 74], 2),
        ([-9.0, -9, 1, 5, 7, 11], 0),  # exactly so: 1 - 10
        ([-9.0, -9, 1, 5, 7, 10], 2),
        ([99.0, 99, 0, 60, 70, 120], 0),
    ],
)
def test_codes_lie_apart_from_all_other_values(values: list[float], n: int) -> None:
    evidence = of_rows(np.arange(6.0), np.array(values), codes=np.arange(6) % 3)
    expected = [("missing_value_codes", "caution", {"column": "y", "value": values[0], "n": n})] if n else []
    assert said(cautions.missing_value_codes, evidence) == expected


def test_codes_of_several_columns() -> None:
    x, y = np.array([1.0, 1, 1, 2, 3, 4, 99, 99]), np.array([1.0, 2, 3, 4, 5, 6, 999, 999])
    found = said(cautions.missing_value_codes, of_rows(x, np.ones(8), y, codes=np.arange(8) % 4))
    assert [(values["column"], values["value"]) for _, _, values in found] == [("x", 99.0), ("y", 999.0)]


def far_away(n: int, weights: NDArray[np.float64] | None = None) -> Evidence:
    """One of n values is 100, the others 0: it lies (n - 1) / sqrt(n) standard deviations from their mean."""
    y = np.zeros(n)
    y[3] = 100.0
    return of_rows(np.sin(np.arange(n)), y, codes=np.arange(n) % 4, weights=weights)


def test_extreme_rows() -> None:
    assert said(cautions.extreme_rows, far_away(65)) == []  # 64 / sqrt(65) = 7.94
    expected = [("extreme_rows", "caution", {"column": "y", "n": 1, "value": 100.0})]
    assert said(cautions.extreme_rows, far_away(66)) == expected  # 65 / sqrt(66) = 8.001


def test_eight_standard_deviations_are_not_extreme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cautions, "EXTREME", 1.5)  # the distance of one value of four, exactly
    assert said(cautions.extreme_rows, far_away(4)) == []


def test_it_does_not_matter_where_the_means_are_measured_from() -> None:
    evidence = far_away(66)
    moments = replace(evidence.moments, origin=evidence.moments.origin - 3.0, means=evidence.moments.means + 3.0)
    elsewhere = replace(evidence, moments=moments)
    assert said(cautions.extreme_rows, elsewhere) == said(cautions.extreme_rows, evidence)
    lost = of_rows(1e10 + np.sin(np.arange(20)), np.cos(np.arange(20)), codes=np.arange(20) % 4)
    part = 0.25 * lost.moments.origin
    moments = replace(lost.moments, origin=part, means=lost.moments.means + 3.0 * part)
    ((_, _, values),) = said(data_cautions.few_digits, replace(lost, moments=moments))
    assert values["size"] == pytest.approx(1e10)
    line = derived(-20)
    moments = replace(line.moments, origin=line.moments.origin - 3.0, means=line.moments.means + 3.0)
    assert len(said(data_cautions.derived_mean, replace(line, moments=moments))) == 1


@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_extreme_rows_do_not_depend_on_the_unit_of_the_weights(unit: float) -> None:
    assert said(cautions.extreme_rows, far_away(65, np.full(65, unit))) == []
    assert len(said(cautions.extreme_rows, far_away(66, np.full(66, unit)))) == 1


def test_extreme_rows_of_several_columns_the_worst_of_each() -> None:
    n = 400
    y, x = np.zeros(n), np.zeros(n)
    y[[3, 4, 5]] = [-900.0, 1000.0, -1010.0]
    x[3] = -7.0
    found = said(cautions.extreme_rows, of_rows(x, np.ones(n), y + 5.0, codes=np.arange(n) % 4))
    assert found == [
        ("extreme_rows", "caution", {"column": "x", "n": 1, "value": -7.0}),
        ("extreme_rows", "caution", {"column": "y", "n": 3, "value": -1005.0}),
    ]


@pytest.mark.parametrize("offset", [1e10, -1e10])
def test_few_digits(offset: float) -> None:
    codes = np.repeat(np.arange(4), 5)
    x = np.sin(np.arange(20))
    evidence = of_rows(offset + x, np.ones(20), x, codes=codes)
    ((kind, severity, values),) = said(data_cautions.few_digits, evidence)
    assert (kind, severity) == ("few_digits", "caution")
    assert values == {
        "column": "x",
        "size": pytest.approx(1e10),
        "spread": pytest.approx(x.std(), rel=1e-5),
        "digits": 5,
    }


@pytest.mark.parametrize(("digits", "speaks"), [(6.1, False), (5.9, True), (0.5, True)])
def test_six_digits_are_enough(digits: float, speaks: bool) -> None:
    x = np.array([1.0, -1.0] * 6)
    offset = 1.0 / (10.0**digits * np.finfo(float).eps)
    evidence = of_rows(x + np.round(offset), np.sin(np.arange(12)), codes=np.arange(12) % 3)
    found = said(data_cautions.few_digits, evidence)
    assert [values["digits"] for _, _, values in found] == ([int(digits)] if speaks else [])
    weighted = of_rows(x + np.round(offset), np.sin(np.arange(12)), codes=np.arange(12) % 3, weights=np.full(12, 1e4))
    assert bool(said(data_cautions.few_digits, weighted)) is speaks


def test_small_numbers_can_have_few_digits() -> None:
    x = np.array([1.0, -1.0] * 6)
    found = said(data_cautions.few_digits, of_rows(0.5 + 1e-11 * x, np.sin(np.arange(12)), codes=np.arange(12) % 3))
    assert [(values["column"], values["digits"]) for _, _, values in found] == [("x", 4)]


def test_columns_around_zero_have_all_digits() -> None:
    x = np.array([1.0, -1.0] * 6)
    assert said(data_cautions.few_digits, of_rows(x, np.full(12, 3.0), np.roll(x, 1), codes=np.repeat(np.arange(6), 2))) == []


# --- fits


def test_zero_group_variance() -> None:
    assert said(cautions.zero_group_variance, base()) == []
    found = said(cautions.zero_group_variance, with_issue("zero_group_variance", "mundlak", "random_intercept"))
    assert found == [("zero_group_variance", "caution", {"variants": ["random_intercept", "mundlak"]})]


def test_several_optima() -> None:
    assert said(cautions.several_optima, base()) == []
    found = said(cautions.several_optima, with_issue("several_optima", "random_intercept"))
    assert found == [("several_optima", "caution", {"variants": ["random_intercept"]})]


def test_not_converged() -> None:
    assert said(cautions.not_converged, base()) == []
    found = said(cautions.not_converged, with_issue("not_converged", "within_between"))
    assert found == [("not_converged", "problem", {"variants": ["within_between"]})]


@pytest.mark.parametrize("rule", [cautions.zero_group_variance, cautions.several_optima, cautions.not_converged])
def test_issues_of_mixed_models_are_not_looked_for_in_others(rule: Rule) -> None:
    fit = replace(least_squares("pooled"), issues=(Issue(rule.__name__),))
    assert said(rule, fitted(pooled=fit)) == []
    assert said(rule, with_issue("another", "random_intercept")) == []


def test_perfect_fit() -> None:
    assert said(cautions.perfect_fit, base()) == []
    exact = fitted(pooled=replace(least_squares("pooled"), sigma2=0.0))
    assert said(cautions.perfect_fit, exact) == [("perfect_fit", "problem", {"variants": ["pooled"]})]
    mixed = base().fits["mundlak"]
    assert isinstance(mixed, MixedFit)
    assert said(cautions.perfect_fit, fitted(mundlak=replace(mixed, sigma2=0.0))) == []


def test_identity_fails() -> None:
    checks = (IdentityCheck("holds", 1e-12), IdentityCheck("fails", 0.5), IdentityCheck("no matter", ABSENT))
    found = said(cautions.identity_fails, compared(checks=checks))
    assert found == [("identity_fails", "problem", {"identity": "fails", "discrepancy": 0.5})]


def spread(relative: float, noise: float) -> Evidence:
    found = ResidualSpread(np.array([2, 5, 7]), np.array([1.5, 4.0, 0.5]), relative, noise)
    return compared(residual_spread=found)


def test_unequal_residual_spread() -> None:
    values = {
        "lowest_group": "g07",
        "lowest": 0.5,
        "highest_group": "g05",
        "highest": 4.0,
        "relative": 0.2,
        "n": 3,
    }
    rule = residual_cautions.unequal_residual_spread
    assert said(rule, spread(0.2, 0.05)) == [("unequal_residual_spread", "caution", values)]  # 4 * 0.04 > 3 * 0.05
    assert said(rule, spread(0.2, 0.054)) == []  # 0.16 < 0.162
    assert said(rule, spread(0.5, 1 / 3)) == []  # as large, not larger
    assert said(rule, spread(0.199, 0.001)) == []
    assert said(rule, compared(residual_spread=ABSENT)) == []


# --- the summary


def number(item: Coefficient) -> dict[str, object]:
    return {
        "column": item.column,
        "estimate": item.estimate,
        "std_error": item.std_error,
        "df": item.df,
        "conf_low": item.conf_low,
        "conf_high": item.conf_high,
        "p_value": item.p_value,
        "level": 0.95,
    }


def slope() -> SlopeComparison:
    return base().comparison.slopes[0]


def coefficient(part: str) -> Coefficient:
    found = getattr(slope(), part)
    assert isinstance(found, Coefficient)
    return found


@pytest.mark.parametrize(
    ("rule", "part", "extra"),
    [
        (summary.within_relation, "within", {}),
        (summary.between_relation, "between", {"role": "between"}),
        (summary.contextual_gap, "contextual", {}),
    ],
)
def test_the_summary_of_a_slope(rule: Rule, part: str, extra: dict[str, object]) -> None:
    item = coefficient(part)
    expected = (rule.__name__, "info", {**number(item), **extra})
    assert said(rule, base()) == [expected]
    without: dict[str, Any] = {part: ABSENT}
    assert said(rule, compared(slopes=(replace(slope(), **without), slope()))) == [expected]
    unknown: dict[str, Any] = {part: replace(item, p_value=ABSENT)}
    assert said(rule, compared(slopes=(replace(slope(), **unknown),)))[0][2]["p_value"] is None


@pytest.mark.parametrize(("rule", "variant"), [(summary.pooled_blend, "pooled"), (summary.mixed_blend, "random_intercept")])
def test_the_summary_of_a_blend(rule: Rule, variant: str) -> None:
    part = slope().blends[variant]
    expected = {
        "column": "x",
        "slope": part.slope,
        "within": part.within,
        "between": part.between,
        "weight_on_between": part.own_weight,
        "own_weight": part.own_weight,
        "pulls": [],
    }
    assert said(rule, base()) == [(rule.__name__, "info", expected)]
    pulled = replace(part, is_scalar=False, pulls=(Pull("z", 0.5), Pull("v", -0.25)))
    ((_, _, values),) = said(rule, blended(variant, pulled))
    assert values["pulls"] == [{"column": "z", "amount": 0.5}, {"column": "v", "amount": -0.25}]
    assert values["weight_on_between"] is None
    assert values["own_weight"] == part.own_weight
    assert said(rule, blended(variant, replace(part, between=ABSENT))) == []
    first = replace(slope(), blends={})
    assert len(said(rule, compared(slopes=(first, slope())))) == 1


def blended(variant: str, part: Blend) -> Evidence:
    return compared(slopes=(replace(slope(), blends={variant: part}),))


def agreeing(*holds: bool | None) -> Evidence:
    names = ("mundlak_equals_no_pooling", "within_between_equals_no_pooling", "something_else")
    size: dict[bool | None, Number] = {True: 0.0, False: 1.0, None: ABSENT}
    return compared(checks=tuple(IdentityCheck(name, size[hold]) for name, hold in zip(names, holds, strict=True)))


def test_agreement() -> None:
    expected = [("agreement", "info", {"column": "x", "value": coefficient("within").estimate})]
    assert said(summary.agreement, agreeing(True, True, False)) == expected
    for holds in ((True, False, True), (False, True, True), (True, None, True), (None, None, True)):
        assert said(summary.agreement, agreeing(*holds)) == []
    comparison = replace(agreeing(True, True, True).comparison, slopes=(replace(slope(), within=ABSENT),))
    assert said(summary.agreement, replace(base(), comparison=comparison)) == []


def test_gap_unknown() -> None:
    unknown = replace(slope(), contextual=ABSENT)
    assert said(data_cautions.gap_unknown, base()) == []
    expected = [("gap_unknown", "caution", {"column": "x"})]
    assert said(data_cautions.gap_unknown, compared(slopes=(unknown,))) == expected
    for one in (level(varies_within=False), level(varies_between=False)):
        evidence = replace(compared(slopes=(unknown,)), levels=(one, level("y")))
        assert said(data_cautions.gap_unknown, evidence) == []


def test_outside_parts() -> None:
    part = replace(slope().blends["pooled"], is_outside=True, pulls=(Pull("z", 0.5), Pull("v", -0.25)))
    values = {
        "column": "x",
        "variant": "pooled",
        "slope": part.slope,
        "within": part.within,
        "between": part.between,
        "puller": "z",
        "amount": 0.5,
    }
    assert said(cautions.outside_parts, blended("pooled", part)) == [("outside_parts", "info", values)]
    assert said(cautions.outside_parts, blended("pooled", replace(part, is_outside=False))) == []
    assert said(cautions.outside_parts, blended("pooled", replace(part, between=ABSENT))) == []


# --- the whole


def test_the_rules_speak_in_the_order_of_their_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    import reportgen.findings

    tables = ("SUMMARY_RULES", "CAUTION_RULES", "RESIDUAL_RULES", "DATA_RULES")

    def named(name: str) -> Rule:
        def rule(evidence: Evidence) -> Iterator[Finding]:
            yield Finding(name, "info", MappingProxyType({}))

        return rule

    for table in tables:
        monkeypatch.setattr(reportgen.findings, table, (named(f"{table} 1"), named(f"{table} 2")))
    found = [finding.kind for finding in reportgen.findings.find(base())]
    assert found == [f"{table} {i}" for table in tables for i in (1, 2)]


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_no_finding_depends_on_the_unit_of_the_weights(unit: float) -> None:
    data = frame().assign(w=np.tile([1.0, 2.0, 3.0, 2.0], 12))
    usual = walk("y ~ x + z + (1 | g)", data, Options(weights="w")).findings
    other = walk("y ~ x + z + (1 | g)", data.assign(w=data.w * unit), Options(weights="w")).findings
    told = [(finding.kind, finding.values.get("column"), finding.values.keys()) for finding in usual]
    assert [(finding.kind, finding.values.get("column"), finding.values.keys()) for finding in other] == told
