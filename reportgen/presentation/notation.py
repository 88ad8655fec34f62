"""A variant's formula in Wilkinson notation, for tables and the result file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.column_levels import ColumnLevel
from reportgen.fits import Fit, SeparateFit
from reportgen.variants import CATALOGUE, Variant, within_products

if TYPE_CHECKING:
    from reportgen.analysis import Analysis
    from reportgen.formula import ModelFormula

PART = {
    "raw": "{}",
    "within": "within({})",
    "between": "mean({})",
    "contextual": "mean({})",
    "group_level": "{}",
}
"""How a role writes a design column: its deviation from the group mean, its group mean, or as it stands."""


def variant_formula(name: str, formula: ModelFormula, levels: tuple[ColumnLevel, ...], fit: Fit) -> str:
    """The model of a variant in Wilkinson notation.

    Parameters
    ----------
    name : str
        Id of the variant in the catalogue.
    formula : ModelFormula
        The user's formula.
    levels : tuple of ColumnLevel
        The design columns, the response last.
    fit : Fit
        The variant, for what a regression of a single group leaves out.

    Returns
    -------
    str
        ``within(x)`` is the deviation from the group mean, ``mean(x)`` the group mean.
    """
    variant = next(v for v in CATALOGUE if v.id == name)
    group = formula.grouping.name
    parts = [
        PART[role].format(level.column) if variant.estimator != "group_means" else f"mean({level.column})"
        for level in levels[:-1]
        for role in variant.roles(level)
    ]
    response = formula.response
    split = [level.column for level in levels[:-1] if level.varies_within]
    if variant.estimator == "separate":
        left_out = fit.left_out if isinstance(fit, SeparateFit) else ()
        return f"{response} ~ {' + '.join([column for column in split if column not in left_out] or ['1'])}, by {group}"
    if variant.estimator == "group_means":
        return f"mean({response}) ~ {' + '.join(parts or ['1'])}"
    if variant.estimator == "double_demeaned":
        products = within_products(tuple(split))
        parts = [":".join(PART["within"].format(name) for name in products.get(column, (column,))) for column in split]
        return f"{response} ~ {' + '.join([*parts, group])}"
    if variant.estimator == "absorbed":
        return f"{response} ~ {' + '.join([*split, group])}"
    if variant.is_mixed:
        parts = [*(parts or ["1"]), group_term(variant, formula)]
    return f"{response} ~ {' + '.join(parts or ['1'])}"


def group_term(variant: Variant, formula: ModelFormula) -> str:
    """The grouping term of a mixed variant, as ``(1 + x | g)``."""
    group = formula.grouping
    if variant.condition != "slopes":
        return f"(1 | {group.name})"
    slopes = [PART[variant.both[0]].format(slope) for slope in group.slopes]
    bar = "|" if group.correlated else "||"
    return f"({' + '.join(['1' if group.intercept else '0', *slopes])} {bar} {group.name})"


def random_slopes_term(analysis: Analysis) -> str:
    """A grouping term that lets every slope within groups differ between them, as it may stand in a formula.

    Without what regressions of single groups leave out: a slope that is multiplied by a predictor of the groups varies already.
    """
    formula, own = analysis.formula, analysis.fits.get("separate")
    left_out = own.left_out if isinstance(own, SeparateFit) else ()
    columns = [level.column for level in analysis.levels[:-1] if level.varies_within and level.column not in left_out]
    varying = {analysis.term_of[column] for column in columns}
    written = (":".join(formula.shown(code, ticks=True) for code in term) for term in formula.coded.terms)
    slopes = [text for name, text in zip(formula.terms, written, strict=True) if name in varying]
    group = ":".join(formula.shown(f"c{formula.variables.index(name)}", ticks=True) for name in formula.grouping.columns)
    return f"({' + '.join(['1', *slopes])} | {group})"
