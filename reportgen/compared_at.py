"""At which value of a predictor of the rows groups are compared, where a product of the two has no slope between groups.

With time x treatment in a model as it stands, the coefficient of the treatment is the difference at time zero. Where the
product is measured from its group means, or is not there at all, it is the difference at the mean time.
"""

from __future__ import annotations

from collections.abc import Mapping

from reportgen.column_levels import ColumnLevel
from reportgen.design.parts import ColumnPart
from reportgen.fits import ModelFit, coefficient


def products_of(levels: tuple[ColumnLevel, ...], column: str) -> tuple[str, ...]:
    """Products of a predictor of the groups whose group means follow from it.

    Parameters
    ----------
    levels : tuple of ColumnLevel
        Of the predictors.
    column : str
        Design column that is constant within groups.
    """
    return tuple(level.column for level in levels if column in level.means_aliased_with)


def multipliers(
    parts_of: Mapping[str, tuple[ColumnPart, ...]], levels: tuple[ColumnLevel, ...], column: str
) -> tuple[ColumnPart, ...]:
    """What a predictor of the groups is multiplied by in these products, each once.

    Parameters
    ----------
    parts_of : mapping
        Design column to what it is a product of.
    levels, column
        As in :func:`products_of`.
    """
    own = parts_of[column]
    found = (part for product in products_of(levels, column) for part in parts_of[product] if part not in own)
    return tuple(dict.fromkeys(found))


def is_at_zero(levels: tuple[ColumnLevel, ...], column: str, fit: ModelFit) -> bool:
    """Whether the coefficient of a predictor of the groups holds where what multiplies it is zero, rather than at its mean."""
    return any(coefficient(fit, product, "raw") for product in products_of(levels, column))
