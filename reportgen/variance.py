"""The variance side of an analysis: parts, intervals, design effects, reliability of group means, bootstrap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.column_levels import ColumnLevel
from reportgen.estimation.bootstrap import Bootstrap, bootstrap
from reportgen.estimation.intervals import Interval, VarianceIntervals
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.slope_intervals import variance_intervals
from reportgen.fits import Fit, MixedFit, Number, Undefined
from reportgen.moments import GroupMoments
from reportgen.variance_parts import (
    MeanDesign,
    MeanReliability,
    SlopeDesign,
    VarianceParts,
    mean_design,
    mean_reliabilities,
    slope_designs,
    variance_parts,
)

__all__ = ["Bootstrap", "FittedData", "Interval", "Resampling", "VarianceIntervals", "VarianceSide", "variance_side"]


@dataclass(frozen=True, slots=True)
class Resampling:
    """What the parametric bootstrap is asked for: samples per mixed variant (0: none), and where its random numbers start."""

    n_samples: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class VarianceSide:
    """What the variances say.

    Attributes
    ----------
    parts : mapping
        Mixed variant to the parts of the variance it implies.
    intervals : mapping
        Mixed variant to profile intervals (restricted likelihood) of its variance parameters.
    bootstrap : mapping
        Mixed variant to bootstrap intervals; empty where none was asked for.
    mean_design : MeanDesign or Undefined
        Design effect of the mean of the response.
    slope_designs : tuple of SlopeDesign or Undefined
        Design effects of the slopes of pooled regression.
    reliabilities : tuple of MeanReliability
        Of the group means of the columns that vary at both levels.
    """

    parts: Mapping[str, VarianceParts]
    intervals: Mapping[str, VarianceIntervals]
    bootstrap: Mapping[str, Bootstrap]
    mean_design: MeanDesign | Undefined
    slope_designs: tuple[SlopeDesign, ...] | Undefined
    reliabilities: tuple[MeanReliability, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FittedData:
    """The data and what was fitted to them. `levels` are those of the predictors, without the response."""

    moments: GroupMoments
    levels: tuple[ColumnLevel, ...]
    fits: Mapping[str, Fit]
    effects: RandomEffects


def variance_side(data: FittedData, null_icc: Number, resampling: Resampling) -> VarianceSide:
    """Everything about the variances of an analysis.

    Parameters
    ----------
    data : FittedData
        The data, the variants, the random effects.
    null_icc : float or Undefined
        Intraclass correlation of the response in the model without predictors.
    resampling : Resampling
        Whether and how to bootstrap.
    """
    moments, fits, effects = data.moments, data.fits, data.effects
    mixed = {name: fit for name, fit in fits.items() if isinstance(fit, MixedFit)}
    parts = {name: variance_parts(moments, fit) for name, fit in mixed.items()}
    intervals = {name: variance_intervals(moments, fit, effects) for name, fit in mixed.items()}
    samples = {
        name: bootstrap(moments, fit, effects, resampling.n_samples, resampling.seed)
        for name, fit in mixed.items()
        if resampling.n_samples
    }
    return VarianceSide(
        parts={name: found for name, found in parts.items() if not isinstance(found, Undefined)},
        intervals={name: found for name, found in intervals.items() if not isinstance(found, Undefined)},
        bootstrap={name: found for name, found in samples.items() if not isinstance(found, Undefined)},
        mean_design=mean_design(moments, null_icc),
        slope_designs=slope_designs(moments),
        reliabilities=mean_reliabilities(moments, data.levels, fits["mundlak"]),
    )
