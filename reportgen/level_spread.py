"""Whether residuals scatter more at one level of a factor of the groups than at another, from the group moments alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, fdtrc

from reportgen.column_levels import ColumnLevel
from reportgen.design.parts import ColumnPart
from reportgen.estimation.residual_spread import residual_squares
from reportgen.fits import Fit, Issue, LeastSquaresFit, Undefined
from reportgen.hypothesis_tests import FTest
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]

MIN_ROWS = 3  # rows below which the logarithm of a group's residual variance scatters too wildly to be compared
MIN_GROUPS = 2  # groups of a level that it takes to tell the level from its groups
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class LevelSpread:
    """Residual standard deviations at the levels of a factor that is constant within groups.

    Attributes
    ----------
    factor : str
        Name of the factor.
    levels : tuple of str
        Its levels, the reference level first.
    n_groups : tuple of int
        Groups of each.
    deviations : tuple of float
        Residual standard deviation of each around the slopes of the model with group dummies, in units of the response.
    test : FTest or Undefined
        That the levels have one spread: analysis of variance of the logarithms of the groups' residual variances, which takes
        groups for the units (Box 1953) and so holds where groups differ in spread by themselves, and needs no normal rows.
    """

    factor: str
    levels: tuple[str, ...]
    n_groups: tuple[int, ...]
    deviations: tuple[float, ...]
    test: FTest | Undefined

    @property
    def lowest(self) -> int:
        """Place of the level whose residuals scatter least."""
        return int(np.argmin(self.deviations))

    @property
    def highest(self) -> int:
        """Place of the level whose residuals scatter most."""
        return int(np.argmax(self.deviations))

    @property
    def ratio(self) -> float:
        """The largest over the smallest standard deviation."""
        return self.deviations[self.highest] / self.deviations[self.lowest]


@dataclass(frozen=True, slots=True, eq=False)
class GroupFactors:
    """Factors that are constant within groups: `levels_of` name to its levels, `members` name to each group's level, (J,)."""

    levels_of: Mapping[str, tuple[str, ...]]
    members: Mapping[str, NDArray[np.int64]]

    @classmethod
    def of(
        cls,
        moments: GroupMoments,
        levels: tuple[ColumnLevel, ...],
        parts_of: Mapping[str, tuple[ColumnPart, ...]],
        references: Mapping[str, str],
    ) -> GroupFactors:
        """Told from the group means of their columns, which are zero or one.

        Parameters
        ----------
        moments : GroupMoments
            The data.
        levels : tuple of ColumnLevel
            Of the predictors.
        parts_of : mapping
            Design column to what it is a product of.
        references : mapping
            Factor to its reference level.
        """
        found: dict[str, list[tuple[str, Array]]] = {}
        for place, level in enumerate(levels):
            parts = parts_of[level.column]
            if len(parts) == 1 and parts[0].level and not level.varies_within:
                mean = moments.means[:, place] + moments.origin[place]
                found.setdefault(parts[0].name, []).append((parts[0].level, mean))
        levels_of, members = {}, {}
        for name, columns in found.items():
            values = np.stack([column for _, column in columns])
            if name in references and np.all(np.minimum(np.abs(values), np.abs(values - 1.0)) < ROUNDING):
                levels_of[name] = (references[name], *(level for level, _ in columns))
                members[name] = np.where(values.any(axis=0) & (values.max(axis=0) > 0.5), values.argmax(axis=0) + 1, 0)
        return cls(levels_of, members)


def level_spreads(moments: GroupMoments, factors: GroupFactors, fit: Fit) -> tuple[LevelSpread, ...]:
    """The spread at the levels of each factor of the groups that has several groups at each level.

    None where the model with group dummies has no residuals.

    Parameters
    ----------
    moments : GroupMoments
        The data.
    factors : GroupFactors
        The factors.
    fit : Fit
        The model with group dummies.
    """
    if not isinstance(fit, LeastSquaresFit) or fit.sigma2 == 0.0 or not moments.keeps_products:
        return ()
    return tuple(_spreads(moments, factors, fit))


def _spreads(moments: GroupMoments, factors: GroupFactors, fit: LeastSquaresFit) -> Iterator[LevelSpread]:
    squares, df = residual_squares(moments, fit), moments.rows - 1.0
    usable = (moments.rows >= MIN_ROWS) & (squares > 1e-12 * moments.S_T[-1, -1] / moments.n_rows * df)
    left = fit.df_residual / float(df.sum())  # what the common slopes took of the degrees of freedom, shared out evenly
    for name, levels in factors.levels_of.items():
        member = factors.members[name]
        sums, own_df = (np.bincount(member, weights=values, minlength=len(levels)) for values in (squares, df))
        n_groups = np.bincount(member, minlength=len(levels))
        if np.any(n_groups < MIN_GROUPS) or np.any(sums <= 0):  # the spread of one group is no spread of its level
            continue
        deviations = np.sqrt(sums / (own_df * left))
        half = df[usable] / 2.0
        logs = np.log(squares[usable] / df[usable]) - (digamma(half) - np.log(half))  # without the bias of few rows
        test = _one_way(logs, member[usable], len(levels))
        yield LevelSpread(name, levels, tuple(n_groups.tolist()), tuple(deviations.tolist()), test)


def _one_way(values: Array, member: NDArray[np.int64], n_levels: int) -> FTest | Undefined:
    """Analysis of variance of some values, (G,), by level."""
    count = np.bincount(member, minlength=n_levels)
    if np.any(count < MIN_GROUPS):
        return Undefined(Issue("too_few_groups_of_a_level", {"n": MIN_GROUPS, "rows": MIN_ROWS}))
    means = np.bincount(member, weights=values, minlength=n_levels) / count
    inside = float(((values - means[member]) ** 2).sum())
    between = float((count * (means - values.mean()) ** 2).sum())
    df = (n_levels - 1.0, float(len(values) - n_levels))
    if inside <= 0.0:
        return Undefined(Issue("no_residual_variance"))
    f = between / df[0] / (inside / df[1])
    return FTest(f, df, float(fdtrc(*df, f)))
