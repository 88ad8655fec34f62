"""Tables of what was asked for: bootstrap intervals, and the refit with statsmodels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.fits import LeastSquaresFit, MixedFit, Undefined
from reportgen.presentation.formatting import estimate, interval, printable, scientific
from reportgen.presentation.shown import places
from reportgen.presentation.tables import Cell, Column, Row, Table, missing
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

QUANTITIES = ("estimate", "sigma2", "psi", "std_error")


def bootstrap_table(analysis: Analysis, words: Wording) -> Table:
    """Intervals of the coefficients of the mixed models: of the page, and by parametric bootstrap."""
    rows, shared = [], places(analysis)
    for variant, found in analysis.variance.bootstrap.items():
        fit = analysis.fits[variant]
        if not isinstance(fit, MixedFit):
            continue
        shown = {(c.column, c.role): c for c in analysis.shown(fit)}
        for item in found.coefficients:
            own = shown[(item.column, item.role)]
            place = shared[own.column].beside(own.estimate, own.std_error)
            low, high = item.interval.low, item.interval.high
            ends = [end.reason for end in (low, high) if isinstance(end, Undefined)]
            if isinstance(low, Undefined) or isinstance(high, Undefined):
                cell = missing(words.issue(ends[0]))
            else:
                cell = Cell(interval(low, high, place))
            header = f"{words[f'variant_short.{variant}']}: {printable(item.column, 40)}"
            texts = estimate(own, place)
            rows.append(Row(header, (Cell(texts.value), Cell(texts.interval), cell), detail=words[f"role.{item.role}"]))
    columns = tuple(Column(words[f"table.bootstrap.{head}"]) for head in ("estimate", "model", "bootstrap"))
    return Table("bootstrap", words["table.bootstrap.stub"], columns, tuple(rows))


def agreement_table(analysis: Analysis, words: Wording) -> Table:
    """The largest gap between the figures here and those of statsmodels, by variant and quantity."""
    rows = []
    for variant, fit in analysis.fits.items():
        if isinstance(analysis.agreement, Undefined) or not isinstance(fit, LeastSquaresFit | MixedFit):
            continue
        gaps = {name: [a.gap for a in analysis.agreement if (a.variant, a.quantity) == (variant, name)] for name in QUANTITIES}
        if any(gaps.values()):
            cells = tuple(Cell(scientific(max(found), 2) if found else "") for found in gaps.values())
            rows.append(Row(words[f"variant_short.{variant}"], cells))
    columns = tuple(Column(words[f"table.agreement.{name}"]) for name in QUANTITIES)
    return Table("agreement", words["table.agreement.stub"], columns, tuple(rows))
