"""Sentences that hold under a condition only: said where it is met, and not said where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from situations import FRAMES, analysis, grouped
from test_document import Page

from reportgen.analysis import Analysis, walk
from reportgen.fits import MixedFit, Undefined
from reportgen.presentation.document import build_document
from reportgen.presentation.html import render_html
from reportgen.presentation.options import Presentation
from reportgen.presentation.text import comparison_text


def text(found: Analysis | str, lang: str = "en") -> str:
    made = build_document(analysis(found) if isinstance(found, str) else found, Presentation(lang=lang))
    return " ".join(Page(render_html(made)).text.split())


def turning(n_groups: int = 8, size: int = 12) -> pd.DataFrame:
    """Groups that differ much in the slopes of `my x`, and have a factor within and one of the groups."""
    data = grouped((size,) * n_groups, 21).rename(columns={"x": "my x", "g": "the group"})
    codes = data["the group"].str[1:].astype(int)
    data["y"] += 2.0 * (codes % 4) * data["my x"]
    data["arm"] = np.where(codes % 2 == 1, "2", "1")
    return data


def test_slopes_that_may_vary_are_not_said_to_be_disregarded_by_every_model() -> None:
    data = turning(24)
    fixed = text(walk("y ~ `my x` + (1 | `the group`)", data))
    varying = text(walk("y ~ `my x` + (1 + `my x` | `the group`)", data))
    assert "differ between groups, for which the model's own does not allow." in fixed
    assert "for which the intervals of models with one slope for all groups do not allow." in varying
    assert "for which the model's own does not allow." not in varying


@pytest.mark.parametrize(("n_groups", "is_said"), [(24, True), (19, False)])
def test_the_robust_hausman_test_is_read_where_the_robust_contextual_effect_is(n_groups: int, is_said: bool) -> None:
    found = text(walk("y ~ x + (1 | g)", grouped((9,) * n_groups, 31)))
    assert ("Read the Kenward-Roger form, and the robust one (CR2) where it differs from that" in found) == is_said
    assert ("Read the Kenward-Roger form. " in found) != is_said


@pytest.mark.parametrize(("df", "is_said"), [(4.0, True), (3.9, False)])
def test_a_robust_hausman_test_on_few_degrees_of_freedom_is_not_read(df: float, is_said: bool) -> None:
    found = walk("y ~ x + (1 | g)", grouped((9,) * 24, 31))
    table = found.comparison.hausman
    assert not isinstance(table, Undefined)
    robust = replace(table.forms[-1], df=(1.0, df))
    told = replace(found.comparison, hausman=replace(table, forms=(*table.forms[:-1], robust)))
    assert ("the robust one (CR2) where it differs from that" in text(replace(found, comparison=told))) == is_said


def test_one_row_was_left_out_and_two_were() -> None:
    data = grouped((9,) * 8, 1)
    one, two = data.copy(), data.copy()
    one.loc[[3], "x"] = np.nan
    two.loc[[3, 9], "x"] = np.nan
    single, several = walk("y ~ x + (1 | g)", one), walk("y ~ x + (1 | g)", two)
    for sentence in ("1 of 72 rows was left out", "1 was left out because", "Of the 72 rows read, 1 was left out"):
        assert sentence in text(single)
    for sentence in ("2 of 72 rows were left out", "2 were left out because", "Of the 72 rows read, 2 were left out"):
        assert sentence in text(several)
    assert "8 groups; 1 row dropped\n" in comparison_text(single)
    assert "8 groups; 2 rows dropped\n" in comparison_text(several)


def test_the_other_predictors_are_spoken_of_where_there_are_others() -> None:
    sentence = "Every slope compares rows, or groups, that are alike in the other predictors."
    assert sentence in text("several")
    assert sentence in text("many_predictors")
    alone = walk("y ~ kind + (1 | g)", FRAMES["factor"][1])
    assert len(alone.design.columns) == 2
    assert sentence not in text(alone)
    curve = text(walk("y ~ poly(x, 2) + (1 | g)", FRAMES["factor"][1]))
    assert sentence not in curve
    assert "together they describe a curve" in curve


def test_few_groups_are_few_for_comparisons_between_them_only_where_there_are_any() -> None:
    between = "every comparison between groups rest on"
    within = "The variance between groups rests on 8 values, and cluster-robust intervals rest on 8 groups too."
    assert between in text("two_levels")
    assert "The variance between groups rests" not in text("two_levels")
    assert within in text("within_only")
    assert between not in text("within_only")
    assert "The variance between groups rests on 8 values. Read intervals" in text("no_predictor")


@pytest.mark.parametrize(
    ("formula", "term"),
    [
        ("y ~ `my x` + (1 | `the group`)", "(1 + `my x` | `the group`)"),
        ("y ~ `my x` + kind + w + (1 | `the group`)", "(1 + `my x` + kind | `the group`)"),
        ("y ~ `my x` * C(arm) + (1 | `the group`)", "(1 + `my x` | `the group`)"),
        ("y ~ np.exp(`my x` / 9) + (1 | arm:`the group`)", "(1 + np.exp(`my x` / 9) | arm:`the group`)"),
    ],
)
def test_random_slopes_are_advised_in_the_names_of_the_formula(formula: str, term: str) -> None:
    found = walk(formula, turning())
    assert f"random slopes, {term} in the formula" in text(found)
    varying = walk(formula[: formula.index("(1 |")] + term, turning())
    assert isinstance(varying.fits["random_slope"], MixedFit)


def test_pairs_of_groups_are_spoken_of_where_they_were_left_out() -> None:
    sentence = "the slope between groups also without each pair of groups"
    assert sentence in text("example")
    assert sentence not in text("many_groups")
    assert sentence not in text("within_only")


def test_reference_levels_are_named_once() -> None:
    sentence = "The columns of a factor compare its other levels with its reference level:"
    data = turning()
    found = text(walk("y ~ `my x` + kind + C(arm) + (1 | `the group`)", data))
    assert found.count(f"{sentence} low of kind, 1 of arm.") == 1
    assert sentence not in text("several")
    assert "Groups where arm was 2 rather than 1 differed by b =" in found
    assert "Groups that differed in w differed by b =" in text("several")
    german = text(walk("y ~ `my x` + kind + C(arm) + (1 | `the group`)", data), "de")
    assert "Gruppen, in denen arm gleich 2 statt 1 war, unterschieden sich um b =" in german


def test_a_spread_that_is_a_difference_of_slopes_in_part_is_said_to_be() -> None:
    sentence = "Where slopes differ between groups, a part of this is that difference."
    found = walk("y ~ `my x` + (1 | `the group`)", turning())
    assert {"slopes_differ", "unequal_residual_spread"} <= {finding.kind for finding in found.findings}
    assert text(found).count(sentence) == 2
    assert sentence not in text("two_levels")
    assert sentence in text("random_slopes")


def test_the_bias_of_the_logarithms_is_told_where_spreads_of_levels_are_compared() -> None:
    sentence = "each corrected for the bias that few rows give it by the digamma function (Box, 1953)"
    assert sentence in text("trial")
    assert sentence not in text("example")
