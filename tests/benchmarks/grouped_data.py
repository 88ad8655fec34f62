"""Grouped data of any size for the benchmarks: predictors with variation within and between groups, a random intercept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FORMULA = "y ~ x + (1 | g)"


def formula_of(n_predictors: int) -> str:
    """The formula with the first `n_predictors` predictors."""
    return FORMULA.replace("x", " + ".join(names_of(n_predictors)))


def names_of(n_predictors: int) -> list[str]:
    """Names of the predictors: x, x2, x3, ..."""
    return ["x", *(f"x{i}" for i in range(2, n_predictors + 1))]


def make_columns(
    n_rows: int, n_groups: int, n_predictors: int = 1, seed: int = 1
) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Columns ``y``, the predictors (n_rows,) and the group ``g`` (n_rows,) as integers in random order; slopes 0.5 and 2."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, n_groups, n_rows)
    y = rng.standard_normal(n_groups)[g] + rng.standard_normal(n_rows)
    predictors = {}
    for name in names_of(n_predictors):
        mean, deviation = rng.standard_normal(n_groups)[g], rng.standard_normal(n_rows)
        y += (0.5 * deviation + 2.0 * mean) / n_predictors
        predictors[name] = mean + deviation
    return {"y": y, **predictors, "g": g}
