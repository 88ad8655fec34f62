"""Errors a user can mend.

Every error carries its data as attributes; the sentence is made in ``__str__`` and says what was given, where, and what is
allowed. The command line prints that sentence and ends with :attr:`ReportgenError.exit_code`; a traceback is never shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

MAX_QUOTED = 20  # characters of a user's value that a message may repeat


def quoted(value: object) -> str:
    """A user's value for a message: printable, in quotes, at most ``MAX_QUOTED`` characters."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    return f"'{text[:MAX_QUOTED]}...'" if len(text) > MAX_QUOTED + 3 else f"'{text}'"


def listed(names: Sequence[str], limit: int = 8) -> str:
    """Names in quotes, separated by commas; what exceeds `limit` is counted."""
    shown = ", ".join(quoted(name) for name in names[:limit])
    rest = len(names) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown


class ReportgenError(Exception):
    """Root of the tree. `exit_code` is what the command line ends with."""

    exit_code = 2


class InputError(ReportgenError):
    """The formula, the data or an option is wrong (exit code 2)."""


class FormulaError(InputError):
    """The formula cannot be read, or asks for something that is not allowed.

    Parameters
    ----------
    text : str
        The formula as given.
    position : int
        Offset of the first offending character in `text`.
    problem : str
        What is wrong there.
    allowed : str
        What would be right.
    """

    def __init__(self, text: str, position: int, problem: str, allowed: str) -> None:
        super().__init__(text, position, problem, allowed)
        self.text, self.position, self.problem, self.allowed = text, position, problem, allowed

    def __str__(self) -> str:
        start = max(0, self.position - 60)
        window = "".join(c if c.isprintable() else " " for c in self.text[start : self.position + 60])
        caret = " " * (self.position - start) + "^"
        return f"formula, character {self.position + 1}: {self.problem}; {self.allowed}\n  {window}\n  {caret}"


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
        return f"no column {quoted(self.name)} in {self.source}: {hint}columns are {listed(self.available)}"
