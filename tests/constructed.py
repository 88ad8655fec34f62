"""Data made for tests: known slopes within and between groups, unbalanced groups, singletons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.column_levels import ColumnLevel, column_levels
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.moments import GroupMoments


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Columns as arrays: `codes` (n,), `values` (n, p) with the response last."""

    columns: tuple[str, ...]
    codes: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.codes.max()) + 1

    @property
    def moments(self) -> GroupMoments:
        """Their group moments."""
        return GroupMoments.from_rows(self.columns, self.codes, self.values, self.n_groups)

    @property
    def levels(self) -> tuple[ColumnLevel, ...]:
        """Levels of the predictors."""
        return column_levels(self.moments)[:-1]


def grouped_rows(
    sizes: Sequence[int],
    within: Sequence[float] = (0.5,),
    between: Sequence[float] = (2.0,),
    *,
    tau: float = 1.0,
    sigma: float = 1.0,
    seed: int = 1,
) -> Rows:
    """Rows of y = sum_c within_c (x_c - xbar_c) + between_c xbar_c + group effect + error.

    Parameters
    ----------
    sizes : sequence of int
        Rows of each group.
    within, between : sequence of float
        Slopes of the k predictors x1, x2, ...
    tau, sigma : float
        Standard deviations of the group effect and of the error.
    seed : int
        Of the generator.
    """
    random = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    k = len(within)
    means = random.normal(size=(len(sizes), k))
    x = means[codes] + random.normal(size=(len(codes), k))
    actual = np.array([x[codes == j].mean(axis=0) for j in range(len(sizes))])
    y = (x - actual[codes]) @ np.array(within) + actual[codes] @ np.array(between)
    y = y + tau * random.normal(size=len(sizes))[codes] + sigma * random.normal(size=len(codes))
    return Rows((*(f"x{i + 1}" for i in range(k)), "y"), codes, np.column_stack([x, y]))


UNBALANCED = (1, 2, 3, 5, 8, 13, 21, 34, 4, 4, 1, 9)
INTERCEPT_ONLY = RandomEffects(intercept=True, columns=(), correlated=True)
