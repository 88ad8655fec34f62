"""One coefficient over many data sets: its estimate and interval in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reportgen.presentation.figures.style import GREY, INK, PALE, RASTER_ABOVE, Figure, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

LABELLED = 60  # data sets up to which each has its name and its own line
TALL = 7.5  # inches: the height with more
INSIDE = 0.025  # share of the ends of intervals that may lie outside the picture on either side
FEW = 10  # data sets up to which nothing lies outside


@dataclass(frozen=True, slots=True)
class Span:
    """An estimate and its interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One data set: its name, and what each panel shows of it; a panel without a span shows nothing."""

    label: str
    spans: Mapping[str, Span]


def collection_figure(series: Sequence[Series], panels: Mapping[str, str]) -> Figure:
    """A coefficient over data sets, one panel beside the other.

    Parameters
    ----------
    series : sequence of Series
        The data sets, from top to bottom. More than ``LABELLED`` are sorted by their estimate in the first panel and drawn
        without names.
    panels : mapping
        Name of each panel to the label of its axis.
    """
    first = next(iter(panels))
    is_labelled = len(series) <= LABELLED
    drawn = list(series)
    if not is_labelled:
        drawn = sorted((s for s in drawn if s.spans), key=lambda s: s.spans[first].estimate if first in s.spans else np.inf)

    def paint(canvas: Canvas) -> None:
        all_axes = canvas.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (name, label) in zip(all_axes, panels.items(), strict=True):
            _draw_panel(axes, drawn, name)
            axes.set_xlabel(label)
        axes = all_axes[0]
        axes.set_ylim(len(drawn) - 0.4, -0.6)
        axes.set_yticks(range(len(drawn)) if is_labelled else [], [literal(s.label, 28) for s in drawn] if is_labelled else [])
        for other in all_axes:
            other.tick_params(axis="y", length=0, labelcolor=INK)
            other.spines["left"].set_visible(False)

    values = {"n": len(drawn), "is_labelled": is_labelled, "is_cut": len(drawn) > FEW}
    return Figure("collection", values, 0.75 + 0.2 * max(len(drawn), 1) if is_labelled else TALL, paint)


def _draw_panel(axes: Axes, series: Sequence[Series], name: str) -> None:
    found = [(y, s.spans[name]) for y, s in enumerate(series) if name in s.spans]
    axes.axvline(0.0, color=GREY, linewidth=0.8, zorder=0)
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    if not found:
        return
    y = np.array([row for row, _ in found], dtype=float)
    low, middle, high = (np.array([getattr(span, part) for _, span in found]) for part in ("low", "estimate", "high"))
    is_image = len(found) > RASTER_ABOVE
    size, width = (5.0, 1.5) if len(series) <= LABELLED else (1.6, 0.5)
    axes.hlines(y, low, high, color="#0072B2", linewidth=width, rasterized=is_image)
    axes.plot(middle, y, linestyle="none", marker="o", markersize=size, color=INK, markeredgewidth=0, rasterized=is_image)
    if len(found) > FEW:
        # One data set with next to no information would flatten all the others.
        ends = np.concatenate([low, high])
        edges = np.quantile(ends, [INSIDE, 1.0 - INSIDE])
        left, right = min(edges[0], middle.min(), 0.0), max(edges[1], middle.max(), 0.0)
        margin = 0.04 * (right - left)
        if margin > 0:
            axes.set_xlim(left - margin, right + margin)
