"""Readers that fail for want of memory: no fault of the file, though they tell both in the same kinds of error."""

from __future__ import annotations

import errno


def is_exhaustion(error: BaseException) -> bool:
    """Whether memory did not suffice, or the room for a thread, whose stack is memory too."""
    if isinstance(error, OSError) and error.errno in (errno.ENOMEM, errno.EAGAIN):
        return True
    return isinstance(error, MemoryError) or "launch worker thread" in str(error)
