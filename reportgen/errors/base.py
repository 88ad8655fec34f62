"""What all errors are made of: how a value is quoted, and what ends with which exit code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

MAX_SAID = 10_000  # characters of a library's message that are looked at
MAX_NAME = 200  # characters of a file's name that are shown
MAX_QUOTED = 20  # characters of a user's value that a message may repeat


def quoted(value: object) -> str:
    """A user's value for a message: printable, in quotes, at most ``MAX_QUOTED`` characters."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    return f"'{text[:MAX_QUOTED]}...'" if len(text) > MAX_QUOTED else f"'{text}'"


def printable_name(name: str | Path) -> str:
    """A file's name that can be written anywhere: no control characters, never empty, of a length that fits a line."""
    if isinstance(name, Path):
        with suppress(OSError):  # the current folder may have been removed
            name = name.name or name.resolve().name or str(name)
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(name))
    return plain if len(plain) <= MAX_NAME else f"{plain[:MAX_NAME]}..."


def said(message: str, longest: int = 120) -> str:
    """The first line of what a library said, cut where it repeats more than ``MAX_QUOTED`` characters of a value."""
    first = message.strip().split("\n", 1)[0][:MAX_SAID]
    in_quotes = re.sub(r"'([^']*)'|\"([^\"]*)\"", lambda found: quoted(found[1] or found[2] or ""), first)
    words = [f"{word[:MAX_QUOTED]}..." if len(word) > MAX_QUOTED + 5 else word for word in in_quotes.split(" ")]
    return " ".join(words)[:longest]


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


class OutputError(ReportgenError):
    """An output cannot be made here (exit code 3)."""

    exit_code = 3


class OptionError(InputError):
    """An option has a value that is not allowed."""

    def __init__(self, option: str, given: str, allowed: Sequence[str]) -> None:
        super().__init__(option, given, tuple(allowed))
        self.option, self.given, self.allowed = option, str(given), tuple(allowed)

    def __str__(self) -> str:
        near = get_close_matches(self.given, self.allowed, n=1)
        hint = f"did you mean {quoted(near[0])}? " if near else ""
        return f"{self.option}: {quoted(self.given)} is not allowed; {hint}choose from {listed(self.allowed)}"


class OptionConflict(InputError):
    """An option that is missing, or does not go with the others given."""

    def __init__(self, option: str, problem: str, allowed: str) -> None:
        super().__init__(option, problem, allowed)
        self.option, self.problem, self.allowed = option, problem, allowed

    def __str__(self) -> str:
        return f"{self.option} {self.problem}; {self.allowed}"


class UsageError(InputError):
    """A command has arguments that it does not take, or lacks one; `command` as it is called."""

    def __init__(self, command: str, problem: str) -> None:
        super().__init__(command, problem)
        self.command, self.problem = command, problem

    def __str__(self) -> str:
        return f"{self.problem}; '{self.command} --help' says what is allowed"


class LibraryMissing(ReportgenError):
    """Something needs a library that is not installed (exit code 3); `extra` of this package brings it."""

    exit_code = 3

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(what, extra)
        self.what, self.extra = what, extra

    def __str__(self) -> str:
        return f"{self.what} needs a library that is not installed: pip install 'reportgen[{self.extra}]'"
