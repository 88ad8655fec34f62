"""What the variants say side by side: aligned slopes, blends, tests, identity checks, influence of single groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.blends import Blend, Curve, Ingredients
from reportgen.fits import Coefficient, Fit, Issue, Number, Undefined

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SlopeComparison:
    """One design column through all variants.

    Attributes
    ----------
    column : str
        Design column.
    within : Coefficient or Undefined
        From the model with group dummies.
    between : Coefficient or Undefined
        From the regression of the group means.
    contextual : Coefficient or Undefined
        Coefficient of the group mean beside the raw predictor (Mundlak model).
    by_variant : mapping
        Variant id to the coefficient of this column in it (raw, within, between or group_level; the within one where a
        variant has both).
    blends : mapping
        Variant id (``pooled``, ``random_intercept``) to the slope taken apart; empty for group-level columns.
    """

    column: str
    within: Coefficient | Undefined
    between: Coefficient | Undefined
    contextual: Coefficient | Undefined
    by_variant: Mapping[str, Coefficient]
    blends: Mapping[str, Blend]


@dataclass(frozen=True, slots=True)
class WaldTest:
    """Joint test that some coefficients are zero: chi-squared form, and F form with small-sample degrees of freedom."""

    columns: tuple[str, ...]
    chi2: float
    df: int
    p_value: float
    f: Number
    f_df: tuple[float, float] | Undefined
    f_p_value: Number


@dataclass(frozen=True, slots=True)
class GroupVarianceTest:
    """Is there any variance between groups? F test of the group dummies, and the likelihood ratio at the boundary.

    `lrt_p_value` uses the equal mixture of chi-squared with 0 and 1 degrees of freedom (Stram & Lee 1994).
    """

    f: Number
    f_df: tuple[float, float] | Undefined
    f_p_value: Number
    lrt: Number
    lrt_p_value: Number


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """An algebraic identity that must hold in these data, and how exactly it does.

    `discrepancy` is the largest absolute gap divided by the larger of the value and its standard error; where the identity
    does not apply it is undefined and `reason` says why.
    """

    identity: str
    discrepancy: Number
    tolerance: float

    @property
    def holds(self) -> bool | None:
        """Whether the discrepancy is within the tolerance; None where the identity does not apply."""
        return None if isinstance(self.discrepancy, Undefined) else self.discrepancy <= self.tolerance

    @property
    def reason(self) -> Issue | None:
        """Why the identity does not apply, or None if it does."""
        return self.discrepancy.reason if isinstance(self.discrepancy, Undefined) else None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All comparisons of one analysis."""

    slopes: tuple[SlopeComparison, ...]
    curve: Curve | Undefined
    ingredients: Ingredients | Undefined
    contextual_test: WaldTest | Undefined
    group_variance: GroupVarianceTest
    null_icc: Number
    checks: tuple[IdentityCheck, ...]
    fits: Mapping[str, Fit]
