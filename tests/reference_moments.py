"""Published group moments as they stand in the repository, with reference figures for them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from reportgen.block_moments import packed
from reportgen.column_levels import ColumnLevel
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.runner import fit_variants
from reportgen.fits import Fit
from reportgen.moments import GroupMoments

TESTS = Path(__file__).resolve().parent


@cache
def panel_sets() -> dict[str, Any]:
    """Group moments and reference figures of public panel data, by name of the set."""
    sets: dict[str, Any] = json.loads((TESTS / "reference" / "panel_moments.json").read_text(encoding="utf-8"))["sets"]
    return sets


def panel_moments(name: str) -> GroupMoments:
    """Group moments of one of :func:`panel_sets`."""
    found = panel_sets()[name]
    rows = np.array(found["rows"])
    return GroupMoments(
        columns=tuple(found["columns"]),
        origin=np.array(found["origin"]),
        rows=rows,
        weight=rows.astype(float),
        means=np.array(found["means"]),
        products=packed(np.array(found["cross"])),
    )


@cache
def dragons() -> GroupMoments:
    """Group moments of the bundled example: bodyLength2 and testScore."""
    found = json.loads((TESTS.parent / "examples" / "dragons" / "moments.json").read_text(encoding="utf-8"))
    rows = np.array([group["n"] for group in found["groups"]])
    return GroupMoments(
        columns=(found["predictor"], found["response"]),
        origin=np.zeros(2),
        rows=rows,
        weight=rows.astype(float),
        means=np.array([group["mean"] for group in found["groups"]]),
        products=packed(np.array([group["sscp"] for group in found["groups"]])),
    )


def fit_all(moments: GroupMoments, levels: tuple[ColumnLevel, ...], slopes: tuple[str, ...] = ()) -> dict[str, Fit]:
    """Every variant, with a random intercept and correlated random slopes of the columns named."""
    return fit_variants(moments, levels, RandomEffects(True, slopes, True))
