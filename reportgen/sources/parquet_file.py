"""One Parquet file: only the columns needed are read, by row groups, the next chunk while the last one is being worked on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from reportgen.sources.columnar import broken, in_types, is_text, names_once, no_rows
from reportgen.sources.digests import kept_digest
from reportgen.sources.plain_types import plain_type
from reportgen.sources.read_ahead import read_ahead
from reportgen.sources.source import check_known, gathered, rows_at_a_time

BUFFER_BYTES = 1 << 20  # read at a time of a column; else all bytes that it has in a row group are held at once


@dataclass(frozen=True, slots=True, eq=False)
class ParquetFile:
    """One Parquet file, or some of its row groups.

    Read by itself and not as a data set of one file, whose library takes longer to load than a million rows to read.

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
    group_rows : tuple of int
        Rows of each of its row groups.
    chunk_rows : int
        Rows of a chunk.
    groups : tuple of int
        Numbers of the row groups that are read.
    """

    name: str
    columns: tuple[str, ...]
    path: Path
    schema: pa.Schema
    group_rows: tuple[int, ...]
    chunk_rows: int
    groups: tuple[int, ...]
    _digest: list[str] = field(default_factory=list, repr=False)

    @property
    def n_rows(self) -> int:
        """Rows of the row groups that are read."""
        return sum(self.group_rows[i] for i in self.groups)

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        check_known(columns, self.columns, self.name)
        return {name: plain_type(self.schema.field(name).type) for name in columns}

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows; texts among the labels come as dictionaries, which are built while reading."""
        types = self.types(columns)
        labels = [name for name in columns if name in as_text and is_text(self.schema.field(name).type)]
        rows = rows_at_a_time(self.chunk_rows, len(columns))
        n_read = 0
        try:
            with _opened(self.path, labels) as file:
                batches = file.iter_batches(batch_size=rows, row_groups=list(self.groups), columns=list(columns))
                for table in gathered(read_ahead(batches), rows):
                    n_read += table.num_rows
                    # The library takes names for paths: a column "a" would bring a part of it, "a.b", along.
                    yield in_types(table.select(list(columns)), types, labels)
            if n_read != self.n_rows:  # a broken page may end the reading without a word
                raise pa.ArrowInvalid("other rows than the foot says")
        except (pa.ArrowException, OSError) as error:
            raise broken(self.name, error) from error

    def parts(self, rows: int) -> tuple[ParquetFile, ...]:
        """The file cut between its row groups into parts of about so many rows, in order; each can be read elsewhere."""
        found: list[list[int]] = [[]]
        filled = 0
        for i in self.groups:
            if filled and filled + self.group_rows[i] > rows:
                found.append([])
                filled = 0
            found[-1].append(i)
            filled += self.group_rows[i]
        return tuple(replace(self, groups=tuple(part)) for part in found)

    def sha256(self, columns: Sequence[str] = ()) -> str:  # noqa: ARG002
        """SHA-256 of the bytes, computed once."""
        return kept_digest(self._digest, [self.path])


def _opened(path: Path, labels: Sequence[str] = ()) -> Any:
    from pyarrow import parquet

    return parquet.ParquetFile(
        path,
        read_dictionary=list(labels),
        buffer_size=BUFFER_BYTES,
        pre_buffer=False,
        page_checksum_verification=True,  # where the file has them
    )


def open_parquet(path: Path, name: str, chunk_rows: int) -> ParquetFile:
    """A Parquet file as a source; only its foot is read here.

    Raises
    ------
    SourceUnreadable
        A broken file, no rows, names that occur twice.
    """
    try:
        with _opened(path) as file:
            schema, foot = file.schema_arrow, file.metadata
            names = schema.names
            group_rows = tuple(foot.row_group(i).num_rows for i in range(foot.num_row_groups))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # names are text
        raise broken(name, error) from error
    columns = names_once(names, name)
    if not sum(group_rows):
        raise no_rows(name)
    return ParquetFile(name, columns, path, schema, group_rows, chunk_rows, tuple(range(len(group_rows))))
