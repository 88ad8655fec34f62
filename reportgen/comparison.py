"""What the variants say side by side: aligned slopes, blends, tests and identity checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.blends import Blend, BlendSpace, Curve, Ingredients, blends, curve, ingredients, no_means
from reportgen.column_levels import ColumnLevel
from reportgen.estimation.absent import absent
from reportgen.estimation.between_weights import BetweenSlopes, between_slopes
from reportgen.estimation.mixed import fit_random_intercept
from reportgen.estimation.regressors import INTERCEPT, regressors
from reportgen.estimation.residual_spread import ResidualSpread, residual_spread
from reportgen.fits import (
    Coefficient,
    Fit,
    Issue,
    LeastSquaresFit,
    MixedFit,
    Number,
    Role,
    Undefined,
    coefficient,
)
from reportgen.hausman import HausmanTable, hausman_table
from reportgen.hypothesis_tests import (
    GroupVarianceTest,
    WaldTest,
    contextual_test,
    group_variance_test,
)
from reportgen.identities import IdentityCheck, check_identities
from reportgen.influence import Influence, leave_one_group_out
from reportgen.moments import GroupMoments
from reportgen.slope_variance_tests import SlopeVarianceTest, slope_variance_tests

__all__ = ["BetweenSlopes", "Comparison", "SlopeComparison", "compare"]


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
        Variant id (``pooled``, ``random_intercept``) to the slope taken apart; empty where it is no blend.
    """

    column: str
    within: Coefficient | Undefined
    between: Coefficient | Undefined
    contextual: Coefficient | Undefined
    by_variant: Mapping[str, Coefficient]
    blends: Mapping[str, Blend]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All comparisons of one analysis.

    Attributes
    ----------
    slopes : tuple of SlopeComparison
        One per design column, in the order of the design.
    curve : Curve or Undefined
        The slopes from pooled to no pooling.
    ingredients : Ingredients or Undefined
        What the weight is made of, with one predictor.
    contextual_test : WaldTest or Undefined
        Of all contextual effects together.
    hausman : HausmanTable or Undefined
        All forms of the Hausman test.
    group_variance : GroupVarianceTest
        Of the variance between groups.
    slope_variance : tuple of SlopeVarianceTest
        Of the variance of slopes between groups, where the formula lets slopes vary.
    between_slopes : tuple of BetweenSlopes or Undefined
        The slopes between groups under three weightings of the group means.
    influence : Influence
        The slopes without each single group.
    null_icc : float or Undefined
        Share of the variance between groups in the model without predictors (REML).
    residual_spread : ResidualSpread or Undefined
        How much the residuals scatter in each group.
    checks : tuple of IdentityCheck
        Identities and how exactly they hold.
    """

    slopes: tuple[SlopeComparison, ...]
    curve: Curve | Undefined
    ingredients: Ingredients | Undefined
    contextual_test: WaldTest | Undefined
    hausman: HausmanTable | Undefined
    group_variance: GroupVarianceTest
    slope_variance: tuple[SlopeVarianceTest, ...]
    between_slopes: tuple[BetweenSlopes, ...] | Undefined
    influence: Influence
    null_icc: Number
    residual_spread: ResidualSpread | Undefined
    checks: tuple[IdentityCheck, ...]


def compare(moments: GroupMoments, levels: tuple[ColumnLevel, ...], fits: Mapping[str, Fit]) -> Comparison:
    """Compare the variants.

    Parameters
    ----------
    moments : GroupMoments
        The data they were fitted to.
    levels : tuple of ColumnLevel
        The predictors, without the response.
    fits : mapping
        Variant id to fit, as :func:`reportgen.estimation.runner.fit_variants` returns it.
    """
    space, no_pooling = BlendSpace.of(moments, levels), fits["no_pooling"]
    gamma = variance_ratio(fits["random_intercept"])
    parts = _parts(space, no_pooling, gamma)
    contextual = contextual_test(moments, fits["mundlak"])
    return Comparison(
        slopes=tuple(_slope(level, fits, parts) for level in levels),
        curve=_curve(space, no_pooling, gamma),
        ingredients=gamma if isinstance(gamma, Undefined) else ingredients(space, gamma),
        contextual_test=contextual,
        hausman=hausman_table(moments, levels, fits, contextual),
        group_variance=group_variance_test(moments, fits),
        slope_variance=slope_variance_tests(fits),
        between_slopes=between_slopes(moments, fits["within_between"]),
        influence=leave_one_group_out(moments, levels, fits),
        null_icc=null_icc(moments),
        residual_spread=residual_spread(moments, no_pooling),
        checks=check_identities(moments, levels, fits, parts),
    )


def _parts(space: BlendSpace, no_pooling: Fit, gamma: Number) -> Mapping[str, tuple[Blend, ...] | Undefined]:
    """Slopes taken apart, by variant: what they are blends of are those of the model with group dummies."""
    if not isinstance(no_pooling, LeastSquaresFit):
        missing = Undefined(Issue("variant_not_fitted", {"variant": no_pooling.variant}))
        return {"pooled": missing, "random_intercept": missing}
    mixed = gamma if isinstance(gamma, Undefined) else blends(space, "random_intercept", gamma)
    return {"pooled": blends(space, "pooled", 0.0), "random_intercept": mixed}


def _curve(space: BlendSpace, no_pooling: Fit, gamma: Number) -> Curve | Undefined:
    if not space.columns:
        return Undefined(Issue("no_column_varies_within"))
    return curve(space, gamma) if isinstance(no_pooling, LeastSquaresFit) else absent(no_pooling)


def variance_ratio(fit: Fit) -> Number:
    """gamma = tau2 / sigma2 of a random intercept model."""
    if not isinstance(fit, MixedFit):
        return absent(fit)
    return float(fit.group_covariance.psi[0, 0] / fit.sigma2)


def null_icc(moments: GroupMoments) -> Number:
    """Intraclass correlation of the response: REML fit of the model without predictors."""
    fit = fit_random_intercept("null", regressors(moments, ((INTERCEPT, "intercept"),)), with_robust=False)
    return fit.icc if isinstance(fit, MixedFit) else absent(fit)


def _slope(level: ColumnLevel, fits: Mapping[str, Fit], parts: Mapping[str, tuple[Blend, ...] | Undefined]) -> SlopeComparison:
    def pick(variant: str, *roles: Role) -> Coefficient | Undefined:
        fit = fits[variant]
        if not isinstance(fit, LeastSquaresFit | MixedFit):
            return absent(fit)
        found = coefficient(fit, level.column, *roles)
        if found is None and level.means_aliased_with:
            return no_means(level)
        return found or Undefined(Issue("not_in_model", {"column": level.column, "variant": variant}))

    by_variant = {
        variant: found
        for variant, fit in fits.items()
        if isinstance(fit, LeastSquaresFit | MixedFit)
        and (found := coefficient(fit, level.column, "raw", "within", "group_level", "between"))
    }
    return SlopeComparison(
        column=level.column,
        within=pick("no_pooling", "within"),
        between=pick("between", "between", "group_level"),
        contextual=pick("mundlak", "contextual"),
        by_variant=by_variant,
        blends={
            variant: blend
            for variant, found in parts.items()
            if not isinstance(found, Undefined)
            for blend in found
            if blend.column == level.column
        },
    )
