"""A regression of its own in every group, and the test that their slopes are equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from reportgen.estimation.inference import PERFECT
from reportgen.estimation.least_squares import PERFECT_FIT, solve
from reportgen.estimation.regressors import Regressors
from reportgen.estimation.rotation import rotated_rows
from reportgen.estimation.stacks import forward, product
from reportgen.fits import Issue, Number, SeparateFit, Undefined, UnfitVariant

Array = NDArray[np.float64]


def fit_separate(variant: str, reg: Regressors) -> SeparateFit | UnfitVariant:
    """Slopes of every group that has enough rows and variation.

    Parameters
    ----------
    variant : str
        Id in the catalogue.
    reg : Regressors
        Columns of the no-pooling variant: the intercept and the k columns that vary within groups.

    Returns
    -------
    SeparateFit or UnfitVariant
        Unfit if there are no such columns, or if no group can carry them all.
    """
    k = reg.n_terms - 1
    if not k:
        return UnfitVariant(variant, Issue("no_column_varies_within"))
    parts = [_solved(reg, groups) for groups in reg.pieces()]
    estimable, slopes, spread, explained = (np.concatenate(found, axis=-1) for found in zip(*parts, strict=True))
    n_groups = int(np.count_nonzero(estimable))
    if not n_groups:
        return UnfitVariant(variant, Issue("no_group_carries_all_slopes", {"columns": tuple(c for c, _ in reg.terms[1:])}))
    response = reg.source[-1]
    squares = reg.moments.products_of(response, response)[estimable] * reg.factor[-1] ** 2
    rss = float(np.maximum(squares - explained, 0.0).sum())
    df = int(reg.rows[estimable].sum()) - n_groups * (k + 1)
    home = reg.scale[-1] / reg.scale[1:-1]
    absent = Undefined(Issue("no_degrees_of_freedom", {"df": df}))
    sigma2: Number = absent
    errors: Array | Undefined = absent
    if df > 0:
        sigma2 = float(rss / df * reg.scale[-1] ** 2)
        errors = np.sqrt(rss / df * spread).T * home
    f, p_value = _equality(reg.cross_sum(estimable), rss, (n_groups, k, df))
    return SeparateFit(
        variant=variant,
        columns=tuple(column for column, _ in reg.terms[1:]),
        estimable=estimable,
        slopes=slopes.T * home,
        std_errors=errors,
        sigma2=sigma2,
        df_residual=float(df),
        f=f,
        f_df=(float((n_groups - 1) * k), float(df)),
        p_value=p_value,
        n_obs=reg.n_rows,
        n_groups=reg.n_groups,
    )


def _solved(reg: Regressors, groups: slice) -> tuple[NDArray[np.bool_], Array, Array, Array]:
    """Which of some groups carry all slopes, and of these the (k, L) slopes, (k, L) diagonals of the inverse of their normal
    matrices and (L,) squares explained.

    An orthonormal basis Q_j of the columns gives Q_j'[1, X_j, y_j]: R_j, with X_j'X_j = R_j'R_j, and Q_j'y_j.
    """
    rows = rotated_rows(reg, np.eye(reg.n_terms + 1)[:, 1:-1], about_mean=True, groups=groups)
    estimable = np.all([row[1 + place] > 0 for place, row in enumerate(rows)], axis=0)
    triangle = np.stack([row[1:-1, estimable] for row in rows], axis=1)
    rotated = np.stack([row[-1:, estimable] for row in rows])
    one = np.zeros_like(triangle)
    one[np.arange(len(rows)), np.arange(len(rows))] = 1.0
    inverse = forward(triangle, one)
    return estimable, product(inverse, rotated)[:, 0], (inverse**2).sum(axis=0), (rotated[:, 0] ** 2).sum(axis=0)


def _equality(gram: Array, rss: float, sizes: tuple[int, int, int]) -> tuple[Number, Number]:
    """F and p value of equal slopes: one slope for the same groups against a slope for each."""
    n_groups, k, df = sizes
    issue = Issue("one_group_with_slopes") if n_groups < 2 else Issue("no_degrees_of_freedom", {"df": df}) if df < 1 else None
    if not issue and rss <= PERFECT_FIT * gram[-1, -1]:
        issue = PERFECT
    if issue:
        return Undefined(issue), Undefined(issue)
    common = solve(gram)[2]
    df1 = (n_groups - 1) * k
    f = max(common - rss, 0.0) / df1 / (rss / df)
    return float(f), float(fdtrc(df1, df, f))
