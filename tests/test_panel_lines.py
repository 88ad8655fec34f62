"""The lines of the group panels: as steep as the model is along the rows of each group, products and random slopes included."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from situations import document, grouped

from reportgen.analysis import Analysis, walk
from reportgen.fits import LeastSquaresFit, MixedFit
from reportgen.moments import SummedProducts
from reportgen.presentation.document import build_document
from reportgen.presentation.figures.panel_lines import can_be_drawn, followers, steepness, varying
from reportgen.presentation.figures.panels import lines_of, panels_figure
from reportgen.presentation.html import render_html
from reportgen.presentation.wording import wording


def rows() -> pd.DataFrame:
    """Two predictors, `kind` of the group and `part` of the row; `x` does not vary in one group."""
    data = grouped((9, 7, 12, 8, 10, 6), 21)
    number = data["g"].str[1:].astype(int)
    random = np.random.Generator(np.random.PCG64(4))
    data["kind"] = np.where(number % 2, "one", "two")
    data["part"] = random.choice(["u", "v"], len(data))
    data["y"] += np.where(number % 2, 3.0, -1.0) * data["x"] + random.normal(0, 1, 6)[number] * data["x"]
    return data


FORMULAS = {
    "group_level": "y ~ x * kind + (1 | g)",
    "row_level": "y ~ x * z + w + (1 | g)",
    "three": "y ~ x * kind * part + (1 | g)",
    "slopes": "y ~ x * kind + (1 + x | g)",
    "square": "y ~ x + I(x**2) + z + (1 | g)",
    "plain": "y ~ x + z + (1 | g)",
}


@cache
def analysis(name: str) -> Analysis:
    return walk(FORMULAS[name], rows())


def columns_of(name: str, data: pd.DataFrame) -> pd.DataFrame:
    """The design by hand, under the names of the design columns."""
    one, v = (data["kind"] == "two").astype(float), (data["part"] == "v").astype(float)
    x, z = data["x"], data["z"]
    products = {
        "x:kind[T.two]": x * one,
        "x:z": x * z,
        "x:part[T.v]": x * v,
        "kind[T.two]:part[T.v]": one * v,
        "x:kind[T.two]:part[T.v]": x * one * v,
        "I(x ** 2)": x**2,
    }
    own = {"x": x, "z": z, "w": data["w"], "kind[T.two]": one, "part[T.v]": v} | products
    return pd.DataFrame({column: own[column] for column in analysis(name).design.columns})


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("variant", ["pooled", "no_pooling", "drawn"])
def test_a_line_is_as_steep_as_the_model_over_the_rows_of_the_group(name: str, variant: str) -> None:
    """What moves with x moves, the rest stands still: the slope on x of what the model predicts for the rows of a group."""
    found, data = analysis(name), rows()
    fit = found.fits[lines_of(found, "x")[1] if variant == "drawn" else variant]
    assert isinstance(fit, LeastSquaresFit | MixedFit)
    slopes = {c.column: c.estimate for c in fit.coefficients}
    design = columns_of(name, data)
    moving = [column for column in design if column in slopes and "x" in re.split(r"\W+", column)]
    for j, group in enumerate(found.groups):
        own = design[data["g"] == group]
        predicted = sum(slopes[column] * own[column] for column in moving)
        if isinstance(fit, MixedFit) and "x" in fit.group_covariance.terms:
            predicted = predicted + fit.random_effects[j, fit.group_covariance.terms.index("x")] * own["x"]
        expected = np.polyfit(own["x"], predicted, 1)[0]
        assert steepness(found, fit, "x", np.array([j]))[0] == pytest.approx(expected, rel=1e-9, abs=1e-11)


def test_a_product_with_a_predictor_of_the_groups_gives_each_kind_its_slope() -> None:
    found = analysis("group_level")
    fit = found.fits["pooled"]
    assert isinstance(fit, LeastSquaresFit)
    slopes = {c.column: c.estimate for c in fit.coefficients}
    rise = steepness(found, fit, "x", np.arange(6))
    assert rise[1::2] == pytest.approx(np.full(3, slopes["x"]))
    assert rise[::2] == pytest.approx(np.full(3, slopes["x"] + slopes["x:kind[T.two]"]))


def test_the_figure_draws_these_lines() -> None:
    found = analysis("group_level")
    canvas = Canvas()
    panels_figure(found, "x", wording()).paint(canvas)
    lines = {c.get_label(): c for c in canvas.axes[0].collections if isinstance(c, LineCollection)}
    ends = np.array(lines[wording()["variant_short.pooled"]].get_segments())
    drawn = (ends[:, 1, 1] - ends[:, 0, 1]) / (ends[:, 1, 0] - ends[:, 0, 0])
    fit = found.fits["pooled"]
    assert isinstance(fit, LeastSquaresFit)
    expected = steepness(found, fit, "x", np.arange(6))
    assert drawn / drawn[0] == pytest.approx(expected / expected[0])
    assert len(set(np.round(drawn, 9))) == 2


def test_what_follows_is_computed_from_the_same_variable() -> None:
    assert followers(analysis("three"), "x") == ("x:kind[T.two]", "x:part[T.v]", "x:kind[T.two]:part[T.v]")
    assert followers(analysis("square"), "x") == ("I(x ** 2)",)
    assert followers(analysis("plain"), "x") == ()


def test_random_slopes_of_a_product_are_drawn() -> None:
    found = walk("y ~ x + x:z + (1 + x:z | g)", grouped((20,) * 8, 3))
    assert lines_of(found, "x")[1] == "random_slope"
    fit = found.fits["random_slope"]
    assert isinstance(fit, MixedFit)
    i = fit.group_covariance.terms.index("x:z")
    assert fit.random_effects[:, i].std() > 0
    slopes = {c.column: c.estimate for c in fit.coefficients}
    names = found.moments.columns
    cross = found.moments.cross
    share = cross[:, names.index("x:z"), names.index("x")] / cross[:, names.index("x"), names.index("x")]
    expected = slopes["x"] + (slopes["x:z"] + fit.random_effects[:, i]) * share
    assert steepness(found, fit, "x", np.arange(8)) == pytest.approx(expected)


def test_a_group_in_which_the_predictor_stands_still_has_no_line_beside_a_product() -> None:
    data = rows()
    data.loc[data["g"] == "g02", "x"] = 1.25
    found = walk(FORMULAS["row_level"], data)
    assert varying(found, "x", np.arange(6)).tolist() == [True, True, False, True, True, True]
    figure = panels_figure(found, "x", wording())
    canvas = Canvas()
    figure.paint(canvas)
    lines = [c for c in canvas.axes[0].collections if isinstance(c, LineCollection) and not str(c.get_label()).startswith("_")]
    assert [len(line.get_segments()) for line in lines] == [5, 5, 5]
    assert figure.values["without_line"] == 1
    assert '1 group in which <i class="name">x</i> does not vary has no lines' in render_html(build_document(found))
    assert varying(walk(FORMULAS["plain"], data), "x", np.arange(6)).all()


def test_without_the_products_of_single_groups_there_are_no_panels_where_a_column_follows() -> None:
    for name, is_drawn in (("group_level", False), ("plain", True)):
        found = analysis(name)
        assert can_be_drawn(found, "x")
        summed = replace(found, moments=replace(found.moments, products=SummedProducts(found.moments.S_W)))
        assert can_be_drawn(summed, "x") == is_drawn
        assert ("panels" in build_document(summed).figures) == is_drawn


def test_the_caption_says_that_pooled_regression_has_one_line_only_where_it_has() -> None:
    assert "pooled regression has one line for all." in render_html(document("example"))
    for name in ("plain", "group_level", "square"):
        page = render_html(build_document(analysis(name)))
        assert "one line for all." not in page.replace("One line for all rows", "")
        assert "pooled regression has the same coefficients for all" in page
    page = re.sub(r"<[^>]*>", "", render_html(build_document(analysis("group_level"))))
    assert "x:kind[T.two] moves with x as in the rows of each group" in page
