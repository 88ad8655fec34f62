"""Rows for predictions: encoded with the design of an analysis, whether they were in it or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reportgen.analysis import Analysis
from reportgen.design import Design, build_design, read_blocks
from reportgen.design.groups import GroupIndex
from reportgen.fits import ModelFit
from reportgen.prediction import NewRows, predict
from reportgen.sample import complete_rows, missing_cells
from reportgen.sources import open_source
from reportgen.sources.source import check_known

if TYPE_CHECKING:
    import pandas as pd


def new_rows(analysis: Analysis, data: object) -> tuple[NewRows, NDArray[np.bool_], NDArray[np.object_]]:
    """Encode rows to predict.

    Parameters
    ----------
    analysis : Analysis
        Whose design, levels, states of transformations and groups hold.
    data : path or data frame
        The rows.

    Returns
    -------
    rows : NewRows
        The complete ones.
    complete : (n,) array of bool
        Which rows have a value in every column needed.
    labels : array of str
        The group of each complete row.
    """
    design = analysis.design
    source = open_source(data, missing=analysis.options.missing)
    columns = tuple(dict.fromkeys([*design.formula.predictor_columns, *design.group_columns]))
    check_known(columns, source.columns, source.name)
    index = GroupIndex.of(len(design.group_columns))
    values: list[NDArray[np.float64]] = []
    codes: list[NDArray[np.int64]] = []
    complete: list[NDArray[np.bool_]] = []
    for chunk in source.chunks(columns, design.text_columns):
        table, _ = complete_rows(chunk, columns)
        complete.append(~missing_cells(chunk, columns))
        values.append(design.predictor_values(table))
        codes.append(index.encode([table.column(name) for name in design.group_columns]))
    labels = np.array(index.labels(), dtype=object)
    place = {label: j for j, label in enumerate(analysis.groups)}
    fresh = tuple(label for label in labels if label not in place)
    place |= {label: analysis.moments.n_groups + i for i, label in enumerate(fresh)}
    known = np.array([place[label] for label in labels], dtype=np.int64)
    local = np.concatenate(codes) if codes else np.zeros(0, dtype=np.int64)
    block = np.concatenate(values) if values else np.empty((0, len(design.columns)))
    rows = NewRows(design.columns, block, known[local], fresh)
    return rows, np.concatenate(complete) if complete else np.zeros(0, dtype=bool), labels[local]


@dataclass(frozen=True, slots=True, eq=False)
class FittedRows:
    """Some of the rows used, and what a variant makes of them.

    Attributes
    ----------
    codes : (n,) array of int
        Group of each row, in the order of the analysis.
    values : (n, k + 1) array
        Design columns, the response last.
    fitted, fixed : (n,) array
        Fitted values with and without group effects.
    """

    codes: NDArray[np.int64]
    values: NDArray[np.float64]
    fitted: NDArray[np.float64]
    fixed: NDArray[np.float64]

    @property
    def residuals(self) -> NDArray[np.float64]:
        """(n,) response minus fitted value."""
        return np.asarray(self.values[:, -1] - self.fitted)


def fitted_rows(analysis: Analysis, fit: ModelFit) -> Iterator[FittedRows]:
    """The rows used, chunk by chunk, with fitted values; read again from the data."""
    design: Design = build_design(analysis.formula, analysis.design.source, analysis.options.weights)
    place = {label: j for j, label in enumerate(analysis.groups)}
    has_intercept = any(c.role == "intercept" for c in fit.coefficients)
    for block, _ in read_blocks(design):
        codes = np.array([place[label] for label in design.groups], dtype=np.int64)[block.codes]
        rows = NewRows(design.columns, block.values[:, :-1], codes)
        fitted = predict(fit, analysis.moments, rows).values
        fixed = predict(fit, analysis.moments, rows, group_effects=False).values if has_intercept else fitted
        yield FittedRows(codes, block.values, fitted, fixed)


def augmented(analysis: Analysis, fit: ModelFit) -> Iterator[pd.DataFrame]:
    """The rows used as data frames, chunk by chunk, with fitted values and residuals."""
    import pandas as pd

    for rows in fitted_rows(analysis, fit):
        table = {analysis.formula.grouping.name: np.array(analysis.groups, dtype=object)[rows.codes]}
        table |= {analysis.formula.response: rows.values[:, -1]}
        table |= {column: rows.values[:, i] for i, column in enumerate(analysis.design.columns)}
        yield pd.DataFrame(table | {"fitted": rows.fitted, "fitted_fixed": rows.fixed, "residual": rows.residuals})
