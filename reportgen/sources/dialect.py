"""Delimiter, decimal mark and header of a text file, told from its head."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reportgen.errors import SourceUnreadable, listed, quoted

HEAD_CHARACTERS = 1 << 18
FIRST_LINES = 8  # that tell the delimiter
DELIMITERS = (",", ";", "\t", "|")

_COMMA_NUMBER = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")
_SMALL = re.compile(r"\s*[+-]?\d{1,3}\s*")
_LARGE = re.compile(r"\s*[+-]?\d{4,}\s*")
_POINT_NUMBER = re.compile(r"\s*[+-]?\d*\.\d+(?:[eE][+-]?\d+)?\s*")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file is written.

    Attributes
    ----------
    delimiter, decimal : str
        Between cells, and inside numbers.
    names : tuple of str
        The header, one name a field; a field without a name has a made-up one, so that columns keep their place.
    columns : tuple of str
        The names that can be asked for.
    """

    delimiter: str
    decimal: str
    names: tuple[str, ...]
    columns: tuple[str, ...]


def open_text(path: Path) -> IO[str]:
    """The file as UTF-8 text, unpacked if it ends in ``.gz``, a byte order mark left out."""
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open("r", encoding="utf-8-sig", newline="")


def encoding_problem(name: str, line: int, error: UnicodeDecodeError) -> SourceUnreadable:
    """The error for bytes that are not UTF-8."""
    where = f"line {line}" if line else ""
    byte = error.object[error.start]
    hint = "save the file as UTF-8 (it may be Latin-1, Windows-1252 or UTF-16 now)"
    return SourceUnreadable(name, where, f"is not UTF-8 text (byte {byte:#04x})", hint)


def read_dialect(path: Path, name: str) -> Dialect:
    """Tell how a file is written.

    Raises
    ------
    SourceUnreadable
        Not text, no rows, names that occur twice or are missing.
    """
    head = _head(path, name)
    lines = head.splitlines()
    first = "\n".join(lines[:FIRST_LINES])
    delimiter = max(DELIMITERS, key=lambda mark: (*_widths(first, mark), mark == ","))
    rows = list(_rows(head, delimiter))
    if not rows or not any(rows[0]):
        raise SourceUnreadable(name, "", "has no header", "put the names of the columns in the first line")
    if len(rows) < 2:
        raise SourceUnreadable(name, "", "has names of columns but no rows", "give a file with data")
    _refuse_title(name, rows)
    cells = [cell for row in rows[1:] for cell in row] if delimiter != "," else []
    comma = any(_COMMA_NUMBER.fullmatch(cell) for cell in cells) and not any(_POINT_NUMBER.fullmatch(cell) for cell in cells)
    if not lines[0].strip():
        raise SourceUnreadable(name, "line 1", "is blank", "put the names of the columns in the first line")
    if comma or delimiter == ";":  # where whole numbers may be written with marks of the same look
        _refuse_thousands(name, rows, "," if comma else ".")
    return _with_names(name, delimiter, "," if comma else ".", [cell.strip() for cell in rows[0]])


def _refuse_title(source: str, rows: list[list[str]]) -> None:
    """Raise if the first row is too short for a header: one field less may be a delimiter at the end of the others."""
    width, following = len(rows[0]), len(rows[1])
    if rows[0][0].lower().startswith("sep="):
        problem = "names the delimiter for a spreadsheet program"
        raise SourceUnreadable(source, "line 1", problem, "remove it: the delimiter is told from the data")
    if (width == 1 and following > 1) or width < following - 1:
        fields = "1 field" if width == 1 else f"{width} fields"
        problem = f"has {fields} but line 2 has {following}: it looks like a title"
        raise SourceUnreadable(source, "line 1", problem, "put the names of the columns in the first line")


def _refuse_thousands(source: str, rows: list[list[str]], mark: str) -> None:
    """Raise if every mark of a decimal can be one of thousands, and small whole numbers stand beside: 950 and 1,234."""
    thousands = re.compile(rf"\s*[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+\s*")
    number = _COMMA_NUMBER if mark == "," else _POINT_NUMBER
    body = rows[1:]
    if not all(thousands.fullmatch(cell) for row in body for cell in row if mark in cell and number.fullmatch(cell)):
        return
    for i, column in enumerate(rows[0]):
        cells = [row[i] for row in body if len(row) > i]
        marked = next((cell.strip() for cell in cells if thousands.fullmatch(cell)), "")
        if marked and any(_SMALL.fullmatch(cell) for cell in cells) and not any(_LARGE.fullmatch(cell) for cell in cells):
            problem = f"{quoted(marked)} stands beside whole numbers below 1000: it looks like a mark of thousands"
            allowed = "leave marks of thousands out, or write every number with as many decimals"
            raise SourceUnreadable(source, f"column {quoted(column.strip())}", problem, allowed)


def _with_names(source: str, delimiter: str, decimal: str, header: list[str]) -> Dialect:
    given = [cell for cell in header if cell]
    twice = sorted({cell for cell in given if given.count(cell) > 1}) if len(set(given)) < len(given) else []
    if twice:
        raise SourceUnreadable(source, "line 1", f"several columns are named {listed(twice)}", "give every column its own name")
    nameless = len(header) - len(given)
    if nameless > 1:
        raise SourceUnreadable(source, "line 1", f"{nameless} columns have no name", "name every column in the first line")
    names = tuple(cell or "\x00nameless" for cell in header)  # a control character cannot be asked for in a formula
    return Dialect(delimiter, decimal, names, tuple(given))


def _head(path: Path, name: str) -> str:
    raw = b""
    try:
        with (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rb") as file:
            raw = file.read(HEAD_CHARACTERS)
            is_whole = not file.read(1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceUnreadable(name, "", "cannot be unpacked", "check that the .gz file is complete") from error
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw:
        raise SourceUnreadable(name, "", "is not UTF-8 text", "save the file as UTF-8 (it may be UTF-16 or not a text file)")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not is_whole and len(raw) - error.start < 4:  # the head ends within a character
            return raw[: error.start].decode("utf-8-sig")
        raise encoding_problem(name, raw[: error.start].count(b"\n") + 1, error) from error


def _rows(head: str, delimiter: str) -> list[list[str]]:
    """Rows of the head; the last one, which may be cut, is left out of a long file."""
    previous = csv.field_size_limit(HEAD_CHARACTERS)
    try:
        rows = [row for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(previous)
    return rows[:-1] if len(head) >= HEAD_CHARACTERS - 4 and len(rows) > 2 else rows


def _widths(head: str, delimiter: str) -> tuple[bool, bool, int, int]:
    """What tells for a delimiter: all lines are as wide as the header, which has no quotes left in it; two widths.

    The widths are those of the header and of the line after it.
    """
    rows = _rows(head, delimiter)
    widths = [len(row) for row in rows]
    whole = widths[:-1] if len(widths) > 2 else widths  # the last one may be cut within quotes
    header, following = [*widths, 0, 0][:2]
    is_clean = not any('"' in cell for row in rows[:1] for cell in row)
    return header > 1 and set(whole) == {header}, is_clean, header, following
