"""Which standard errors and degrees of freedom stand beside a coefficient of the comparison, and with how many digits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reportgen.comparison import SlopeComparison
from reportgen.fits import Coefficient, Issue, LeastSquaresFit, MixedFit, Role, Undefined
from reportgen.presentation.formatting import Place, printable
from reportgen.presentation.wording import Wording

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


def robust_coefficient(analysis: Analysis, variant: str, column: str, *roles: Role) -> Coefficient | Undefined:
    """A coefficient of a variant with its cluster-robust error CR2, where that gives an interval."""
    absent = Undefined(Issue("not_in_model", {"column": column, "variant": variant}))
    fit = analysis.fits[variant]
    if not isinstance(fit, LeastSquaresFit | MixedFit):
        return absent
    listed = next((errors.coefficients for errors in fit.robust if errors.method == "CR2"), ())
    found = next((item for item in listed if item.column == column and item.role in roles), None)
    return found if found is not None and _has_interval(found) else absent


def _has_interval(item: Coefficient) -> bool:
    numbers = (item.std_error, item.df, item.p_value, item.conf_low, item.conf_high)
    return all(not isinstance(number, Undefined) and math.isfinite(number) for number in numbers)


def places(analysis: Analysis) -> dict[str, Place]:
    """Where the estimates of each design column are cut off, the same in every model, sentence and table."""
    found: dict[str, list[tuple[float, float]]] = {level.column: [] for level in analysis.levels[:-1]}
    for fit in analysis.fits.values():
        if isinstance(fit, LeastSquaresFit | MixedFit):
            for c in analysis.shown(fit):
                found.setdefault(c.column, []).append((c.estimate, c.std_error))
    return {column: Place.shared(estimates) for column, estimates in found.items()}


def group_name(analysis: Analysis, group: int, longest: int, words: Wording) -> str:
    """Name of a group, or words for one of them where none may be named."""
    name = analysis.disclosure.name(analysis.groups, group)
    return printable(name, longest) if name else words["table.influence.one_group"]
