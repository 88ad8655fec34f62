"""What is wrong with a text file that the fast reader could not read: the slow second look, only taken after a failure."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import Any

from reportgen.errors import BadValue, SourceUnreadable
from reportgen.sources.dialect import Dialect, encoding_problem, open_text

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.IGNORECASE)

BLANKS = " \t"  # that may stand around a number; others, as the no-break space, make it a text to the fast reader
_FLAGS = frozenset({"true", "false", "1", "0"})
MISSING_MARKS = frozenset({"na", "n/a", "#n/a", "nan", "null", "none", ".", "-", "?", "missing"})  # of programs, not of ours


def explain(path: Path, name: str, dialect: Dialect) -> None:
    """Raise the error for the first line that is not a row like the header; return if every line is.

    Raises
    ------
    SourceUnreadable
        A row with too many or too few fields, a quote left open, bytes that are not UTF-8, a file cut short.
    """
    line = 0
    expected = len(dialect.names)
    previous = csv.field_size_limit(1 << 30)
    try:
        with open_text(path) as file:
            reader = csv.reader(file, delimiter=dialect.delimiter, strict=False)
            start = 1
            for row in reader:
                line = start
                start = reader.line_num + 1
                if row and len(row) != expected:
                    _refuse_width(name, line, len(row), expected)
            _refuse_open_quote(path, name, dialect)
            _refuse_stray_quote(path, name, dialect)
    except UnicodeDecodeError as error:
        raise encoding_problem(name, 0, error) from error
    except (OSError, EOFError, zlib.error) as error:
        raise SourceUnreadable(name, f"after line {line}", "the file is cut short or broken", "copy it again") from error
    except csv.Error as error:
        raise SourceUnreadable(name, f"line {line + 1}", f"cannot be read ({error})", "check the quotes there") from error
    finally:
        csv.field_size_limit(previous)


def _refuse_width(name: str, line: int, width: int, expected: int) -> None:
    problem = f"has {width} {'field' if width == 1 else 'fields'}, the header has {expected}"
    allowed = "give every row as many fields as the header"
    if width == expected + 1:
        allowed += "; a delimiter at the end of a row makes one field too many"
    raise SourceUnreadable(name, f"line {line}", problem, allowed)


def _refuse_open_quote(path: Path, name: str, dialect: Dialect) -> None:
    start = 1
    try:
        with open_text(path) as file:
            reader = csv.reader(file, delimiter=dialect.delimiter, strict=True)
            for _ in reader:
                start = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise SourceUnreadable(name, f"line {start}", "a quote is left open", "close it") from error


def _refuse_stray_quote(path: Path, name: str, dialect: Dialect) -> None:
    """Raise for the first quote between two ordinary characters, or in a cell that does not begin with one."""
    mark = re.escape(dialect.delimiter)
    stray = re.compile(rf'[^{mark}"]"[^{mark}"]|(?:^|{mark})[^{mark}"]+"')
    with open_text(path) as file:
        for line, text in enumerate(file, 1):
            if stray.search(text.rstrip("\r\n")):
                allowed = "put the whole cell between quotes and double the quotes inside"
                raise SourceUnreadable(name, f"line {line}", "a quote stands in the middle of a cell", allowed)


def is_number(text: str, decimal: str = ".") -> bool:
    """Whether a cell reads as a number (an infinite one included)."""
    plain = text.strip(BLANKS)
    return _NUMBER.fullmatch(plain.replace(decimal, ".") if decimal != "." else plain) is not None


def allowed_numbers(value: str) -> str:
    """What a cell of a column of numbers may be, for the one that stands there."""
    if "," in value and is_number(value, ","):
        return "write a decimal point; commas are read where every number of a file with semicolons, tabs or bars has one"
    if value.strip(BLANKS).casefold() in MISSING_MARKS:
        return f"only an empty cell is a missing value: empty these cells, or say that they are with --missing {quote(value)}"
    return "every cell must be a number or empty; for a factor write C(column)"


def first_bad_cell(
    batches: Iterable[Any], name: str, column: str, dialect: Dialect, *, is_flag: bool = False
) -> BadValue | None:
    """The error for the first cell of a column that is not a number, or not true or false; None if all are."""
    row = 0
    kind = "true and false" if is_flag else "numbers"
    for batch in batches:
        for value in batch.column(0).to_pylist():
            row += 1
            fits = value is None or (value.strip().lower() in _FLAGS if is_flag else is_number(value, dialect.decimal))
            if not fits:
                allowed = "every cell must be true, false or empty; for a factor write C(column)"
                allowed = allowed if is_flag else allowed_numbers(value)
                return BadValue(name, column, row, value, f"text in a column of {kind}", allowed)
    return None
