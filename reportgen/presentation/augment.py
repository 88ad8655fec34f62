"""Every row used with what each variant makes of it, with the column names of ``augment()`` of broom.mixed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reportgen.errors import OutputWithheld
from reportgen.prediction_rows import fitted_rows
from reportgen.presentation.model_table import fitted
from reportgen.presentation.separated import separated
from reportgen.presentation.sheets import Value

if TYPE_CHECKING:
    from reportgen.analysis import Analysis


def augment_csv(analysis: Analysis) -> str:
    """The variant, the group, the response and the design columns; ``.fitted`` with group effects, ``.resid``, and ``.fixed``.

    The rows stand in the order of the data, once for every fitted variant; they are read again from the data.

    Raises
    ------
    OutputWithheld
        Groups are hidden, or too small for their figures to be shown.
    """
    disclosure = analysis.disclosure
    if not disclosure.carries_data:
        option = f"--min-cell {disclosure.min_cell}" if disclosure.lists_groups else "--group-labels hide"
        raise OutputWithheld("augment.csv", option)
    columns = ("variant", analysis.formula.grouping.name, analysis.formula.response, *analysis.design.columns)
    return separated((*columns, ".fitted", ".resid", ".fixed"), _rows(analysis))


def _rows(analysis: Analysis) -> Iterator[list[Value]]:
    for variant, fit in fitted(analysis).items():
        for block in fitted_rows(analysis, fit):
            parts = (block.values, block.fitted, block.residuals, block.fixed)
            for code, values, *made in zip(block.codes.tolist(), *(part.tolist() for part in parts), strict=True):
                yield [variant, analysis.groups[code], values[-1], *values[:-1], *made]
