"""Fingerprints of files and of columns in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

BLOCK = 1 << 20


def digest_of_files(paths: Sequence[Path], folder: Path | None = None) -> str:
    """SHA-256 of a file's bytes; of several files, of their names inside `folder` and their own digests.

    Parameters
    ----------
    paths : sequence of Path
        The files, in a fixed order.
    folder : Path, optional
        What their names are relative to; without it there is one file.
    """
    if folder is None:
        return _digest_of_file(paths[0])
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.relative_to(folder).as_posix()}\n{_digest_of_file(path)}\n".encode())
    return whole.hexdigest()


def kept_digest(kept: list[str], paths: Sequence[Path], folder: Path | None = None) -> str:
    """As :func:`digest_of_files`, computed where nothing is `kept` yet, and kept there."""
    if not kept:
        kept.append(digest_of_files(paths, folder))
    return kept[0]


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_columns(columns: Mapping[str, Any]) -> str:
    """SHA-256 of named Arrow columns, the same for the same values however they are stored.

    Numbers count as 64-bit floats (whole numbers that these cannot hold, as their digits), everything else as text.
    """
    whole = hashlib.sha256()
    for name, column in columns.items():
        values = _canonical(column)
        whole.update(f"{len(name.encode())}:{name}:{len(values)}:{values.type}\n".encode())
        whole.update(values.is_valid().cast(pa.uint8()).buffers()[1] if values.null_count else b"complete")
        buffers = [buffer for buffer in values.fill_null(_blank(values)).buffers()[1:] if buffer is not None]
        for buffer in buffers:
            whole.update(buffer)
    return whole.hexdigest()


def _blank(values: Any) -> object:
    if pa.types.is_large_binary(values.type):
        return b""
    return 0.0 if pa.types.is_floating(values.type) else ""


def _canonical(column: Any) -> Any:
    """One contiguous array of 64-bit floats or large strings that begins at offset 0."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _contiguous(column.cast(pa.binary() if pa.types.is_fixed_size_binary(kind) else kind).cast(pa.large_binary()))
    is_small = pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind)
    try:
        column = column.cast(pa.float64() if is_small else pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        plain = column.cast(pa.int64()) if pa.types.is_timestamp(kind) else column  # of a zone that nobody knows
        column = pa.array([None if value is None else str(value) for value in plain.to_pylist()], pa.large_string())
    return _contiguous(column)


def _contiguous(column: Any) -> Any:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    return pa.concat_arrays([array.slice(0, 0), array]) if array.offset else array
