"""A panel per group: its rows, and the lines of no pooling, random intercept and pooled regression.

All panels are drawn in one pair of axes, shifted: a pair of axes each would take twenty times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reportgen.fits import LeastSquaresFit, MixedFit
from reportgen.presentation.figures.panel_lines import followers, steepness, varying
from reportgen.presentation.figures.style import COLOURS, DASHES, GREY, Figure, literal, points
from reportgen.presentation.formatting import decimals_for, fixed, needs_power, printable, scientific
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from reportgen.analysis import Analysis

Array = NDArray[np.float64]

MAX_PANELS = 24
PER_ROW = 6
PER_PANEL = 120  # rows drawn in one panel at most
ALL_PANELS = 1_000  # and in all of them
STEP_X, STEP_Y = 1.12, 1.42  # distance of the panels, in panel widths and heights
TICK = 0.025  # length of the marks of the scale


@dataclass(frozen=True, slots=True)
class Scale:
    """Data to panel coordinates: both axes run from 0 to 1."""

    low: Array
    span: Array

    @classmethod
    def of(cls, values: Array) -> Scale:
        """From the (n, 2) points to be shown, with a small margin."""
        low, high = values.min(axis=0), values.max(axis=0)
        span = np.where(high > low, high - low, 1.0)
        return cls(low - 0.06 * span, 1.12 * span)

    def __call__(self, values: Array) -> Array:
        """Panel coordinates of (..., 2) points."""
        return (values - self.low) / self.span


def shown_groups(analysis: Analysis) -> NDArray[np.int64]:
    """The groups that get a panel: all that may be drawn, or 24 spread evenly over them in the order of their mean response."""
    drawn = analysis.disclosure.drawn(len(analysis.groups))
    if len(drawn) <= MAX_PANELS:
        return drawn
    order = drawn[np.argsort(analysis.moments.means[drawn, -1], kind="stable")]
    return np.sort(order[np.linspace(0, len(order) - 1, MAX_PANELS).round().astype(int)])


def lines_of(analysis: Analysis, column: str) -> tuple[str, ...]:
    """The variants whose lines are drawn: with slopes of the groups' own where the formula has them for this column."""
    fit = analysis.fits.get("random_slope")
    own = {column, *followers(analysis, column)}
    has_slopes = isinstance(fit, MixedFit) and not own.isdisjoint(fit.group_covariance.terms)
    return ("no_pooling", "random_slope" if has_slopes else "random_intercept", "pooled")


def panels_figure(analysis: Analysis, column: str, words: Wording) -> Figure:
    """The panels for one predictor; other predictors stand at their group means, but for those that follow it.

    Parameters
    ----------
    analysis : Analysis
        With the fits.
    column : str
        The design column on the horizontal axis.
    words : Wording
        Labels.
    """
    position = analysis.moments.columns.index(column)
    groups = shown_groups(analysis)
    drawn = analysis.points
    each = min(PER_PANEL, ALL_PANELS // len(groups))
    chosen = np.concatenate([np.flatnonzero(drawn.codes == j)[:each] for j in groups])
    pair = drawn.values[chosen][:, [position, -1]]
    scale = Scale.of(pair)
    n_rows = ceil(len(groups) / PER_ROW)
    per_row = ceil(len(groups) / n_rows)
    corner = {int(j): np.array([k % per_row * STEP_X, -(k // per_row) * STEP_Y]) for k, j in enumerate(groups)}

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        axes.set_axis_off()
        _frames(axes, analysis, corner)
        shifted = scale(pair) + np.array([corner[int(j)] for j in drawn.codes[chosen]])
        points(axes, shifted[:, 0], shifted[:, 1], size=2.1 if len(chosen) > 25 * len(groups) else 3.2)
        for variant in lines_of(analysis, column):
            _lines(axes, analysis, variant, position, (scale, corner), words)
        _scales(axes, scale, corner)
        axes.set_xlim(-0.16, (per_row - 1) * STEP_X + 1.02)
        axes.set_ylim(-(n_rows - 1) * STEP_Y - 0.14, 1.2)
        canvas.legend(loc="outside upper left", ncols=3, frameon=False, handlelength=3.2)
        canvas.supxlabel(literal(column), fontsize=8.5)
        canvas.supylabel(literal(analysis.moments.columns[-1]), fontsize=8.5)

    values = {
        "column": column,
        "shown": len(groups),
        "groups": len(analysis.disclosure.drawn(len(analysis.groups))),
        "rows": each,
        "has_slopes": "random_slope" in lines_of(analysis, column),
        "followers": [printable(name, 60) for name in followers(analysis, column)],
        "others": len(analysis.design.columns) - 1 - len(followers(analysis, column)),
        "without_line": int((~varying(analysis, column, groups)).sum()),
    }
    return Figure("panels", values, 0.62 + (1.1 if per_row > 4 else 1.4) * n_rows, paint)


def _frames(axes: object, analysis: Analysis, corner: dict[int, Array]) -> None:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection

    assert isinstance(axes, Axes)
    frame = np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    axes.add_collection(LineCollection([frame + at for at in corner.values()], colors=GREY, linewidths=0.6))
    for j, at in corner.items() if analysis.disclosure.lists_groups else ():
        axes.text(at[0], at[1] + 1.05, literal(analysis.groups[j], 18), fontsize=7.2, va="bottom", ha="left")


def _scales(axes: object, scale: Scale, corner: dict[int, Array]) -> None:
    """Round values at the axes of the lower left panel only: all panels have the same axes."""
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection

    assert isinstance(axes, Axes)
    lowest = min(corner.values(), key=lambda at: (at[1], at[0]))
    marks = []
    for axis, (turn, sides) in enumerate((((0.0, -1.0), ("center", "top")), ((-1.0, 0.0), ("right", "center")))):
        values, texts = round_values(float(scale.low[axis]), float(scale.low[axis] + scale.span[axis]))
        for value, text in zip(values, texts, strict=True):
            at = lowest.copy()
            at[axis] += (value - scale.low[axis]) / scale.span[axis]
            marks.append(np.stack([at, at + TICK * np.array(turn)]))
            beside = at + 2 * TICK * np.array(turn)
            axes.text(float(beside[0]), float(beside[1]), text, fontsize=6.5, ha=sides[0], va=sides[1])
    axes.add_collection(LineCollection(marks, colors=GREY, linewidths=0.6))


def round_values(low: float, high: float) -> tuple[Array, list[str]]:
    """At most four round values between two ends, and their texts with no more decimals than they need."""
    from matplotlib.ticker import MaxNLocator

    found = np.asarray(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]).tick_values(low, high), dtype=np.float64)
    values = np.asarray(found[(found >= low) & (found <= high)])
    step = float(found[1] - found[0])
    if needs_power(*values.tolist(), step):
        return values, [scientific(value, 2) for value in values.tolist()]
    return values, [fixed(value, decimals_for(step, 1)) for value in values.tolist()]


def _lines(
    axes: object, analysis: Analysis, variant: str, position: int, place: tuple[Scale, dict[int, Array]], words: Wording
) -> None:
    """One line a group: through the group's mean row, as high as the model is there, cut off at the frame."""
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection

    assert isinstance(axes, Axes)
    scale, corner = place
    fit = analysis.fits[variant]
    if not isinstance(fit, LeastSquaresFit | MixedFit):
        return
    name, groups = analysis.moments.columns[position], np.array(list(corner))
    means = analysis.moments.means[:, position] + analysis.moments.origin[position]
    rises = steepness(analysis, fit, name, groups) * scale.span[0] / scale.span[1]
    segments = []
    for j, rise, is_drawn in zip(groups, rises, varying(analysis, name, groups), strict=True):
        if is_drawn:
            centre = scale(np.array([means[j], fit.group_levels[j]]))
            segments.append(_clipped(centre, float(rise)) + corner[int(j)])
    style = (0.0, DASHES[variant]) if DASHES[variant] else "solid"
    axes.add_collection(
        LineCollection(segments, colors=COLOURS[variant], linestyles=[style], label=words[f"variant_short.{variant}"], zorder=2)
    )


def _clipped(centre: Array, rise: float) -> Array:
    """(2, 2) ends of the line through `centre` inside the unit square; a point where it misses the square."""
    x = np.array([0.0, 1.0])
    if rise != 0:
        crossing = centre[0] + (np.array([0.0, 1.0]) - centre[1]) / rise
        x = np.clip(np.array([max(0.0, crossing.min()), min(1.0, crossing.max())]), 0.0, 1.0)
    y = np.clip(centre[1] + rise * (x - centre[0]), 0.0, 1.0)
    return np.column_stack([x, y])
