"""What a design column is made of, told from our own names: the user's may look like anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportgen.formula import ModelFormula

_DUMMY = re.compile(r"(?P<factor>.+)\[T\.(?P<level>k[0-9]+)\]")
_PLAIN = re.compile(r"(?:C\()?[cf](?P<column>[0-9]+)(?:, .*)?\)?")


@dataclass(frozen=True, slots=True)
class ColumnPart:
    """One factor of a product of columns.

    Attributes
    ----------
    name : str
        As the user would write it, without the level.
    level : str
        Level that the column is one for, against the reference level; empty for numbers and other codings.
    """

    name: str
    level: str


def column_parts(coded: str, formula: ModelFormula, levels: Sequence[str]) -> tuple[ColumnPart, ...]:
    """The factors of a design column.

    Parameters
    ----------
    coded : str
        Name of the column in our own names, as ``c0:C(f1)[T.k2]``.
    formula : ModelFormula
        The formula.
    levels : sequence of str
        Level j is ``k<j>``.
    """
    parts = []
    for piece in _split(coded):
        match = _DUMMY.fullmatch(piece)
        if match is None:
            parts.append(ColumnPart(formula.shown(piece, levels), ""))
            continue
        plain = _PLAIN.fullmatch(match["factor"])
        name = formula.variables[int(plain["column"])] if plain else formula.shown(match["factor"], levels)
        parts.append(ColumnPart(name, formula.shown(match["level"], levels)))
    return tuple(parts)


def _split(coded: str) -> Iterator[str]:
    """Pieces between the colons that stand outside all brackets."""
    depth = start = 0
    for i, character in enumerate(coded):
        depth += (character in "([") - (character in ")]")
        if character == ":" and depth == 0:
            yield coded[start:i]
            start = i + 1
    yield coded[start:]
