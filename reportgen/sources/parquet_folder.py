"""A folder of Parquet files as one table: only the columns needed are read, in background threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from reportgen.errors import ColumnMissing, SourceUnreadable, quoted
from reportgen.sources.columnar import broken, in_types, is_text, names_once, no_rows
from reportgen.sources.digests import kept_digest
from reportgen.sources.plain_types import plain_type
from reportgen.sources.source import check_known, gathered, rows_at_a_time

READ_AHEAD = 1  # batches of a chunk's size read before they are asked for
MOST_WITHOUT = 10_000  # files and folders that are looked at before the first Parquet file is found
WITH_PARQUET = "give a folder with files named *.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class ParquetFolder:
    """The Parquet files of a folder as one table.

    Attributes
    ----------
    name : str
        Name of the folder.
    columns : tuple of str
        Names of the columns.
    paths : tuple of Path
        The files, sorted by name.
    folder : Path
        The folder.
    dataset : object
        The Arrow data set.
    chunk_rows : int
        Rows of a chunk.
    pieces : tuple of (int, tuple of int)
        Number of a file and of its row groups: what is read of the whole; everything if empty.
    keys : tuple of str
        Columns that stand in the names of the folders, as ``key=value``.
    """

    name: str
    columns: tuple[str, ...]
    paths: tuple[Path, ...]
    folder: Path
    dataset: Any
    chunk_rows: int
    pieces: tuple[tuple[int, tuple[int, ...]], ...] = ()
    keys: tuple[str, ...] = ()
    _digest: list[str] = field(default_factory=list, repr=False)

    @property
    def n_rows(self) -> int:
        """Rows of all files together."""
        return int(self.dataset.count_rows())

    def types(self, columns: Sequence[str]) -> Mapping[str, pa.DataType]:
        """Arrow types of some columns."""
        check_known(columns, self.columns, self.name)
        return {name: plain_type(self.dataset.schema.field(name).type) for name in columns}

    def chunks(self, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        """The rows, file by file; texts among the labels come as dictionaries, which are built while reading."""
        types = dict(self.types(columns))
        self._check_files(columns, as_text)
        labels = [
            name
            for name in columns
            if name in as_text and name not in self.keys and is_text(self.dataset.schema.field(name).type)
        ]
        written = [name for name in columns if name in as_text and name in self.keys]  # 01 in a folder's name is not 1
        types |= dict.fromkeys(written, pa.string())
        rows = rows_at_a_time(self.chunk_rows, len(columns))
        try:
            dataset = self._as_labels(labels, written) if labels or written else self.dataset
            batches = (_restricted(dataset, self.pieces) if self.pieces else dataset).to_batches(
                columns=list(columns), batch_size=rows, batch_readahead=READ_AHEAD, fragment_readahead=1
            )
            for table in gathered(batches, rows):
                yield in_types(table, types, labels)
        except (pa.ArrowException, OSError) as error:
            raise broken(self.name, error) from error

    def parts(self, rows: int) -> tuple[ParquetFolder, ...]:
        """The folder cut between row groups into parts of about so many rows, in order; each can be read elsewhere."""
        found: list[list[tuple[int, tuple[int, ...]]]] = [[]]
        filled = 0
        for number, fragment in enumerate(self.dataset.get_fragments()):
            for group in fragment.row_groups:
                if filled and filled + group.num_rows > rows:
                    found.append([])
                    filled = 0
                last = found[-1][-1] if found[-1] else (-1, ())
                if last[0] == number:
                    found[-1][-1] = (number, (*last[1], group.id))
                else:
                    found[-1].append((number, (group.id,)))
                filled += group.num_rows
        return tuple(replace(self, pieces=tuple(part)) for part in found)

    def sha256(self, columns: Sequence[str] = ()) -> str:  # noqa: ARG002
        """SHA-256 of the bytes, computed once."""
        return kept_digest(self._digest, self.paths, self.folder)

    def _as_labels(self, labels: Sequence[str], written: Sequence[str]) -> Any:
        """The data set with the columns `labels` as dictionaries, and `written` as they stand in the folders' names."""
        types = dict.fromkeys(written, pa.string()) | {
            name: pa.dictionary(pa.int32(), self.dataset.schema.field(name).type) for name in labels
        }
        schema = pa.schema([f.with_type(types.get(f.name, f.type)) for f in self.dataset.schema])
        return dataset_of(self.paths, self.folder, labels, schema=schema, keys=self.keys)

    def _check_files(self, columns: Sequence[str], as_text: Sequence[str]) -> None:
        """Raise for a column that a file to be read lacks, or whose labels it holds as numbers of another kind.

        The one would be read as missing without a word; in the other 64-bit labels would lose their last digits.
        """
        fragments = list(self.dataset.get_fragments())
        for number in sorted({number for number, _ in self.pieces}) or range(len(fragments)):
            fragment = fragments[number]
            for column in (column for column in columns if column not in self.keys):
                if column not in fragment.physical_schema.names:
                    raise ColumnMissing(column, fragment.physical_schema.names, f"{self.name}/{Path(fragment.path).name}")
                kind, common = fragment.physical_schema.field(column).type, self.dataset.schema.field(column).type
                if column in as_text and pa.types.is_integer(kind) and pa.types.is_floating(common):
                    raise _two_types(self.name, column, (Path(fragment.path).name, kind), ("another file", common))


def _restricted(whole: Any, pieces: Sequence[tuple[int, tuple[int, ...]]]) -> Any:
    """Some row groups of a data set as a data set."""
    from pyarrow import dataset

    fragments = list(whole.get_fragments())
    chosen = [fragments[i].subset(row_group_ids=list(ids)) if ids else fragments[i] for i, ids in pieces]
    return dataset.FileSystemDataset(chosen, whole.schema, whole.format, whole.filesystem)


def _two_types(name: str, column: str, first: tuple[str, pa.DataType], second: tuple[str, pa.DataType]) -> SourceUnreadable:
    """The error for a column whose types in two files cannot be brought together."""
    problem = f"column {quoted(column)} holds {first[1]} in {first[0]} and {second[1]} in {second[0]}"
    return SourceUnreadable(name, "", problem, "write it with one type in all files")


def _keys(whole: Any) -> tuple[str, ...]:
    """Columns in the names of the folders, as the files say: the data set's own list holds every column if there are none."""
    from pyarrow.dataset import get_partition_keys

    found = (get_partition_keys(fragment.partition_expression) for fragment in whole.get_fragments())
    return tuple(dict.fromkeys(key for keys in found for key in keys))


def _common_schema(whole: Any, name: str) -> pa.Schema:
    """The schema of the files of a folder whose types hold the values of all of them, as 64-bit floats do those of integers.

    Raises
    ------
    SourceUnreadable
        There are none for a column.
    """
    names = whole.schema.names
    common: dict[str, tuple[str, pa.Field]] = {}
    for fragment in whole.get_fragments():
        file = Path(fragment.path).name
        for field_ in fragment.physical_schema:
            if field_.name not in names or names.count(field_.name) > 1 or pa.types.is_dictionary(field_.type):
                continue
            before, known = common.get(field_.name, (file, field_))
            try:
                both = pa.unify_schemas([pa.schema([known]), pa.schema([field_])], promote_options="permissive").field(0)
            except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
                raise _two_types(name, field_.name, (before, known.type), (file, field_.type)) from error
            common[field_.name] = (before if both.type == known.type else file, both)
    return pa.schema([f.with_type(common[f.name][1].type) if f.name in common else f for f in whole.schema])


def dataset_of(
    paths: Sequence[Path],
    folder: Path,
    labels: Sequence[str] = (),
    *,
    schema: pa.Schema | None = None,
    keys: Sequence[str] = (),
) -> Any:
    """The files of a folder as one Arrow data set.

    The columns `labels` are read as dictionaries. Types are those of the first file, or of `schema`, which
    holds for the `keys` in the names of the folders too.
    """
    from pyarrow import dataset

    form = dataset.ParquetFileFormat(
        read_options=dataset.ParquetReadOptions(dictionary_columns=set(labels)),
        # Otherwise the bytes of the whole file are held in memory before the first row is there.
        default_fragment_scan_options=dataset.ParquetFragmentScanOptions(pre_buffer=False, page_checksum_verification=True),
    )
    hive: Any = "hive"
    if schema is not None and keys:
        hive = dataset.partitioning(pa.schema([schema.field(key) for key in keys]), flavor="hive")
    files = [str(path) for path in paths]
    return dataset.dataset(files, schema=schema, format=form, partitioning=hive, partition_base_dir=str(folder))


def _broken_file(paths: Sequence[Path], folder: Path, name: str) -> str:
    """Name of the first file of a folder that cannot be read alone, or of the folder."""
    for path in paths:
        try:
            dataset_of((path,), folder).count_rows()
        except (pa.ArrowException, OSError):
            return f"{name}/{path.name}"
    return name


def _is_hidden(name: str) -> bool:
    """Whether programs that write such folders put a file or folder aside: what is unfinished, of the system, or a copy."""
    return name.startswith((".", "_")) and "=" not in name


def _parquet_files(folder: Path, name: str) -> tuple[Path, ...]:
    """The Parquet files in a folder and the folders below, those near the top first looked for; sorted.

    Raises
    ------
    SourceUnreadable
        The folder is that of the whole disk, or so large without any such file that it is the wrong one; one inside cannot be
        read, or a file's link leads nowhere: their rows would be missing without a word.
    """
    if folder.resolve() == folder.resolve().parent:
        raise SourceUnreadable(name, "", "is the folder of the whole file system", WITH_PARQUET)
    found: list[Path] = []
    n_seen = 0
    waiting = deque([folder])
    while waiting:
        for entry in _entries(waiting.popleft(), folder, name):
            n_seen += 1
            if n_seen > MOST_WITHOUT and not found:
                raise SourceUnreadable(
                    name, "", f"no Parquet file is among the first {MOST_WITHOUT:,} things in it", WITH_PARQUET
                )
            if _is_hidden(entry.name):
                continue
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif path.suffix.lower() in (".parquet", ".pq") and not entry.is_dir():
                if not entry.is_file():
                    place = f"{name}/{path.relative_to(folder)}"
                    raise SourceUnreadable(place, "", "is no file, nor a link to one", "write it again, or remove it")
                found.append(path)
    if not found:
        raise SourceUnreadable(name, "", "the folder has no Parquet files", WITH_PARQUET)
    return tuple(sorted(found))


def _entries(inner: Path, folder: Path, name: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(inner) as entries:
            return list(entries)
    except OSError as error:
        place = name if inner == folder else f"{name}/{inner.relative_to(folder)}"
        raise SourceUnreadable(
            place, "", f"cannot be read ({error.strerror})", "change the permissions of the folder"
        ) from error


def open_parquet_folder(folder: Path, name: str, chunk_rows: int) -> ParquetFolder:
    """A folder of Parquet files as a source.

    Raises
    ------
    SourceUnreadable
        A broken file, no rows, no Parquet file in the folder, names that occur twice.
    """
    paths = _parquet_files(folder, name)
    try:
        dataset = dataset_of(paths, folder)
        n_rows = dataset.count_rows()
        keys = _keys(dataset)
        common = _common_schema(dataset, name)
        if not common.equals(dataset.schema):
            dataset = dataset_of(paths, folder, schema=common, keys=keys)
    except (pa.ArrowException, OSError) as error:
        if "duplicate field names" in str(error):
            raise SourceUnreadable(name, "", "several columns have the same name", "give every column its own name") from error
        raise broken(_broken_file(paths, folder, name), error) from error
    columns = names_once(dataset.schema.names, name)
    if n_rows == 0:
        raise no_rows(name)
    return ParquetFolder(name, columns, paths, folder, dataset, chunk_rows, keys=keys)
