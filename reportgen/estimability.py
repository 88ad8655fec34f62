"""Can these rows carry the models at all? Judged from the group moments, before anything is fitted."""

from __future__ import annotations

import numpy as np

from reportgen.column_levels import ColumnLevel
from reportgen.errors import (
    CollinearColumns,
    ConstantPredictor,
    ConstantResponse,
    NotEstimable,
    OneGroup,
    OneRowPerGroup,
    TooFewRows,
    TooLittleVariation,
)
from reportgen.estimation.independence import dependent_columns
from reportgen.moments import GroupMoments
from reportgen.points import Points

LEAST_SD = 1e-60  # its inverse to the fourth power still is a 64-bit number


def check_estimable(
    moments: GroupMoments, levels: tuple[ColumnLevel, ...], points: Points, group: str, labels: tuple[str, ...]
) -> None:
    """Raise the error that says why no model can be fitted, if so.

    Parameters
    ----------
    moments : GroupMoments
        Of the k predictors and the response (last).
    levels : tuple of ColumnLevel
        Of the same columns.
    points : Points
        Rows of the same columns.
    group : str
        Name of the grouping.
    labels : tuple of str
        Labels of the J groups.

    Raises
    ------
    NotEstimable
        One group, one row in every group, not more rows than coefficients, a response or predictor that
        is constant or varies by rounding only, columns that are linear combinations of others.
    """
    if moments.n_groups == 1:
        raise OneGroup(group, labels[0])
    if moments.n_rows == moments.n_groups:
        raise OneRowPerGroup(group, moments.n_groups)
    if moments.n_rows < moments.n_columns + 2:
        raise TooFewRows(moments.n_rows, moments.n_columns)
    predictors = levels[:-1]
    for i in (len(predictors), *range(len(predictors))):
        problem = _still(moments, levels[i], i, float(np.ptp(points.values[:, i])))
        if problem:
            raise problem
    bad = dependent_columns(moments.S_T[:-1, :-1])
    if bad:
        names = np.array([level.column for level in predictors])
        involved = _partners(moments.S_T[:-1, :-1], bad)
        raise CollinearColumns(tuple(names[bad]), tuple(names[involved]))


def _still(moments: GroupMoments, level: ColumnLevel, i: int, spread: float) -> NotEstimable | None:
    """The error for column `i` if it does not vary, or varies by rounding only."""
    mean = float(moments.origin[i] + moments.grand_mean[i])
    if (level.varies_within or level.varies_between) and moments.S_T[i, i] > moments.total_weight * LEAST_SD**2:
        return None
    if spread > 0:
        return TooLittleVariation(level.column, mean, spread)
    return ConstantResponse(level.column, mean) if i == len(moments.columns) - 1 else ConstantPredictor(level.column, mean)


def _partners(gram: np.ndarray[tuple[int, ...], np.dtype[np.float64]], bad: list[int]) -> list[int]:
    """The independent columns that take part in the combinations of the dependent ones."""
    kept = [i for i in range(len(gram)) if i not in bad]
    size = np.sqrt(np.diag(gram))
    scaled = gram / np.outer(size, size)
    share = np.abs(np.linalg.lstsq(scaled[np.ix_(kept, kept)], scaled[np.ix_(kept, bad)], rcond=None)[0])
    return [kept[i] for i in np.flatnonzero(share.max(axis=1) > 1e-6)]
