"""Parquet and Feather files, and folders of Parquet files: only the columns needed are read, in background threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from reportgen.errors import ColumnMissing, SourceUnreadable, listed
from reportgen.sources.digests import digest_of_files
from reportgen.sources.source import check_known, gathered

READ_AHEAD = 2  # batches of a chunk's size read before they are asked for


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
    """

    name: str
    columns: tuple[str, ...]
    paths: tuple[Path, ...]
    folder: Path | None
    dataset: Any
    file_format: str
    chunk_rows: int
    _digest: list[str] = field(default_factory=list, repr=False)

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        check_known(columns, self.columns, self.name)
        return {name: _stored(self.dataset.schema.field(name).type) for name in columns}

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows, file by file; texts among the labels come as dictionaries, which are built while reading."""
        types = self.types(columns)
        if self.folder is not None:
            self._check_files(columns)
        is_parquet = self.file_format == "parquet"
        labels = [name for name in columns if is_parquet and name in as_text and is_text(types[name])]
        try:
            dataset = dataset_of(self.paths, self.folder, labels) if labels else self.dataset
            batches = dataset.to_batches(
                columns=list(columns), batch_size=self.chunk_rows, batch_readahead=READ_AHEAD, fragment_readahead=1
            )
            for table in gathered(batches, self.chunk_rows):
                wanted = [f if f.name in labels else f.with_type(types[f.name]) for f in table.schema]
                yield (
                    table
                    if all(f.equals(w) for f, w in zip(table.schema, wanted, strict=True))
                    else table.cast(pa.schema(wanted))
                )
        except (pa.ArrowException, OSError) as error:
            raise broken(self.name) from error

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
