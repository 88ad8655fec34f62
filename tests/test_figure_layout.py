"""Where the parts of a figure stand: no text outside of it or over another, panels alike, as large as can be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from situations import document

from reportgen.presentation.figures import style
from reportgen.presentation.figures.layout import LEAST, PAD, lay_out
from reportgen.presentation.figures.style import Figure

Array = NDArray[np.float64]


def laid_out(canvas: Canvas) -> tuple[Array, Array]:
    """Boxes of the panels alone, and with all around them: (n, 2, 2) in pixels."""
    lay_out(canvas, "svg")
    inner, outer = [], []
    for axes in canvas.axes:
        around = axes.get_tightbbox(for_layout_only=True)
        assert around is not None
        inner.append(axes.get_window_extent().get_points())
        outer.append(around.get_points())
    return np.array(inner), np.array(outer)


def row(n: int, label: str = "label", size: tuple[float, float] = (6.9, 2.5)) -> Canvas:
    canvas = Canvas(figsize=size)
    for axes in canvas.subplots(1, n, squeeze=False)[0]:
        axes.plot([0.0, 1.0], [0.0, 12345.0])
        axes.set_xlabel(label)
        axes.set_ylabel(label)
        axes.set_title(label, loc="left")
    return canvas


@pytest.mark.parametrize("n", [1, 2, 3])
def test_panels_are_alike_and_fill_the_figure(n: int) -> None:
    canvas = row(n)
    inner, outer = laid_out(canvas)
    sizes = inner[:, 1] - inner[:, 0]
    assert sizes == pytest.approx(np.tile(sizes[0], (n, 1)))
    pad = PAD * canvas.dpi / 72
    assert outer[0, 0] == pytest.approx([pad, pad], abs=pad / 2)
    assert outer[-1, 1] == pytest.approx(np.array(canvas.bbox.size) - pad, abs=pad / 2)
    for one, other in pairwise(outer):
        assert other[0, 0] - one[1, 0] == pytest.approx(2 * pad, abs=pad / 2)


def test_what_stands_outside_of_all_panels_has_room_of_its_own() -> None:
    canvas = row(2)
    canvas.axes[0].lines[0].set_label("line")
    legend = canvas.legend(loc="outside upper left")
    below, beside = canvas.supxlabel("below"), canvas.supylabel("beside")
    _, outer = laid_out(canvas)
    renderer = FigureCanvasSVG(canvas).figure._get_renderer()  # type: ignore[attr-defined]
    assert outer[:, 1, 1].max() < legend.get_window_extent(renderer).y0
    assert outer[:, 0, 1].min() > below.get_window_extent(renderer).y1
    assert outer[:, 0, 0].min() > beside.get_window_extent(renderer).x1
    assert min(below.get_window_extent(renderer).y0, beside.get_window_extent(renderer).x0) > 0


def test_panels_keep_some_room_however_long_the_labels() -> None:
    canvas = row(3, "a label far too long for a figure as narrow as this one" * 3, (2.0, 1.0))
    inner, _ = laid_out(canvas)
    assert (inner[:, 1] - inner[:, 0] > 0.99 * LEAST * np.array(canvas.bbox.size) / [3, 1]).all()


@pytest.mark.parametrize("situation", ["example", "several"])
def test_no_text_of_a_report_leaves_its_figure(situation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[Array, Array]] = []

    def measured(canvas: Canvas, _file_format: str) -> None:
        found.append((np.array(laid_out(canvas)[1]), np.array(canvas.bbox.size)))

    monkeypatch.setattr(style, "lay_out", measured)
    figures = document(situation).figures.values()
    for figure in figures:
        assert Figure(figure.id, figure.values, figure.inches, figure.paint).svg
    assert len(found) == len(figures) > 0
    for boxes, size in found:
        assert boxes.min() > -0.5
        assert (boxes[:, 1] < size + 0.5).all()
