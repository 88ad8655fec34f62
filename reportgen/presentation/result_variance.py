"""The variance side in the result file."""

from __future__ import annotations

from reportgen.fits import Undefined
from reportgen.presentation.collector import Collector, Json
from reportgen.variance import Bootstrap, Interval, VarianceIntervals, VarianceSide
from reportgen.variance_parts import MeanReliability, SlopeDesign, VarianceParts


def variance_entry(side: VarianceSide, top: Collector) -> dict[str, Json]:
    """Parts, intervals, design effects, reliabilities and bootstrap intervals."""
    return {
        "parts": {name: _parts(found) for name, found in side.parts.items()},
        "intervals": {name: _intervals(found, top) for name, found in side.intervals.items()},
        "bootstrap": {name: _bootstrap(found, top) for name, found in side.bootstrap.items()},
        "design_effect_of_mean": _mean_design(side, top),
        "design_effects_of_slopes": _slope_designs(side.slope_designs, top),
        "reliability_of_group_means": [_reliability(found, top) for found in side.reliabilities],
    }


def _parts(found: VarianceParts) -> dict[str, Json]:
    return {
        "fixed_within": found.fixed_within,
        "fixed_between": found.fixed_between,
        "slope_variation": found.slope_variation,
        "intercept_variation": found.intercept_variation,
        "residual": found.residual,
    }


def _interval(found: Interval | Undefined, top: Collector) -> dict[str, Json] | None:
    if isinstance(found, Undefined):
        top.note(found.reason)
        return None
    return {"low": top.number(found.low), "high": top.number(found.high), "level": found.level, "method": found.method}


def _intervals(found: VarianceIntervals | Bootstrap, top: Collector) -> dict[str, Json]:
    return {
        "group_deviations": {term: _interval(item, top) for term, item in zip(found.terms, found.deviations, strict=True)},
        "group_correlations": [
            {"terms": [item.first, item.second], "interval": _interval(item.interval, top)} for item in found.correlations
        ],
        "residual_deviation": _interval(found.residual, top),
        "icc": _interval(found.icc, top),
    }


def _bootstrap(found: Bootstrap, top: Collector) -> dict[str, Json]:
    return _intervals(found, top) | {
        "n_samples": found.n_samples,
        "seed": found.seed,
        "singular_share": found.singular_share,
        "terms": [
            {"column": item.column, "role": item.role, "interval": _interval(item.interval, top)} for item in found.coefficients
        ],
    }


def _mean_design(side: VarianceSide, top: Collector) -> dict[str, Json] | None:
    found = side.mean_design
    if isinstance(found, Undefined):
        top.note(found.reason)
        return None
    return {
        "icc": found.icc,
        "group_size": found.group_size,
        "design_effect": found.effect,
        "effective_rows": found.effective_rows,
    }


def _slope_designs(found: tuple[SlopeDesign, ...] | Undefined, top: Collector) -> list[Json]:
    if isinstance(found, Undefined):
        top.note(found.reason)
        return []
    return [
        {
            "column": item.column,
            "icc_column": item.icc_column,
            "icc_residual": item.icc_residual,
            "design_effect": item.effect,
        }
        for item in found
    ]


def _reliability(found: MeanReliability, top: Collector) -> dict[str, Json]:
    return {
        "column": found.column,
        "icc": found.icc,
        "at_mean_size": found.at_mean_size,
        "lowest": float(found.by_group.min()),
        "highest": float(found.by_group.max()),
        "contextual": top.number(found.contextual),
        "contextual_corrected": top.number(found.corrected),
    }
