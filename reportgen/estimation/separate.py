"""A regression of its own in every group, and the test that their slopes are equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from reportgen.estimation.inference import PERFECT
from reportgen.estimation.least_squares import PERFECT_FIT, solve
from reportgen.estimation.regressors import Regressors
from reportgen.estimation.rotation import rotated_rows
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
    rows = np.stack(rotated_rows(reg, np.eye(reg.n_terms + 1)[:, 1:-1], about_mean=True))
    estimable = np.all(np.einsum("kkj->kj", rows[:, 1:-1]) > 0, axis=0)
    if not estimable.any():
        return UnfitVariant(variant, Issue("no_group_carries_all_slopes", {"columns": tuple(c for c, _ in reg.terms[1:])}))
    rows = np.ascontiguousarray(rows[:, :, estimable].transpose(2, 0, 1))
    triangle, rotated = rows[:, :, 1:-1], rows[:, :, -1]
    inverse = np.linalg.inv(triangle)
    own = reg.cross_of(np.flatnonzero(estimable))
    rss = float(np.maximum(own[:, -1, -1] - (rotated**2).sum(axis=1), 0.0).sum())
    df = int(reg.rows[estimable].sum()) - len(rows) * (k + 1)
    home = reg.scale[-1] / reg.scale[1:-1]
    absent = Undefined(Issue("no_degrees_of_freedom", {"df": df}))
    sigma2: Number = absent
    errors: Array | Undefined = absent
    if df > 0:
        sigma2 = float(rss / df * reg.scale[-1] ** 2)
        errors = np.sqrt(rss / df * np.einsum("jab,jab->ja", inverse, inverse)) * home
    f, p_value = _equality(own.sum(axis=0)[1:, 1:], rss, (len(rows), k, df))
    return SeparateFit(
        variant=variant,
        columns=tuple(column for column, _ in reg.terms[1:]),
        estimable=estimable,
        slopes=np.einsum("jab,jb->ja", inverse, rotated) * home,
        std_errors=errors,
        sigma2=sigma2,
        df_residual=float(df),
        f=f,
        f_df=(float((len(rows) - 1) * k), float(df)),
        p_value=p_value,
        n_obs=reg.n_rows,
        n_groups=reg.n_groups,
    )


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
