"""What a column is by its type and its place in the formula: numbers, a factor, texts to compare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from reportgen.design.factors import is_plain_number
from reportgen.errors import BadValue, ColumnUnusable
from reportgen.formula import ModelFormula
from reportgen.sources import Source
from reportgen.sources.diagnosis import allowed_numbers

_PLAIN = re.compile(r"c([0-9]+)")


@dataclass(frozen=True, slots=True)
class Kinds:
    """Columns by what they are.

    Attributes
    ----------
    factors : frozenset of str
        Coded by level.
    guessed : frozenset of str
        Of these, the ones that are factors only because they hold text.
    texts : frozenset of str
        Compared with a text.
    ordered : frozenset of str
        Columns of a categorical type: their levels have an order of their own.
    """

    factors: frozenset[str]
    guessed: frozenset[str]
    texts: frozenset[str]
    ordered: frozenset[str]


def column_kinds(formula: ModelFormula, source: Source, weights: str) -> Kinds:
    """Tell what every column of a formula is.

    Raises
    ------
    BadValue, ColumnUnusable
        Text, dates or nested values where numbers are needed.
    """
    names, coded = formula.variables, formula.coded
    types = source.types(tuple(dict.fromkeys([*names, *([weights] if weights else [])])))
    explicit = {names[i] for i in coded.factors}
    texts = {names[i] for i in coded.compared}
    plain = {names[int(m[1])] for term in coded.terms for code in term if (m := _PLAIN.fullmatch(code))}
    guessed = {name for name in plain if _is_text(types[name])}
    numeric = {names[i] for i in coded.computed} | (plain - guessed) | ({weights} if weights else set())
    match = _PLAIN.fullmatch(coded.response)
    numeric |= {names[int(match[1])]} if match else set()
    for name in names if not weights else (*names, weights):
        if name in numeric:
            _check_numbers(source, name, types[name])
    for name in sorted(texts - numeric):
        if not _is_text(types[name]):
            raise ColumnUnusable(source.name, name, "is compared with a text but holds no text", "compare it with a number")
    for name in sorted((explicit | set(formula.grouping.columns)) - guessed - numeric):
        if pa.types.is_nested(types[name]):
            raise ColumnUnusable(source.name, name, "holds lists or records", "give one value a cell")
    if texts & numeric:
        name = min(texts & numeric)
        raise ColumnUnusable(source.name, name, "is used as text and as numbers", "keep one of the two")
    ordered = frozenset(name for name in names if pa.types.is_dictionary(types[name]))
    return Kinds(frozenset(explicit | guessed), frozenset(guessed), frozenset(texts), ordered)


def _is_text(kind: Any) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_dictionary(kind) or pa.types.is_string(value) or pa.types.is_large_string(value))


def _check_numbers(source: Source, name: str, kind: Any) -> None:
    """Raise unless a column of this type holds numbers."""
    of_numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    if any(test(kind) for test in of_numbers):
        return
    if pa.types.is_temporal(kind):
        raise ColumnUnusable(source.name, name, "holds dates or times, not numbers", "make a column of numbers of it, as years")
    if not _is_text(kind):
        raise ColumnUnusable(source.name, name, f"holds {kind}, not numbers", "give a column of numbers")
    bad = first_text(source, name)
    if bad is not None:
        raise bad
    raise ColumnUnusable(source.name, name, "holds numbers written as text", "convert it to numbers")


def first_text(source: Source, name: str) -> BadValue | None:
    """The error for the first cell of a text column that is not a number; None if every one is."""
    start = 0
    for chunk in source.chunks([name]):
        for row, value in enumerate(chunk.column(0).to_pylist(), start + 1):
            if value is not None and value != "" and not is_plain_number(str(value)):
                return BadValue(source.name, name, row, value, "text in a column of numbers", allowed_numbers(str(value)))
        start += chunk.num_rows
    return None
