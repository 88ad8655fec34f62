"""The other formats, each opened with its own library; text of the data stays text; the same bytes wherever they are made."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from situations import HOSTILE, SITUATIONS, analysis, grouped

from reportgen.analysis import walk
from reportgen.errors import OptionError
from reportgen.fits import MixedFit
from reportgen.presentation.exports import results
from reportgen.presentation.options import Presentation
from reportgen.presentation.rendering import DEFAULT_FORMATS, FORMATS, WRITERS, Material, checked_formats
from reportgen.presentation.separated import neutral, restored
from reportgen.presentation.sheets import tidy_sheet

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "dragons" / "dragons.csv"
FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"
FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=quoted", "plain", "-5", "O'Neill")


@cache
def material(situation: str) -> Material:
    return Material(analysis(situation), Presentation(title=f"Report of {situation}"))


@cache
def made(situation: str, name: str) -> bytes:
    return WRITERS[name](material(situation))


def table(situation: str, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made(situation, name).decode(), newline="")))


@cache
def injected() -> Material:
    """Groups and a column whose names begin like formulas of a spreadsheet."""
    frame = grouped((6,) * len(FORMULAS), 4).rename(columns={"x": "=x", "g": "@g"})
    frame["@g"] = [FORMULAS[int(label[1:])] for label in frame["@g"]]
    return Material(walk("y ~ `=x` + (1 | `@g`)", frame))


def test_formats_by_name() -> None:
    assert checked_formats(None) == DEFAULT_FORMATS == ("html", "pdf", "json")
    assert checked_formats(["xlsx", "md", "xlsx"]) == ("xlsx", "md")
    assert set(DEFAULT_FORMATS) < set(FORMATS)
    with pytest.raises(OptionError, match="did you mean 'docx'"):
        checked_formats(["doc"])


def test_tidy_has_the_columns_of_broom() -> None:
    rows = table("random_slopes", "tidy.csv")
    assert list(rows[0])[:11] == [
        *("variant", "effect", "group", "term", "estimate", "std.error", "statistic", "df", "p.value", "conf.low", "conf.high")
    ]
    found = {(row["variant"], row["term"]): row for row in rows}
    assert len(found) == len(rows)
    slope = found["random_slope", "sd__x"]
    assert (slope["effect"], slope["group"], slope["std.error"]) == ("ran_pars", "g", "")
    fit = analysis("random_slopes").fits["random_slope"]
    assert isinstance(fit, MixedFit)
    assert float(slope["estimate"]) ** 2 == pytest.approx(float(fit.group_covariance.psi[1, 1]), rel=1e-12)
    assert float(slope["conf.low"]) < float(slope["estimate"]) < float(slope["conf.high"])
    correlation = fit.group_covariance.psi[0, 1] / np.sqrt(np.prod(np.diag(fit.group_covariance.psi)))
    assert float(found["random_slope", "cor__(Intercept).x"]["estimate"]) == pytest.approx(float(correlation), rel=1e-12)
    assert found["random_slope", "sd__Observation"]["group"] == "Residual"
    assert {row["effect"] for row in rows if row["variant"] == "pooled"} == {"fixed"}


@pytest.mark.parametrize("situation", ["example", *SITUATIONS])
def test_numbers_of_the_tables_are_those_of_the_result_file(situation: str) -> None:
    whole = results(analysis(situation))
    variants: Any = whole["variants"]
    rows = table(situation, "tidy.csv")
    for variant, entry in variants.items():
        fixed = [row for row in rows if row["variant"] == variant and row["effect"] == "fixed"]
        assert len(fixed) == len(entry["terms"])
        for row, term in zip(fixed, entry["terms"], strict=True):
            assert restored(row["column"]) == term["column"]
            for column, key in (("estimate", "estimate"), ("std.error", "std_error"), ("p.value", "p_value")):
                assert (float(row[column]) if row[column] else None) == term[key]
    glance = {row["variant"]: row for row in table(situation, "glance.csv")}
    assert list(glance) == list(variants)
    for variant, entry in variants.items():
        assert (float(glance[variant]["AIC"]) if glance[variant]["AIC"] else None) == entry.get("aic")
        assert glance[variant]["status"] == entry["status"]
    for name in ("tidy.csv", "glance.csv"):
        assert not {"nan", "inf", "None", "-inf"} & {cell for row in table(situation, name) for cell in row.values()}


def test_augment_has_every_row_under_every_variant() -> None:
    rows = table("missing", "augment.csv")
    fitted = [name for name, fit in analysis("missing").fits.items() if hasattr(fit, "coefficients")]
    assert len(rows) == 75 * len(fitted)
    assert list(rows[0])[:3] == ["variant", "g", "y"]
    for row in rows:
        assert float(row["y"]) - float(row[".fitted"]) == pytest.approx(float(row[".resid"]), abs=1e-12)
    pooled = [row for row in rows if row["variant"] == "pooled"]
    assert all(row[".fitted"] == row[".fixed"] for row in pooled)
    assert sum(float(row[".resid"]) for row in pooled) == pytest.approx(0, abs=1e-9)
    mixed = [row for row in rows if row["variant"] == "random_intercept"]
    assert any(row[".fitted"] != row[".fixed"] for row in mixed)


def test_the_workbook_has_a_sheet_a_table_at_full_precision() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made("several", "xlsx")))
    assert book.sheetnames[:5] == ["about", "rows", "columns", "tidy", "glance"]
    assert {"standard errors", "slopes", "tests", "checks", "groups"} <= set(book.sheetnames)
    expected = tidy_sheet(results(analysis("several")))
    cells = [tuple(cell.value for cell in row) for row in book["tidy"].iter_rows()]
    assert cells[0] == expected.columns
    assert cells[1:] == list(expected.rows)
    assert book["groups"].max_row == 1 + len(analysis("several").groups)
    assert book.properties.title == "Report of several"
    assert book.properties.created == pd.Timestamp(0)


@pytest.mark.parametrize("name", ["tidy.csv", "augment.csv"])
def test_no_cell_of_a_csv_file_is_a_formula(name: str) -> None:
    text = WRITERS[name](injected()).decode()
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or float(cell) <= 0
    if name == "augment.csv":
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert {restored(row["'@g"]) for row in rows} == set(FORMULAS)


def test_no_cell_of_a_workbook_is_a_formula_or_a_link() -> None:
    book = openpyxl.load_workbook(io.BytesIO(WRITERS["xlsx"](injected())))
    seen = set()
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
                if isinstance(cell.value, str):
                    assert not cell.value.startswith(("=", "+", "@", "\t", "\r"))
                    seen.add(restored(cell.value))
    assert {"=1+1", "@SUM(A1)", "-2+3", "'=quoted", "-5"} <= seen


@given(st.text())
def test_what_is_neutralised_can_be_restored(text: str) -> None:
    assert not neutral(text).startswith(("=", "@", "\t", "\r"))
    assert restored(neutral(text)) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_neutralised_and_numbers_are_not(text: str) -> None:
    begins = text.startswith(("=", "+", "-", "@", "\t", "\r", "'=")) and text != "-5"
    assert neutral(text) == ("'" + text if begins else text)


def test_hostile_names_reach_the_tables_whole() -> None:
    assert any(HOSTILE in row["column"] for row in table("hostile", "tidy.csv"))
    book = openpyxl.load_workbook(io.BytesIO(made("hostile", "xlsx")))
    assert any(HOSTILE in str(cell.value) for row in book["tidy"].iter_rows() for cell in row)


def made_elsewhere(folder: Path, seed: str, zone: str) -> dict[str, bytes]:
    """All formats but the page and the PDF, made by a process with another hash seed, time zone and working directory."""
    folder.mkdir()
    names = [name for name in FORMATS if name not in ("html", "pdf", "augment.csv")]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "reportgen", "render", str(EXAMPLE), FORMULA, "--out", "out", "--quiet", "--format", *names]
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=120)
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    first = made_elsewhere(tmp_path / "a", "1", "Asia/Tokyo")
    second = made_elsewhere(tmp_path / "b", "2", "America/Lima")
    assert len(first) == len(FORMATS) - 3
    assert first == second
    assert json.loads(first["dragons.json"])["schema"] == "reportgen.results/1"
    for content in first.values():
        assert str(tmp_path).encode() not in content
