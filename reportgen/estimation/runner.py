"""The runner: a loop over the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reportgen.estimation.least_squares import fit_absorbed, fit_group_means, fit_pooled
from reportgen.estimation.mixed import fit_random_intercept
from reportgen.estimation.regressors import Regressors, regressors, terms_of
from reportgen.fits import Fit
from reportgen.moments import ColumnLevel, GroupMoments
from reportgen.variants import CATALOGUE

FITTERS: Mapping[str, Callable[[str, Regressors], Fit]] = {
    "least_squares": fit_pooled,
    "absorbed": fit_absorbed,
    "group_means": fit_group_means,
    "random_intercept": fit_random_intercept,
}


def fit_variants(moments: GroupMoments, levels: tuple[ColumnLevel, ...]) -> dict[str, Fit]:
    """Fit every variant of the catalogue.

    Parameters
    ----------
    moments : GroupMoments
        Of the k predictors and the response (last).
    levels : tuple of ColumnLevel
        The k predictors, without the response.

    Returns
    -------
    dict
        Variant id to fit, in the order of the catalogue; one that cannot be fitted holds its reason.
    """
    return {
        variant.id: FITTERS[variant.estimator](variant.id, regressors(moments, terms_of(variant, levels)))
        for variant in CATALOGUE
        if not variant.needs_slopes
    }
