"""The reading end of a pipe that never makes its reader wait."""

from __future__ import annotations

import os
from typing import Any

BLOCK = 1 << 16


class Inbox:
    """Gathers what a process writes; a process that stops in the middle of a sentence delays nobody.

    Parameters
    ----------
    reader : Connection
        The reading end.
    most : int
        Bytes kept, the last ones; 0 for all.
    """

    def __init__(self, reader: Any, most: int = 0) -> None:
        self._reader, self._most = reader, most
        self._content = bytearray()
        self.is_open = True
        os.set_blocking(reader.fileno(), False)

    def fileno(self) -> int:
        """For those who wait until there is something to read."""
        return int(self._reader.fileno())

    def read(self) -> None:
        """Take what is there."""
        while self.is_open:
            try:
                block = os.read(self.fileno(), BLOCK)
            except BlockingIOError:
                return
            self.is_open = bool(block)
            self._content += block
            if self._most and len(self._content) > self._most:
                del self._content[: -self._most]

    def content(self) -> bytes:
        """What has been read so far."""
        return bytes(self._content)

    def close(self) -> None:
        """Give the descriptor back."""
        self.is_open = False
        self._reader.close()
