"""An orthonormal basis for the columns of every group, from the group moments alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.regressors import ALL, Regressors

Array = NDArray[np.float64]

NO_SPREAD = 1e-14  # squared spread of a column inside a group, in units of its overall spread, that is rounding
DEPENDENT = 1e-10  # share of that spread left beside the earlier columns below which the group cannot tell them apart


def mean_row(reg: Regressors) -> Array:
    """(p + 1, J) product of every group's D_j with the unit vector along its intercept column: sqrt(n_j) m_j."""
    return np.asarray(np.sqrt(reg.weight) * reg.means.T)


def rotated_rows(reg: Regressors, columns: Array, about_mean: bool, groups: slice = ALL) -> list[Array]:
    """Products Q_j'D_j of D = [1, X, y] with an orthonormal basis Q_j of some columns, by Gram-Schmidt on the moments.

    Parameters
    ----------
    reg : Regressors
        Columns D of one variant.
    columns : (p + 1, c) array
        The columns to be spanned are D_j `columns`.
    about_mean : bool
        Whether the basis is to be orthogonal to the intercept column too; then only centred cross-products enter.
    groups : slice, optional
        The L groups wanted; all by default.

    Returns
    -------
    list of (p + 1, L) array
        One for each column; zeros in the groups where it depends on the earlier ones (few rows, no spread).
    """
    rows: list[Array] = []
    weight, room = reg.weight[groups], reg.rows[groups] - about_mean  # a column beyond as many as there are rows is rounding
    for column in columns.T:
        row = reg.cross_row(column, groups) if about_mean else reg.weighted_row(column, 0.0, groups)
        whole = column @ row
        for earlier in rows:
            row -= earlier * (column @ earlier)
        pivot = column @ row
        floor = np.maximum(DEPENDENT * whole, NO_SPREAD * weight * (1.0 + reg.at_means(column, groups) ** 2))
        is_new = (pivot > floor) & (room > 0)
        room -= is_new
        rows.append(row / np.sqrt(np.where(is_new, pivot, np.inf)))
    return rows
