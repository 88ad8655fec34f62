"""Group effects in order of size: what the group's own rows say, and what the random intercept model keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.fits import LEVEL, MixedFit
from reportgen.presentation.figures.style import (
    COLOURS,
    INK,
    PALE,
    RASTER_ABOVE,
    Figure,
    literal,
)
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from reportgen.analysis import Analysis

MAX_LABELS = 40  # groups up to which each is named
N_NAMED = 3  # groups named on either side where they are more


def shrinkage_figure(
    analysis: Analysis, fit: MixedFit, kept: np.ndarray[tuple[int, ...], np.dtype[np.float64]], words: Wording
) -> Figure:
    """The group effects of the random intercept model, sorted, with their intervals.

    Parameters
    ----------
    analysis : Analysis
        For the names of the groups.
    fit : MixedFit
        The random intercept model, with a group variance above zero.
    kept : (J,) array
        Shrinkage factor of each group.
    words : Wording
        Labels.
    """
    from scipy.special import ndtri

    drawn = analysis.disclosure.drawn(len(analysis.groups))
    order = drawn[np.argsort(fit.random_effects[drawn, 0], kind="stable")]
    effect, own = fit.random_effects[order, 0], fit.random_effects[order, 0] / kept[order]
    reach = float(ndtri(0.5 + LEVEL / 2)) * fit.random_effect_errors[order, 0]
    rank = np.arange(len(order))
    named = len(order) <= MAX_LABELS and analysis.disclosure.lists_groups
    many = len(order) > RASTER_ABOVE

    def paint(canvas: Canvas) -> None:
        from matplotlib.collections import LineCollection

        axes = canvas.add_subplot()
        axes.axvline(0.0, color=INK, linewidth=1.1, zorder=1.7)  # above the grid, below what is drawn
        ends = np.stack([np.column_stack([effect - reach, rank]), np.column_stack([effect + reach, rank])], axis=1)
        colour = COLOURS["random_intercept"]
        lines = LineCollection(list(ends), colors=colour, linewidths=1.4 if named else 0.6, rasterized=many)
        axes.add_collection(lines)
        size = 5.5 if named else 2.5
        axes.plot(effect, rank, "^", color=colour, markersize=size, label=words["figure.shrunken"], rasterized=many)
        hollow: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 0.8}
        axes.plot(own, rank, "o", markersize=size, label=words["figure.unshrunken"], rasterized=many, **hollow)
        axes.set_ylim(-0.7, len(order) - 0.3)
        axes.set_yticks(rank if named else [], [literal(analysis.groups[j], 24) for j in order] if named else [])
        if analysis.disclosure.lists_groups and not named:
            _name_ends(axes, [literal(analysis.groups[j], 24) for j in order], words)
        axes.set_xlabel(words["figure.group_effect"].format(literal(analysis.moments.columns[-1])))
        axes.grid(axis="x", color=PALE, linewidth=0.5)
        canvas.legend(loc="outside upper left", ncols=2, frameon=False)

    values = {"groups": len(order), "kept_least": float(kept.min()), "kept_most": float(kept.max())}
    return Figure("shrinkage", values, 0.9 + 0.17 * len(order) if named else 3.5, paint)


def _name_ends(axes: Axes, names: list[str], words: Wording) -> None:
    """The groups with the lowest and the highest effects, in the corners that the rising order leaves free."""
    lowest = words["figure.lowest_groups"].format(", ".join(names[:N_NAMED]))
    highest = words["figure.highest_groups"].format(", ".join(names[: -N_NAMED - 1 : -1]))
    axes.text(0.99, 0.03, lowest, transform=axes.transAxes, fontsize=7.5, ha="right", va="bottom")
    axes.text(0.01, 0.97, highest, transform=axes.transAxes, fontsize=7.5, ha="left", va="top")
