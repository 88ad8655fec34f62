"""The runner: a loop over the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reportgen.column_levels import ColumnLevel
from reportgen.estimation.double_demeaned import fit_double_demeaned
from reportgen.estimation.least_squares import fit_absorbed, fit_group_means, fit_pooled
from reportgen.estimation.mixed import fit_random_intercept
from reportgen.estimation.random_slopes import RandomEffects, fit_random_slopes
from reportgen.estimation.regressors import Regressors, products_not_kept, regressors, terms_of
from reportgen.estimation.separate import fit_separate
from reportgen.fits import Fit, UnfitVariant
from reportgen.moments import GroupMoments
from reportgen.variants import CATALOGUE, Estimator

Fitter = Callable[[str, Regressors, RandomEffects], Fit]

FITTERS: Mapping[Estimator, Fitter] = {
    "least_squares": lambda variant, reg, _: fit_pooled(variant, reg),
    "absorbed": lambda variant, reg, _: fit_absorbed(variant, reg),
    "double_demeaned": lambda variant, reg, _: fit_double_demeaned(variant, reg),
    "group_means": lambda variant, reg, _: fit_group_means(variant, reg),
    "random_intercept": lambda variant, reg, _: fit_random_intercept(variant, reg),
    "separate": lambda variant, reg, _: fit_separate(variant, reg),
    "random_slopes": fit_random_slopes,
}


def fit_variants(
    moments: GroupMoments, levels: tuple[ColumnLevel, ...], effects: RandomEffects, double_demeaning: bool = False
) -> dict[str, Fit]:
    """Fit every variant of the catalogue.

    Parameters
    ----------
    moments : GroupMoments
        Of the k predictors and the response (last).
    levels : tuple of ColumnLevel
        The k predictors, without the response.
    effects : RandomEffects
        What the grouping term lets vary; variants with random slopes are fitted only where it names slopes.
    double_demeaning : bool
        Fit the variant whose interactions are demeaned twice too.

    Returns
    -------
    dict
        Variant id to fit, in the order of the catalogue; one that cannot be fitted holds its reason.
    """
    conditions = {"always": True, "slopes": bool(effects.columns), "double_demeaning": double_demeaning}
    fits: dict[str, Fit] = {}
    for variant in CATALOGUE:
        if not conditions[variant.condition]:
            continue
        if variant.needs_products and not moments.keeps_products:
            fits[variant.id] = UnfitVariant(variant.id, products_not_kept(moments))
            continue
        fits[variant.id] = FITTERS[variant.estimator](variant.id, regressors(moments, terms_of(variant, levels)), effects)
    return fits
