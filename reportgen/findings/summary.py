"""The summary: what the slopes are, and what the models make of them."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen.comparison import SlopeComparison
from reportgen.findings.records import Evidence, Finding, Rule
from reportgen.fits import LEVEL, Coefficient, MixedFit, Role, Undefined, coefficient


def _numbers(item: Coefficient) -> dict[str, object]:
    return {
        "column": item.column,
        "estimate": item.estimate,
        "std_error": item.std_error,
        "df": item.df,
        "conf_low": item.conf_low,
        "conf_high": item.conf_high,
        "p_value": None if isinstance(item.p_value, Undefined) else item.p_value,
        "level": LEVEL,
    }


def _split(evidence: Evidence) -> Iterator[SlopeComparison]:
    """Slopes with a within part."""
    for slope in evidence.comparison.slopes:
        if isinstance(slope.within, Coefficient):
            yield slope


def within_relation(evidence: Evidence) -> Iterator[Finding]:
    """The slope within groups."""
    for slope in _split(evidence):
        if isinstance(slope.within, Coefficient):
            yield Finding("within_relation", "info", _numbers(slope.within))


def between_relation(evidence: Evidence) -> Iterator[Finding]:
    """The slope between groups."""
    for slope in evidence.comparison.slopes:
        if isinstance(slope.between, Coefficient):
            yield Finding("between_relation", "info", {**_numbers(slope.between), "role": slope.between.role})


def unit_size(evidence: Evidence) -> Iterator[Finding]:
    """How large a unit of the predictor is: its standard deviations, and both slopes for one of them instead of a unit."""
    for slope, level in zip(evidence.comparison.slopes, evidence.predictors, strict=True):
        within, between = slope.within, slope.between
        yield Finding(
            "unit_size",
            "info",
            {
                "column": level.column,
                "sd_within": level.sd_within,
                "sd_between": level.sd_between,
                "within_per_sd": within.estimate * level.sd_within if isinstance(within, Coefficient) else None,
                "between_per_sd": between.estimate * level.sd_between if isinstance(between, Coefficient) else None,
            },
        )


def contextual_gap(evidence: Evidence) -> Iterator[Finding]:
    """The difference of the two slopes."""
    for slope in evidence.comparison.slopes:
        if isinstance(slope.contextual, Coefficient):
            yield Finding("contextual_gap", "info", _numbers(slope.contextual))


def varying_slopes(evidence: Evidence) -> Iterator[Finding]:
    """How much the groups' own slopes differ, and their mean: where both comparisons are in a column, those within groups."""
    for level in evidence.predictors:
        places: tuple[tuple[str, Role], ...] = (("within_between_slope", "within"), ("random_slope", "raw"))
        for variant, role in places[0 if level.has_means else 1 :]:
            fit = evidence.fits.get(variant)
            if not isinstance(fit, MixedFit) or level.column not in fit.group_covariance.terms:
                continue
            i = fit.group_covariance.terms.index(level.column)
            found = coefficient(fit, level.column, role)
            if found:
                deviation = float(max(fit.group_covariance.psi[i, i], 0.0)) ** 0.5
                values = {**_numbers(found), "variant": variant, "role": role, "sd": deviation}
                values["is_singular"] = fit.group_covariance.is_singular
                yield Finding("varying_slopes", "info", values)
                break


def _blend(kind: str, variant: str, evidence: Evidence) -> Iterator[Finding]:
    for slope in evidence.comparison.slopes:
        part = slope.blends.get(variant)
        if part is None or isinstance(part.between, Undefined):
            continue
        weight = part.weight_on_between
        yield Finding(
            kind,
            "info",
            {
                "column": slope.column,
                "slope": part.slope,
                "within": part.within,
                "between": part.between,
                "weight_on_between": None if isinstance(weight, Undefined) else weight,
                "own_weight": part.own_weight,
                "pulls": [{"column": pull.column, "amount": pull.amount} for pull in part.pulls],
            },
        )


def pooled_blend(evidence: Evidence) -> Iterator[Finding]:
    """How pooled regression mixes the two slopes."""
    return _blend("pooled_blend", "pooled", evidence)


def mixed_blend(evidence: Evidence) -> Iterator[Finding]:
    """How the random intercept model mixes the two slopes."""
    return _blend("mixed_blend", "random_intercept", evidence)


def agreement(evidence: Evidence) -> Iterator[Finding]:
    """No pooling, Mundlak and within-between give the same within slope."""
    wanted = {"mundlak_equals_no_pooling", "within_between_equals_no_pooling"}
    if sum(check.holds is True for check in evidence.comparison.checks if check.identity in wanted) == len(wanted):
        for slope in _split(evidence):
            if isinstance(slope.within, Coefficient):
                yield Finding("agreement", "info", {"column": slope.column, "value": slope.within.estimate})


SUMMARY_RULES: tuple[Rule, ...] = (
    within_relation,
    between_relation,
    unit_size,
    contextual_gap,
    pooled_blend,
    mixed_blend,
    varying_slopes,
    agreement,
)
