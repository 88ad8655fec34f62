"""What is said to whoever called: results on standard output, messages on standard error. Nothing else prints.

Either stream may be closed, full, without a reader, or of an encoding that lacks a minus sign: a result that cannot be written
is an error with a sentence, a message that nobody can read is none, and never costs the work.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from reportgen.errors import OutputNotWritable

PLAIN = {"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{HORIZONTAL ELLIPSIS}": "..."}
"""What stands for a character that a stream cannot write, where there is something as good."""


def hold_descriptors() -> None:
    """Open the null device for each standard stream that this process was started without.

    Else the next file that is opened takes its number, and what a library says of its own would be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number is this one


def print_result(content: str | bytes) -> None:
    """Write a result to standard output, all of it.

    Parameters
    ----------
    content : str or bytes
        Bytes are UTF-8, and written as they are unless standard output has been replaced by one of text.

    Raises
    ------
    OutputNotWritable
        It is closed, or cannot take it.
    BrokenPipeError
        Its reader has gone.
    """
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise OutputNotWritable("standard output", "it is closed")
    binary = getattr(stream, "buffer", None)
    try:
        if isinstance(content, bytes) and binary is not None:
            stream.flush()
            binary.write(content)
        else:
            if isinstance(stream, io.TextIOWrapper):
                codecs.register_error("reportgen.plain", plain_characters)
                stream.reconfigure(errors="reportgen.plain")
            stream.write(content.decode() if isinstance(content, bytes) else content)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(stream)
        raise OutputNotWritable("standard output", error.strerror or type(error).__name__) from error


def plain_characters(error: UnicodeError) -> tuple[str, int]:
    """What is written instead of characters that an encoding lacks: others that mean the same, or their numbers."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(c, c.encode("ascii", "backslashreplace").decode()) for c in lacking), error.end


def silence(stream: TextIO) -> None:
    """Let what a stream still holds, and all that comes after, go nowhere: it would fail again when the process ends."""
    with suppress(OSError, ValueError):  # a stream of text alone has no number, and holds nothing back
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Messages:
    """What is said on standard error: errors always, results of the work unless quiet, progress on a terminal."""

    def __init__(self, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._live = sys.stderr is not None and sys.stderr.isatty() and not quiet
        self._width = 0

    @property
    def is_live(self) -> bool:
        """Whether progress is shown in place."""
        return self._live and not self._verbose

    def error(self, text: str) -> None:
        """One sentence about what went wrong."""
        self.clear()
        _write(f"reportgen: {_without_controls(text)}\n")

    def say(self, text: str) -> None:
        """One line about what was done."""
        if not self._quiet:
            self.clear()
            _write(f"{_without_controls(text)}\n")

    def progress(self, stage: str, rows: int) -> None:
        """The stage of the work, shown in place on a terminal, line by line with --verbose."""
        text = _without_controls(f"{stage}, {rows:,} rows" if rows else stage)
        if self._verbose:
            _write(f"{text}\n")
        elif self._live:
            _write(f"\r{text:<{self._width}}")
            self._width = len(text)

    def clear(self) -> None:
        """Take the progress line away."""
        if self._live and self._width:
            _write(f"\r{'':<{self._width}}\r")
            self._width = 0


def _without_controls(text: str) -> str:
    """A message that a terminal takes for nothing else: the name of a file may hold what moves its cursor."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _write(text: str) -> None:
    """Put a text on standard error, if there is one that takes it."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:  # full, or without a reader
        silence(sys.stderr)
