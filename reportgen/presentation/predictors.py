"""What the page says about one predictor, as plain values: texts that match the tables, and nothing that computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from reportgen.blends import Blend
from reportgen.compared_at import multipliers
from reportgen.comparison import SlopeComparison
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, Undefined, coefficient
from reportgen.presentation.curve_points import is_flat, slope_if, told_points
from reportgen.presentation.explanation_tables import arithmetic_place
from reportgen.presentation.formatting import Place, estimate, fixed, percent, printable, quantity, significant, whole_percent
from reportgen.presentation.influence_values import influence_values, pair_values
from reportgen.presentation.other_errors import error_values
from reportgen.presentation.shown import (
    LEAST_DF,
    drawn_robust,
    is_reliable,
    places,
    preferred_robust,
    robust_between,
    robust_coefficient,
    shown_contextual,
)
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

Plain = dict[str, object]

SHORT = 60  # characters of a column name on the page


def predictor(analysis: Analysis, number: int, words: Wording) -> Plain:
    """Everything about one design column.

    Parameters
    ----------
    analysis : Analysis
        What was computed.
    number : int
        Position of the column in the design.
    words : Wording
        Labels and sentences.
    """
    slope, level = analysis.comparison.slopes[number], analysis.levels[number]
    place = places(analysis)[slope.column]
    within = "both" if level.is_split else "within"
    entry: Plain = {
        "id": f"predictor-{number + 1}",
        "key": slope.column,
        "column": printable(slope.column, SHORT),
        "level": within if level.varies_within else "between",
        "between_share": percent(level.between_share),
        "within": coefficient_text(slope.within, place, words),
        "between": coefficient_text(slope.between, place, words),
        "contextual": coefficient_text(shown_contextual(analysis, slope), place, words),
        "models": _models(analysis, slope.column, place),
        "blends": {name: _blend(slope, blend, words) for name, blend in slope.blends.items()},
        "is_flat": slope_is_flat(analysis, slope),
        "curve": _curve(analysis, slope, place),
        "reliability": _reliability(analysis, slope.column, place),
        "influence": influence_values(analysis, slope.column, place, words),
        "pair": pair_values(analysis, slope.column, place),
        "errors": error_values(analysis, slope.column),
        "weighed": _weighed(analysis, slope, place),
        "robust": _robust(analysis, slope, place, words),
        "changed": _changed(analysis, slope, place),
        "multiplied": _multiplied(analysis, slope.column),
    }
    return entry | _kind(analysis, slope.column, words)


def _kind(analysis: Analysis, column: str, words: Wording) -> Plain:
    """Whether the column is a factor level, a product or a number, and the columns that a product is made of."""
    parts_of = analysis.design.parts_of
    parts = parts_of[column]
    factors = [printable(other, SHORT) for other, own in parts_of.items() if set(own) < set(parts)]
    return _sort_of(analysis, column) | {
        "factors": factors,
        "turns": _turns(analysis, column, len(factors), words),
        "conditions": _conditions(analysis, column),
    }


def _turns(analysis: Analysis, column: str, n_factors: int, words: Wording) -> Plain:
    """Of a product of two columns that stand in the formula too: the one whose slope it turns, and the one by which."""
    parts = analysis.design.parts_of[column]
    if len(parts) != 2 or n_factors != 2:
        return {}
    turned, by = sorted(parts, key=lambda part: bool(part.level))
    return {
        "slope_of": printable(f"{turned.name} = {turned.level}" if turned.level else turned.name, SHORT),
        "by": printable(by.name, SHORT),
        "level": printable(by.level, SHORT) if by.level else "",
        "reference": printable(analysis.design.references.get(by.name, ""), SHORT) if by.level else "",
        "there": _there(analysis, column, words),
    }


def _there(analysis: Analysis, product: str, words: Wording) -> Plain:
    """The slope where a factor has the level that the product is for."""
    found = next((item for item in analysis.conditional_slopes if item.product == product), None)
    if found is None:
        return coefficient_text(None, places(analysis)[product], words)
    place = places(analysis)[found.slope.column]
    return coefficient_text(found.slope, place, words) | {"robust": _robust_text(found.robust, place, words)}


def _conditions(analysis: Analysis, column: str) -> list[Plain]:
    """Where the slope of a predictor that is multiplied by others holds: at their reference level, or at zero."""
    parts_of = analysis.design.parts_of
    own = set(parts_of[column])
    others = dict.fromkeys(
        (part.name, analysis.design.references.get(part.name, "") if part.level else "")
        for parts in parts_of.values()
        if own < set(parts)
        for part in parts
        if part not in own
    )
    return [{"name": printable(name, SHORT), "reference": printable(level, SHORT) if level else ""} for name, level in others]


def _sort_of(analysis: Analysis, column: str) -> Plain:
    parts = analysis.design.parts_of[column]
    if len(parts) == 1 and parts[0].level:
        name, level = printable(parts[0].name, SHORT), printable(parts[0].level, SHORT)
        reference = printable(analysis.design.references.get(parts[0].name, ""), SHORT)
        return {"kind": "factor", "factor": name, "factor_level": level, "reference": reference}
    return {"kind": "product" if len(parts) > 1 else "number", "factor": "", "factor_level": "", "reference": ""}


def _multiplied(analysis: Analysis, column: str) -> Plain:
    """By what a predictor of the groups is multiplied in products whose group means follow from it.

    It compares groups at the means of these in the regression of the group means, and at zero in models with the product.
    """
    others = multipliers(analysis.design.parts_of, analysis.levels[:-1], column)
    names = dict.fromkeys(printable(part.name, SHORT) for part in others)
    any_factor = any(part.level for part in others)
    return {"columns": list(names), "any_factor": any_factor, "mean": "" if any_factor else _mean_of(analysis, list(others))}


def _mean_of(analysis: Analysis, parts: Sequence[object]) -> str:
    """The mean of the one column of the design that has only this part; nothing where there are more of them, or none."""
    columns = [column for column, own in analysis.design.parts_of.items() if list(own) == parts]
    if len(columns) != 1:
        return ""
    i = analysis.moments.columns.index(columns[0])
    return significant(float(analysis.moments.origin[i] + analysis.moments.grand_mean[i]), 3)


def coefficient_text(item: Coefficient | Undefined | None, place: Place, words: Wording) -> Plain:
    """The texts of a coefficient, or the reason why there is none."""
    if item is None:
        return {"defined": False, "reason": ""}
    if isinstance(item, Undefined):
        return {"defined": False, "reason": words.issue(item.reason)}
    return {"defined": True, "reason": "", "role": item.role, **asdict(estimate(item, place))}


def _models(analysis: Analysis, column: str, place: Place) -> Plain:
    """Coefficient texts by variant and role."""
    models: Plain = {}
    for name, fit in analysis.fits.items():
        if isinstance(fit, LeastSquaresFit | MixedFit):
            found = [c for c in analysis.shown(fit) if c.column == column]
            models[name] = {c.role: asdict(estimate(c, place)) | _drawn(analysis, name, c, place) for c in found}
    return models


def _drawn(analysis: Analysis, variant: str, c: Coefficient, place: Place) -> Plain:
    """The cluster-robust interval that is drawn beside the model's."""
    robust = drawn_robust(analysis, variant, c)
    return {"robust": estimate(robust, place).interval if robust else ""}


def _weighed(analysis: Analysis, slope: SlopeComparison, place: Place) -> str:
    """The slope between groups of the contextual effect, where it reads otherwise than that of the group means."""
    fit, between = analysis.fits["within_between"], slope.between
    found = coefficient(fit, slope.column, "between") if isinstance(fit, MixedFit) else None
    if found is None or isinstance(between, Undefined):
        return ""
    text = estimate(found, place).value
    return "" if text == estimate(between, place).value else text


def _robust(analysis: Analysis, slope: SlopeComparison, place: Place, words: Wording) -> Plain:
    """Slopes with cluster-robust errors (CR2), for where those of the model are not to be read."""
    column = slope.column
    pooled = robust_coefficient(analysis, "pooled", column, "raw", "group_level")
    contextual = coefficient_text(robust_coefficient(analysis, "mundlak", column, "contextual"), place, words)
    preferred = preferred_robust(analysis, "mundlak", column, "contextual")
    return {
        "within": _robust_text(robust_coefficient(analysis, "no_pooling", column, "within"), place, words),
        "between": _robust_text(robust_between(analysis, slope), place, words),
        "pooled": coefficient_text(pooled, place, words),
        "pooled_has_few_df": isinstance(pooled, Coefficient) and pooled.df < LEAST_DF,
        "contextual": contextual | {"is_preferred": isinstance(preferred, Coefficient)},
    }


def _robust_text(item: Coefficient | Undefined, place: Place, words: Wording) -> Plain:
    """A slope with its cluster-robust error, and whether that is the one to report."""
    return coefficient_text(item, place, words) | {"is_preferred": is_reliable(item)}


def _blend(slope: SlopeComparison, blend: Blend, words: Wording) -> Plain:
    place = arithmetic_place(slope)
    between = blend.between
    defined = not isinstance(between, Undefined)
    weight = blend.own_weight
    others = sum(pull.amount for pull in blend.pulls)
    return {
        "defined": defined,
        "reason": words.issue(between.reason) if isinstance(between, Undefined) else "",
        "is_scalar": blend.is_scalar,
        "is_outside": blend.is_outside,
        "weight": percent(weight) if 0 <= weight <= 1 else "",
        "weight_on_between": fixed(weight, 5),
        "weight_on_within": fixed(1.0 - weight, 5),
        "within": place.text(blend.within),
        "between": "" if isinstance(between, Undefined) else place.text(between),
        "slope": place.text(blend.slope),
        "own": place.text(blend.slope - blend.within - others),
        "others": place.text(others),
        "pulls": [{"column": printable(pull.column, SHORT), "amount": place.text(pull.amount)} for pull in blend.pulls[:4]],
        "n_pulls": len(blend.pulls),
    }


def slope_is_flat(analysis: Analysis, slope: SlopeComparison) -> bool:
    """Whether a slope is the same at every share of variance between groups; not where there is no curve of slopes."""
    curve = analysis.comparison.curve
    return not isinstance(curve, Undefined) and isinstance(slope.within, Coefficient) and is_flat(curve, slope.within)


def _curve(analysis: Analysis, slope: SlopeComparison, place: Place) -> list[Plain]:
    """The slope at a few assumed shares of variance between groups; none where it is the same at all of them."""
    curve = analysis.comparison.curve
    if isinstance(curve, Undefined) or not isinstance(slope.within, Coefficient) or is_flat(curve, slope.within):
        return []
    return [
        {
            "share": percent(point.share) if point.is_fitted else whole_percent(point.share),
            "slope": place.text(point.slope),
            "is_fitted": point.is_fitted,
        }
        for point in told_points(curve, slope.column)
    ]


def _reliability(analysis: Analysis, column: str, place: Place) -> Plain:
    """Reliability of the group means at their average size, and the contextual effect corrected for it."""
    found = next((item for item in analysis.variance.reliabilities if item.column == column), None)
    if found is None or isinstance(found.corrected, Undefined):
        return {"defined": False}
    return {"defined": True, "value": quantity("share", found.at_mean_size), "corrected": place.text(found.corrected)}


def _changed(analysis: Analysis, slope: SlopeComparison, place: Place) -> Plain:
    """The random intercept slope if groups were twice or half as large, where that makes a difference."""
    curve = analysis.comparison.curve
    if isinstance(curve, Undefined) or not isinstance(slope.within, Coefficient) or is_flat(curve, slope.within):
        return {"defined": False}
    twice, half = (slope_if(curve, slope.column, factor) for factor in (2.0, 0.5))
    if isinstance(twice, Undefined) or isinstance(half, Undefined):
        return {"defined": False}
    return {"defined": True, "twice": place.finer(1).text(twice), "half": place.finer(1).text(half)}
