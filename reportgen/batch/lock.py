"""One run per output folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reportgen.errors import FolderInUse

NAME = ".lock"


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The kernel frees it when the process ends, however it ends; no child inherits it.

    Raises
    ------
    FolderInUse
        Another process holds it.
    """
    # The file stays: removing it would let a third run lock a new file of that name while a second holds the old one.
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(folder.name or str(folder)) from error
        yield
    finally:
        os.close(descriptor)
