"""Odd data that can be analysed: the report says what to be careful about, and never shows a number that is none."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pathological import (
    FORMULA,
    FRAME,
    GROUP,
    LABELS,
    MEAN,
    ROW,
    WAVE,
    Data,
    N,
    X,
    Y,
    replaced,
    results,
    text,
    with_columns,
    with_line,
    write,
)

from reportgen.cli import main

NOT_A_NUMBER = re.compile(r"(?<![\w.])[-−+]?(?:nan|NaN|NAN|inf|Inf|INF|[Ii]nfinity|None|Undefined|Issue)(?!\w)")

# Data, formula, and the kinds of caution that must be among the findings.
CAUTIONS: dict[str, tuple[Data, str, tuple[str, ...]]] = {
    "two groups": (with_columns(g=np.where(GROUP < 6, "a", "b")), FORMULA, ("very_few_groups", "gap_unknown")),
    "two groups of two": (FRAME.iloc[[0, 1, 8, 9]], FORMULA, ("very_few_groups", "gap_unknown")),
    "four groups": (FRAME.iloc[:32], FORMULA, ("very_few_groups",)),
    "nine groups": (FRAME.iloc[:72], FORMULA, ("few_groups",)),
    "singleton groups": (with_columns(g=replaced(LABELS, [3, 12], ROW)), FORMULA, ("singleton_groups",)),
    "all but one group singletons": (with_columns(g=["a", "a", *map(str, ROW[2:])]), FORMULA, ("singleton_groups",)),
    "one large group": (with_columns(g=["a"] * 60 + [str(row) for row in ROW[60:]]), FORMULA, ("singleton_groups",)),
    "no variation in a group": (with_columns(x=np.where(GROUP == 3, 1.0, X)), FORMULA, ("groups_without_variation",)),
    "lost group": (with_columns(x=np.where(GROUP == 3, np.nan, X)), FORMULA, ("groups_lost", "dropped_rows")),
    "missing cell": (with_columns(x=replaced(X, 5, np.nan)), FORMULA, ("dropped_rows",)),
    "empty cell in text": (with_line(21, ",2,g01"), FORMULA, ("dropped_rows",)),
    "empty label in text": (with_line(21, '1,2,""'), FORMULA, ("dropped_rows",)),
    "nothing as label": (
        with_columns(g=["" if row == 5 else label for row, label in enumerate(LABELS)]),
        FORMULA,
        ("dropped_rows",),
    ),
    "0 and 1": (with_columns(y=(Y > 2) * 1), FORMULA, ("binary_response",)),
    "true and false": (with_columns(y=Y > 2), FORMULA, ("binary_response",)),
    "four values": (with_columns(y=np.clip(np.round(Y), 0, 3)), FORMULA, ("few_values",)),
    "-999": (with_columns(x=replaced(X, range(0, N, 9), -999)), FORMULA, ("missing_value_codes",)),
    "9999 in the response": (with_columns(y=replaced(Y, range(0, N, 9), 9999)), FORMULA, ("missing_value_codes",)),
    "extreme row": (with_columns(x=replaced(X, 9, 1e6)), FORMULA, ("extreme_rows",)),
    "labels that differ in case": (
        with_columns(g=np.where(ROW % 2, LABELS, [label.upper() for label in LABELS])),
        FORMULA,
        ("similar_labels",),
    ),
    "labels that differ in blanks": (
        with_columns(g=np.where(ROW % 2, LABELS, [f"{label} " for label in LABELS])),
        FORMULA,
        ("similar_labels",),
    ),
    "labels in two forms": (
        with_columns(g=[("é" if row % 2 else "e\u0301") + label for row, label in enumerate(LABELS)]),
        FORMULA,
        ("similar_labels",),
    ),
    "labels named as missing": (
        with_columns(g=[{"g01": "NA", "g02": "nan"}.get(label, label) for label in LABELS]),
        FORMULA,
        ("missing_labels",),
    ),
    "numeric group as predictor": (with_columns(g=GROUP), "y ~ x + g + (1 | g)", ("numeric_group_predictor",)),
    "derived mean": (with_columns(z=MEAN), "y ~ x + z + (1 | g)", ("derived_mean",)),
    "perfect fit": (with_columns(y=3 + 2 * X), FORMULA, ("perfect_fit",)),
    "perfect fit within": (with_columns(y=3 + 2 * X + GROUP), FORMULA, ("perfect_fit",)),
    "response constant in groups": (with_columns(y=GROUP * 1.5), FORMULA, ("perfect_fit",)),
    "no variance between groups": (
        with_columns(y=np.tile(np.arange(8.0) ** 2, 12) + 0.01 * WAVE),
        FORMULA,
        ("zero_group_variance",),
    ),
    "hardly any variation within": (with_columns(x=GROUP + 0.01 * WAVE), FORMULA, ("little_within_variation",)),
    "hardly any variation between": (
        with_columns(x=np.tile(np.arange(8.0), 12) + 0.01 * GROUP),
        FORMULA,
        ("little_between_variation",),
    ),
    "few digits": (with_columns(x=X + 1e10), FORMULA, ("few_digits",)),
    "overlapping predictors": (with_columns(z=X + 0.1 * WAVE), "y ~ x + z + (1 | g)", ("overlapping_predictors",)),
    "nearly collinear": (with_columns(z=X + 1e-3 * WAVE), "y ~ x + z + (1 | g)", ("overlapping_predictors",)),
    "total as a group": (text() + "10,3,Total\n", FORMULA, ("singleton_groups",)),
}

# What is said in the data section: a predictor of one level gets no mean of its own.
ONE_LEVEL: dict[str, tuple[pd.DataFrame, str]] = {
    "constant within groups": (with_columns(x=GROUP * 1.0), "group_level_predictor"),
    "equal group means": (with_columns(x=np.tile(np.arange(8.0), 12)), "within_only_predictor"),
    "deviations": (with_columns(x=X - MEAN), "within_only_predictor"),
    "0 and 1 by group": (with_columns(x=GROUP % 2), "group_level_predictor"),
    "true and false by group": (with_columns(x=GROUP % 2 == 0), "group_level_predictor"),
}


@pytest.mark.parametrize("case", CAUTIONS)
def test_a_caution_in_the_report(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, formula, kinds = CAUTIONS[case]
    path = write(tmp_path, data)
    found = {f["kind"]: f["severity"] for f in results(path, formula, capsys)["findings"]}
    for kind in kinds:
        assert found.get(kind) in ("caution", "problem"), sorted(found)


@pytest.mark.parametrize("case", CAUTIONS)
def test_no_number_that_is_none_is_shown(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, formula, _ = CAUTIONS[case]
    if case == "labels named as missing":
        pytest.skip("its labels are such words")
    path = write(tmp_path, data)
    assert main(["render", str(path), formula, "--out", str(tmp_path / "out"), "--format", "html", "json", "--quiet"]) == 0
    assert main(["fit", str(path), formula]) == 0
    page = (tmp_path / "out" / "data.html").read_text()
    code = re.sub(r"<(style|pre|code|math)\b.*?</\1>", " ", page, flags=re.DOTALL)
    for shown in (html.unescape(re.sub(r"<[^>]+>", " ", code)), capsys.readouterr().out):
        assert NOT_A_NUMBER.findall(shown) == []
    assert "NaN" not in (tmp_path / "out" / "data.json").read_text()
    assert "not_finite" not in (tmp_path / "out" / "data.json").read_text()


@pytest.mark.parametrize("case", ONE_LEVEL)
def test_predictors_of_one_level_get_no_mean(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, kind = ONE_LEVEL[case]
    found = results(write(tmp_path, data), FORMULA, capsys)
    assert kind in {f["kind"] for f in found["findings"]}
    for variant in found["variants"].values():
        assert [term["column"] for term in variant["terms"]].count("x") <= 1
    pooled = np.polyfit(data.x.astype(float), data.y, 1)[0]
    assert found["slopes"][0]["pooled"] == pytest.approx(pooled, rel=1e-9)
