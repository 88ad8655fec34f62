"""Parquet and Feather files, and folders of Parquet files: only the columns needed are read, in background threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from reportgen.errors import ColumnMissing, SourceUnreadable, listed
from reportgen.sources.digests import digest_of_files
from reportgen.sources.source import check_known, gathered, rows_at_a_time

READ_AHEAD = 1  # batches of a chunk's size read before they are asked for


@dataclass(frozen=True, slots=True, eq=False)
class ColumnarFiles:
    """One columnar file, or the files of a folder as one table.

    Attributes
    ----------
    name : str
        Name of the file or folder.
    columns : tuple of str
        Names of the columns.
    paths : tuple of Path
        The files, sorted by name.
    folder : Path or None
        The folder, if it is one.
    dataset : object
        The Arrow data set.
    file_format : str
        ``parquet`` or ``feather``.
    chunk_rows : int
        Rows of a chunk.
    pieces : tuple of (int, tuple of int)
        Number of a file and of its row groups: what is read of the whole; everything if empty.
    """

    name: str
    columns: tuple[str, ...]
    paths: tuple[Path, ...]
    folder: Path | None
    dataset: Any
    file_format: str
    chunk_rows: int
    pieces: tuple[tuple[int, tuple[int, ...]], ...] = ()
    _digest: list[str] = field(default_factory=list, repr=False)

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        check_known(columns, self.columns, self.name)
        return {name: _stored(self.dataset.schema.field(name).type) for name in columns}

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows, file by file; texts among the labels come as dictionaries, which are built while reading."""
        types = self.types(columns)
        if self.folder is not None and not self.pieces:
            self._check_files(columns)
        is_parquet = self.file_format == "parquet"
        labels = [name for name in columns if is_parquet and name in as_text and is_text(types[name])]
        rows = rows_at_a_time(self.chunk_rows, len(columns))
        try:
            dataset = dataset_of(self.paths, self.folder, labels) if labels else self.dataset
            batches = (_restricted(dataset, self.pieces) if self.pieces else dataset).to_batches(
                columns=list(columns), batch_size=rows, batch_readahead=READ_AHEAD, fragment_readahead=1
            )
            for table in gathered(batches, rows):
                wanted = [f if f.name in labels else f.with_type(types[f.name]) for f in table.schema]
                yield (
                    table
                    if all(f.equals(w) for f, w in zip(table.schema, wanted, strict=True))
                    else table.cast(pa.schema(wanted))
                )
        except (pa.ArrowException, OSError) as error:
            raise broken(self.name) from error

    def parts(self, rows: int) -> tuple[ColumnarFiles, ...]:
        """The source cut into parts of about so many rows, in order; each can be read elsewhere.

        A file is cut between its row groups, one of another format than Parquet not at all.
        """
        if self.folder is not None:
            self._check_files(())
        found: list[list[tuple[int, tuple[int, ...]]]] = [[]]
        filled = 0
        for number, fragment in enumerate(self.dataset.get_fragments()):
            pieces: list[tuple[tuple[int, ...], int]] = [((), fragment.count_rows())]
            if self.file_format == "parquet":
                pieces = [((group.id,), group.num_rows) for group in fragment.row_groups]
            for ids, n in pieces:
                if filled and filled + n > rows:
                    found.append([])
                    filled = 0
                last = found[-1][-1] if found[-1] else (-1, ())
                if last[0] == number:
                    found[-1][-1] = (number, last[1] + ids)
                else:
                    found[-1].append((number, ids))
                filled += n
        return tuple(replace(self, pieces=tuple(part)) for part in found)

    def sha256(self, columns: Sequence[str] = ()) -> str:  # noqa: ARG002
        """SHA-256 of the bytes, computed once."""
        if not self._digest:
            self._digest.append(digest_of_files(self.paths, self.folder))
        return self._digest[0]

    def _check_files(self, columns: Sequence[str]) -> None:
        """A column that one file of the folder lacks would be read as missing without a word."""
        partitions = set(self.dataset.partitioning.schema.names) if self.dataset.partitioning is not None else set()
        for fragment in self.dataset.get_fragments():
            for column in columns:
                if column not in partitions and column not in fragment.physical_schema.names:
                    raise ColumnMissing(column, fragment.physical_schema.names, f"{self.name}/{Path(fragment.path).name}")


def _restricted(whole: Any, pieces: Sequence[tuple[int, tuple[int, ...]]]) -> Any:
    """Some row groups of a data set as a data set."""
    from pyarrow import dataset

    fragments = list(whole.get_fragments())
    chosen = [fragments[i].subset(row_group_ids=list(ids)) if ids else fragments[i] for i, ids in pieces]
    return dataset.FileSystemDataset(chosen, whole.schema, whole.format, whole.filesystem)


def _stored(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _stored(kind.value_type), kind.ordered)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.float64() if pa.types.is_float16(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is plain text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def dataset_of(paths: Sequence[Path], folder: Path | None, labels: Sequence[str] = (), kind: str = "parquet") -> Any:
    """Files as one Arrow data set; the columns `labels` of Parquet files are read as dictionaries."""
    from pyarrow import dataset

    form: Any = kind
    if kind == "parquet":
        form = dataset.ParquetFileFormat(
            read_options=dataset.ParquetReadOptions(dictionary_columns=set(labels)),
            # Otherwise the bytes of the whole file are held in memory before the first row is there.
            default_fragment_scan_options=dataset.ParquetFragmentScanOptions(pre_buffer=False),
        )
    if folder is None:
        return dataset.dataset(str(paths[0]), format=form)
    return dataset.dataset([str(path) for path in paths], format=form, partitioning="hive", partition_base_dir=str(folder))


def broken(name: str) -> SourceUnreadable:
    """The error for a file whose bytes are not what its ending promises."""
    return SourceUnreadable(name, "", "cannot be read: it is not what its ending says, or broken", "write or copy it again")


def open_columnar(path: Path, name: str, kind: str, chunk_rows: int) -> ColumnarFiles:
    """A Parquet or Feather file, or a folder of Parquet files, as a source.

    Raises
    ------
    SourceUnreadable
        A broken file, no rows, no Parquet file in the folder, names that occur twice.
    """
    paths: tuple[Path, ...] = (path,)
    folder = None
    if path.is_dir():
        folder = path
        paths = tuple(sorted(p for p in path.rglob("*") if p.suffix in (".parquet", ".pq") and p.is_file()))
        if not paths:
            raise SourceUnreadable(name, "", "the folder has no Parquet files", "give a folder with files named *.parquet")
    try:
        dataset = dataset_of(paths, folder, kind=kind)
        n_rows = dataset.count_rows()
    except (pa.ArrowException, OSError) as error:
        raise broken(name) from error
    columns = tuple(dataset.schema.names)
    if len(set(columns)) < len(columns):
        twice = sorted({c for c in columns if columns.count(c) > 1})
        raise SourceUnreadable(name, "", f"several columns are named {listed(twice)}", "give every column its own name")
    if n_rows == 0:
        raise SourceUnreadable(name, "", "has names of columns but no rows", "give a file with data")
    return ColumnarFiles(name, columns, paths, folder, dataset, kind, chunk_rows)
