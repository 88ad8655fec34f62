"""``open_source``: which kind of source is it?"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import SourceUnreadable, printable_name
from reportgen.sources.delimited import open_delimited
from reportgen.sources.feather import open_feather
from reportgen.sources.frames import open_frame
from reportgen.sources.marks import as_if_empty
from reportgen.sources.parquet_file import open_parquet
from reportgen.sources.parquet_folder import open_parquet_folder
from reportgen.sources.source import CHUNK_ROWS, Source
from reportgen.sources.workbooks import open_workbook

DELIMITED = (".csv", ".tsv", ".tab", ".txt", ".csv.gz", ".tsv.gz", ".tab.gz", ".txt.gz")
PARQUET = (".parquet", ".pq")
FEATHER = (".feather", ".arrow", ".ipc")
EXCEL = (".xlsx", ".xlsm")
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def open_source(data: object, name: str | None = None, *, chunk_rows: int = CHUNK_ROWS, missing: Sequence[str] = ()) -> Source:
    """Open a data source; its rows are read later, chunk by chunk.

    Parameters
    ----------
    data : path, data frame or source
        A CSV file (comma, semicolon or tab, also ``.gz``), a Parquet, Feather or Excel file, a folder of Parquet files, or a
        data frame of pandas, polars or pyarrow; an opened source is handed back.
    name : str, optional
        Name for the report; by default the file's name, or ``data frame``.
    chunk_rows : int
        Rows of a chunk.
    missing : sequence of str
        Texts that mean "no value"; empty cells have none anyway.

    Raises
    ------
    SourceUnreadable
        No such file, a kind that is not read, or a file that is not what its ending says.
    """
    # Asked of the class: a frame may compute its attributes, or have columns of these names.
    if all(callable(getattr(type(data), name, None)) for name in ("chunks", "sha256")) and isinstance(data, Source):
        return as_if_empty(data, missing)
    if not isinstance(data, (str, os.PathLike)):
        return as_if_empty(open_frame(data, name or "data frame", chunk_rows, missing), missing)
    return as_if_empty(_open_given(data, name, Reading(chunk_rows, tuple(missing))), missing)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: rows of a chunk, and the texts that mean "no value" where types are told from texts."""

    chunk_rows: int
    missing: tuple[str, ...]


def _open_given(data: str | os.PathLike[str], name: str | None, reading: Reading) -> Source:
    path = _path(os.fspath(data))
    name = printable_name(name or path)
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise SourceUnreadable(name, "", "is not a path", "give the path of a file") from error
    if not exists:
        raise SourceUnreadable(name, "", "no such file", "check the path")
    if any("\ud800" <= character <= "\udfff" for character in str(path)):  # Arrow opens no such path
        raise SourceUnreadable(name, "", "its path is not UTF-8 text", "rename the file or folder")
    return _open_path(path, name, is_folder, reading)


def _path(given: str | bytes) -> Path:
    """A path that is one: an empty one would be the current folder."""
    text = os.fsdecode(given)
    if not text:
        raise SourceUnreadable("''", "", "the path of the data is empty", "give the path of a file")
    if ADDRESS.match(text) and not os.path.exists(text):
        raise SourceUnreadable(printable_name(text), "", "addresses are not read", "download the file first, and give its path")
    return Path(text)


def _open_path(path: Path, name: str, is_folder: bool, reading: Reading) -> Source:
    chunk_rows = reading.chunk_rows
    ending = path.name.lower()
    if not is_folder and not os.access(path, os.R_OK):
        raise SourceUnreadable(name, "", "may not be read", "change the permissions of the file")
    if not is_folder and not path.is_file():
        raise SourceUnreadable(name, "", "is a pipe or a device", "write its contents to a file first: the rows are read twice")
    if not is_folder and path.stat().st_size == 0:
        raise SourceUnreadable(name, "", "is empty", "give a file with data")
    if is_folder:
        return open_parquet_folder(path, name, chunk_rows)
    if ending.endswith(FEATHER):
        return open_feather(path, name, chunk_rows)
    if ending.endswith(PARQUET):
        return open_parquet(path, name, chunk_rows)
    if ending.endswith(EXCEL):
        return open_workbook(path, name, chunk_rows, reading.missing)
    if ending.endswith(DELIMITED):
        return open_delimited(path, name, chunk_rows, reading.missing)
    allowed = "give CSV (.csv, .tsv, .txt, also .gz), Parquet, Feather, Excel (.xlsx) or a folder of Parquet files"
    if ending.endswith((".zip", ".7z", ".tar", ".tgz", ".bz2", ".xz", ".zst")):
        allowed = "unpack it first"
    kind = f"ending in '{path.suffix[:12]}'" if path.suffix else "whose names have no ending"
    raise SourceUnreadable(name, "", f"files {kind} are not read", allowed)
