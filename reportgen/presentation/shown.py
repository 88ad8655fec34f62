"""Which standard errors and degrees of freedom stand beside a coefficient of the comparison, and with how many digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.compared_at import is_at_zero, multipliers
from reportgen.comparison import SlopeComparison
from reportgen.fits import Coefficient, Issue, LeastSquaresFit, MixedFit, Role, Undefined
from reportgen.presentation.formatting import Place, estimate, printable
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

LEAST_DF = 4.0  # of a cluster-robust interval (CR2), below which its level is not kept (Tipton 2015)
SAME = 1e-6  # standard errors up to which two slopes are one but for rounding
FEW_GROUPS = 20  # below, what is compared between groups is told by the model's own error


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


def preferred_robust(analysis: Analysis, variant: str, column: str, role: Role) -> Coefficient | Undefined:
    """A coefficient with its cluster-robust error CR2, where that is the one to report.

    Within groups it is where it has degrees of freedom enough; with many groups only, where groups are compared too.
    """
    found = robust_coefficient(analysis, variant, column, role)
    if is_reliable(found) and (_is_within(analysis, column, role) or analysis.moments.n_groups >= FEW_GROUPS):
        return found
    return Undefined(Issue("not_in_model", {"column": column, "variant": variant}))


def _is_within(analysis: Analysis, column: str, role: Role) -> bool:
    """Whether a coefficient compares rows of the same group only."""
    compares_groups = any(level.column == column and level.has_means for level in analysis.levels)
    return role == "within" or (role == "raw" and not compares_groups)


def robust_between(analysis: Analysis, slope: SlopeComparison) -> Coefficient | Undefined:
    """The slope of the group means with a cluster-robust error, where that is to be reported: that of the within-between model.

    The regression of the group means has none. With groups of equal size the two have the same slope; where they have not, the
    error of one says nothing of the other.
    """
    between, absent = slope.between, Undefined(Issue("not_in_model", {"column": slope.column, "variant": "within_between"}))
    if isinstance(between, Undefined):
        return absent
    found = preferred_robust(analysis, "within_between", slope.column, between.role)
    if isinstance(found, Undefined) or abs(found.estimate - between.estimate) > SAME * between.std_error:
        return absent
    return found


def is_reliable(item: Coefficient | Undefined) -> bool:
    """Whether a cluster-robust interval has degrees of freedom enough to be relied on."""
    return isinstance(item, Coefficient) and _has_interval(item) and item.df >= LEAST_DF


def drawn_robust(analysis: Analysis, variant: str, c: Coefficient) -> Coefficient | None:
    """A coefficient with the cluster-robust interval that is drawn beside the model's, if any.

    That of pooled regression is drawn on however few degrees of freedom: its model takes the rows of a group for independent.
    """
    found = robust_coefficient(analysis, variant, c.column, c.role)
    return found if isinstance(found, Coefficient) and (variant == "pooled" or is_reliable(found)) else None


def robust_lines(item: Coefficient | Undefined, place: Place, words: Wording) -> tuple[str, ...]:
    """A cluster-robust interval as a further line of a cell, with its name; none where there is none."""
    return () if isinstance(item, Undefined) else (words["table.robust_interval"].format(estimate(item, place).interval),)


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


def places_compared(analysis: Analysis, column: str, words: Wording, named: Callable[[str], str]) -> dict[str, str]:
    """Variant to where it compares groups, as "age at zero"; nothing where all variants do that at the same place.

    Parameters
    ----------
    analysis : Analysis
        With the fits.
    column : str
        Design column.
    words : Wording
        Labels.
    named : callable
        From the name of a column to how it is written.
    """
    others = multipliers(analysis.design.parts_of, analysis.levels[:-1], column)
    if not others:
        return {}
    name = named(others[0].name) if len(others) == 1 else words["place.other_predictors"]
    zero = words["place.at_reference" if any(part.level for part in others) else "place.at_zero"].format(name)
    mean = words["place.at_mean"].format(name)
    return {
        variant: zero if is_at_zero(analysis.levels[:-1], column, fit) else mean
        for variant, fit in analysis.fits.items()
        if isinstance(fit, LeastSquaresFit | MixedFit)
    }


def place_lines(analysis: Analysis, variant: str, column: str, words: Wording) -> tuple[str, ...]:
    """Where a variant compares groups as a further line of a cell; none where all variants do that at the same place."""
    found = places_compared(analysis, column, words, lambda name: printable(name, 20))
    return (found[variant],) if variant in found else ()


def group_name(analysis: Analysis, group: int, longest: int, words: Wording) -> str:
    """Name of a group, or words for one of them where none may be named."""
    name = analysis.disclosure.name(analysis.groups, group)
    return printable(name, longest) if name else words["table.influence.one_group"]
