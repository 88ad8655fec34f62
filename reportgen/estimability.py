"""Can these rows carry the models at all? Judged from the group moments, before anything is fitted."""

from __future__ import annotations

import numpy as np

from reportgen.errors import CollinearColumns, ConstantPredictor, ConstantResponse, OneGroup, OneRowPerGroup, TooFewRows
from reportgen.estimation.regressors import dependent_columns
from reportgen.moments import ColumnLevel, GroupMoments


def check_estimable(moments: GroupMoments, levels: tuple[ColumnLevel, ...], group: str, labels: tuple[str, ...]) -> None:
    """Raise the error that says why no model can be fitted, if so.

    Parameters
    ----------
    moments : GroupMoments
        Of the k predictors and the response (last).
    levels : tuple of ColumnLevel
        Of the same columns.
    group : str
        Name of the grouping.
    labels : tuple of str
        Labels of the J groups.

    Raises
    ------
    NotEstimable
        One group, one row in every group, not more rows than coefficients, a constant response or predictor, columns that
        are linear combinations of others.
    """
    if moments.n_groups == 1:
        raise OneGroup(group, labels[0])
    if moments.n_rows == moments.n_groups:
        raise OneRowPerGroup(group, moments.n_groups)
    if moments.n_rows < moments.n_columns + 2:
        raise TooFewRows(moments.n_rows, moments.n_columns)
    *predictors, response = levels
    if not (response.varies_within or response.varies_between):
        raise ConstantResponse(response.column, float(moments.origin[-1] + moments.grand_mean[-1]))
    for level in predictors:
        if not (level.varies_within or level.varies_between):
            raise ConstantPredictor(level.column)
    bad = dependent_columns(moments.S_T[:-1, :-1])
    if bad:
        names = np.array([level.column for level in predictors])
        involved = _partners(moments.S_T[:-1, :-1], bad)
        raise CollinearColumns(tuple(names[bad]), tuple(names[involved]))


def _partners(gram: np.ndarray[tuple[int, ...], np.dtype[np.float64]], bad: list[int]) -> list[int]:
    """The independent columns that take part in the combinations of the dependent ones."""
    kept = [i for i in range(len(gram)) if i not in bad]
    size = np.sqrt(np.diag(gram))
    scaled = gram / np.outer(size, size)
    share = np.abs(np.linalg.lstsq(scaled[np.ix_(kept, kept)], scaled[np.ix_(kept, bad)], rcond=None)[0])
    return [kept[i] for i in np.flatnonzero(share.max(axis=1) > 1e-6)]
