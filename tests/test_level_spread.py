"""Residual spread at the levels of a factor of the groups: its numbers, when it is a caution, and what the page says."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import digamma
from scipy.stats import f_oneway
from test_unfitted_report import text

from reportgen.analysis import Analysis, walk
from reportgen.disclosed import disclosed
from reportgen.disclosure import GroupLabels
from reportgen.fits import Undefined
from reportgen.presentation.exports import result_file

FORMULA = "y ~ x * arm + (1 | g)"


@cache
def rows(ratio: float = 3.0, n_groups: int = 16) -> pd.DataFrame:
    random = np.random.Generator(np.random.PCG64(8))
    size = 3 + np.arange(n_groups) % 5
    codes = np.repeat(np.arange(n_groups), size)
    treated = codes % 2 == 1
    x = random.normal(size=len(codes))
    y = x + random.normal(0, 2, n_groups)[codes] + np.where(treated, ratio, 1.0) * random.normal(size=len(codes))
    return pd.DataFrame({"y": y, "x": x, "arm": np.where(treated, "new", "as before"), "g": [f"g{j:02d}" for j in codes]})


def kinds(found: Analysis) -> set[str]:
    return {finding.kind for finding in found.findings}


def test_the_numbers_are_those_of_the_rows() -> None:
    data = rows()
    (found,) = walk(FORMULA, data).level_spreads
    centred = data[["y", "x"]] - data.groupby("g")[["y", "x"]].transform("mean")
    treated = (data["arm"] == "new").to_numpy()
    product = data["x"] * treated
    design = np.column_stack([centred["x"], product - product.groupby(data["g"]).transform("mean")])
    left = centred["y"] - design @ np.linalg.lstsq(design, centred["y"].to_numpy())[0]
    squares, df = (left**2).groupby(data["g"]).sum(), data.groupby("g").size() - 1.0
    is_new = data.groupby("g")["arm"].first() == "new"
    share = (df.sum() - 2) / df.sum()
    expected = [np.sqrt(squares[which].sum() / df[which].sum() / share) for which in (~is_new, is_new)]
    assert (found.factor, found.levels, found.n_groups) == ("arm", ("as before", "new"), (8, 8))
    np.testing.assert_allclose(found.deviations, expected, rtol=1e-9)
    assert found.ratio == pytest.approx(expected[1] / expected[0], rel=1e-9)
    logs = np.log(squares / df) - digamma(df / 2) + np.log(df / 2)
    theirs = f_oneway(logs[is_new], logs[~is_new])
    assert not isinstance(found.test, Undefined)
    assert found.test.f_df == (1.0, 14.0)
    assert found.test.f == pytest.approx(theirs.statistic)
    assert found.test.p_value == pytest.approx(theirs.pvalue)


def test_a_caution_takes_a_large_ratio_beyond_chance() -> None:
    assert "unequal_level_spread" in kinds(walk(FORMULA, rows()))
    assert "unequal_level_spread" not in kinds(walk(FORMULA, rows(1.0)))
    many = walk(FORMULA, rows(1.3, 200))
    (found,) = many.level_spreads
    assert not isinstance(found.test, Undefined)
    assert found.test.p_value < 0.05
    assert found.ratio < 1.5
    assert "unequal_level_spread" not in kinds(many)


@pytest.mark.parametrize(("labels", "least"), [("code", 0), ("hide", 0), ("show", 4)])
def test_the_caution_stands_where_labels_or_small_groups_are_kept_back(labels: GroupLabels, least: int) -> None:
    assert "unequal_level_spread" in kinds(disclosed(walk(FORMULA, rows()), labels, least))


def test_factors_that_vary_within_groups_and_single_groups_have_none() -> None:
    data = rows()
    assert walk("y ~ x + kind + (1 | g)", data.assign(kind=["low", "high"] * (len(data) // 2))).level_spreads == ()
    assert walk("y ~ x + arm + (1 | g)", data[data["g"].isin(["g00", "g02", "g03", "g04"])]).level_spreads == ()
    assert walk("y ~ x + (1 | g)", data).level_spreads == ()


def test_groups_of_two_rows_have_a_spread_but_no_test() -> None:
    data = rows().groupby("g").head(2)
    (found,) = walk("y ~ x + arm + (1 | g)", data).level_spreads
    assert isinstance(found.test, Undefined)
    assert found.test.reason.code == "too_few_groups_of_a_level"
    assert "Each level takes 2 groups of 3 rows or more" in text(walk("y ~ x + arm + (1 | g)", data))


def test_page_and_result_file_say_it() -> None:
    found = walk(FORMULA, rows())
    whole, (entry,) = text(found), json.loads(result_file(found))["residual_spread_of_levels"]
    assert "Residuals scatter more where arm is new than where it is as before:" in whole
    assert f"a ratio of {entry['ratio']:.2f}" in whole
    assert f"F({entry['f_df'][0]:.0f}, {entry['f_df'][1]:.0f}) = {entry['f']:.2f}" in whole
    assert [level["level"] for level in entry["levels"]] == ["as before", "new"]
