"""Residuals against fitted values, and normal quantiles of residuals and of group effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reportgen.fits import MixedFit
from reportgen.presentation.figures.style import COLOURS, GREY, INK, Figure, literal, points
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from reportgen.analysis import Analysis
    from reportgen.presentation.residual_checks import Residuals

Array = NDArray[np.float64]

MAX_ROWS = 1_000  # rows drawn in the cloud
MAX_QUANTILES = 300  # points of a quantile plot; both tails are always among them
TAIL = 40


def residuals_figure(analysis: Analysis, residuals: Residuals, words: Wording) -> Figure:
    """The checks of the residuals.

    Parameters
    ----------
    analysis : Analysis
        For the name of the response.
    residuals : Residuals
        What to draw.
    words : Wording
        Labels.
    """
    effects = _effects(analysis, residuals)
    shown = np.linspace(0, len(residuals.values) - 1, min(MAX_ROWS, len(residuals.values))).round().astype(int)

    def paint(canvas: Canvas) -> None:
        panels = canvas.subplots(1, 3 if len(effects) else 2)
        faint = float(np.clip(300.0 / len(shown), 0.15, 0.55))
        points(panels[0], residuals.fitted[shown], residuals.values[shown], size=2.6, alpha=faint)
        _fit_to(panels[0], residuals.fitted[shown], residuals.values[shown])
        panels[0].axhline(0.0, color=INK, linewidth=0.9, zorder=1)
        panels[0].set_xlabel(words["figure.fitted"])
        panels[0].set_ylabel(words["figure.residual"].format(literal(analysis.moments.columns[-1], 24)))
        panels[0].set_title(words["figure.residuals_against_fitted"], loc="left")
        panels[0].locator_params(axis="x", nbins=5)
        _quantiles(panels[1], residuals.values, words["figure.residual_quantiles"], GREY, words)
        if len(effects):
            _quantiles(panels[2], effects, words["figure.effect_quantiles"], COLOURS["random_intercept"], words)

    return Figure("residuals", {"shown": len(shown), "has_effects": bool(len(effects))}, 2.3, paint)


def _effects(analysis: Analysis, residuals: Residuals) -> Array:
    """Effects of the groups that may be drawn; none where the model has none, or none that differ."""
    fit, drawn = residuals.fit, analysis.disclosure.drawn(len(analysis.groups))
    if not isinstance(fit, MixedFit) or len(drawn) < 3:
        return np.zeros(0)
    effects = fit.random_effects[drawn, 0]
    return effects if effects.std() > 0 else np.zeros(0)


def _fit_to(axes: Axes, x: Array, y: Array) -> None:
    """Limits that leave a margin around the points."""
    for low, high, put in ((x.min(), x.max(), axes.set_xlim), (y.min(), y.max(), axes.set_ylim)):
        margin = 0.05 * (high - low)
        if low - margin < high + margin:  # else all points stand on one line
            put(low - margin, high + margin)


def _quantiles(axes: Axes, values: Array, title: str, colour: str, words: Wording) -> None:
    from scipy.special import ndtri

    n = len(values)
    ordered = np.sort(values)
    chosen = np.arange(n)
    if n > MAX_QUANTILES:
        middle = np.linspace(TAIL, n - TAIL - 1, MAX_QUANTILES - 2 * TAIL).round().astype(int)
        chosen = np.unique(np.concatenate([np.arange(TAIL), middle, np.arange(n - TAIL, n)]))
    normal = ndtri((chosen + 0.5) / n)
    ends = np.array([normal[0], normal[-1]])
    axes.plot(ends, values.mean() + values.std() * ends, color=INK, linewidth=0.9, zorder=1)
    points(axes, normal, ordered[chosen], size=2.6, alpha=0.9, colour=colour)
    _fit_to(axes, normal, ordered[chosen])
    axes.set_title(title, loc="left")
    axes.set_xlabel(words["figure.normal_quantile"])
