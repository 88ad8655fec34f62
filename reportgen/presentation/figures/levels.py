"""One relation within groups and one between them: deviations from the group means, and the group means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reportgen.fits import Coefficient, LeastSquaresFit, UnfitVariant
from reportgen.presentation.figures.style import COLOURS, PALE, Figure, literal, points
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from reportgen.analysis import Analysis

Array = NDArray[np.float64]

MAX_ROWS = 1_000  # rows drawn; more of them only make the cloud darker and the file larger


def levels_figure(analysis: Analysis, column: str, words: Wording) -> Figure:
    """Both relations of one predictor on the same scales, the other predictors' parts taken off the response.

    Parameters
    ----------
    analysis : Analysis
        With `column` varying within and between groups.
    column : str
        The design column.
    words : Wording
        Labels.
    """
    moments, drawn = analysis.moments, analysis.points
    means = moments.means + moments.origin
    position = moments.columns.index(column)
    shown = np.linspace(0, len(drawn.codes) - 1, min(MAX_ROWS, len(drawn.codes))).round().astype(int)
    deviations = drawn.values[shown] - means[drawn.codes[shown]]
    centred = (moments.means - moments.means.mean(axis=0))[analysis.disclosure.drawn(len(means))]
    panels = (("no_pooling", deviations, "figure.deviation_of"), ("between", centred, "figure.mean_of"))
    several = len(moments.columns) > 2

    def paint(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharex=True, sharey=True)
        for panel, (variant, rows, label) in zip(axes, panels, strict=True):
            slopes = _slopes(analysis, variant)
            others = [i for i in slopes if i != position]
            y = rows[:, -1] - rows[:, others] @ np.array([slopes[i] for i in others])
            is_rows = variant == "no_pooling"
            faint = float(np.clip(300.0 / len(y), 0.12, 0.5))
            points(panel, rows[:, position], y, size=2.6 if is_rows else 4.7, alpha=faint if is_rows else 0.85)
            panel.axhline(0.0, color=PALE, linewidth=0.8, zorder=0)
            panel.axvline(0.0, color=PALE, linewidth=0.8, zorder=0)
            reach = np.array([rows[:, position].min(), rows[:, position].max()])
            panel.plot(reach, slopes[position] * reach, color=COLOURS[variant], linewidth=2.4)
            panel.set_title(words[f"figure.{'within' if is_rows else 'between'}_slope"], loc="left", color=COLOURS[variant])
            panel.locator_params(axis="x", nbins=6)
            panel.set_xlabel(words[label].format(literal(column, 24)))
        key = f"figure.{'adjusted' if several else 'centred'}_response"
        axes[0].set_ylabel(words[key].format(literal(moments.columns[-1], 24)))

    return Figure("levels", {"column": column, "is_adjusted": several, "shown": len(shown)}, 2.4, paint)


def _slopes(analysis: Analysis, variant: str) -> dict[int, float]:
    """Position of each design column in the model to its slope."""
    fit = analysis.fits[variant]
    if isinstance(fit, UnfitVariant):
        return {}
    assert isinstance(fit, LeastSquaresFit)
    index = {name: i for i, name in enumerate(analysis.moments.columns)}
    items: tuple[Coefficient, ...] = fit.coefficients
    return {index[c.column]: c.estimate for c in items if c.role != "intercept"}
