"""Rules on fits and their comparison, one at a time: evidence that just makes it speak, and evidence that just does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from evidence import ABSENT, base, compared, fitted, frame, least_squares, level, said, with_issue

from reportgen.analysis import walk
from reportgen.blends import Blend, Pull
from reportgen.choices import Options
from reportgen.comparison import SlopeComparison
from reportgen.estimation.residual_spread import ResidualSpread
from reportgen.findings import Evidence, Finding, cautions, data_cautions, residual_cautions, summary
from reportgen.findings.records import Rule
from reportgen.fits import Coefficient, Issue, MixedFit, Number, SeparateFit
from reportgen.identities import IdentityCheck

# --- fits


def test_zero_group_variance() -> None:
    assert said(cautions.zero_group_variance, base()) == []
    found = said(cautions.zero_group_variance, with_issue("zero_group_variance", "mundlak", "random_intercept"))
    assert found == [("zero_group_variance", "caution", {"variants": ["random_intercept", "mundlak"]})]


def test_singular_fit() -> None:
    assert said(cautions.singular_fit, base()) == []
    found = said(cautions.singular_fit, with_issue("singular_fit", "mundlak"))
    assert found == [("singular_fit", "caution", {"variants": ["mundlak"]})]


def test_several_optima() -> None:
    assert said(cautions.several_optima, base()) == []
    found = said(cautions.several_optima, with_issue("several_optima", "random_intercept"))
    assert found == [("several_optima", "caution", {"variants": ["random_intercept"]})]


def test_not_converged() -> None:
    assert said(cautions.not_converged, base()) == []
    found = said(cautions.not_converged, with_issue("not_converged", "within_between"))
    assert found == [("not_converged", "problem", {"variants": ["within_between"]})]


@pytest.mark.parametrize(
    "rule", [cautions.zero_group_variance, cautions.singular_fit, cautions.several_optima, cautions.not_converged]
)
def test_issues_of_mixed_models_are_not_looked_for_in_others(rule: Rule) -> None:
    fit = replace(least_squares("pooled"), issues=(Issue(rule.__name__),))
    assert said(rule, fitted(pooled=fit)) == []
    assert said(rule, with_issue("another", "random_intercept")) == []


def test_perfect_fit() -> None:
    assert said(cautions.perfect_fit, base()) == []
    exact = fitted(pooled=replace(least_squares("pooled"), sigma2=0.0))
    assert said(cautions.perfect_fit, exact) == [("perfect_fit", "problem", {"variants": ["pooled"]})]
    mixed = base().fits["mundlak"]
    assert isinstance(mixed, MixedFit)
    assert said(cautions.perfect_fit, fitted(mundlak=replace(mixed, sigma2=0.0))) == []


def test_identity_fails() -> None:
    checks = (IdentityCheck("holds", 1e-12), IdentityCheck("fails", 0.5), IdentityCheck("no matter", ABSENT))
    found = said(cautions.identity_fails, compared(checks=checks))
    assert found == [("identity_fails", "problem", {"identity": "fails", "discrepancy": 0.5})]


def spread(relative: float, noise: float) -> Evidence:
    found = ResidualSpread(np.array([2, 5, 7]), np.array([1.5, 4.0, 0.5]), relative, noise)
    return compared(residual_spread=found)


def test_unequal_residual_spread() -> None:
    values = {
        "lowest_group": "g07",
        "lowest": 0.5,
        "highest_group": "g05",
        "highest": 4.0,
        "relative": 0.2,
        "n": 3,
    }
    rule = residual_cautions.unequal_residual_spread
    assert said(rule, spread(0.2, 0.05)) == [("unequal_residual_spread", "caution", values)]  # 4 * 0.04 > 3 * 0.05
    assert said(rule, spread(0.2, 0.054)) == []  # 0.16 < 0.162
    assert said(rule, spread(0.5, 1 / 3)) == []  # as large, not larger
    assert said(rule, spread(0.199, 0.001)) == []
    assert said(rule, compared(residual_spread=ABSENT)) == []


def test_slopes_differ() -> None:
    own = base().fits["separate"]
    assert isinstance(own, SeparateFit)
    unequal = replace(own, f=3.5, f_df=(11.0, 24.0), p_value=0.0099, estimable=np.arange(12) > 1)
    values = {"f": 3.5, "df1": 11.0, "df2": 24.0, "p_value": 0.0099, "n": 10, "left_out": []}
    rule = residual_cautions.slopes_differ
    assert said(rule, fitted(separate=unequal)) == [("slopes_differ", "caution", values)]
    assert said(rule, replace(fitted(separate=unequal), formula=base("y ~ x + (1 + x | g)").formula)) == []
    for silent in (replace(unequal, p_value=0.01), replace(unequal, p_value=ABSENT), replace(unequal, f=ABSENT)):
        assert said(rule, fitted(separate=silent)) == []
    assert said(rule, fitted(separate=least_squares("pooled"))) == []


# --- the summary


def number(item: Coefficient) -> dict[str, object]:
    return {
        "column": item.column,
        "estimate": item.estimate,
        "std_error": item.std_error,
        "df": item.df,
        "conf_low": item.conf_low,
        "conf_high": item.conf_high,
        "p_value": item.p_value,
        "level": 0.95,
    }


def slope() -> SlopeComparison:
    return base().comparison.slopes[0]


def coefficient(part: str) -> Coefficient:
    found = getattr(slope(), part)
    assert isinstance(found, Coefficient)
    return found


@pytest.mark.parametrize(
    ("rule", "part", "extra"),
    [
        (summary.within_relation, "within", {}),
        (summary.between_relation, "between", {"role": "between"}),
        (summary.contextual_gap, "contextual", {}),
    ],
)
def test_the_summary_of_a_slope(rule: Rule, part: str, extra: dict[str, object]) -> None:
    item = coefficient(part)
    expected = (rule.__name__, "info", {**number(item), **extra})
    assert said(rule, base()) == [expected]
    without: dict[str, Any] = {part: ABSENT}
    assert said(rule, compared(slopes=(replace(slope(), **without), slope()))) == [expected]
    unknown: dict[str, Any] = {part: replace(item, p_value=ABSENT)}
    assert said(rule, compared(slopes=(replace(slope(), **unknown),)))[0][2]["p_value"] is None


@pytest.mark.parametrize(("rule", "variant"), [(summary.pooled_blend, "pooled"), (summary.mixed_blend, "random_intercept")])
def test_the_summary_of_a_blend(rule: Rule, variant: str) -> None:
    part = slope().blends[variant]
    expected = {
        "column": "x",
        "slope": part.slope,
        "within": part.within,
        "between": part.between,
        "weight_on_between": part.own_weight,
        "own_weight": part.own_weight,
        "pulls": [],
    }
    assert said(rule, base()) == [(rule.__name__, "info", expected)]
    pulled = replace(part, is_scalar=False, pulls=(Pull("z", 0.5), Pull("v", -0.25)))
    ((_, _, values),) = said(rule, blended(variant, pulled))
    assert values["pulls"] == [{"column": "z", "amount": 0.5}, {"column": "v", "amount": -0.25}]
    assert values["weight_on_between"] is None
    assert values["own_weight"] == part.own_weight
    assert said(rule, blended(variant, replace(part, between=ABSENT))) == []
    first = replace(slope(), blends={})
    assert len(said(rule, compared(slopes=(first, slope())))) == 1


def blended(variant: str, part: Blend) -> Evidence:
    return compared(slopes=(replace(slope(), blends={variant: part}),))


def agreeing(*holds: bool | None) -> Evidence:
    names = ("mundlak_equals_no_pooling", "within_between_equals_no_pooling", "something_else")
    size: dict[bool | None, Number] = {True: 0.0, False: 1.0, None: ABSENT}
    return compared(checks=tuple(IdentityCheck(name, size[hold]) for name, hold in zip(names, holds, strict=True)))


def test_agreement() -> None:
    expected = [("agreement", "info", {"column": "x", "value": coefficient("within").estimate})]
    assert said(summary.agreement, agreeing(True, True, False)) == expected
    for holds in ((True, False, True), (False, True, True), (True, None, True), (None, None, True)):
        assert said(summary.agreement, agreeing(*holds)) == []
    comparison = replace(agreeing(True, True, True).comparison, slopes=(replace(slope(), within=ABSENT),))
    assert said(summary.agreement, replace(base(), comparison=comparison)) == []


def test_gap_unknown() -> None:
    unknown = replace(slope(), contextual=ABSENT)
    assert said(data_cautions.gap_unknown, base()) == []
    expected = [("gap_unknown", "caution", {"column": "x"})]
    assert said(data_cautions.gap_unknown, compared(slopes=(unknown,))) == expected
    for one in (level(varies_within=False), level(varies_between=False)):
        evidence = replace(compared(slopes=(unknown,)), levels=(one, level("y")))
        assert said(data_cautions.gap_unknown, evidence) == []


def test_outside_parts() -> None:
    part = replace(slope().blends["pooled"], is_outside=True, pulls=(Pull("z", 0.5), Pull("v", -0.25)))
    values = {
        "column": "x",
        "variant": "pooled",
        "slope": part.slope,
        "within": part.within,
        "between": part.between,
        "puller": "z",
        "amount": 0.5,
    }
    assert said(cautions.outside_parts, blended("pooled", part)) == [("outside_parts", "info", values)]
    assert said(cautions.outside_parts, blended("pooled", replace(part, is_outside=False))) == []
    assert said(cautions.outside_parts, blended("pooled", replace(part, between=ABSENT))) == []


# --- the whole


def test_the_rules_speak_in_the_order_of_their_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    import reportgen.findings

    tables = ("SUMMARY_RULES", "CAUTION_RULES", "RESIDUAL_RULES", "DATA_RULES")

    def named(name: str) -> Rule:
        def rule(evidence: Evidence) -> Iterator[Finding]:
            yield Finding(name, "info", MappingProxyType({}))

        return rule

    for table in tables:
        monkeypatch.setattr(reportgen.findings, table, (named(f"{table} 1"), named(f"{table} 2")))
    found = [finding.kind for finding in reportgen.findings.find(base())]
    assert found == [f"{table} {i}" for table in tables for i in (1, 2)]


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_no_finding_depends_on_the_unit_of_the_weights(unit: float) -> None:
    data = frame().assign(w=np.tile([1.0, 2.0, 3.0, 2.0], 12))
    usual = walk("y ~ x + z + (1 | g)", data, Options(weights="w")).findings
    other = walk("y ~ x + z + (1 | g)", data.assign(w=data.w * unit), Options(weights="w")).findings
    told = [(finding.kind, finding.values.get("column"), finding.values.keys()) for finding in usual]
    assert [(finding.kind, finding.values.get("column"), finding.values.keys()) for finding in other] == told
