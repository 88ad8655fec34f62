"""How numbers are written in a language: marks and the few words between them, for as long as a report is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """Marks of a language; the table ``[numbers]`` of its ``labels.toml``. Without any, those of English.

    Attributes
    ----------
    decimal : str
        Between units and tenths.
    thousands : str
        Between thousands, from 10,000 on.
    separator : str
        Between numbers in a row.
    percent : str
        A percentage, with ``{}`` for its number; `below` and `above` say that a share is less or more than one.
    range : str
        From one number to another: a word keeps apart what a dash would join to a minus sign.
    """

    decimal: str = "."
    thousands: str = "\N{NARROW NO-BREAK SPACE}"
    separator: str = ", "
    percent: str = "{}%"
    below: str = "less than {}"
    above: str = "more than {}"
    range: str = "{} to {}"

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> NumberStyle:
        """That of a catalogue of labels."""
        return cls(**{field.name: labels[f"numbers.{field.name}"] for field in fields(cls)})

    def marked(self, text: str) -> str:
        """A number written with a point, with the mark of this language."""
        return text.replace(".", self.decimal)


PLAIN_NUMBERS = NumberStyle()
"""What files for machines are written with."""

_current: ContextVar[NumberStyle] = ContextVar("number_style", default=PLAIN_NUMBERS)


def current_style() -> NumberStyle:
    """The style in which numbers are written now."""
    return _current.get()


@contextmanager
def number_style(style: NumberStyle) -> Iterator[None]:
    """Write numbers in a style for a while: it belongs to the report being made, not to the functions that make its parts."""
    token = _current.set(style)
    try:
        yield
    finally:
        _current.reset(token)
