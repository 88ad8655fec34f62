"""Residuals of the model that keeps both comparisons apart: of all rows, or of the draw that was kept for the figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reportgen.fits import Issue, LeastSquaresFit, MixedFit, ModelFit, Undefined
from reportgen.level_spread import LevelSpread
from reportgen.prediction import NewRows, predict
from reportgen.presentation.collector import Collector, Json
from reportgen.presentation.formatting import count, degrees_of_freedom, p_value, percent, printable, quantity, significant
from reportgen.presentation.shown import group_name
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

Array = NDArray[np.float64]

PREFERRED = ("within_between_slope", "mundlak", "random_intercept", "no_pooling", "pooled")
"""Whose residuals are shown: the first that could be fitted."""

FAR = 3.0  # standard deviations from zero beyond which a residual is counted
MIN_ROWS = 3
EXACT = 1e-10  # share of the response's standard deviation below which residuals are rounding


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Conditional residuals (group effects taken off) of one variant.

    Attributes
    ----------
    fit : LeastSquaresFit or MixedFit
        The variant.
    fitted, values : (m,) array
        Fitted values and residuals, in units of the response.
    n_rows : int
        Rows they were drawn from.
    """

    fit: ModelFit
    fitted: Array
    values: Array
    n_rows: int

    @property
    def deviation(self) -> float:
        """Their standard deviation."""
        return float(self.values.std())

    @property
    def skewness(self) -> float:
        """Third standardised moment; 0 for a symmetric distribution."""
        return float(np.mean(((self.values - self.values.mean()) / self.deviation) ** 3))

    @property
    def excess_kurtosis(self) -> float:
        """Fourth standardised moment less 3; 0 for a normal distribution."""
        return float(np.mean(((self.values - self.values.mean()) / self.deviation) ** 4)) - 3.0

    @property
    def far(self) -> float:
        """Share of residuals more than ``FAR`` standard deviations from zero; 0.0027 for a normal distribution."""
        return float(np.mean(np.abs(self.values) > FAR * self.deviation))

    @property
    def thirds(self) -> tuple[float, float]:
        """Standard deviation in the third of the rows with the lowest and in that with the highest fitted values."""
        order = np.argsort(self.fitted, kind="stable")
        third = max(len(order) // 3, 1)
        return float(self.values[order[:third]].std()), float(self.values[order[-third:]].std())


def residuals_of(analysis: Analysis) -> Residuals | Undefined:
    """The residuals to be shown; undefined where no model leaves any."""
    found = (analysis.fits[name] for name in PREFERRED if name in analysis.fits)
    fit = next((fit for fit in found if isinstance(fit, LeastSquaresFit | MixedFit)), None)
    if not isinstance(fit, LeastSquaresFit | MixedFit):
        return Undefined(Issue("no_residuals"))
    drawn = analysis.points
    if not len(drawn.codes):
        return Undefined(Issue("groups_withheld"))
    rows = NewRows(analysis.moments.columns[:-1], drawn.values[:, :-1], drawn.codes)
    fitted = predict(fit, analysis.moments, rows).values
    values = drawn.values[:, -1] - fitted
    if len(values) < MIN_ROWS or values.std() <= EXACT * drawn.values[:, -1].std():
        return Undefined(Issue("no_residuals"))
    return Residuals(fit, fitted, values, drawn.n_rows)


def residuals_entry(analysis: Analysis, top: Collector) -> dict[str, Json] | None:
    """The residuals in the result file, as far as the report describes them."""
    found = residuals_of(analysis)
    if isinstance(found, Undefined):
        top.note(found.reason)
        return None
    lowest, highest = found.thirds
    return {
        "variant": found.fit.variant,
        "n_shown": len(found.values),
        "std_dev": found.deviation,
        "skewness": found.skewness,
        "excess_kurtosis": found.excess_kurtosis,
        "share_beyond_3_sd": found.far,
        "std_dev_lowest_third": lowest,
        "std_dev_highest_third": highest,
    }


def residual_values(analysis: Analysis, residuals: Residuals | Undefined, words: Wording) -> dict[str, object]:
    """What the page says about the residuals."""
    spread = analysis.comparison.residual_spread
    by_group: dict[str, object] = (
        {"defined": False, "reason": words.issue(spread.reason)}
        if isinstance(spread, Undefined)
        else {
            "defined": True,
            "n": count(len(spread.groups)),
            "lowest": significant(float(spread.deviations.min()), 3),
            "lowest_group": group_name(analysis, spread.lowest, 40, words),
            "highest": significant(float(spread.deviations.max()), 3),
            "highest_group": group_name(analysis, spread.highest, 40, words),
            "relative": percent(spread.relative),
            "is_chance": spread.relative == 0.0,
        }
    )
    by_level = [_level_values(found, words) for found in analysis.level_spreads]
    if isinstance(residuals, Undefined):
        return {"defined": False, "reason": words.issue(residuals.reason), "by_group": by_group, "by_level": by_level}
    lowest, highest = residuals.thirds
    return {
        "defined": True,
        "variant": words.variant(residuals.fit.variant),
        "shown": count(len(residuals.values)),
        "is_draw": len(residuals.values) < int(analysis.moments.rows[analysis.disclosure.drawn(len(analysis.groups))].sum()),
        "sd": significant(residuals.deviation, 3),
        "skewness": quantity("statistic", residuals.skewness),
        "kurtosis": quantity("statistic", residuals.excess_kurtosis),
        "far": percent(residuals.far),
        "lowest_third": significant(lowest, 3),
        "highest_third": significant(highest, 3),
        "by_group": by_group,
        "by_level": by_level,
    }


def _level_values(found: LevelSpread, words: Wording) -> dict[str, object]:
    """What the page says about the spread at the levels of a factor of the groups."""
    test = found.test
    tested: dict[str, object] = (
        {"defined": False, "reason": words.issue(test.reason)}
        if isinstance(test, Undefined)
        else {
            "defined": True,
            "f": quantity("statistic", test.f),
            "df1": degrees_of_freedom(test.f_df[0]),
            "df2": degrees_of_freedom(test.f_df[1]),
            "p": p_value(test.p_value),
        }
    )
    return {
        "factor": printable(found.factor, 60),
        "n": count(len(found.levels)),
        "lowest": significant(found.deviations[found.lowest], 3),
        "lowest_level": printable(found.levels[found.lowest], 60),
        "highest": significant(found.deviations[found.highest], 3),
        "highest_level": printable(found.levels[found.highest], 60),
        "ratio": significant(found.ratio, 3),
        "test": tested,
    }
