"""Algebraic identities between the variants, checked in every analysis: each side comes from another computation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reportgen.blends import Blend
from reportgen.column_levels import ColumnLevel
from reportgen.fits import Coefficient, Fit, Issue, LeastSquaresFit, MixedFit, Number, Role, Undefined, coefficient
from reportgen.moments import GroupMoments

TOLERANCE = 1e-8  # a discrepancy above it is reported as a failure
SMALL = 1e-5  # share of the largest slope the spreads allow below which a slope that is zero is told from its rounding


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """An identity and how exactly it holds here.

    Attributes
    ----------
    identity : str
        Name of the identity.
    discrepancy : float or Undefined
        Largest gap between the two sides, divided by the largest of their size, their standard error and ``SMALL`` times the
        ratio of the response's spread to the column's: a slope of zero in a perfect fit has neither size nor error.
        Undefined, with the reason, where the identity does not apply.
    """

    identity: str
    discrepancy: Number

    @property
    def holds(self) -> bool | None:
        """Whether the discrepancy is within ``TOLERANCE``; None where the identity does not apply."""
        return None if isinstance(self.discrepancy, Undefined) else self.discrepancy <= TOLERANCE

    @property
    def reason(self) -> Issue | None:
        """Why the identity does not apply, or None if it does."""
        return self.discrepancy.reason if isinstance(self.discrepancy, Undefined) else None


def check_identities(
    moments: GroupMoments,
    levels: tuple[ColumnLevel, ...],
    fits: Mapping[str, Fit],
    blends: Mapping[str, tuple[Blend, ...] | Undefined],
) -> tuple[IdentityCheck, ...]:
    """All identity checks.

    Parameters
    ----------
    moments : GroupMoments
        The data they were fitted to, the response last.
    levels : tuple of ColumnLevel
        The predictors, without the response.
    fits : mapping
        Variant id to fit.
    blends : mapping
        Variant id (``pooled``, ``random_intercept``) to its slopes taken apart.
    """
    within = [level.column for level in levels if level.varies_within]
    both = [level.column for level in levels if level.is_split]
    balanced = bool(np.ptp(moments.weight) == 0)
    small = _small_slopes(moments, levels)
    inside = {column: small[column] for column in within}
    outside = {column: small[column] for column in both}
    return (
        _same("mundlak_equals_no_pooling", inside, (fits["mundlak"], "raw"), (fits["no_pooling"], "within")),
        _same("within_between_equals_no_pooling", inside, (fits["within_between"], "within"), (fits["no_pooling"], "within")),
        _between_equals(outside, fits, balanced),
        _contextual_is_difference(outside, fits),
        _same_likelihood(fits),
        *(_is_blend(variant, fits[variant], parts, small) for variant, parts in blends.items()),
    )


def _small_slopes(moments: GroupMoments, levels: tuple[ColumnLevel, ...]) -> dict[str, float]:
    """Column to the slope that counts as small: a share of the response's spread over the lesser of the column's two."""
    spread = float(np.sqrt(moments.S_T[-1, -1] / moments.total_weight))
    found = {}
    for level in levels:
        parts = [
            sd for sd, varies in ((level.sd_within, level.varies_within), (level.sd_between, level.varies_between)) if varies
        ]
        found[level.column] = SMALL * spread / min(parts, default=np.inf)
    return found


def relative_gap(left: float, right: float, std_error: float, small: float = 0.0) -> float:
    """Gap of two numbers that should be equal, relative to the largest of their size, the standard error and `small`."""
    size = max(abs(left), abs(right), std_error, small)
    return abs(left - right) / size if size > 0 else 0.0


def _unfitted(*fits: Fit) -> Undefined | None:
    for fit in fits:
        if not isinstance(fit, LeastSquaresFit | MixedFit):
            return Undefined(Issue("variant_not_fitted", {"variant": fit.variant}))
    return None


def _find(fit: Fit, column: str, role: Role) -> Coefficient:
    found = coefficient(fit, column, role) if isinstance(fit, LeastSquaresFit | MixedFit) else None
    if found is None:
        raise KeyError(f"{fit.variant} has no {role} coefficient of {column}")
    return found


def _same(identity: str, columns: Mapping[str, float], left: tuple[Fit, Role], right: tuple[Fit, Role]) -> IdentityCheck:
    missing = _unfitted(left[0], right[0])
    if missing:
        return IdentityCheck(identity, missing)
    if not columns:
        return IdentityCheck(identity, Undefined(Issue("no_column_varies_within")))
    gaps = []
    for column, small in columns.items():
        a, b = _find(left[0], column, left[1]), _find(right[0], column, right[1])
        gaps.append(relative_gap(a.estimate, b.estimate, b.std_error, small))
    return IdentityCheck(identity, max(gaps))


def _between_equals(both: Mapping[str, float], fits: Mapping[str, Fit], balanced: bool) -> IdentityCheck:
    identity = "within_between_equals_between"
    if not both:
        return IdentityCheck(identity, Undefined(Issue("no_column_at_both_levels")))
    if not balanced:
        return IdentityCheck(identity, Undefined(Issue("unbalanced_groups")))
    return _same(identity, both, (fits["within_between"], "between"), (fits["between"], "between"))


def _contextual_is_difference(both: Mapping[str, float], fits: Mapping[str, Fit]) -> IdentityCheck:
    identity = "contextual_is_between_minus_within"
    mundlak, split = fits["mundlak"], fits["within_between"]
    missing = _unfitted(mundlak, split)
    if missing:
        return IdentityCheck(identity, missing)
    if not both:
        return IdentityCheck(identity, Undefined(Issue("no_column_at_both_levels")))
    gaps = []
    for column, small in both.items():
        contextual = _find(mundlak, column, "contextual")
        difference = _find(split, column, "between").estimate - _find(split, column, "within").estimate
        gaps.append(relative_gap(contextual.estimate, difference, contextual.std_error, small))
    return IdentityCheck(identity, max(gaps))


def _same_likelihood(fits: Mapping[str, Fit]) -> IdentityCheck:
    identity = "within_between_has_the_likelihood_of_mundlak"
    mundlak, split = fits["mundlak"], fits["within_between"]
    if isinstance(mundlak, MixedFit) and isinstance(split, MixedFit):
        ml = relative_gap(mundlak.likelihood.log_likelihood, split.likelihood.log_likelihood, 1.0)
        reml = relative_gap(mundlak.reml_log_likelihood, split.reml_log_likelihood, 1.0)
        return IdentityCheck(identity, max(ml, reml))
    missing = _unfitted(mundlak, split)
    return IdentityCheck(identity, missing if missing else Undefined(Issue("no_column_at_both_levels")))


def _is_blend(variant: str, fit: Fit, parts: tuple[Blend, ...] | Undefined, small: Mapping[str, float]) -> IdentityCheck:
    identity = f"{variant}_is_a_blend"
    missing = _unfitted(fit)
    if missing or isinstance(parts, Undefined):
        return IdentityCheck(identity, missing or parts)  # type: ignore[arg-type]
    if not parts:
        return IdentityCheck(identity, Undefined(Issue("no_column_varies_within")))
    gaps = []
    for part in parts:
        fitted = _find(fit, part.column, "raw")
        gaps.append(relative_gap(part.slope, fitted.estimate, fitted.std_error, small[part.column]))
    return IdentityCheck(identity, max(gaps))
