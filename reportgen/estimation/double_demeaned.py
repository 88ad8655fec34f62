"""Interactions within groups, demeaned twice: (x - xbar_j)(z - zbar_j) instead of the deviation of x z from its mean.

Demeaning the product x z leaves differences between groups in the coefficient: where zbar_j is large, x varies the product
more. Demeaning x and z before they are multiplied leaves none (Giesselmann & Schmidt-Catran 2022). The product of the
demeaned columns is x z - xbar_j z - zbar_j x + const_j, in every group a linear combination of columns whose moments are
known, so the rows are not needed again.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reportgen.block_moments import packed
from reportgen.estimation.least_squares import fit_absorbed
from reportgen.estimation.regressors import Regressors, products_not_kept, regressors
from reportgen.fits import Fit, Issue, LeastSquaresFit, UnfitVariant
from reportgen.moments import GroupMoments
from reportgen.variants import Products, within_products


def demeaned_twice(moments: GroupMoments, products: Products) -> GroupMoments:
    """Moments with every product replaced by the product of the deviations from the group means.

    Parameters
    ----------
    moments : GroupMoments
        With the cross-products of every group.
    products : mapping
        Interaction column to the two columns it multiplies.

    Returns
    -------
    GroupMoments
        The means of the products stay those of x z; only their within part changes.
    """
    position = {name: i for i, name in enumerate(moments.columns)}
    turn = np.zeros((moments.n_groups, moments.n_columns, moments.n_columns))
    turn[:, np.arange(moments.n_columns), np.arange(moments.n_columns)] = 1.0
    means = moments.means + moments.origin
    for column, (first, second) in products.items():
        c, a, b = position[column], position[first], position[second]
        turn[:, b, c] -= means[:, a]
        turn[:, a, c] -= means[:, b]
    return replace(moments, products=packed(turn.transpose(0, 2, 1) @ moments.cross @ turn))


def fit_double_demeaned(variant: str, reg: Regressors) -> Fit:
    """Group dummies with interactions demeaned twice.

    Parameters
    ----------
    variant : str
        Id in the catalogue.
    reg : Regressors
        Columns of the no-pooling variant.

    Returns
    -------
    LeastSquaresFit or UnfitVariant
        Unfit where no column is the product of two others that vary within groups.
    """
    products = within_products(tuple(column for column, role in reg.terms if role == "within"))
    if not products:
        return UnfitVariant(variant, Issue("no_interaction_within"))
    if not reg.moments.keeps_products:
        return UnfitVariant(variant, products_not_kept(reg.moments))
    fit = fit_absorbed(variant, regressors(demeaned_twice(reg.moments, products), reg.terms))
    return replace(fit, double_demeaned=products) if isinstance(fit, LeastSquaresFit) else fit
