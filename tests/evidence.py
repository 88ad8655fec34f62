"""Evidence of an ordinary analysis, of which tests change one part at a time, and what a rule says of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import reportgen.modelling
from reportgen.analysis import walk
from reportgen.column_levels import ColumnLevel, column_levels
from reportgen.findings import Evidence, Finding
from reportgen.findings.records import Rule
from reportgen.fits import Issue, LeastSquaresFit, MixedFit, Undefined
from reportgen.moments import GroupMoments
from reportgen.points import Points

FORMULA = "y ~ x + (1 | g)"
ABSENT = Undefined(Issue("variant_not_fitted", {"variant": "no_pooling"}))


def frame(n_groups: int = 12, size: int = 4) -> pd.DataFrame:
    random = np.random.default_rng(3)
    codes = np.repeat(np.arange(n_groups), size)
    x = random.normal(size=n_groups)[codes] + random.normal(size=len(codes))
    z = random.normal(size=n_groups)[codes] + random.normal(size=len(codes))
    y = x + random.normal(size=n_groups)[codes] + random.normal(size=len(codes))
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": [f"g{code:02d}" for code in codes]})


@cache
def base(formula: str = FORMULA) -> Evidence:
    """Evidence of an ordinary analysis; the tests change one part of it at a time."""
    seen: list[Evidence] = []

    def note(evidence: Evidence) -> tuple[Finding, ...]:
        seen.append(evidence)
        return ()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reportgen.modelling, "find", note)
        walk(formula, frame())
    return seen[0]


def said(rule: Rule, evidence: Evidence) -> list[tuple[str, str, dict[str, Any]]]:
    return [(finding.kind, finding.severity, dict(finding.values)) for finding in rule(evidence)]


def level(column: str = "x", **changes: Any) -> ColumnLevel:
    usual = {
        "varies_within": True,
        "varies_between": True,
        "sd_within": 1.0,
        "sd_between": 1.0,
        "between_share": 0.5,
        "icc": 0.5,
    }
    return ColumnLevel(column=column, **{**usual, **changes})


def compared(**changes: Any) -> Evidence:
    evidence = base()
    return replace(evidence, comparison=replace(evidence.comparison, **changes))


def fitted(**changes: Any) -> Evidence:
    return replace(base(), fits={**base().fits, **changes})


def of_rows(*columns: NDArray[np.float64], codes: NDArray[np.int64], weights: NDArray[np.float64] | None = None) -> Evidence:
    """Evidence with the moments, levels and points of these rows; predictors x, z, ..., the response last."""
    names = (*"xzvw"[: len(columns) - 1], "y")
    values = np.column_stack(columns)
    moments = GroupMoments.from_rows(names, codes, values, int(codes.max()) + 1, weights=weights)
    points = Points(codes, values, len(codes))
    groups = tuple(f"g{j:02d}" for j in range(moments.n_groups))
    return replace(base(), moments=moments, levels=column_levels(moments), points=points, groups=groups)


def leveled(*levels: ColumnLevel) -> Evidence:
    """Evidence with other levels of the predictors."""
    return replace(base(), levels=(*levels, level("y")))


def least_squares(variant: str) -> LeastSquaresFit:
    """A variant fitted by least squares."""
    fit = base().fits[variant]
    assert isinstance(fit, LeastSquaresFit)
    return fit


def with_issue(code: str, *variants: str) -> Evidence:
    """Evidence in which some mixed variants have an issue, beside another."""
    changed = {}
    for variant in variants:
        fit = base().fits[variant]
        assert isinstance(fit, MixedFit)
        changed[variant] = replace(fit, issues=(Issue("something_else"), Issue(code)))
    return fitted(**changed)


def grouped(*sizes: int) -> Evidence:
    """Groups of these sizes, the column otherwise of no matter."""
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return of_rows(np.arange(float(len(codes))), np.sin(np.arange(len(codes))), codes=codes)


def derived(exponent: float, *, n_groups: int = 5) -> Evidence:
    """z is a line on the group means of x, but for a part of this size."""
    codes = np.repeat(np.arange(n_groups), [3, 4, 5, 3, 4][:n_groups])
    x = np.sin(np.arange(len(codes)) * 1.7) + codes
    means = np.array([x[codes == j].mean() for j in range(n_groups)])
    centred = (means - x.mean())[codes]
    other = ((np.arange(n_groups) - 1.0) ** 2)[codes]
    other = other - other.mean() - centred * (centred @ other) / (centred @ centred)
    z = 3.0 - 2.0 * centred + 10.0**exponent * other * np.sqrt(4 * centred @ centred / (other @ other + 1e-300))
    return of_rows(x, z, np.cos(np.arange(len(codes))), codes=codes)
