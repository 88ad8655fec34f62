"""What to be careful about in the residuals."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen.findings.records import Evidence, Finding, Rule
from reportgen.fits import Undefined

UNEVEN = 0.2  # share by which the residual spread of groups typically differs from the common one, from which it is said
BEYOND_CHANCE = 3.0  # standard errors by which it must exceed what chance makes of equal spreads


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


RESIDUAL_RULES: tuple[Rule, ...] = (unequal_residual_spread,)
