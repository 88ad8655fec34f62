"""Two results side by side: every number, every label, and where they differ."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

TOLERANCE = 1e-9  # relative difference up to which two numbers count as the same
ROUNDING = 1e-14  # what is left of a number that is zero but for rounding
NOISE = frozenset({"discrepancy"})  # keys of numbers that are rounding and nothing else
SENTENCES = frozenset({"message", "reason", "note", "label", "formula"})  # keys of texts that are written for readers


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where a report is not what it should be.

    Attributes
    ----------
    place : str
        File, and where in it.
    given, found : str
        What stands there, and what was found instead.
    """

    place: str
    given: str
    found: str

    def __str__(self) -> str:
        return f"{self.place}: {self.given} in the report, {self.found} found"


@dataclass(frozen=True, slots=True)
class Compared:
    """Pairs of numbers compared, and the differences among them and elsewhere."""

    n_numbers: int
    differences: tuple[Difference, ...]


def compare(place: str, given: object, found: object, with_texts: bool) -> Compared:
    """Compare two trees of plain values.

    Parameters
    ----------
    place : str
        Where the trees stand, for the messages.
    given, found : object
        Lists, dictionaries, numbers, texts.
    with_texts : bool
        Whether sentences must be the same, which may change from version to version; names and labels always must.
    """
    pairs = list(_pairs(place, given, found))
    n_numbers = sum(is_number(a) and is_number(b) for _, a, b in pairs)
    differences = (Difference(where, shown(a), shown(b)) for where, a, b in pairs if not _same(where, a, b, with_texts))
    return Compared(n_numbers, tuple(differences))


def rows_of(text: str) -> list[list[str]]:
    """Rows of a table of comma-separated text, with cells of any length.

    Raises
    ------
    ValueError
        It is no such table.
    """
    previous = csv.field_size_limit(sys.maxsize)
    try:
        return [*csv.reader(StringIO(text, newline=""))]
    except csv.Error as error:
        raise ValueError(f"no table ({error})") from error
    finally:
        csv.field_size_limit(previous)


def compare_tables(name: str, given: str, found: str, with_keys: bool = False) -> Compared:
    """Compare two tables of comma-separated text, cell by cell.

    Parameters
    ----------
    name : str
        Of the table, for the messages.
    given, found : str
        The tables.
    with_keys : bool
        Whether the first cell of a row says which one it is: the order of the rows may change from version to version.
    """
    try:
        first, second = rows_of(given), rows_of(found)
    except ValueError as error:
        return Compared(0, (Difference(name, "a table", str(error)),))
    if not first or not second or first[0] != second[0]:
        return Compared(0, (Difference(f"{name}, header", shown(first[:1]), shown(second[:1])),))
    if len(first) != len(second):
        return Compared(0, (Difference(f"{name}, number of rows", str(len(first) - 1), str(len(second) - 1)),))
    if with_keys:
        second = [second[0], *_in_order(second[1:], [row[:1] for row in first[1:]])]
    n_numbers, differences = 0, []
    for number, (row, other) in enumerate(zip(first[1:], second[1:], strict=True), 1):
        if len(row) != len(other):
            differences.append(Difference(f"{name}, row {number}, number of cells", str(len(row)), str(len(other))))
            continue
        for column, a, b in zip(first[0], map(_value, row), map(_value, other), strict=True):
            n_numbers += is_number(a) and is_number(b)
            if not _same(column, a, b, with_texts=True):
                differences.append(Difference(f"{name}, row {number}, {column}", shown(a), shown(b)))
    return Compared(n_numbers, tuple(differences))


def _in_order(rows: list[list[str]], keys: list[list[str]]) -> list[list[str]]:
    """Rows in the order of their first cells in another table, as they are where these are not the same."""
    by_key = {tuple(row[:1]): row for row in rows}
    wanted = [tuple(key) for key in keys]
    return [by_key[key] for key in wanted] if len(by_key) == len(rows) and by_key.keys() == set(wanted) else rows


class _Absent:
    """Stands where one of two trees has nothing."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


def _pairs(place: str, a: object, b: object) -> Iterator[tuple[str, Any, Any]]:
    """The leaves of two trees side by side; a branch that one of them lacks is a leaf."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}):
            yield from _pairs(f"{place}.{key}" if place else str(key), a.get(key, ABSENT), b.get(key, ABSENT))
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            yield f"{place}, length", len(a), len(b)
        for i, (x, y) in enumerate(zip(a, b, strict=False), 1):
            yield from _pairs(f"{place}[{i}]", x, y)
    else:
        yield place, a, b


def _same(place: str, a: Any, b: Any, with_texts: bool) -> bool:
    if is_number(a) and is_number(b):
        if place.rsplit(".", 1)[-1] in NOISE:
            return bool(abs(a - b) <= TOLERANCE)
        return bool(a == b or abs(a - b) <= max(TOLERANCE * max(abs(a), abs(b)), ROUNDING))
    if isinstance(a, str) and isinstance(b, str) and not with_texts and place.rsplit(".", 1)[-1] in SENTENCES:
        return True
    return bool(type(a) is type(b) and a == b)


def is_number(value: object) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(cell: str) -> object:
    """The number in a cell, else its text."""
    try:
        return float(cell)
    except ValueError:
        return cell


def shown(value: object) -> str:
    """A value for a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
