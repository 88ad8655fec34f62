"""Where the search for a random-slope model starts: local minima of the deviance on a coarse grid.

A grid point gives each random effect a standard deviation, in units of sigma on columns of unit spread, and the first effect
one correlation with all others. With up to two effects (three if uncorrelated) every combination is tried, with more of them
all but the first share one standard deviation. One pass over the grid serves REML and maximum likelihood.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.slope_profile import RotatedGroups, SlopeProfile

Array = NDArray[np.float64]
Place = tuple[int, ...]

DEVIATIONS = np.logspace(-1.5, 3.0, 6)
CORRELATIONS = (-0.9, 0.0, 0.9)
MAX_STARTS = 4
FULL_GRID = 3  # effects up to which uncorrelated ones have a standard deviation each


def starts(groups: RotatedGroups, correlated: bool) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """(q, q) factors to start from, for maximum likelihood and for REML, the most promising first."""
    factors = grid(groups.n_effects, correlated)
    found = {place: SlopeProfile(groups, factor).deviances for place, factor in factors.items()}
    chosen = []
    for kind in range(2):
        values = {place: pair[kind] for place, pair in found.items()}
        chosen.append(tuple(factors[place] for place in local_minima(values)[:MAX_STARTS]))
    return chosen[0], chosen[1]


def grid(q: int, correlated: bool) -> dict[Place, Array]:
    """The factors of the grid by their place in it."""
    axes = q if not correlated and q <= FULL_GRID else min(q, 2)
    with_correlation = correlated and q > 1
    factors: dict[Place, Array] = {}
    for place in product(range(len(DEVIATIONS)), repeat=axes):
        sizes = DEVIATIONS[[*place, *([place[-1]] * (q - axes))]]
        for i, correlation in enumerate(CORRELATIONS if with_correlation else (0.0,)):
            shape = np.eye(q) * np.sqrt(1.0 - correlation**2)
            shape[:, 0] = correlation
            shape[0, 0] = 1.0
            factors[(*place, i)] = sizes[:, None] * shape
    return factors


def local_minima(values: dict[Place, float]) -> list[Place]:
    """Places whose value no neighbour undercuts, the lowest first."""
    found = []
    for place, value in values.items():
        steps = product((-1, 0, 1), repeat=len(place))
        around = (tuple(i + step for i, step in zip(place, move, strict=True)) for move in steps)
        if value <= min(values.get(neighbour, np.inf) for neighbour in around):
            found.append((value, place))
    return [place for _, place in sorted(found)]
