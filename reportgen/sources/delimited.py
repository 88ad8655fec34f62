"""Delimited text: read what is there, never shift a column.

Only an empty cell is missing, and what the user names; NA, None and nan are text. Types are told from the first block of the
file and then held: a cell that does not fit is an error with its row, never a reason to read the whole column as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reportgen.errors import BadValue, InputError, SourceUnreadable, said
from reportgen.sources.diagnosis import explain, first_bad_cell
from reportgen.sources.dialect import Dialect, read_dialect
from reportgen.sources.digests import kept_digest
from reportgen.sources.exhaustion import is_exhaustion
from reportgen.sources.source import check_known, gathered, rows_at_a_time

BLOCK_BYTES = 1 << 22
BYTE_ORDER_MARK = "\ufeff".encode()


@dataclass(frozen=True, slots=True, eq=False)
class DelimitedFile:
    """A CSV file.

    Attributes
    ----------
    name : str
        Name of the file.
    path : Path
        The file; ``.gz`` is unpacked while it is read.
    dialect : Dialect
        Delimiter, decimal mark and names of the columns.
    chunk_rows : int
        Rows of a chunk.
    missing : tuple of str
        Texts that mean "no value", as an empty cell does.
    """

    name: str
    path: Path
    dialect: Dialect
    chunk_rows: int
    missing: tuple[str, ...] = ()
    _digest: list[str] = field(default_factory=list, repr=False)
    _types: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.dialect.columns

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Types told from the first block: numbers are 64-bit floats."""
        check_known(columns, self.columns, self.name)
        unknown = [name for name in columns if name not in self._types]
        if unknown:
            with self._explained(unknown):
                schema = self._reader(unknown, {}).schema
                self._types.update({name: _held(schema.field(name).type) for name in unknown})
        return {name: self._types[name] for name in columns}

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows; columns `as_text` as they are written."""
        types = dict(self.types(columns)) | {name: pa.string() for name in as_text if name in columns}
        numbers = [name for name in columns if pa.types.is_floating(types[name])]
        flags = [name for name in columns if pa.types.is_boolean(types[name])]
        with self._explained(numbers, flags):
            file = _Quotes(self._open(), self.dialect.delimiter)
            for table in gathered(self._reader(columns, types, file), rows_at_a_time(self.chunk_rows, len(columns))):
                if any(pc.any(pc.is_nan(table.column(name))).as_py() for name in numbers):
                    raise pa.ArrowInvalid("the text nan in a column of numbers")
                yield table
            file.check()

    def sha256(self, columns: Sequence[str] = ()) -> str:  # noqa: ARG002
        """SHA-256 of the file's bytes, computed once."""
        return kept_digest(self._digest, (self.path,))

    def _open(self) -> Any:
        return pa.input_stream(str(self.path), compression="gzip" if self.path.suffix.lower() == ".gz" else None)

    def _reader(self, columns: Sequence[str], types: Mapping[str, Any], file: Any = None) -> Any:
        from pyarrow import csv

        return csv.open_csv(
            self._open() if file is None else pa.PythonFile(file, mode="r"),
            read_options=csv.ReadOptions(
                block_size=BLOCK_BYTES, column_names=list(self.dialect.names), skip_rows=0, skip_rows_after_names=1
            ),
            parse_options=csv.ParseOptions(delimiter=self.dialect.delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict(types),
                null_values=["", *self.missing],
                strings_can_be_null=True,
                include_columns=list(columns),
                decimal_point=self.dialect.decimal,
            ),
        )

    def _explained(self, numbers: Sequence[str], flags: Sequence[str] = ()) -> _Explained:
        return _Explained(self, tuple(numbers), tuple(flags))


@dataclass(frozen=True, slots=True)
class _Explained:
    """Turns what the reader says about a file into the sentence for its owner, by looking at the file again."""

    source: DelimitedFile
    numbers: tuple[str, ...]
    flags: tuple[str, ...]

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if not isinstance(error, (pa.ArrowException, OSError, UnicodeError, EOFError)) or isinstance(error, InputError):
            return
        if is_exhaustion(error):
            raise MemoryError(str(error)) from error
        explain(self.source.path, self.source.name, self.source.dialect)
        for column in (*self.numbers, *self.flags):
            bad = self._first_bad_cell(column)
            if bad is not None:
                raise bad from error
        detail = said(str(error) or type(error).__name__)
        raise SourceUnreadable(self.source.name, "", f"cannot be read ({detail})", "check that the file is complete") from error

    def _first_bad_cell(self, column: str) -> BadValue | None:
        is_flag = column in self.flags
        try:
            batches = self.source._reader([column], {column: pa.string()})
            return first_bad_cell(batches, self.source.name, column, self.source.dialect, is_flag=is_flag)
        except (pa.ArrowException, OSError):  # what the reader cannot read as text either is no matter of one cell
            return None


class _Quotes:
    """A binary file that looks at the quotes that pass through.

    A quote opens a cell, closes one or is doubled. One between two ordinary characters (``a"b``, ``"a"b``) is read in one way
    by one program and in another by the next, and an odd number means that one was left open.
    """

    def __init__(self, file: Any, delimiter: str) -> None:
        self.file = file
        self.quotes = 0
        self.closed = False
        self.is_stray = False
        self._ends = np.zeros(256, dtype=bool)
        self._ends[[ord(character) for character in (delimiter, '"', "\n", "\r")]] = True
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """Pass on some bytes."""
        data: bytes = self.file.read(size)
        found = data.count(b'"')
        self.quotes += found
        if (found or b'"' in self._last) and not self.is_stray:
            before = self._last or b"\n\n"
            self.is_stray = self._strays(before + (data if self._last else data.removeprefix(BYTE_ORDER_MARK)))
        self._last = (self._last + data[-2:])[-2:]
        return data

    def _strays(self, data: bytes) -> bool:
        """Whether a quote that has a neighbour on both sides stands between two ordinary characters."""
        characters = np.frombuffer(data, dtype=np.uint8)
        places = np.flatnonzero(characters[1:-1] == ord('"')) + 1
        return bool(np.any(~self._ends[characters[places - 1]] & ~self._ends[characters[places + 1]]))

    def check(self) -> None:
        """Raise if the quotes of the whole file cannot be right."""
        if self.is_stray or self.quotes % 2:
            raise pa.ArrowInvalid("a quote in the middle of a cell" if self.is_stray else "an odd number of quotes")

    def close(self) -> None:
        """Close the file below."""
        self.file.close()
        self.closed = True


def _held(kind: pa.DataType) -> pa.DataType:
    """The type a column keeps: any number is a 64-bit float, a column without a value yet too."""
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return pa.float64()
    return pa.string() if pa.types.is_binary(kind) else kind


def open_delimited(path: Path, name: str, chunk_rows: int, missing: tuple[str, ...] = ()) -> DelimitedFile:
    """A CSV file as a source; only its head is read here.

    Raises
    ------
    SourceUnreadable
        Not UTF-8 text, no rows, names that occur twice or are missing, rows of another length than the header.
    """
    return DelimitedFile(name, path, read_dialect(path, name), chunk_rows, missing)
