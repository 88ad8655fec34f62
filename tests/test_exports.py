"""The result file: the contract's keys, full precision, no NaN, and a reason for every null."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from situations import HOSTILE, SITUATIONS, analysis

from reportgen.fits import LeastSquaresFit, MixedFit
from reportgen.presentation.exports import plain, result_file

MIXED = ("random_intercept", "mundlak", "within_between")


def results(situation: str) -> dict[str, Any]:
    def refuse(text: str) -> None:
        raise AssertionError(f"{text} in the result file")

    found: dict[str, Any] = json.loads(result_file(analysis(situation)), parse_constant=refuse)
    return found


def test_the_keys_of_the_contract() -> None:
    found = results("example")
    assert found["schema"] == "reportgen.results/1"
    assert {"formula", "data", "columns", "variants", "slopes", "tests", "checks", "findings", "provenance", "issues"} <= set(
        found
    )
    assert found["formula"] == {
        "text": "testScore ~ bodyLength2 + (1 | mountainRange)",
        "response": "testScore",
        "group": "mountainRange",
        "group_terms": ["(Intercept)"],
        "terms": ["bodyLength2"],
    }
    data = found["data"]
    assert (data["source"], data["n_rows_read"], data["n_obs"], data["n_groups"]) == ("dragons.csv", 480, 480, 8)
    assert (data["group_size_min"], data["group_size_median"], data["group_size_max"]) == (60, 60, 60)
    mixed = found["variants"]["random_intercept"]
    assert mixed["status"] == "fitted"
    assert mixed["group_terms"] == ["(Intercept)"]
    assert mixed["group_covariance"][0][0] == pytest.approx(339.67, abs=0.01)
    assert mixed["sigma2_residual"] == pytest.approx(223.81, abs=0.01)
    assert set(mixed["random_effects"]) == {
        "Bavarian",
        "Central",
        "Emmental",
        "Julian",
        "Ligurian",
        "Maritime",
        "Sarntal",
        "Southern",
    }
    assert found["tests"]["mundlak"]["f_df"] == pytest.approx([1, 6.4446], abs=1e-3)
    assert found["tests"]["group_variance"]["f"] == pytest.approx(69.844, abs=1e-3)


def test_numbers_are_at_full_precision() -> None:
    found = results("example")
    fit = analysis("example").fits["random_intercept"]
    assert isinstance(fit, MixedFit)
    terms = {(term["column"], term["role"]): term for term in found["variants"]["random_intercept"]["terms"]}
    for item in fit.coefficients:
        assert terms[item.column, item.role]["estimate"] == item.estimate
        assert terms[item.column, item.role]["std_error"] == item.std_error
    assert found["slopes"][0]["weight_on_between"]["random_intercept"] == pytest.approx(0.0272276, abs=1e-7)


def test_other_standard_errors_have_their_own_lists() -> None:
    for name in MIXED:
        variant = results("example")["variants"][name]
        assert {term["df_method"] for term in variant["terms"]} == {"satterthwaite"}
        assert {term["df_method"] for term in variant["kenward_roger"]} == {"kenward_roger"}
    pooled = results("example")["variants"]["pooled"]["robust"]
    slope = {entry["method"]: entry for entry in pooled if entry["column"] == "bodyLength2"}
    assert slope["CR3"]["std_error"] == pytest.approx(5.329, abs=1e-3)
    assert slope["CR3"]["p_value"] == pytest.approx(0.135, abs=1e-3)


def test_a_variant_that_cannot_be_fitted_stays_with_its_reason() -> None:
    variant = results("between_not_fitted")["variants"]["between"]
    assert variant["status"] == "not_fitted"
    assert "degrees of freedom" in variant["reason"]
    assert variant["issues"][0]["message"] == variant["reason"]


def test_dropped_rows_are_in_the_ledger() -> None:
    data = results("missing")["data"]
    assert data["n_rows_dropped"] == 3
    assert [(entry["code"], entry["column"], entry["rows"]) for entry in data["ledger"]] == [
        ("missing_value", "x", 2),
        ("missing_group", "g", 1),
    ]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_null_has_a_reason(situation: str) -> None:
    found = results(situation)
    codes = {issue["code"] for issue in found["issues"]}
    for slope in found["slopes"]:
        empty = [key for key in ("within", "between", "pooled", "random_intercept") if slope[key] is None]
        empty += [name for name, weight in slope["weight_on_between"].items() if weight is None]
        assert not empty or codes
    for name, variant in found["variants"].items():
        if variant["status"] == "fitted" and isinstance(analysis(situation).fits[name], LeastSquaresFit):
            assert variant["aic"] is not None or variant["issues"]
    for issue in found["issues"]:
        assert issue["message"].endswith(".")
        assert "{" not in issue["message"]


@pytest.mark.parametrize("situation", ["example", "several", "hostile"])
def test_the_same_analysis_gives_the_same_bytes_with_sorted_keys(situation: str) -> None:
    text = result_file(analysis(situation))
    assert text == result_file(analysis(situation))

    def check(value: object) -> None:
        if isinstance(value, dict):
            assert list(value) == sorted(value)
            for item in value.values():
                check(item)
        elif isinstance(value, list):
            for item in value:
                check(item)

    check(json.loads(text))


def test_labels_stay_as_written() -> None:
    columns = [entry["column"] for entry in results("hostile")["columns"]]
    assert any(HOSTILE in column for column in columns)


def test_nothing_of_the_machine_is_in_it() -> None:
    text = result_file(analysis("example"))
    assert "/" not in text.replace('"reportgen.results/1"', "")


def test_findings_become_plain_json() -> None:
    assert plain({"a": (1, 2.5, "x", True, None, math.inf)}) == {"a": [1, 2.5, "x", True, None, None]}
    with pytest.raises(TypeError, match="plain values"):
        plain(object())
