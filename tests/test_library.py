"""The library: an analysis and what can be done with it."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from constructed import UNBALANCED, grouped_rows

import reportgen
from reportgen import Analysis, analyze
from reportgen.errors import InputError, OutputNotWritable, VariantMissing
from reportgen.fits import Coefficient

FORMULA = "y ~ x1 + (1 | g)"


def frame() -> pd.DataFrame:
    rows = grouped_rows(UNBALANCED)
    return pd.DataFrame({"y": rows.values[:, 1], "x1": rows.values[:, 0], "g": [f"group {code}" for code in rows.codes]})


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyze(FORMULA, frame())


def test_slopes_and_fits_by_name(analysis: Analysis) -> None:
    slope = analysis.slopes["x1"]
    assert isinstance(slope.contextual, Coefficient)
    known = ["pooled", "no_pooling", "between", "random_intercept", "mundlak", "within_between", "separate"]
    assert list(analysis.fits) == known
    assert analysis.fitted("mundlak") is analysis.fits["mundlak"]


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy])
def test_an_analysis_is_copied_before_and_after_its_outputs_are_made(copied: Callable[[Analysis], Analysis]) -> None:
    made = analyze(FORMULA, frame()).presented(title="Copies")
    before = copied(made)
    page, result = made.to_html(), made.to_json()
    assert made.slopes
    for other in (before, copied(made)):
        assert (other.to_html(), other.to_json()) == (page, result)


def test_an_unknown_variant_names_the_nearest(analysis: Analysis) -> None:
    with pytest.raises(VariantMissing, match="did you mean 'mundlak'"):
        analysis.fitted("mundlack")


def test_tidy_has_a_row_a_coefficient(analysis: Analysis) -> None:
    table = analysis.tidy()
    assert len(table) == 2 + 1 + 2 + 2 + 3 + 3
    one = table[(table.variant == "no_pooling") & (table.column == "x1")].iloc[0]
    slope = analysis.slopes["x1"].within
    assert isinstance(slope, Coefficient)
    assert one.estimate == slope.estimate


@pytest.mark.parametrize("kind", [pl.from_pandas, pa.Table.from_pandas, lambda table: table.convert_dtypes()])
def test_every_kind_of_frame_gives_the_same(analysis: Analysis, kind: object) -> None:
    assert callable(kind)
    other = analyze(FORMULA, kind(frame()))
    pd.testing.assert_frame_equal(other.tidy(), analysis.tidy(), rtol=1e-12)


def test_the_order_of_rows_does_not_matter(analysis: Analysis) -> None:
    shuffled = frame().sample(frac=1.0, random_state=3)
    other = analyze(FORMULA, shuffled)
    assert other.results.groups == analysis.results.groups
    pd.testing.assert_frame_equal(other.tidy(), analysis.tidy(), rtol=1e-10)


def test_outputs_are_returned_and_written(analysis: Analysis, tmp_path: Path) -> None:
    assert json.loads(analysis.to_json(tmp_path / "r.json")) == json.loads((tmp_path / "r.json").read_text())
    assert analysis.to_html(tmp_path / "r.html") == (tmp_path / "r.html").read_text(encoding="utf-8")
    assert analysis.to_pdf(tmp_path / "r.pdf") == (tmp_path / "r.pdf").read_bytes()
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.html", "r.json", "r.pdf"]


def test_a_notebook_gets_a_frame(analysis: Analysis) -> None:
    shown = analysis._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "<html" not in shown
    assert shown.count("<") == 2


def test_the_text_form_is_short(analysis: Analysis) -> None:
    assert repr(analysis) == "<Analysis of 'y ~ x1 + (1 | g)': 105 rows in 12 groups>"


def test_rows_with_missing_values_are_dropped_and_told(analysis: Analysis) -> None:
    table = frame()
    holes = pd.concat([table, pd.DataFrame({"y": [np.nan, 1.0], "x1": [1.0, np.nan], "g": ["group 1", "group 0"]})])
    other = analyze(FORMULA, holes)
    pd.testing.assert_frame_equal(other.tidy(), analysis.tidy(), rtol=1e-12)
    assert other.results.sample.n_rows_dropped == 2
    assert [(entry.column, entry.rows) for entry in other.results.sample.ledger] == [("y", 1), ("x1", 1)]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"bootstrap": -1}, "--bootstrap is '-1'; give a whole number from 0 to 100000"),
        ({"bootstrap": 1.5}, "--bootstrap is '1.5'; give a whole number"),
        ({"bootstrap": "3"}, "--bootstrap is '3'; give a whole number"),
        ({"bootstrap": True}, "--bootstrap is 'True'; give a whole number"),
        ({"bootstrap": 10**12}, "--bootstrap is '1000000000000'; give a whole number from 0 to 100000"),
        ({"seed": -1}, "--seed is '-1'; give a whole number from 0"),
        ({"seed": 2**80}, "--seed is '12089258196146291747...'; give a whole number"),
        ({"seed": None}, "--seed is 'None'; give a whole number"),
        ({"interactions": None}, "--interactions: 'None' is not allowed"),
        ({"inference": 3}, "--inference: '3' is not allowed"),
        ({"weights": 3}, "weights is '3', not a text"),
        ({"weights": ["x"]}, "weights is '['x']', not a text"),
        ({"name": None}, "name is 'None', not a text"),
    ],
)
def test_an_option_out_of_its_range_is_said(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        analyze(FORMULA, frame(), **options)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("looks", "sentence"),
    [
        ({"title": 3}, "title is '3', not a text"),
        ({"author": None}, "author is 'None', not a text"),
        ({"lang": 3}, "lang: '3' is not allowed"),
        ({"p_style": None}, "'None' is not allowed; choose from 'apa'"),
        ({"logo": 5}, "logo is a int, not a path"),
        ({"logo": b"image"}, "logo is a bytes, not a path"),
        ({"templates": 5}, "templates is a int, not a path"),
        ({"attach_data": "no"}, "attach_data is 'no'; give True or False"),
        ({"date": 2026}, "'2026' is not a date"),
    ],
)
def test_a_look_of_another_type_is_said(analysis: Analysis, looks: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        analysis.presented(**looks)
    assert sentence in str(caught.value)


def test_dates_and_numbers_of_other_types_are_looks(analysis: Analysis) -> None:
    looks: Any = {"date": date(2026, 12, 31), "min_cell": np.int64(2)}
    shown = analysis.presented(**looks).presentation
    assert (shown.date, shown.min_cell, type(shown.min_cell)) == ("2026-12-31", 2, int)
    looks["date"] = None
    assert analysis.presented(**looks).presentation.date == ""


@pytest.mark.parametrize("formula", [None, 3, b"y ~ x + (1 | g)"])
def test_a_formula_is_a_text(formula: Any) -> None:
    with pytest.raises(InputError, match=r"formula is a (NoneType|int|bytes), not a text; write for example"):
        analyze(formula, frame())


def test_numbers_of_numpy_are_options(tmp_path: Path) -> None:
    found = analyze(FORMULA, frame(), bootstrap=np.int64(2), seed=np.uint8(7))  # type: ignore[arg-type]
    assert found.results.options.seed == 7
    found.to_json(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["a\0b.json", "missing/a.json", "n" * 300 + ".json"])
def test_a_path_that_cannot_be_written_is_an_output_error(analysis: Analysis, name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputNotWritable, match="cannot write"):
        analysis.to_json(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_exported_is_exported() -> None:
    assert set(reportgen.__all__) <= set(dir(reportgen))
    for name in reportgen.__all__:
        assert getattr(reportgen, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        reportgen.analyse  # noqa: B018


@pytest.mark.parametrize("variant", ["pooled", "no_pooling", "between", "random_intercept", "mundlak", "within_between"])
def test_predictions_of_the_rows_used_are_the_fitted_values(analysis: Analysis, variant: str) -> None:
    table = analysis.predict(frame()[["g", "x1"]], variant)
    augmented = analysis.augment(variant)
    np.testing.assert_allclose(table.prediction, augmented.fitted, rtol=1e-12)
    np.testing.assert_allclose(augmented.residual, frame().y - augmented.fitted, atol=1e-12)
    assert not table.is_new_group.any()


def test_predictions_keep_the_rows_of_the_data(analysis: Analysis) -> None:
    new = pd.DataFrame({"x1": [1.0, None, 2.0], "g": ["group 3", "group 3", "elsewhere"]})
    table = analysis.predict(new, "mundlak")
    assert table.prediction.isna().tolist() == [False, True, False]
    assert table.is_new_group.tolist() == [False, pd.NA, True]
    population = analysis.predict(new, "mundlak", group_effects=False)
    assert population.prediction[2] == table.prediction[2]
    assert population.prediction[0] != table.prediction[0]


def test_predictions_use_the_levels_of_the_fit() -> None:
    table = frame()
    table["z"] = np.where(np.arange(len(table)) % 3 == 0, "low", "high")
    fitted = analyze("y ~ x1 + z + (1 | g)", table)
    one = fitted.predict(table.iloc[[0, 1]], "random_intercept")
    both = fitted.augment("random_intercept")
    np.testing.assert_allclose(one.prediction, both.fitted[:2], rtol=1e-12)
    with pytest.raises(reportgen.InputError, match="'middle'"):
        fitted.predict(table.iloc[:1].assign(z="middle"), "random_intercept")
    with pytest.raises(reportgen.InputError, match=r"^'x1' in data frame: cannot be computed|^'x1.*' in new rows: cannot be"):
        fitted.predict(table.iloc[:1].assign(x1="a"), "random_intercept")
