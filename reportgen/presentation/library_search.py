"""Finding system libraries without running other programs."""

from __future__ import annotations

import ctypes.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def by_name_only() -> Iterator[None]:
    """Let libraries be loaded by their file names alone, as ``libpango-1.0.so.0``, while the block runs.

    For every other spelling that a package tries first, Python's search on Linux runs ``ldconfig``, a compiler and a linker,
    which takes time and is not for a report to do. Elsewhere that search is needed and runs nothing of the kind.
    """
    if sys.platform != "linux":
        yield
        return
    search = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None  # noqa: ARG005 - the name is what is not looked for
    try:
        yield
    finally:
        ctypes.util.find_library = search
