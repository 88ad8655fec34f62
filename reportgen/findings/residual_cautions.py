"""What to be careful about in the residuals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reportgen.estimation.outlying_rows import outlying_rows
from reportgen.findings.records import Evidence, Finding, Rule
from reportgen.fits import LeastSquaresFit, SeparateFit, Undefined

UNEVEN = 0.2  # share by which the residual spread of groups typically differs from the common one, from which it is said
UNEQUAL_SLOPES = 0.01  # p value of the F test of equal slopes below which one slope for all groups is said to hide something
UNEVEN_LEVELS = 1.5  # ratio of the residual spreads at two levels of a factor of the groups from which it is said,
UNLIKELY = 0.05  # if the p value of the test that all levels have one spread is below this
MAX_FAR_GROUPS = 4  # groups up to which rows far from the fit are said to be a matter of single groups
BEYOND_CHANCE = 3.0  # standard errors by which it must exceed what chance makes of equal spreads


def far_rows(evidence: Evidence) -> Iterator[Finding]:
    """Rows that lie farther from the fit with group dummies than chance lets any, all in a few groups."""
    fit = evidence.fits["no_pooling"]
    found = outlying_rows(evidence.moments, evidence.points, fit) if isinstance(fit, LeastSquaresFit) else None
    if found is None or not len(found.groups):
        return
    groups, counts = np.unique(found.groups, return_counts=True)
    if len(groups) > MAX_FAR_GROUPS:
        return
    # Of two that differ in their sign and by rounding it is the positive one, whatever the order of the rows.
    largest = [float(max(found.values[found.groups == j], key=lambda r: (float(f"{abs(r):.9g}"), r))) for j in groups]
    places = [
        {"group": evidence.groups[j], "n": int(n), "largest": value}
        for j, n, value in zip(groups.tolist(), counts.tolist(), largest, strict=True)
    ]
    yield Finding("far_rows", "caution", {"n": len(found.groups), "bound": found.bound, "places": places})


def unequal_residual_spread(evidence: Evidence) -> Iterator[Finding]:
    """Residuals that scatter much more in some groups than in others."""
    found = evidence.comparison.residual_spread
    if isinstance(found, Undefined) or found.relative < UNEVEN:
        return
    if 4.0 * found.relative**2 > BEYOND_CHANCE * found.noise:
        values = {
            "lowest_group": evidence.groups[found.lowest],
            "lowest": float(found.deviations.min()),
            "highest_group": evidence.groups[found.highest],
            "highest": float(found.deviations.max()),
            "relative": found.relative,
            "n": len(found.groups),
        }
        yield Finding("unequal_residual_spread", "caution", values)


def unequal_level_spread(evidence: Evidence) -> Iterator[Finding]:
    """Residuals that scatter much more at one level of a factor of the groups than at another, beyond chance."""
    for found in evidence.level_spreads:
        if isinstance(found.test, Undefined) or found.ratio < UNEVEN_LEVELS or found.test.p_value >= UNLIKELY:
            continue
        values = {
            "factor": found.factor,
            "lowest_level": found.levels[found.lowest],
            "lowest": found.deviations[found.lowest],
            "highest_level": found.levels[found.highest],
            "highest": found.deviations[found.highest],
            "ratio": found.ratio,
        }
        yield Finding("unequal_level_spread", "caution", values)


def slopes_differ(evidence: Evidence) -> Iterator[Finding]:
    """Groups whose own slopes differ, while no slope of the formula may vary."""
    own = evidence.fits.get("separate")
    if evidence.formula.grouping.slopes or not isinstance(own, SeparateFit):
        return
    if isinstance(own.f, Undefined) or isinstance(own.p_value, Undefined) or own.p_value >= UNEQUAL_SLOPES:
        return
    values = {
        "f": own.f,
        "df1": own.f_df[0],
        "df2": own.f_df[1],
        "p_value": own.p_value,
        "n": int(own.estimable.sum()),
        "left_out": list(own.left_out),
    }
    yield Finding("slopes_differ", "caution", values)


RESIDUAL_RULES: tuple[Rule, ...] = (far_rows, unequal_residual_spread, unequal_level_spread, slopes_differ)
