"""Where the variance of the response lies in each mixed model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.fits import Undefined
from reportgen.presentation.formatting import percents, significant, span
from reportgen.presentation.tables import Cell, Column, Row, Table
from reportgen.presentation.wording import Wording
from reportgen.variance import Interval

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

PARTS = ("fixed_within", "fixed_between", "slope_variation", "intercept_variation", "residual")


def variance_table(analysis: Analysis, words: Wording) -> Table:
    """Shares of the variance by source, one column a mixed variant; a source that no model has is left out."""
    shares = {name: parts.shares for name, parts in analysis.variance.parts.items()}
    texts = {name: percents([found[part] for part in PARTS]) for name, found in shares.items()}
    rows = [
        Row(words[f"table.variance.{part}"], tuple(Cell(column[i]) for column in texts.values()))
        for i, part in enumerate(PARTS)
        if any(found[part] > 0 for found in shares.values())
    ]
    columns = tuple(Column(words[f"variant_short.{name}"]) for name in shares)
    return Table("variance", words["table.variance.stub"], columns, tuple(rows))


def interval_text(found: Interval | Undefined, words: Wording) -> tuple[str, ...]:
    """The interval of a standard deviation or a share as a further line of a cell; none where it is undefined."""
    if isinstance(found, Undefined) or isinstance(found.low, Undefined):
        return ()
    low = significant(found.low, 3)
    if isinstance(found.high, Undefined):
        return (words["table.models.at_least"].format(low),)
    return (span(low, significant(found.high, 3)),)
