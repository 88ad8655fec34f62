"""Growth and trial data, in which a factor of the groups multiplies time: what single groups and models say there."""

from __future__ import annotations

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import fdtrc
from test_unfitted_report import text

from reportgen.analysis import Analysis, walk
from reportgen.fits import SeparateFit, Undefined, UnfitVariant
from reportgen.presentation.document import build_document
from reportgen.presentation.recipes import recipes

FORMULA = "y ~ time * arm + (1 | person)"


def trial(n: int = 12, times: int = 5, noise: float = 0.4) -> pd.DataFrame:
    random = np.random.Generator(np.random.PCG64(3))
    person = np.repeat(np.arange(n), times)
    time, drug = np.tile(np.arange(float(times)), n), person % 2
    slope = 1.0 + drug + random.normal(0, noise, n)[person]
    y = 20.0 + random.normal(0, 2, n)[person] + slope * time + random.normal(0, 1, n * times)
    arm = np.where(drug == 1, "drug", "control")
    return pd.DataFrame({"y": y, "time": time, "arm": arm, "person": [f"p{j:02d}" for j in person]})


@cache
def found() -> Analysis:
    return walk(FORMULA, trial())


def test_every_group_has_the_slope_of_its_own_rows() -> None:
    fit, data = found().fits["separate"], trial()
    assert isinstance(fit, SeparateFit)
    assert (fit.columns, fit.left_out) == (("time",), ("time:arm[T.drug]",))
    own = [np.polyfit(part["time"], part["y"], 1) for _, part in data.groupby("person")]
    np.testing.assert_allclose(fit.slopes[:, 0], [line[0] for line in own], rtol=1e-9)
    rss = sum(
        ((part["y"] - np.polyval(line, part["time"])) ** 2).sum()
        for (_, part), line in zip(data.groupby("person"), own, strict=True)
    )
    assert fit.sigma2 == pytest.approx(rss / (60 - 24), rel=1e-9)


def test_slopes_are_compared_beyond_what_the_product_says() -> None:
    fit, data = found().fits["separate"], trial()
    assert isinstance(fit, SeparateFit)
    deviations = data[["time", "y"]] - data.groupby("person")[["time", "y"]].transform("mean")
    drug = (data["arm"] == "drug").to_numpy()
    x = np.column_stack([deviations["time"], deviations["time"] * drug])
    y = deviations["y"].to_numpy()
    common = ((y - x @ np.linalg.lstsq(x, y)[0]) ** 2).sum()
    assert fit.f_df == (10.0, 36.0)  # 12 slopes less 2
    assert not isinstance(fit.f, Undefined)
    assert not isinstance(fit.sigma2, Undefined)
    assert fit.f == pytest.approx((common - fit.sigma2 * 36) / 10 / fit.sigma2, rel=1e-8)
    assert fit.p_value == pytest.approx(float(fdtrc(10, 36, fit.f)), rel=1e-8)


def test_growth_of_boys_and_girls_as_in_r() -> None:
    fit = walk("distance ~ age * Sex + (1 | Subject)", "tests/reference/data/orthodont.csv").fits["separate"]
    assert isinstance(fit, SeparateFit)
    assert fit.f_df == (25.0, 54.0)
    assert fit.f == pytest.approx(1.379, abs=5e-4)  # anova(lm(distance ~ S + age + age:Sex), lm(distance ~ S + S:age))


def test_too_few_rows_to_see_that_a_product_adds_nothing() -> None:
    fit = walk(FORMULA, trial(times=2)).fits["separate"]
    assert isinstance(fit, UnfitVariant)
    assert fit.reason.code == "no_group_carries_all_slopes"


def test_columns_that_are_one_everywhere_are_not_left_out() -> None:
    data = trial()
    fit = walk("y ~ time + year + (1 | person)", data.assign(year=data["time"] + data["person"].str[1:].astype(int))).fits[
        "separate"
    ]
    assert isinstance(fit, UnfitVariant)


def test_as_many_slopes_in_the_formula_as_groups() -> None:
    fit = walk(FORMULA, trial(n=12).query("person in ('p00', 'p01') or time < 2")).fits["separate"]
    assert isinstance(fit, SeparateFit)
    assert np.count_nonzero(fit.estimable) == 2
    assert isinstance(fit.f, Undefined)
    assert fit.f.reason.code == "no_slopes_left_to_compare"


def test_the_page_shows_slopes_questions_and_what_is_left_out() -> None:
    whole = text(found())
    assert "Separate regressions could not be fitted" not in whole
    assert "own slope of time (SE)" in whole
    assert "without time:arm[T.drug], which is a combination of the others inside a group" in whole
    assert (
        "Slopes of groups differ no more than time:arm[T.drug] says (F test of separate regressions of the 12 groups" in whole
    )
    assert "How do rows of the same group differ when they differ in the predictor?" in whole
    assert "each is compared in one way only, and no model mixes two comparisons." in whole
    assert "more than chance and time:arm[T.drug] can say" not in text(walk(FORMULA, trial(noise=0.0)))
    assert "by more than chance and time:arm[T.drug] can say" in text(walk(FORMULA, trial(noise=1.5)))


def test_code_and_result_file_leave_out_the_same() -> None:
    entry = json.loads(build_document(found()).result)["variants"]["separate"]
    assert (entry["columns"], entry["left_out"]) == (["time"], ["time:arm[T.drug]"])
    assert entry["formula"] == "y ~ time, by person"
    assert recipes(found())["models"]["separate"]["r"] == "lme4::lmList(y ~ time | person, data = d)"  # type: ignore[index]


def test_answers_say_where_groups_are_compared() -> None:
    tables = build_document(found()).tables
    answers = {row.cells[0].text: row.cells[1:] for row in tables["questions"].rows}
    assert [answers[model][1].details[-1] for model in ("Between, Within-between", "Pooled", "Random intercept")] == [
        "time at mean",
        "time at zero",
        "time at zero",
    ]
    assert not any("time at" in line for cells in answers.values() for i in (0, 2) for line in cells[i].details)
    slopes = {row.header: row.cells for row in tables["slopes"].rows}["arm[T.drug]"]
    assert [cell.details[-1] for cell in slopes if cell.text] == ["time at mean", "time at zero", "time at zero"]
    by_level = build_document(walk("y ~ C(time) * arm + (1 | person)", trial(times=2))).tables["questions"]
    assert {line for row in by_level.rows for cell in row.cells for line in cell.details if " at " in line} == {
        "time at mean",
        "time at reference level",
    }


def test_rows_of_the_forest_say_where_groups_are_compared() -> None:
    whole = text(found())
    assert whole.count("The rows are differences between groups at two places") == 1
    assert re.search(r"as each says: time at zero and time at mean; only rows of the same place can be compared", whole)
    figure = build_document(found()).figures["predictor-2.forest"]
    assert figure.values["places"] == ["time at zero", "time at mean"]
    assert build_document(found()).figures["predictor-1.forest"].values["places"] == []
