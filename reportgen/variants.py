"""The catalogue of model variants. Data, no code.

A variant is described by what it makes of a predictor: a design column is used as it stands (``raw``), split into the
deviation from the group mean (``within``) and the group mean (``between``), or entered with its group mean beside it
(``contextual``). Adding a variant is a row here and, if its estimator is new, a function in :mod:`reportgen.estimation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reportgen.column_levels import ColumnLevel
from reportgen.fits import Role

Estimator = Literal[
    "least_squares", "absorbed", "double_demeaned", "group_means", "separate", "random_intercept", "random_slopes"
]
Condition = Literal["always", "slopes", "double_demeaning"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to use the grouping.

    Attributes
    ----------
    id : str
        Key in the result file.
    estimator : Estimator
        Which function fits it.
    both, within_only, group_level : tuple of Role
        Roles given to a design column that varies within and between groups, only within (or has no group means of its
        own), only between; an empty tuple leaves the column out.
    condition : Condition
        When it is fitted: always, where the grouping term has a slope, or where interactions demeaned twice are asked for.
    """

    id: str
    estimator: Estimator
    both: tuple[Role, ...]
    within_only: tuple[Role, ...]
    group_level: tuple[Role, ...]
    condition: Condition = "always"

    def roles(self, level: ColumnLevel) -> tuple[Role, ...]:
        """The roles this variant gives a design column."""
        if not level.varies_within:
            return self.group_level
        return self.both if level.has_means else self.within_only

    @property
    def is_mixed(self) -> bool:
        """Whether the variant has random effects."""
        return self.estimator in ("random_intercept", "random_slopes")

    @property
    def needs_products(self) -> bool:
        """Whether it takes the cross-products of single groups, not only their sum."""
        return self.estimator in ("separate", "random_slopes", "double_demeaned")


CATALOGUE: tuple[Variant, ...] = (
    Variant("pooled", "least_squares", ("raw",), ("raw",), ("group_level",)),
    Variant("no_pooling", "absorbed", ("within",), ("within",), ()),
    Variant("double_demeaned", "double_demeaned", ("within",), ("within",), (), condition="double_demeaning"),
    Variant("between", "group_means", ("between",), (), ("group_level",)),
    Variant("random_intercept", "random_intercept", ("raw",), ("raw",), ("group_level",)),
    Variant("mundlak", "random_intercept", ("raw", "contextual"), ("raw",), ("group_level",)),
    Variant("within_between", "random_intercept", ("within", "between"), ("within",), ("group_level",)),
    Variant("separate", "separate", ("within",), ("within",), ()),
    Variant("random_slope", "random_slopes", ("raw",), ("raw",), ("group_level",), condition="slopes"),
    Variant("within_between_slope", "random_slopes", ("within", "between"), ("within",), ("group_level",), condition="slopes"),
)

PARTS: dict[Role, tuple[float, float]] = {
    "intercept": (0.0, 1.0),
    "raw": (1.0, 1.0),
    "within": (1.0, 0.0),
    "between": (0.0, 1.0),
    "contextual": (0.0, 1.0),
    "group_level": (0.0, 1.0),
}
"""Which part of a design column a role keeps: (deviation from the group mean, group mean)."""

Products = Mapping[str, tuple[str, str]]
"""Interaction column to the two columns it multiplies."""


def within_products(columns: tuple[str, ...]) -> Products:
    """Which of some within-varying columns are products of two others of them, by their names ``x:z``."""
    known = set(columns)
    found: dict[str, tuple[str, str]] = {}
    for column in columns:
        cuts = [i for i, letter in enumerate(column) if letter == ":"]
        for cut in cuts:
            pair = (column[:cut], column[cut + 1 :])
            if known.issuperset(pair):
                found[column] = pair
    return found
