"""Where a design column varies: within groups, between them, or both; and whether its group means are its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from reportgen.moments import GroupMoments

LEVEL_TOLERANCE = 1e-12  # share of a column's sum of squares below which its variation is rounding
ROUNDING = 64  # units in the last place of a column that a combination of others may be off by rounding alone
SMALL_SHARE = 1e-6  # of a predictor in a combination, next to the largest, below which it is rounding


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
    means_aliased_with : tuple of str
        Predictors of the groups of which the group means are an exact combination, as :func:`with_aliased_means` finds them:
        there is no slope between groups beside theirs. Empty where the group means are its own.
    """

    column: str
    varies_within: bool
    varies_between: bool
    sd_within: float
    sd_between: float
    between_share: float
    icc: float
    means_aliased_with: tuple[str, ...] = ()

    @property
    def has_means(self) -> bool:
        """Whether its group means differ, and are its own: models may have a coefficient for them."""
        return self.varies_between and not self.means_aliased_with

    @property
    def is_split(self) -> bool:
        """Whether it has a slope within groups and one between them."""
        return self.varies_within and self.has_means


def column_levels(moments: GroupMoments) -> tuple[ColumnLevel, ...]:
    """Classify every column (the response included), from its within and between sums of squares.

    Variation below ``LEVEL_TOLERANCE`` of the total, or below the rounding of the column's own magnitude, counts as none.
    Prior weights count relative to their mean: what is said of a column does not depend on their unit.
    """
    unit = moments.total_weight / max(moments.n_rows, 1) or 1.0
    within, between = np.diag(moments.S_W) / unit, np.diag(moments.S_B) / unit
    total = within + between
    magnitude = np.abs(moments.origin + moments.grand_mean) + np.sqrt(total / max(moments.n_rows, 1))
    rounding = moments.n_rows * (16 * np.finfo(float).eps * magnitude) ** 2
    floor = np.maximum(LEVEL_TOLERANCE * total, rounding)
    n, n_groups = moments.n_rows, moments.n_groups
    sizes = moments.weight / unit
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


def with_aliased_means(
    moments: GroupMoments, levels: tuple[ColumnLevel, ...], products: Collection[str]
) -> tuple[ColumnLevel, ...]:
    """The levels, with the products told whose group means follow from the predictors of the groups.

    In a study in which everyone is seen at the same times, the group mean of time x treatment is the mean time where the
    group is treated and 0 where it is not: nothing between groups can be learnt about the product beside the treatment.
    A group mean is an exact combination of others too where groups are few; so groups must be left over. Exact means that
    what is left of the means is rounding, or nothing beside how the product varies within groups.

    Parameters
    ----------
    moments : GroupMoments
        Of the columns, the response last.
    levels : tuple of ColumnLevel
        Of all of them, as :func:`column_levels` returns them.
    products : collection of str
        Which of the columns are products of others.
    """
    carriers = [i for i, level in enumerate(levels[:-1]) if level.varies_between and not level.varies_within]
    asked = [i for i, level in enumerate(levels[:-1]) if level.is_split and level.column in products]
    if not carriers or not asked or moments.n_groups <= len(carriers) + len(asked) + 1:
        return levels
    centred = (moments.means - moments.grand_mean) * np.sqrt(moments.weight)[:, None]
    base = centred[:, carriers] / np.sqrt((centred[:, carriers] ** 2).sum(axis=0))
    magnitude = np.abs(moments.origin + moments.grand_mean) + np.abs(centred).max(axis=0) / np.sqrt(moments.weight.max())
    rounding = moments.total_weight * (ROUNDING * np.finfo(float).eps * magnitude) ** 2
    floor = np.maximum(LEVEL_TOLERANCE * np.diag(moments.S_W), rounding)
    told = list(levels)
    for i in asked:
        shares, *_ = np.linalg.lstsq(base, centred[:, i], rcond=None)
        left = centred[:, i] - base @ shares
        if float(left @ left) <= floor[i]:
            least = SMALL_SHARE * float(np.abs(shares).max())
            names = tuple(levels[c].column for c, share in zip(carriers, shares, strict=True) if abs(share) > least)
            told[i] = replace(levels[i], means_aliased_with=names)
    return tuple(told)
