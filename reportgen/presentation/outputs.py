"""Files of a report: complete and together, or absent.

Every file is written beside its place in a hidden folder, flushed to the disk and renamed, so that a reader never sees half
a report. Names are made safe and stay inside the output folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from reportgen.errors import OutputNotWritable

MAX_NAME = 60  # characters of a file name's stem
DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # what Windows takes for no file


def safe_name(name: str) -> str:
    """A file name's stem made from any text: ASCII letters, digits, ``.``, ``_`` and ``-``, at most ``MAX_NAME`` characters.

    A name that had to be changed gets eight hexadecimal digits of its SHA-256, so that two names never meet.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip(".-_")
    if slug == name and len(slug) <= MAX_NAME and not DEVICES.fullmatch(slug):
        return slug
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug[: MAX_NAME - 9].rstrip('.-_') or 'report'}-{digest}"


def write_outputs(folder: Path, name: str, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write ``folder/name.suffix`` for each suffix.

    Parameters
    ----------
    folder : Path
        Output folder; made if absent.
    name : str
        Stem of the files, passed through :func:`safe_name`.
    contents : mapping
        Suffix (``html``, ``pdf``, ``json``) to the bytes of the file.

    Returns
    -------
    tuple of Path
        The files, in the order of `contents`.

    Raises
    ------
    OutputNotWritable
        The folder or a file cannot be written, or a file of that name is a symbolic link.
    """
    stem = safe_name(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        targets = {suffix: folder / f"{stem}.{suffix}" for suffix in contents}
        for target in targets.values():
            if target.is_symlink() or target.is_dir():
                raise OutputNotWritable(target.name, "it is a symbolic link or a folder; remove it or choose another --name")
        staging = Path(tempfile.mkdtemp(prefix=".tmp-", dir=folder))
        try:
            for suffix, content in contents.items():
                write_through(staging / suffix, content)
            for suffix, target in targets.items():
                os.replace(staging / suffix, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        raise OutputNotWritable(str(folder), _why(error)) from error
    return tuple(targets.values())


def write_file(path: Path, content: bytes) -> None:
    """Write one file, whole or not at all.

    Raises
    ------
    OutputNotWritable
        The file cannot be written, or is a symbolic link or a folder.
    """
    try:
        if path.is_symlink() or path.is_dir():
            raise OutputNotWritable(path.name, "it is a symbolic link or a folder")
        staging = Path(tempfile.mkdtemp(prefix=".tmp-", dir=path.parent))
        try:
            write_through(staging / "content", content)
            os.replace(staging / "content", path)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except (OSError, ValueError) as error:
        raise OutputNotWritable(str(path), _why(error)) from error


def _why(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or f"{error}" or type(error).__name__


def write_through(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
