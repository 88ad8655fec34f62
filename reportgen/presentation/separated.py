"""Tables for machines as comma-separated text.

UTF-8, commas, a header, lines that end with a line feed, a point as the decimal mark, numbers with as many digits as it takes
to read them back exactly, nothing in the cell of an undefined number.

A text that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return, and
is not simply a number) gets an apostrophe in front; so does one that already has apostrophes before such a character, so
that :func:`restored` can take exactly one off again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reportgen.presentation.sheets import Sheet, Value

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_SPECIAL = re.compile(r'[,"\n\r]')
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SURROGATES = re.compile("[\ud800-\udfff]")


def neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    plain = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return f"'{plain}" if _FORMULA.match(plain) and not _NUMBER.fullmatch(plain) else plain


def restored(text: str) -> str:
    """The text that :func:`neutral` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def quoted(text: str) -> str:
    """A cell in quotes where it needs them: a lone carriage return does too, which the standard library leaves bare."""
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def written(value: Value) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return neutral(value) if isinstance(value, str) else repr(value)


def separated(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Columns and rows as comma-separated text."""
    lines = [",".join(quoted(neutral(column)) for column in columns)]
    lines.extend(",".join(quoted(written(value)) for value in row) for row in rows)
    return "\n".join([*lines, ""])


def csv_of(sheet: Sheet) -> str:
    """A table as comma-separated text."""
    return separated(sheet.columns, sheet.rows)
