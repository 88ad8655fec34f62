"""Every model's slope of one predictor with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.compared_at import is_at_zero, multipliers
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, Role
from reportgen.presentation.figures.style import COLOURS, INK, MARKERS, PALE, Figure, literal
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from reportgen.analysis import Analysis

SHOWN: tuple[Role, ...] = ("raw", "within", "between", "group_level")


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
    at = _places(analysis, column, words)
    for variant, fit in analysis.fits.items():
        if isinstance(fit, LeastSquaresFit | MixedFit):
            entries += [(variant, c) for c in analysis.shown(fit) if c.column == column and c.role in SHOWN]
    several = {variant for variant, _ in entries if sum(other == variant for other, _ in entries) > 1}

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        axes.axvline(0.0, color=INK, linewidth=1.1, zorder=1.7)  # above the grid, below what is drawn
        labels = []
        for y, (variant, c) in enumerate(entries):
            colour = COLOURS[variant]
            axes.plot([c.conf_low, c.conf_high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
            axes.plot([c.estimate], [y], marker=MARKERS[variant], color=colour, markersize=6.5)
            name = words[f"variant_short.{variant}"]
            role = words[f"role_short.{c.role}"]
            label = words["figure.forest_role"].format(name, role) if variant in several else name
            labels.append(words["figure.forest_at"].format(label, at[variant]) if at else label)
        axes.set_yticks(range(len(entries)), labels)
        axes.set_ylim(len(entries) - 0.4, -0.6)
        axes.set_xlabel(words["figure.slope_of"].format(literal(column)))
        axes.grid(axis="x", color=PALE, linewidth=0.5)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)

    values = {"column": column, "n": len(entries), "places": list(dict.fromkeys(at[variant] for variant, _ in entries if at))}
    return Figure("forest", values, 0.62 + 0.2 * len(entries), paint)


def _places(analysis: Analysis, column: str, words: Wording) -> dict[str, str]:
    """Variant to where it compares groups; nothing where all variants do that at the same place."""
    others = multipliers(analysis.design.parts_of, analysis.levels[:-1], column)
    if not others:
        return {}
    name = literal(others[0].name) if len(others) == 1 else words["figure.other_predictors"]
    zero = words["figure.at_reference" if any(part.level for part in others) else "figure.at_zero"].format(name)
    mean = words["figure.at_mean"].format(name)
    return {
        variant: zero if is_at_zero(analysis.levels[:-1], column, fit) else mean
        for variant, fit in analysis.fits.items()
        if isinstance(fit, LeastSquaresFit | MixedFit)
    }
