"""Grouped data of any size for the benchmarks: a predictor with variation within and between groups, a random intercept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FORMULA = "y ~ x + (1 | g)"


def make_columns(n_rows: int, n_groups: int, seed: int = 1) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Columns ``y``, ``x`` (n_rows,) and the group ``g`` (n_rows,) as integers in random order; slopes 0.5 and 2."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, n_groups, n_rows)
    mean = rng.standard_normal(n_groups)
    level = rng.standard_normal(n_groups)
    deviation = rng.standard_normal(n_rows)
    y = 0.5 * deviation + 2.0 * mean[g] + level[g] + rng.standard_normal(n_rows)
    return {"y": y, "x": mean[g] + deviation, "g": g}
