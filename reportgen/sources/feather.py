"""A Feather file (Arrow IPC): mapped into memory, only the columns needed are decoded, one batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from reportgen.sources.columnar import broken, in_types, names_once, no_rows
from reportgen.sources.digests import kept_digest
from reportgen.sources.plain_types import plain_type
from reportgen.sources.read_ahead import read_ahead
from reportgen.sources.source import check_known, gathered, rows_at_a_time


@dataclass(frozen=True, slots=True, eq=False)
class FeatherFile:
    """One Feather file.

    Attributes
    ----------
    name : str
        Name of the file.
    columns : tuple of str
        Names of the columns.
    path : Path
        Where it is.
    schema : Schema
        Its Arrow schema.
    chunk_rows : int
        Rows of a chunk.
    """

    name: str
    columns: tuple[str, ...]
    path: Path
    schema: pa.Schema
    chunk_rows: int
    _digest: list[str] = field(default_factory=list, repr=False)

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        check_known(columns, self.columns, self.name)
        return {name: plain_type(self.schema.field(name).type) for name in columns}

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:  # noqa: ARG002
        """The rows, in the types of the file."""
        types = self.types(columns)
        rows = rows_at_a_time(self.chunk_rows, len(columns))
        try:
            with _opened(self.path, [self.columns.index(name) for name in columns]) as file:
                batches = (file.get_batch(i) for i in range(file.num_record_batches))
                for table in gathered(read_ahead(batches), rows):
                    yield in_types(table.select(list(columns)), types)
        except (pa.ArrowException, OSError) as error:
            raise broken(self.name, error) from error

    def sha256(self, columns: Sequence[str] = ()) -> str:  # noqa: ARG002
        """SHA-256 of the bytes, computed once."""
        return kept_digest(self._digest, [self.path])


@contextmanager
def _opened(path: Path, fields: Sequence[int] | None = None) -> Iterator[Any]:
    """A reader of all columns, or of those of some numbers."""
    options = pa.ipc.IpcReadOptions(included_fields=None if fields is None else sorted(fields))
    with pa.memory_map(str(path)) as content, pa.ipc.open_file(content, options=options) as file:
        yield file


def open_feather(path: Path, name: str, chunk_rows: int) -> FeatherFile:
    """A Feather file as a source.

    Raises
    ------
    SourceUnreadable
        A broken file, no rows, names that occur twice.
    """
    try:
        with _opened(path) as file:
            schema = file.schema
            columns = names_once(schema.names, name)
            has_rows = any(file.get_batch(i).num_rows for i in range(file.num_record_batches))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # names are text
        raise broken(name, error) from error
    if not has_rows:
        raise no_rows(name)
    return FeatherFile(name, columns, path, schema, chunk_rows)
