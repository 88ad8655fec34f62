"""What the explanation is made of, in the result file: the curve, the sums of squares behind the weights, spread by group."""

from __future__ import annotations

from reportgen.comparison import Comparison
from reportgen.fits import Undefined
from reportgen.level_spread import LevelSpread
from reportgen.presentation.collector import Collector, Json
from reportgen.presentation.curve_points import slope_if, told_points
from reportgen.presentation.result_comparison import Name


def curve_entry(comparison: Comparison, top: Collector) -> list[Json]:
    """The slopes at the shares of variance that the report tells: one entry a column that varies within groups."""
    curve = comparison.curve
    if isinstance(curve, Undefined):
        top.note(curve.reason)
        return []
    points = {column: told_points(curve, column) for column in curve.columns}
    return [
        {
            "column": column,
            "points": [{"share": p.share, "slope": p.slope, "is_fitted": p.is_fitted} for p in found],
            "slope_with_twice_the_rows": top.number(slope_if(curve, column, 2.0)),
            "slope_with_half_the_rows": top.number(slope_if(curve, column, 0.5)),
        }
        for column, found in points.items()
    ]


def ingredients_entry(comparison: Comparison) -> dict[str, Json] | None:
    """Sums of squares within and between groups, and what the random intercept model counts of the latter."""
    parts = comparison.ingredients
    if isinstance(parts, Undefined):
        return None
    return {
        "within": parts.W,
        "between": parts.B,
        "between_counted": parts.B_psi,
        "weight": parts.B_psi / (parts.W + parts.B_psi),
        "psi_smallest_group": parts.psi_at_smallest,
        "psi_mean_group": parts.psi_at_mean,
        "psi_largest_group": parts.psi_at_largest,
    }


def level_spread_entry(found: LevelSpread, top: Collector) -> dict[str, Json]:
    """Residual standard deviations at the levels of a factor of the groups, and the test that they are one."""
    test = found.test
    if isinstance(test, Undefined):
        top.note(test.reason)
    return {
        "factor": found.factor,
        "levels": [
            {"level": level, "n_groups": n, "std_dev": top.number(deviation)}
            for level, n, deviation in zip(found.levels, found.n_groups, found.deviations, strict=True)
        ],
        "ratio": top.number(found.ratio),
        "f": None if isinstance(test, Undefined) else top.number(test.f),
        "f_df": None if isinstance(test, Undefined) else list(test.f_df),
        "p_value": None if isinstance(test, Undefined) else top.number(test.p_value),
    }


def spread_entry(comparison: Comparison, name: Name, top: Collector) -> dict[str, Json] | None:
    """Residual standard deviations of single groups."""
    found = comparison.residual_spread
    if isinstance(found, Undefined):
        top.note(found.reason)
        return None
    return {
        "n_groups": len(found.groups),
        "lowest": float(found.deviations.min()),
        "lowest_group": name(found.lowest),
        "highest": float(found.deviations.max()),
        "highest_group": name(found.highest),
        "relative_variation": found.relative,
    }
