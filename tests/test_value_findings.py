"""Rules on values, one at a time: evidence that just makes it speak, and evidence that just does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from evidence import derived, of_rows, said
from numpy.typing import NDArray

from reportgen.findings import Evidence, cautions, data_cautions


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
