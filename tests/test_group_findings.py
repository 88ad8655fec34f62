"""Rules on groups and labels, one at a time: evidence that just makes it speak, and evidence that just does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from evidence import base, fitted, grouped, least_squares, of_rows, said

from reportgen.findings import cautions, data_cautions
from reportgen.formula import parse_formula


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
