"""Evidence of an ordinary analysis, of which tests change one part at a time, and what a rule says of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reportgen.modelling
from reportgen.analysis import walk
from reportgen.findings import Evidence, Finding
from reportgen.findings.records import Rule
from reportgen.fits import Issue, Undefined
from reportgen.moments import ColumnLevel

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
