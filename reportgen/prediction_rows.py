"""Rows for predictions: encoded with the design of an analysis, whether they were in it or not."""

from __future__ import annotations

from collections.abc import Iterator
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
    source = open_source(data)
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


def augmented(analysis: Analysis, fit: ModelFit) -> Iterator[pd.DataFrame]:
    """The rows used, chunk by chunk, with fitted values and residuals; read again from the data."""
    import pandas as pd

    design: Design = build_design(analysis.formula, analysis.design.source, analysis.options.weights)
    place = {label: j for j, label in enumerate(analysis.groups)}
    for block, _ in read_blocks(design):
        codes = np.array([place[label] for label in design.groups], dtype=np.int64)[block.codes]
        rows = NewRows(design.columns, block.values[:, :-1], codes)
        fitted = predict(fit, analysis.moments, rows).values
        has_intercept = any(c.role == "intercept" for c in fit.coefficients)
        fixed = predict(fit, analysis.moments, rows, group_effects=False).values if has_intercept else fitted
        table = {analysis.formula.grouping.name: np.array(analysis.groups, dtype=object)[codes]}
        table |= {analysis.formula.response: block.values[:, -1]}
        table |= {column: block.values[:, i] for i, column in enumerate(design.columns)}
        yield pd.DataFrame(table | {"fitted": fitted, "fitted_fixed": fixed, "residual": block.values[:, -1] - fitted})
