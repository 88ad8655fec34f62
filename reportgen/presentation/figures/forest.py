"""Every model's slope of one predictor with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, Role
from reportgen.presentation.figures.style import COLOURS, INK, MARKERS, PALE, Figure, literal
from reportgen.presentation.shown import drawn_robust, is_reliable, places_compared
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from reportgen.analysis import Analysis

SHOWN: tuple[Role, ...] = ("raw", "within", "between", "group_level")
MARGIN = 0.04  # of the axis on either side
BELOW = 0.32  # rows by which the cluster-robust interval is drawn below the model's


def forest_figure(analysis: Analysis, column: str, words: Wording) -> Figure:
    """The slopes of one design column over the variants.

    Parameters
    ----------
    analysis : Analysis
        With the fits.
    column : str
        The design column.
    words : Wording
        Labels.
    """
    entries: list[tuple[str, Coefficient]] = []
    at = places_compared(analysis, column, words, literal)
    for variant, fit in analysis.fits.items():
        if isinstance(fit, LeastSquaresFit | MixedFit):
            entries += [(variant, c) for c in analysis.shown(fit) if c.column == column and c.role in SHOWN]
    robust = [drawn_robust(analysis, variant, c) for variant, c in entries]
    several = {variant for variant, _ in entries if sum(other == variant for other, _ in entries) > 1}

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        axes.axvline(0.0, color=INK, linewidth=1.1, zorder=1.7)  # above the grid, below what is drawn
        labels = []
        for y, ((variant, c), other) in enumerate(zip(entries, robust, strict=True)):
            colour = COLOURS[variant]
            if other is not None:
                ends, below = [other.conf_low, other.conf_high], [y + BELOW, y + BELOW]
                axes.plot(ends, below, color=colour, linewidth=1.1, linestyle=(0, (3.0, 1.6)), solid_capstyle="butt")
            axes.plot([c.conf_low, c.conf_high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
            axes.plot([c.estimate], [y], marker=MARKERS[variant], color=colour, markersize=6.5)
            name = words[f"variant_short.{variant}"]
            role = words[f"role_short.{c.role}"]
            label = words["figure.forest_role"].format(name, role) if variant in several else name
            labels.append(words["figure.forest_at"].format(label, at[variant]) if at else label)
        axes.set_yticks(range(len(entries)), labels)
        axes.set_xlim(*_limits([c for _, c in entries], robust))
        axes.set_ylim(len(entries) - 0.4, -0.6)
        axes.set_xlabel(words["figure.slope_of"].format(literal(column)))
        axes.grid(axis="x", color=PALE, linewidth=0.5)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)

    places = list(dict.fromkeys(at[variant] for variant, _ in entries if at))
    any_robust = any(other is not None for other in robust)
    values = {"column": column, "n": len(entries), "places": places, "any_robust": any_robust}
    return Figure("forest", values, 0.62 + (0.23 if any_robust else 0.2) * len(entries), paint)


def _limits(own: list[Coefficient], robust: list[Coefficient | None]) -> tuple[float, float]:
    """Ends of the axis: room for every interval, but for one on few degrees of freedom at most as much again on either side."""
    kept = [*own, *(item for item in robust if item is not None and is_reliable(item))]
    low, high = min(0.0, *(item.conf_low for item in kept)), max(0.0, *(item.conf_high for item in kept))
    width = high - low
    wide = [item for item in robust if item is not None]
    least = max(low - width, min([low, *(item.conf_low for item in wide)]))
    most = min(high + width, max([high, *(item.conf_high for item in wide)]))
    margin = MARGIN * (most - least) or 1.0  # every slope may be exactly zero
    return least - margin, most + margin
