"""Small data sets, one for each situation the report must find words for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from reportgen.analysis import Analysis, walk
from reportgen.comparison import compare
from reportgen.findings import Evidence, find
from reportgen.fits import Fit, Issue, UnfitVariant
from reportgen.presentation.document import Document, build_document

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "dragons" / "dragons.csv"
EXAMPLE_FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"
HOSTILE = "<script>alert('x')</script> $a_$b & \"q\" \u202e \U0001f409"


def grouped(sizes: tuple[int, ...], seed: int, tau: float = 2.0, gap: float = 1.5) -> pd.DataFrame:
    """Rows with a predictor `x` at both levels, `z` a second one, `w` of the group, `kind` a factor, and a response `y`."""
    random = np.random.Generator(np.random.PCG64(seed))
    codes = np.repeat(np.arange(len(sizes)), sizes)
    mean = random.normal(0, 1, len(sizes))
    x = mean[codes] + random.normal(0, 1, len(codes))
    z = 0.5 * x + random.normal(0, 1, len(codes)) + random.normal(0, 1, len(sizes))[codes]
    w = random.normal(0, 1, len(sizes))
    kind = random.choice(["low", "mid", "top"], len(codes))
    y = 0.5 * x + gap * mean[codes] + 0.3 * z + 0.4 * w[codes] + tau * random.normal(0, 1, len(sizes))[codes]
    y = y + random.normal(0, 1, len(codes))
    return pd.DataFrame({"y": y, "x": x, "z": z, "w": w[codes], "kind": kind, "g": [f"g{j:02d}" for j in codes]})


def _frames() -> Mapping[str, tuple[str, pd.DataFrame]]:
    balanced, uneven = grouped((9,) * 8, 1), grouped((1, 3, 5, 8, 12, 4, 6, 2, 7, 30), 2)
    constant = balanced.assign(t=np.tile(np.arange(9.0), 8))
    trial = constant.assign(arm=np.where(constant["g"].str[-1].astype(int) % 2 == 1, "new", "old"))
    trial["y"] += np.where(trial["arm"] == "new", 4.0, 0.0) * np.random.Generator(np.random.PCG64(9)).normal(0, 1, 72)
    flat = grouped((9,) * 8, 3, tau=0.0, gap=0.0)
    flat["y"] -= 0.8 * flat.groupby("g")["y"].transform("mean")
    hostile = balanced.rename(columns={"x": HOSTILE, "g": "a|b $g"})
    hostile["a|b $g"] = [HOSTILE + label for label in hostile["a|b $g"]]
    holes = uneven.copy()
    holes.loc[[3, 9], "x"] = np.nan
    holes.loc[[0], "g"] = None
    mean = uneven.assign(m=4.0 - 0.5 * uneven.groupby("g")["x"].transform("mean"))
    many = balanced.assign(**{f"v{i}": np.random.Generator(np.random.PCG64(i)).normal(0, 1, 72) for i in range(7)})
    return {
        "two_levels": ("y ~ x + (1 | g)", balanced),
        "unbalanced": ("y ~ x + (1 | g)", uneven),
        "several": ("y ~ x + z + w + (1 | g)", uneven),
        "factor": ("y ~ x + kind + (1 | g)", balanced),
        "product": ("y ~ x * z + (1 | g)", balanced),
        "transformed": ("exp(y / 5) ~ poly(x, 2) + (1 | g)", balanced),
        "no_predictor": ("y ~ 1 + (1 | g)", balanced),
        "group_level_only": ("y ~ w + (1 | g)", balanced),
        "within_only": ("y ~ t + (1 | g)", constant),
        "growth": ("y ~ t * w + (1 | g)", constant),
        "trial": ("y ~ t * arm + (1 | g)", trial),
        "no_group_variance": ("y ~ x + (1 | g)", flat),
        "no_predictor_no_group_variance": ("y ~ 1 + (1 | g)", flat),
        "random_slopes": ("y ~ x + z + (1 + x | g)", balanced),
        "separate_slopes": ("y ~ x + (1 | g) + (0 + x | g)", balanced),
        "many_predictors": ("y ~ x + v0 + v1 + v2 + v3 + v4 + v5 + v6 + (1 | g)", many),
        "many_groups": ("y ~ x + (1 | g)", grouped((4, 5) * 130, 7)),
        "missing": ("y ~ x + z + (1 | g)", holes),
        "binary": ("b ~ x + (1 | g)", balanced.assign(b=(balanced["y"] > 0).astype(float))),
        "crossed_labels": ("y ~ x + (1 | g:kind)", balanced),
        "two_groups": ("y ~ x + (1 | g)", grouped((12, 15), 5)),
        "three_groups": ("y ~ x + z + (1 | g)", grouped((12, 15, 9), 6)),
        "mean_in_formula": ("y ~ x + m + (1 | g)", mean),
        "too_few_groups": ("y ~ x * w + (1 | g)", grouped((4, 3, 4, 4), 9)),
        "perfect": ("y ~ x + (1 | g)", balanced.assign(y=2.0 * balanced["x"] + np.repeat(np.arange(8.0), 9))),
        "hostile": (f"y ~ `{HOSTILE}` + z + (1 | `a|b $g`)", hostile),
    }


FRAMES = _frames()
SITUATIONS = (*FRAMES, "between_not_fitted")


@cache
def analysis(situation: str) -> Analysis:
    """The analysis of a situation, or of the bundled example."""
    if situation == "example":
        return walk(EXAMPLE_FORMULA, EXAMPLE)
    if situation == "between_not_fitted":
        base = analysis("several")
        fits: dict[str, Fit] = {**base.fits, "between": UnfitVariant("between", Issue("no_degrees_of_freedom", {"df": 0}))}
        comparison = compare(base.moments, base.levels[:-1], fits)
        evidence = Evidence(base.formula, base.sample, base.groups, base.levels, base.moments, base.points, fits, comparison)
        return replace(base, fits=fits, comparison=comparison, findings=find(evidence))
    formula, frame = FRAMES[situation]
    return walk(formula, frame)


@cache
def document(situation: str) -> Document:
    """Its document."""
    return build_document(analysis(situation))
