"""What a slope's p value and interval are under other standard errors, as plain values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, Role, Undefined
from reportgen.presentation.formatting import degrees_of_freedom, p_value

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

Plain = dict[str, Any]

SLOPES: tuple[tuple[str, tuple[tuple[str, Role], ...]], ...] = (
    ("between", (("within_between", "between"), ("within_between", "group_level"), ("random_intercept", "group_level"))),
    ("within", (("no_pooling", "within"),)),
    ("pooled", (("pooled", "raw"), ("pooled", "group_level"))),
    ("contextual", (("mundlak", "contextual"),)),
    ("within_random", (("within_between_slope", "within"),)),
    ("between_random", (("within_between_slope", "between"), ("within_between_slope", "group_level"))),
)
"""Kind of slope, and the variants and roles where it may stand."""

ROBUST = ("CR1", "CR2", "CR3")


def error_values(analysis: Analysis, column: str) -> Plain:
    """p values of one predictor's slopes by standard error; `depends`: whether the intervals of a slope disagree about zero."""
    found = {kind: _slope(analysis, column, places) for kind, places in SLOPES}
    return {**found, "depends": any(entry["defined"] and entry["depends"] for entry in found.values())}


def _slope(analysis: Analysis, column: str, places: tuple[tuple[str, Role], ...]) -> Plain:
    for variant, role in places:
        fit = analysis.fits.get(variant)
        if not isinstance(fit, LeastSquaresFit | MixedFit):
            continue
        own = _named(analysis.shown(fit), column, role)
        robust = {errors.method: _named(errors.coefficients, column, role) for errors in fit.robust}
        found = [own, *(robust.get(method) for method in ROBUST)]
        usable = [item for item in found if item is not None and _is_number(item)]
        if len(usable) == len(found):
            return {"variant": variant, **_told(usable)}
    return {"defined": False}


def _told(found: list[Coefficient]) -> Plain:
    """Texts of the model's own error, then CR1, CR2 and CR3."""
    covers = [item.conf_low <= 0.0 <= item.conf_high for item in found]
    return {
        "defined": True,
        "model": p_value(found[0].p_value),
        "df": degrees_of_freedom(found[0].df),
        "robust": [p_value(item.p_value) for item in found[1:]],
        "all_cover": all(covers),
        "none_covers": not any(covers),
        "depends": any(covers) and not all(covers),
    }


def _named(items: tuple[Coefficient, ...], column: str, role: Role) -> Coefficient | None:
    return next((item for item in items if (item.column, item.role) == (column, role)), None)


def _is_number(item: Coefficient) -> bool:
    numbers = (item.std_error, item.df, item.p_value, item.conf_low, item.conf_high)
    return not any(isinstance(number, Undefined) or not math.isfinite(number) for number in numbers)
