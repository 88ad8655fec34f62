"""The slope as a function of the assumed share of variance between groups: one curve through three models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reportgen.blends import Curve
from reportgen.fits import Undefined
from reportgen.presentation.curve_points import slope_at
from reportgen.presentation.figures.style import COLOURS, GREY, INK, MARKERS, PALE, Figure, literal
from reportgen.presentation.formatting import whole_percent
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

BESIDE = 0.15  # share of variance over which a name extends, near enough
AXIS = 430.0  # points that the axis of shares is long, near enough, and that the names of its ends need
LEFT_NAME, RIGHT_NAME = 52.0, 76.0
TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def curve_figure(curve: Curve, column: str, words: Wording) -> Figure:
    """The curve of one column, with pooled, fitted and no pooling marked.

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

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        axes.set_xscale("function", functions=(_root, np.square))
        axes.plot(curve.share, slopes, color=INK, zorder=2)
        low, high = float(slopes.min()), float(slopes.max())
        if 2 * low - high <= 0.0 <= 2 * high - low:
            axes.axhline(0.0, color=INK, linewidth=1.1, zorder=1.7)  # above the grid, below what is drawn
        for variant, at in marks.items():
            _mark(axes, variant, at, _rises(curve, position, at[0]), words)
        axes.set_xlim(0.0, 1.0)
        axes.margins(y=0.24)
        axes.set_xticks(TICKS, [whole_percent(share) for share in TICKS])
        axes.set_xlabel(words["figure.share_of_variance"])
        axes.set_ylabel(words["figure.slope_of"].format(literal(column, 30)))
        axes.grid(axis="y", color=PALE, linewidth=0.5)
        axes.tick_params(colors=GREY, labelcolor=INK)

    return Figure("curve", {"column": column}, 2.3, paint)


def _rises(curve: Curve, position: int, share: float) -> bool:
    """Whether the curve rises on the side of a point to which its name extends: right of it on the left half, else left."""
    low, high = (share, min(share + BESIDE, 1.0)) if share < 0.5 else (share - BESIDE, share)
    return slope_at(curve, position, high) > slope_at(curve, position, low)


def _mark(axes: Axes, variant: str, at: tuple[float, float], rises: bool, words: Wording) -> None:
    """A model on the curve, named beside its marker on the side where the curve does not run."""
    axes.plot(*at, marker=MARKERS[variant], color=COLOURS[variant], markersize=8, clip_on=False, zorder=3)
    on_left = at[0] < 0.5
    is_below = rises if on_left else not rises
    room = 0.0 if variant != "random_intercept" else _room(at[0], on_left)  # the name of an end stands there too
    axes.annotate(
        words[f"variant_short.{variant}"],
        at,
        xytext=(max(8.0, room) if on_left else -max(8.0, room), -15 if is_below else 8),
        textcoords="offset points",
        ha="left" if on_left else "right",
        color=COLOURS[variant],
        annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
    )


def _room(share: float, on_left: bool) -> float:
    """Points from a marker to where the name of the nearer end ends."""
    root = float(np.sqrt(share))
    away = root if on_left else 1.0 - root
    return (LEFT_NAME if on_left else RIGHT_NAME) - AXIS * away


def _root(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.maximum(share, 0.0)))
