"""The slope as a function of the assumed share of variance between groups: one curve through three models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reportgen.blends import Curve
from reportgen.fits import Undefined
from reportgen.presentation.curve_points import slope_at
from reportgen.presentation.figures.style import COLOURS, GREY, INK, MARKERS, PALE, Figure, drawing, finish, literal
from reportgen.presentation.formatting import whole_percent
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def draw_curve(curve: Curve, column: str, words: Wording) -> Figure:
    """Draw the curve of one column, with pooled, fitted and no pooling marked.

    Parameters
    ----------
    curve : Curve
        The slopes of all columns.
    column : str
        Which one.
    words : Wording
        Labels.
    """
    position = curve.columns.index(column)
    slopes = curve.slopes[:, position]
    marks = {"pooled": (0.0, float(slopes[0])), "no_pooling": (1.0, float(slopes[-1]))}
    if not isinstance(curve.fitted_share, Undefined):
        marks["random_intercept"] = (curve.fitted_share, slope_at(curve, position, curve.fitted_share))
    with drawing(2.3) as canvas:
        axes = canvas.add_subplot()
        axes.set_xscale("function", functions=(_root, np.square))
        axes.plot(curve.share, slopes, color=INK, zorder=2)
        low, high = float(slopes.min()), float(slopes.max())
        if 2 * low - high <= 0.0 <= 2 * high - low:
            axes.axhline(0.0, color=INK, linewidth=1.1, zorder=1.7)  # above the grid, below what is drawn
        for variant, at in marks.items():
            _mark(axes, variant, at, words)
        axes.set_xlim(0.0, 1.0)
        axes.margins(y=0.24)
        axes.set_xticks(TICKS, [whole_percent(share) for share in TICKS])
        axes.set_xlabel(words["figure.share_of_variance"])
        axes.set_ylabel(words["figure.slope_of"].format(literal(column, 30)))
        axes.grid(axis="y", color=PALE, linewidth=0.5)
        axes.tick_params(colors=GREY, labelcolor=INK)
        return finish(canvas, "curve", {"column": column})


def _mark(axes: Axes, variant: str, at: tuple[float, float], words: Wording) -> None:
    """A model on the curve, named beside its marker on the side where there is room."""
    axes.plot(*at, marker=MARKERS[variant], color=COLOURS[variant], markersize=8, clip_on=False, zorder=3)
    on_left = at[0] < 0.5
    is_crowded = variant == "random_intercept" and not 0.05 < at[0] < 0.6  # the name of an end stands above there
    axes.annotate(
        words[f"variant_short.{variant}"],
        at,
        xytext=(8 if on_left else -8, -15 if is_crowded else 8),
        textcoords="offset points",
        ha="left" if on_left else "right",
        color=COLOURS[variant],
        annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
    )


def _root(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.maximum(share, 0.0)))
