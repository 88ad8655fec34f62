"""Errors of the data: a source, a column, a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from unicodedata import normalize

from reportgen.errors.base import InputError, listed, quoted


class ColumnMissing(InputError):
    """A name of the formula or of an option is not a column of the data."""

    def __init__(self, name: str, available: Sequence[str], source: str) -> None:
        super().__init__(name, tuple(available), source)
        self.name, self.available, self.source = name, tuple(available), source

    def __str__(self) -> str:
        near = get_close_matches(self.name, self.available, n=1, cutoff=0.6)
        if not near:
            near = [c for c in self.available if c.casefold() == self.name.casefold()][:1]
        hint = f"did you mean {quoted(near[0])}? " if near else ""
        if any(normalize("NFKC", c) == normalize("NFKC", self.name) for c in self.available):
            hint = "a column's name looks the same but is written with other Unicode characters: copy the name from the data; "
        found = f"columns are {listed(self.available)}" if self.available else "it has no columns"
        return f"no column {quoted(self.name)} in {self.source}: {hint}{found}"


class SourceUnreadable(InputError):
    """A data source cannot be opened or read; `where` is a line or row, or empty."""

    def __init__(self, source: str, where: str, problem: str, allowed: str) -> None:
        super().__init__(source, where, problem, allowed)
        self.source, self.where, self.problem, self.allowed = source, where, problem, allowed

    def __str__(self) -> str:
        place = f"{self.source}, {self.where}" if self.where else self.source
        return f"{place}: {self.problem}; {self.allowed}"


class BadValue(InputError):
    """A cell cannot be used; `row` counts the rows of data from 1."""

    def __init__(self, source: str, column: str, row: int, value: object, problem: str, allowed: str) -> None:
        super().__init__(source, column, row, value, problem, allowed)
        self.source, self.column, self.row, self.value = source, column, row, value
        self.problem, self.allowed = problem, allowed

    def __str__(self) -> str:
        place = f"{self.source}, column {quoted(self.column)}, row {self.row}"
        return f"{place}: {self.problem}: {quoted(self.value)}; {self.allowed}"


class ColumnUnusable(InputError):
    """A column, or a term of the formula, cannot play its part with these data."""

    def __init__(self, source: str, column: str, problem: str, allowed: str) -> None:
        super().__init__(source, column, problem, allowed)
        self.source, self.column, self.problem, self.allowed = source, column, problem, allowed

    def __str__(self) -> str:
        return f"{quoted(self.column)} in {self.source}: {self.problem}; {self.allowed}"


class NoCompleteRows(InputError):
    """No row has a value in every column of the formula; `dropped` maps a column to the rows dropped for it."""

    def __init__(self, source: str, n_rows: int, dropped: Mapping[str, int]) -> None:
        super().__init__(source, n_rows, dict(dropped))
        self.source, self.n_rows, self.dropped = source, n_rows, dict(dropped)

    def __str__(self) -> str:
        reasons = ", ".join(f"{rows} without {quoted(column)}" for column, rows in self.dropped.items())
        return (
            f"{self.source}: none of its {self.n_rows} rows is complete ({reasons}); the formula needs rows with every column"
        )


class UnseenLevel(InputError):
    """New rows have a level of a factor that the fitted rows did not have."""

    def __init__(self, column: str, level: str, known: Sequence[str]) -> None:
        super().__init__(column, level, tuple(known))
        self.column, self.level, self.known = column, level, tuple(known)

    def __str__(self) -> str:
        return (
            f"factor {quoted(self.column)} has the new level {quoted(self.level)}; the fitted levels are {listed(self.known)}"
        )


class TooManyDistinct(InputError):
    """A function needs all distinct values of a column, and there are more than are held in memory.

    `call` as written, `limit` values.
    """

    def __init__(self, call: str, limit: int) -> None:
        super().__init__(call, limit)
        self.call, self.limit = call, limit

    def __str__(self) -> str:
        return (
            f"the knots of {quoted(self.call)} are quantiles of the distinct values, of which there are more than "
            f"{self.limit}: give the knots themselves, knots=[...], or use bs()"
        )


class ClusterUnreachable(InputError):
    """Nobody answers at the address of a cluster."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address

    def __str__(self) -> str:
        return f"no cluster answers at {quoted(self.address)}: give the scheduler's address, as tcp://host:8786, or 'local'"
