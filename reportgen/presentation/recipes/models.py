"""A model as every language needs it: which columns, which group effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.fits import SeparateFit
from reportgen.presentation.recipes.names import Names
from reportgen.variants import Estimator, Variant, within_products

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

AS_THEY_STAND = ("absorbed", "double_demeaned", "group_means", "separate")
"""Estimators that make the means or the deviations themselves."""

Part = str | tuple[str, str]
"""A column, or a product of two."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes
    ----------
    estimator : Estimator
        How the catalogue says it is fitted.
    parts : tuple of Part
        Columns of its right side.
    slopes : tuple of str
        Columns whose slopes vary by group.
    has_group_intercept, is_correlated : bool
        Whether the intercept varies by group, and whether the effects of a group may be correlated.
    """

    estimator: Estimator
    parts: tuple[Part, ...]
    slopes: tuple[str, ...]
    has_group_intercept: bool
    is_correlated: bool

    @property
    def is_mixed(self) -> bool:
        """Whether it has group effects."""
        return self.estimator in ("random_intercept", "random_slopes")

    @property
    def columns(self) -> tuple[str, ...]:
        """The parts that are columns."""
        return tuple(part for part in self.parts if isinstance(part, str))

    def right_side(self, *more: str, product: str = "I({} * {})") -> str:
        """The right side of its formula; `product` has two places for the columns that are multiplied."""
        parts = [part if isinstance(part, str) else product.format(*part) for part in self.parts]
        return " + ".join([*parts, *more]) or "1"


def model(variant: Variant, analysis: Analysis, names: Names) -> Model:
    """The model of a variant."""
    grouping = analysis.formula.grouping
    has_slopes = variant.estimator == "random_slopes"
    return Model(
        estimator=variant.estimator,
        parts=_demeaned_twice(analysis, names) if variant.estimator == "double_demeaned" else _parts(variant, analysis, names),
        slopes=tuple(names.part(c, variant.both[0]) for c in analysis.design.slope_columns) if has_slopes else (),
        has_group_intercept=grouping.intercept or not has_slopes,
        is_correlated=grouping.correlated,
    )


def _parts(variant: Variant, analysis: Analysis, names: Names) -> tuple[Part, ...]:
    is_plain, own = variant.estimator in AS_THEY_STAND, analysis.fits.get(variant.id)
    left_out = own.left_out if isinstance(own, SeparateFit) else ()
    return tuple(
        names.columns[level.column] if is_plain else names.part(level.column, role)
        for level in analysis.levels[:-1]
        for role in variant.roles(level)
        if level.column not in left_out
    )


def _demeaned_twice(analysis: Analysis, names: Names) -> tuple[Part, ...]:
    """Columns, interactions as products of deviations."""
    split = tuple(level.column for level in analysis.levels[:-1] if level.varies_within)
    products = within_products(split)

    def part(column: str) -> Part:
        if column not in products:
            return names.columns[column]
        first, second = products[column]
        return names.part(first, "within"), names.part(second, "within")

    return tuple(part(column) for column in split)
