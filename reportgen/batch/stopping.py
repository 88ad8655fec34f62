"""Signals that ask a run to stop, kept until it is safe to do so."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """The run was asked to stop."""


class StopRequest:
    """Readable once a signal has come; `is_made` says so without waiting."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self.is_made = False

    def fileno(self) -> int:
        """For those who wait for several things at once."""
        return self._reader

    def make(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Ask to stop; a signal handler."""
        if not self.is_made:
            self.is_made = True
            os.write(self._writer, b".")

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._reader)
        os.close(self._writer)


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Turn interrupts into a request while a run goes on. Outside the main thread signals stay with those who handle them."""
    request = StopRequest()
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, request.make) for number in SIGNALS} if is_main else {}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        request.close()
