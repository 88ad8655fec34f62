"""From moments to findings: every variant fitted, set side by side, and what has to be said of it.

The numerical libraries behind it take longer to load than a million rows to read, so :func:`reportgen.analysis.walk` loads
this module while the rows are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.choices import Options
from reportgen.collection import Collected, Progress
from reportgen.column_levels import ColumnLevel, column_levels, with_aliased_means
from reportgen.comparison import Comparison, compare
from reportgen.conditional_slopes import ConditionalSlope, conditional_slopes
from reportgen.design import Design
from reportgen.estimability import check_estimable
from reportgen.estimation.cross_check import Agreement, cross_check
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.refinement import refined
from reportgen.estimation.runner import fit_variants
from reportgen.findings import Evidence, Finding, find
from reportgen.fits import Fit, Issue, Undefined
from reportgen.level_spread import GroupFactors, LevelSpread, level_spreads
from reportgen.variance import FittedData, Resampling, VarianceSide, variance_side


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """The fitted variants and what they say, as :class:`reportgen.analysis.Analysis` has them."""

    levels: tuple[ColumnLevel, ...]
    fits: Mapping[str, Fit]
    comparison: Comparison
    variance: VarianceSide
    agreement: tuple[Agreement, ...] | Undefined
    findings: tuple[Finding, ...]
    level_spreads: tuple[LevelSpread, ...]
    conditional_slopes: tuple[ConditionalSlope, ...]


def fit_and_compare(design: Design, collected: Collected, options: Options, tell: Progress) -> Models:
    """Fit every variant to the moments and compare them.

    Parameters
    ----------
    design : Design
        What the rows were made into.
    collected : Collected
        What the pass over the rows left.
    options : Options
        Choices.
    tell : callable
        Told about each stage.

    Raises
    ------
    InputError
        The rows cannot carry any model.
    """
    model, moments, points = design.formula, collected.moments, collected.points
    levels = with_aliased_means(moments, column_levels(moments), design.products)
    check_estimable(moments, levels, points, model.grouping.name, collected.groups)
    tell("fitting", 0)
    effects = RandomEffects(model.grouping.intercept, design.slope_columns, model.grouping.correlated)
    fits = fit_variants(moments, levels[:-1], effects, options.interactions == "double-demeaned")
    fits = refined(fits, moments, points)
    comparison = compare(moments, levels[:-1], fits)
    agreement: tuple[Agreement, ...] | Undefined = Undefined(Issue("cross_check_not_asked_for"))
    if options.cross_check:
        tell("refitting with statsmodels", 0)
        agreement = cross_check(points, moments.columns, fits)
    factors = GroupFactors.of(moments, levels[:-1], design.parts_of, design.references)
    spreads = level_spreads(moments, factors, fits["no_pooling"])
    evidence = Evidence(
        model, collected.sample, collected.groups, levels, moments, points, fits, comparison, design.products, spreads
    )
    resampling = Resampling(options.bootstrap, options.seed)
    return Models(
        levels,
        fits,
        comparison,
        variance_side(FittedData(moments, levels[:-1], fits, effects), comparison.null_icc, resampling),
        agreement,
        find(evidence),
        spreads,
        conditional_slopes(moments, design.parts_of, fits["no_pooling"]),
    )
