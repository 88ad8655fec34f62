"""A regression of its own in every group, and the test that their slopes are equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from reportgen.estimation.independence import dependent_columns
from reportgen.estimation.inference import PERFECT
from reportgen.estimation.least_squares import PERFECT_FIT, solve
from reportgen.estimation.regressors import Regressors, regressors
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
        Unfit if there are no such columns, or if no group can carry them all. What is a combination of the others in every
        group, as a product of time and treatment where a group is treated or not, is left out: the slope of a group then
        holds at the group's own value.
    """
    if reg.n_terms == 1:
        return UnfitVariant(variant, Issue("no_column_varies_within"))
    left_out: tuple[str, ...] = ()
    own, solved = reg, _solutions(reg)
    if not solved[0].any() and (left_out := redundant_inside(reg)):
        own = regressors(reg.moments, tuple(term for term in reg.terms if term[0] not in left_out))
        solved = _solutions(own, spare=1)
    if not solved[0].any():
        return UnfitVariant(variant, Issue("no_group_carries_all_slopes", {"columns": tuple(c for c, _ in reg.terms[1:])}))
    return _record(variant, reg, own, left_out, solved)


Solutions = tuple[NDArray[np.bool_], Array, Array, Array]


def _solutions(reg: Regressors, spare: int = 0) -> Solutions:
    """:func:`_solved` of all groups; `spare`: rows a group needs beyond as many as coefficients."""
    parts = [_solved(reg, groups, spare) for groups in reg.pieces()]
    estimable, slopes, spread, explained = (np.concatenate(found, axis=-1) for found in zip(*parts, strict=True))
    return estimable, slopes, spread, explained


def _record(variant: str, whole: Regressors, reg: Regressors, left_out: tuple[str, ...], solved: Solutions) -> SeparateFit:
    """From the solutions of single groups to the record; `whole` are all columns, `reg` those without what is left out."""
    estimable, slopes, spread, explained = solved
    n_groups, k = int(np.count_nonzero(estimable)), reg.n_terms - 1
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
    f, f_df, p_value = _equality(whole.cross_sum(estimable), rss, (n_groups, k, df))
    return SeparateFit(
        variant=variant,
        columns=tuple(column for column, _ in reg.terms[1:]),
        estimable=estimable,
        slopes=slopes.T * home,
        std_errors=errors,
        sigma2=sigma2,
        df_residual=float(df),
        f=f,
        f_df=f_df,
        p_value=p_value,
        n_obs=reg.n_rows,
        n_groups=reg.n_groups,
        left_out=left_out,
    )


def redundant_inside(reg: Regressors) -> tuple[str, ...]:
    """Columns that are a combination of earlier ones in every group, though not in all groups together.

    It says how slopes differ between groups, and nothing inside one of them.
    """
    if dependent_columns(reg.S_W[1:-1, 1:-1]):
        return ()
    ever = np.zeros(reg.n_terms - 1, dtype=bool)
    for groups in reg.pieces():
        rows = rotated_rows(reg, np.eye(reg.n_terms + 1)[:, 1:-1], about_mean=True, groups=groups)
        ever |= np.array([(row[1 + place] > 0).any() for place, row in enumerate(rows)])
    return tuple(column for (column, _), found in zip(reg.terms[1:], ever, strict=True) if not found)


def _solved(reg: Regressors, groups: slice, spare: int) -> tuple[NDArray[np.bool_], Array, Array, Array]:
    """Which of some groups carry all slopes, and of these the (k, L) slopes, (k, L) diagonals of the inverse of their normal
    matrices and (L,) squares explained.

    An orthonormal basis Q_j of the columns gives Q_j'[1, X_j, y_j]: R_j, with X_j'X_j = R_j'R_j, and Q_j'y_j. Where columns are
    left out a group needs a `spare` row, else they would be combinations of the others for want of rows.
    """
    rows = rotated_rows(reg, np.eye(reg.n_terms + 1)[:, 1:-1], about_mean=True, groups=groups)
    estimable = np.all([row[1 + place] > 0 for place, row in enumerate(rows)], axis=0)
    estimable &= reg.rows[groups] >= reg.n_terms + spare
    triangle = np.stack([row[1:-1, estimable] for row in rows], axis=1)
    rotated = np.stack([row[-1:, estimable] for row in rows])
    one = np.zeros_like(triangle)
    one[np.arange(len(rows)), np.arange(len(rows))] = 1.0
    inverse = forward(triangle, one)
    return estimable, product(inverse, rotated)[:, 0], (inverse**2).sum(axis=0), (rotated[:, 0] ** 2).sum(axis=0)


def _equality(gram: Array, rss: float, sizes: tuple[int, int, int]) -> tuple[Number, tuple[float, float], Number]:
    """F, its degrees of freedom and p value of equal slopes: those of the formula, common to the same groups, against k slopes
    for each."""
    n_groups, k, df = sizes
    bad = dependent_columns(gram[:-1, :-1]) if n_groups else []
    free = [i for i in range(len(gram)) if i not in bad]
    df1 = n_groups * k - (len(free) - 1)
    f_df = (float(df1), float(df))
    issue = Issue("one_group_with_slopes") if n_groups < 2 else Issue("no_degrees_of_freedom", {"df": df}) if df < 1 else None
    if not issue and rss <= PERFECT_FIT * gram[-1, -1]:
        issue = PERFECT
    if not issue and df1 < 1:
        issue = Issue("no_slopes_left_to_compare", {"n": n_groups})
    if issue:
        return Undefined(issue), f_df, Undefined(issue)
    common = solve(gram[np.ix_(free, free)])[2]
    f = max(common - rss, 0.0) / df1 / (rss / df)
    return float(f), f_df, float(fdtrc(df1, df, f))
