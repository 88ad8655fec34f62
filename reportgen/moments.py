"""Group moments: the one sufficient summary of every linear variant.

For the columns D = [X, y] of a row, each group keeps its row count, its mean and its centred cross-products. Two pieces of
one group merge exactly (Chan, Golub & LeVeque 1983), so a chunk of a file, a partition on a cluster and a data frame differ
only in who adds up. Means are kept as offsets from a common origin: a column with mean 1e9 and spread 1 loses no digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

LEVEL_TOLERANCE = 1e-12  # share of a column's sum of squares below which its variation is rounding


@dataclass(frozen=True, eq=False)
class GroupMoments:
    """Moments of D = [X, y] by group: a commutative monoid under :meth:`merge`.

    Attributes
    ----------
    columns : tuple of str
        Names of the p = k + 1 columns, the response last.
    origin : (p,) array
        Point from which the means are measured, in units of the columns.
    rows : (J,) array of int
        Rows per group.
    weight : (J,) array
        Sum of the prior weights per group; equals `rows` without weights.
    means : (J, p) array
        Weighted group means minus `origin`; zero where a group is empty.
    cross : (J, p, p) array
        Weighted centred cross-products S_j = sum_i w_i (d_i - m_j)(d_i - m_j)'.
    log_weight : float
        Sum of the logarithms of the prior weights, for the likelihood.
    """

    columns: tuple[str, ...]
    origin: Array
    rows: Codes
    weight: Array
    means: Array
    cross: Array
    log_weight: float = 0.0

    @classmethod
    def from_rows(
        cls,
        columns: Sequence[str],
        codes: Codes,
        values: Array,
        n_groups: int,
        origin: Array | None = None,
        weights: Array | None = None,
    ) -> GroupMoments:
        """Moments of a block of rows.

        Parameters
        ----------
        columns : sequence of str
            Names of the p columns, the response last.
        codes : (n,) array of int
            Group of each row, 0 to ``n_groups - 1``.
        values : (n, p) array
            The columns.
        n_groups : int
            Number of groups J.
        origin : (p,) array, optional
            Where to measure the means from; by default the mean of the block.
        weights : (n,) array, optional
            Positive prior weights.
        """
        n, p = values.shape
        if origin is None:
            origin = values.mean(axis=0) if n else np.zeros(p)
        rows = np.bincount(codes, minlength=n_groups)
        weight = np.asarray(rows if weights is None else np.bincount(codes, weights, n_groups), dtype=np.float64)
        safe = np.where(weight > 0, weight, 1.0)
        means = np.empty((n_groups, p))
        deviations: list[Array] = []
        for a in range(p):
            shifted = values[:, a] - origin[a]
            mean = np.bincount(codes, shifted if weights is None else shifted * weights, n_groups) / safe
            shifted -= mean[codes]
            means[:, a] = mean
            deviations.append(shifted)
        cross = np.empty((n_groups, p, p))
        for a in range(p):
            left = deviations[a] if weights is None else deviations[a] * weights
            for b in range(a + 1):
                cross[:, a, b] = cross[:, b, a] = np.bincount(codes, left * deviations[b], n_groups)
        log_weight = 0.0 if weights is None else float(np.log(weights).sum())
        return cls(tuple(columns), origin, rows, weight, means, cross, log_weight)

    @classmethod
    def empty(cls, columns: Sequence[str]) -> GroupMoments:
        """Moments of no rows in no groups."""
        p = len(columns)
        return cls.from_rows(columns, np.zeros(0, dtype=np.int64), np.zeros((0, p)), 0)

    def merge(self, other: GroupMoments) -> GroupMoments:
        """Moments of the rows of both; `other` may know more groups (they follow the common ones)."""
        if other.columns != self.columns:
            raise ValueError(f"cannot merge moments of {self.columns} and {other.columns}")
        n_groups = max(self.n_groups, other.n_groups)
        a, b = self._grown(n_groups), other._grown(n_groups)
        total = a.weight + b.weight
        share = b.weight / np.where(total > 0, total, 1.0)
        gap = np.where((b.weight > 0)[:, None], b.means + (b.origin - a.origin), a.means) - a.means
        means = np.where((a.weight > 0)[:, None], a.means + gap * share[:, None], b.means + (b.origin - a.origin))
        means[total == 0] = 0.0
        cross = a.cross + b.cross
        cross += (gap * (a.weight * share)[:, None])[:, :, None] * gap[:, None, :]
        return GroupMoments(a.columns, a.origin, a.rows + b.rows, total, means, cross, a.log_weight + b.log_weight)

    def _grown(self, n_groups: int) -> GroupMoments:
        missing = n_groups - self.n_groups
        if not missing:
            return self
        return replace(
            self,
            rows=np.concatenate([self.rows, np.zeros(missing, dtype=self.rows.dtype)]),
            weight=np.concatenate([self.weight, np.zeros(missing)]),
            means=np.concatenate([self.means, np.zeros((missing, self.n_columns))]),
            cross=np.concatenate([self.cross, np.zeros((missing, self.n_columns, self.n_columns))]),
        )

    def take(self, groups: NDArray[np.int64] | NDArray[np.bool_]) -> GroupMoments:
        """The moments of some groups, in the order given (or where a mask is true). Prior weights' logs are kept whole."""
        return replace(
            self, rows=self.rows[groups], weight=self.weight[groups], means=self.means[groups], cross=self.cross[groups]
        )

    def select(self, columns: Sequence[int]) -> GroupMoments:
        """The moments of some columns."""
        index = np.asarray(columns, dtype=int)
        return replace(
            self,
            columns=tuple(self.columns[i] for i in index),
            origin=self.origin[index],
            means=self.means[:, index],
            cross=self.cross[:, index[:, None], index],
        )

    @property
    def n_groups(self) -> int:
        """Number of groups J."""
        return len(self.rows)

    @property
    def n_columns(self) -> int:
        """Number of columns p, the response included."""
        return len(self.columns)

    @cached_property
    def n_rows(self) -> int:
        """Number of rows N."""
        return int(self.rows.sum())

    @cached_property
    def total_weight(self) -> float:
        """Sum of all prior weights (N without weights)."""
        return float(self.weight.sum())

    @cached_property
    def grand_mean(self) -> Array:
        """(p,) weighted mean of all rows, as an offset from `origin`."""
        return self.weight @ self.means / self.total_weight

    @cached_property
    def S_W(self) -> Array:
        """(p, p) pooled within-group cross-products."""
        return np.asarray(self.cross.sum(axis=0))

    @cached_property
    def S_B(self) -> Array:
        """(p, p) between-group cross-products, groups weighted by their size."""
        centred = self.means - self.grand_mean
        return (centred * self.weight[:, None]).T @ centred

    @property
    def S_T(self) -> Array:
        """(p, p) total centred cross-products."""
        return self.S_W + self.S_B


@dataclass(frozen=True, slots=True)
class ColumnLevel:
    """Where a design column varies.

    Attributes
    ----------
    column : str
        Name of the design column.
    varies_within, varies_between : bool
        Whether it varies inside groups, and whether its group means differ.
    sd_within, sd_between : float
        Standard deviation of the deviations from the group mean (divisor N - J), and of the group means (divisor J - 1).
    between_share : float
        Between sum of squares over the total one (eta squared): the weight pooled regression puts on the between slope.
    icc : float
        Intraclass correlation by the method of moments (one-way analysis of variance), not below 0.
    """

    column: str
    varies_within: bool
    varies_between: bool
    sd_within: float
    sd_between: float
    between_share: float
    icc: float


def column_levels(moments: GroupMoments) -> tuple[ColumnLevel, ...]:
    """Classify every column (the response included), from its within and between sums of squares.

    Variation below ``LEVEL_TOLERANCE`` of the total, or below the rounding of the column's own magnitude, counts as none.
    """
    within, between = np.diag(moments.S_W), np.diag(moments.S_B)
    total = within + between
    magnitude = np.abs(moments.origin + moments.grand_mean) + np.sqrt(total / max(moments.total_weight, 1.0))
    rounding = moments.n_rows * (16 * np.finfo(float).eps * magnitude) ** 2
    floor = np.maximum(LEVEL_TOLERANCE * total, rounding)
    n, n_groups = moments.n_rows, moments.n_groups
    sizes = moments.weight
    n_0 = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / max(n_groups - 1, 1)
    spread = moments.means - moments.means.mean(axis=0)
    sd_between = np.sqrt((spread**2).sum(axis=0) / max(n_groups - 1, 1))
    levels = []
    for i, name in enumerate(moments.columns):
        ms_within = within[i] / max(n - n_groups, 1)
        tau2 = max(0.0, (between[i] / max(n_groups - 1, 1) - ms_within) / n_0) if n_0 > 0 else 0.0
        levels.append(
            ColumnLevel(
                column=name,
                varies_within=bool(within[i] > floor[i]),
                varies_between=bool(between[i] > floor[i]),
                sd_within=float(np.sqrt(ms_within)),
                sd_between=float(sd_between[i]),
                between_share=float(between[i] / total[i]) if total[i] > 0 else 0.0,
                icc=float(tau2 / (tau2 + ms_within)) if tau2 + ms_within > 0 else 0.0,
            )
        )
    return tuple(levels)
