"""Names for columns that are valid in R, Stata and Python, and stand for one thing only."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.fits import Role
from reportgen.presentation.formatting import printable

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,22}")
"""Valid everywhere, with a suffix below the 32 characters of Stata."""

RESERVED = frozenset(keyword.kwlist) | frozenset(
    [
        *("repeat", "function", "next", "break", "TRUE", "FALSE", "NULL", "Inf", "NaN", "NA"),  # R
        *("byte", "double", "float", "int", "long", "strL", "using"),  # Stata
        *("C", "I", "Q", "X", "T", "F", "d", "np", "smf", "group_id", "first"),  # functions, and what the lines use
    ]
)
"""What no column can be called in the code."""

SUFFIXES = {"within": "_within", "between": "_mean", "contextual": "_mean"}


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the columns in the code.

    Attributes
    ----------
    response, group, weights : str
        Names in the code; `weights` is empty without prior weights.
    columns : dict
        Design column to its name.
    split : tuple of str
        Names of the columns that vary within groups: they get a mean and a deviation.
    terms : tuple of str
        Fixed terms as written.
    source_response, source_weights : str
        As in the formula and in the data.
    group_columns : tuple of str
        Columns of the data that make the groups.
    parts : mapping
        Design column to the factors of the product that it is: name and level, which is empty for numbers.
    """

    response: str
    group: str
    weights: str
    columns: dict[str, str]
    split: tuple[str, ...]
    terms: tuple[str, ...]
    source_response: str
    source_weights: str
    group_columns: tuple[str, ...]
    parts: Mapping[str, tuple[tuple[str, str], ...]]

    def part(self, column: str, role: Role) -> str:
        """Name of what a role keeps of a column."""
        return self.columns[column] + SUFFIXES.get(role, "")

    @property
    def aliases(self) -> tuple[tuple[int, str, str], ...]:
        """Number (from 1), design column and name of those that are not columns of the data under that name."""
        return tuple((i, column, name) for i, (column, name) in enumerate(self.columns.items(), 1) if column != name)


def names_of(analysis: Analysis) -> Names:
    """Names that are valid everywhere: a plain name stays, anything else becomes y, g, w, x1, x2."""
    formula = analysis.formula
    taken = {*formula.variables, analysis.options.weights} - {""}
    columns: dict[str, str] = {}
    for i, level in enumerate(analysis.levels[:-1], 1):
        is_source = level.column in formula.variables
        columns[level.column] = _name(level.column, f"x{i}", taken - {level.column} if is_source else taken)
        taken |= _with_parts(columns[level.column])
    weights = analysis.options.weights
    return Names(
        response=_name(formula.response, "y", taken - {formula.response}),
        group=_name(formula.grouping.name, "g", taken - {formula.grouping.name}),
        weights=_name(weights, "w", taken - {weights}) if weights else "",
        columns=columns,
        split=tuple(columns[level.column] for level in analysis.levels[:-1] if level.varies_within),
        terms=tuple(printable(formula.shown(":".join(term), ticks=True)) for term in formula.coded.terms) or ("1",),
        source_response=printable(formula.shown(formula.coded.response, ticks=True)),
        source_weights=printable(weights) if weights else "",
        group_columns=tuple(printable(column) for column in formula.grouping.columns),
        parts={column: tuple((part.name, part.level) for part in parts) for column, parts in analysis.design.parts_of.items()},
    )


def _name(column: str, short: str, taken: Collection[str]) -> str:
    """A name for a column: its own where that is valid and means nothing else, else a short one that is free."""
    if IDENTIFIER.fullmatch(column) and column not in RESERVED and not _with_parts(column) & set(taken):
        return column
    name = short
    while _with_parts(name) & set(taken):
        name += "_"
    return name


def _with_parts(name: str) -> set[str]:
    return {name, f"{name}_mean", f"{name}_within"}


def quoted(names: Sequence[str]) -> str:
    """Names in quotes, separated by commas."""
    return ", ".join(f'"{name}"' for name in names)
