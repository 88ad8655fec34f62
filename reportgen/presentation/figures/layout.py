"""The places of the parts of a figure: panels in one row, as large as their titles, labels and numbers leave them room.

What matplotlib's own layout does for any grid, in two rounds of measuring all texts. Here one round is enough unless the
panels, put in their places, have other numbers at their axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

PAD = 3.0  # points around a panel with its texts, and around what stands outside of all panels
GUESS = (0.55, 0.1, 0.5, 0.3)  # inches left, right, below and above: where the measuring starts
ROUNDS = 3
LEAST = 0.2  # part of a figure that its panels keep, however long the texts around them


def lay_out(canvas: Canvas, file_format: str) -> None:
    """Find the places of all parts.

    Parameters
    ----------
    canvas : Figure
        Painted; its panels stand in one row.
    file_format : str
        ``svg`` or ``png``: texts are as wide as where they are written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    (FigureCanvasSVG if file_format == "svg" else FigureCanvasAgg)(canvas)
    renderer = canvas._get_renderer()  # type: ignore[attr-defined]
    width, height = canvas.get_size_inches()
    left, right, below, above = GUESS
    canvas.subplots_adjust(left / width, below / height, 1 - right / width, 1 - above / height, wspace=0.15)
    outside = _outside(canvas, renderer)
    numbers: list[list[float]] | None = None
    for _ in range(ROUNDS):
        before, numbers = numbers, _numbers(canvas.axes)
        if before == numbers:
            return
        _place(canvas, renderer, outside)


def _numbers(panels: list[Axes]) -> list[list[float]]:
    """The numbers at the axes, in order."""
    return [list(axis.get_majorticklocs()) for axes in panels for axis in (axes.xaxis, axes.yaxis)]


def _outside(canvas: Canvas, renderer: Any) -> NDArray[np.float64]:
    """Room (2, 2) that parts outside of all panels take, left and right, below and above; in pixels. Labels are put there."""
    pad = _pad(canvas)
    size = canvas.bbox.size
    room = np.zeros((2, 2))
    for label in canvas.texts:  # the one of the horizontal axes stands below, the one of the vertical axes at the left
        x, y = label.get_position()
        direction = 0 if label.get_rotation() else 1
        label.set_position((pad / size[0], y) if direction == 0 else (x, pad / size[1]))
        room[direction, 0] = 2 * pad + label.get_window_extent(renderer).size[direction]
    for legend in canvas.legends:  # above all panels
        room[1, 1] = 2 * pad + legend.get_window_extent(renderer).height
    return room


def _pad(canvas: Canvas) -> float:
    return PAD * canvas.dpi / 72


def _place(canvas: Canvas, renderer: Any, outside: NDArray[np.float64]) -> None:
    """Give all panels the same size, the largest that leaves room for what stands around them."""
    around = np.array([_around(axes, renderer) for axes in canvas.axes]) + _pad(canvas)  # (n, 2, 2)
    size = canvas.bbox.size
    above_below = around[:, 1].max(axis=0) + outside[1]
    height = max(size[1] - above_below.sum(), LEAST * size[1])
    width = max(size[0] - outside[0].sum() - around[:, 0].sum(), LEAST * size[0]) / len(around)
    x = outside[0, 0]
    for axes, (left, right) in zip(canvas.axes, around[:, 0], strict=True):
        x += left
        axes.set_position((x / size[0], above_below[0] / size[1], width / size[0], height / size[1]))
        x += width + right


def _around(axes: Axes, renderer: Any) -> NDArray[np.float64]:
    """Room (2, 2) that titles, labels and numbers take around a panel, left and right, below and above; in pixels."""
    inner, outer = axes.get_window_extent(renderer), axes.get_tightbbox(renderer, for_layout_only=True)
    assert outer is not None
    return np.array([np.subtract(inner.min, outer.min), np.subtract(outer.max, inner.max)]).T
