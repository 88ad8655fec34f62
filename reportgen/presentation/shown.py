"""Which standard errors and degrees of freedom stand beside a coefficient of the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.comparison import SlopeComparison
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, Undefined

if TYPE_CHECKING:
    from reportgen.analysis import Analysis


def shown_contextual(analysis: Analysis, slope: SlopeComparison) -> Coefficient | Undefined:
    """The contextual effect with the errors that the report shows first."""
    if isinstance(slope.contextual, Undefined):
        return slope.contextual
    return shown_coefficient(analysis, "mundlak", slope.contextual)


def shown_coefficient(analysis: Analysis, variant: str, item: Coefficient) -> Coefficient:
    """A coefficient of a variant with the errors that the report shows first."""
    fit = analysis.fits[variant]
    if not isinstance(fit, LeastSquaresFit | MixedFit):
        return item
    return next((c for c in analysis.shown(fit) if (c.column, c.role) == (item.column, item.role)), item)
