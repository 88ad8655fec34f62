"""Every slope without each single group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reportgen.fits import Undefined
from reportgen.influence import SlopesWithout
from reportgen.presentation.figures.style import COLOURS, INK, PALE, Figure, literal, points
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from reportgen.analysis import Analysis

KINDS = {"within": "no_pooling", "between": "between", "contextual": "mundlak"}
"""Slope to the variant whose colour it has."""


def influence_panels(analysis: Analysis, column: str) -> dict[str, SlopesWithout]:
    """The slopes of a column that can be drawn: those that exist and were estimated without at least three groups."""
    found: dict[str, SlopesWithout] = {}
    for kind in KINDS:
        slopes = getattr(analysis.comparison.influence, kind)
        if not isinstance(slopes, Undefined) and column in slopes.columns and len(slopes.groups) > 2:
            found[kind] = slopes
    return found


def influence_figure(analysis: Analysis, column: str, words: Wording) -> Figure:
    """The slopes of one column without each group, from the lowest to the highest.

    Parameters
    ----------
    analysis : Analysis
        With the influence of single groups.
    column : str
        The design column; :func:`influence_panels` must have something to show of it.
    words : Wording
        Labels.
    """
    panels = influence_panels(analysis, column)

    def paint(canvas: Canvas) -> None:
        row = canvas.subplots(1, len(panels), squeeze=False)[0]
        for axes, (kind, slopes) in zip(row, panels.items(), strict=True):
            c = slopes.columns.index(column)
            _draw(axes, slopes, c, kind, analysis.disclosure.name(analysis.groups, int(slopes.strongest[c])))
            axes.set_title(words[f"table.influence.{kind}"], loc="left")
            what = "contextual_of" if kind == "contextual" else "slope_of"
            axes.set_xlabel(words[f"figure.{what}"].format(literal(column, 22)))
        row[0].set_ylabel(words["figure.group_left_out"])

    return Figure("influence", {"column": column, "kinds": list(panels)}, 2.3, paint)


def _draw(axes: Axes, slopes: SlopesWithout, c: int, kind: str, strongest: str) -> None:
    full, error = float(slopes.full[c]), float(slopes.full_errors[c])
    order = np.argsort(slopes.estimates[:, c], kind="stable")
    values, rank = slopes.estimates[order, c], np.arange(len(order))
    axes.axvspan(full - error, full + error, color=PALE, alpha=0.6, linewidth=0, zorder=0)
    axes.axvline(full, color=INK, linewidth=0.9, zorder=1)
    points(axes, values, rank.astype(float), size=4.5 if len(order) <= 40 else 2.2, alpha=0.9, colour=COLOURS[KINDS[kind]])
    low, high = min(values[0], full - error), max(values[-1], full + error)
    margin = 0.12 * (high - low)
    if low - margin < high + margin:  # else no group moves the slope at all
        axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(-0.08 * len(order) - 0.5, 1.08 * len(order) - 0.5)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=5)
    if not strongest:
        return
    place = int(np.flatnonzero(slopes.groups[order] == slopes.strongest[c])[0])
    on_left = values[place] > full
    axes.annotate(
        literal(strongest, 16),
        (float(values[place]), place),
        xytext=(-5 if on_left else 5, 0),
        textcoords="offset points",
        ha="right" if on_left else "left",
        va="center",
        fontsize=7.5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 1.0, "pad": 0.8},
    )
