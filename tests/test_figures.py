"""Figures: the numbers they show, the same bytes each time, and labels that are never read as mathematics."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from situations import HOSTILE, SITUATIONS, analysis, document

from reportgen.blends import Curve
from reportgen.presentation.curve_points import slope_at
from reportgen.presentation.figures.curve import curve_figure
from reportgen.presentation.figures.forest import forest_figure
from reportgen.presentation.figures.levels import levels_figure
from reportgen.presentation.figures.panels import MAX_PANELS, panels_figure, round_values, shown_groups
from reportgen.presentation.figures.style import COLOURS, DASHES, INK, MARKERS, PALE, Figure, literal, points
from reportgen.presentation.wording import wording
from reportgen.variants import CATALOGUE


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("situation", ["example", *SITUATIONS])
def test_every_figure_is_well_formed_and_self_contained(situation: str) -> None:
    for figure in document(situation).figures.values():
        root = ET.fromstring(figure.svg)
        assert root.tag.endswith("svg")
        assert figure.width > 300
        assert figure.height > 60
        for element in root.iter():
            for key, value in element.attrib.items():
                if key.endswith("href"):
                    assert value.startswith(("#", "data:"))
        assert b"<date" not in figure.svg
        assert b"matplotlib.org" not in figure.svg


def test_the_same_figure_has_the_same_bytes() -> None:
    found = analysis("example")
    words = wording()
    assert forest_figure(found, "bodyLength2", words).svg == document("example").figures["predictor-1.forest"].svg
    assert levels_figure(found, "bodyLength2", words).svg == document("example").figures["predictor-1.levels"].svg
    assert panels_figure(found, "bodyLength2", words).svg == document("example").figures["panels"].svg


def test_colour_never_stands_alone() -> None:
    drawn = [variant for variant in CATALOGUE if variant.estimator != "separate"]
    for variant in drawn:
        assert 1.05 / (luminance(COLOURS[variant.id]) + 0.05) >= 3.0
    assert len(set(MARKERS.values())) == len(MARKERS) == len(COLOURS)
    assert len(set(DASHES.values())) == len(DASHES)


def test_curve_passes_through_pooled_fitted_and_no_pooling() -> None:
    comparison = analysis("example").comparison
    curve = comparison.curve
    assert isinstance(curve, Curve)
    assert isinstance(curve.fitted_share, float)
    assert slope_at(curve, 0, 0.0) == pytest.approx(8.9956, abs=1e-4)
    assert slope_at(curve, 0, 1.0) == pytest.approx(0.2055, abs=1e-4)
    assert slope_at(curve, 0, curve.fitted_share) == pytest.approx(0.5377, abs=2e-4)
    figure = curve_figure(curve, "bodyLength2", wording())
    assert figure.values["column"] == "bodyLength2"


def test_many_points_become_an_image_that_is_not_resampled() -> None:
    random = np.random.Generator(np.random.PCG64(1))
    x, y = random.normal(size=(2, 1500))
    svg = Figure("test", {}, 2.0, lambda canvas: points(canvas.add_subplot(), x, y)).svg
    assert svg.count(b"<image ") == svg.count(b'<image image-rendering="crisp-edges" ') == 1
    assert len(svg) < 200_000


def test_few_points_are_one_path_and_each_of_them_is_there() -> None:
    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        points(axes, np.arange(40.0), np.zeros(40))
        axes.set_xlim(-1, 41)
        axes.set_ylim(-1, 1)

    svg = Figure("test", {}, 2.0, paint).svg.decode()
    dots = [d for d in re.findall(r'<path d="([^"]*)"[^>]*stroke-linecap: round', svg) if d.count("M") == 40]
    assert len(dots) == 1
    assert not re.search(r"[^-]opacity: ", svg), "a renderer makes a group of its own of what is see-through as a whole"


def test_points_count_for_the_limits_of_the_axes() -> None:
    axes = Canvas().add_subplot()
    points(axes, np.array([3.0, 7.0]), np.array([-2.0, 5.0]))
    assert axes.dataLim.get_points().tolist() == [[3.0, -2.0], [7.0, 5.0]]


def test_panels_of_many_groups_span_the_response() -> None:
    found = analysis("many_groups")
    chosen = shown_groups(found)
    assert len(chosen) == len(set(chosen)) == MAX_PANELS
    means = found.moments.means[:, -1]
    assert means.min() in means[chosen]
    assert means.max() in means[chosen]


def test_labels_are_drawn_as_they_stand() -> None:
    shown = literal(HOSTILE, 80)
    assert "$a_$b" in shown
    assert "□" in shown  # the emoji, which the font lacks
    assert "\u202e" not in shown
    assert literal("_private") == "_private"


def test_hostile_labels_do_not_stop_a_drawing() -> None:
    found = analysis("hostile")
    assert forest_figure(found, found.levels[0].column, wording()).svg
    assert panels_figure(found, found.levels[0].column, wording()).svg


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (-2.31, 2.09, ["\N{MINUS SIGN}2", "0", "2"]),
        (-0.4, 97.3, ["0", "50"]),
        (0.0123, 0.0377, ["0.02", "0.03"]),
        (1.3e7, 3.9e7, ["2.0 \u00d7 10\u2077", "3.0 \u00d7 10\u2077"]),
    ],
)
def test_scales_have_round_values(low: float, high: float, texts: list[str]) -> None:
    values, shown = round_values(low, high)
    assert shown == texts
    assert low <= values.min() <= values.max() <= high


def test_the_line_at_zero_stands_out_from_the_grid() -> None:
    for name in ("predictor-1.forest", "predictor-1.curve", "shrinkage"):
        svg = document("example").figures[name].svg.decode()
        strokes = re.findall(r"stroke: (#[0-9a-f]{6}); stroke-width: ([0-9.]+)", svg)
        zero = strokes.index((INK, "1.1"))
        assert (PALE, "0.5") in strokes[:zero], name
        assert (PALE, "0.5") not in strokes[zero:], name  # drawn after the grid, so on top of it
