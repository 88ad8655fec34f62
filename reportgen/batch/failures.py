"""Why a report was not made, apart from what the user can read in the error of its own data."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

Cause = Literal["input", "output", "memory", "time", "signal", "exit", "unexpected", "interrupted", "fail_fast"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a report was not made.

    Attributes
    ----------
    cause : Cause
        What kind of failure it is.
    message : str
        One sentence for the user; the same for the same fault.
    details : str
        What helps to find a mistake of the program: a traceback, the last words of a library. Not reproducible.
    """

    cause: Cause
    message: str
    details: str = ""


def out_of_time(seconds: float) -> Failure:
    """It took longer than allowed."""
    return Failure("time", f"took longer than the time limit of {seconds:g} s; raise --time-limit or use less data")


def out_of_memory(megabytes: int) -> Failure:
    """It asked for more memory than allowed, or than there is."""
    limit = f"more than the memory limit of {megabytes} MB" if megabytes else "more memory than there is"
    return Failure("memory", f"needed {limit}; raise --memory-limit or use less data")


def not_started(error: BaseException | None) -> Failure:
    """The system gave no process."""
    return Failure("unexpected", f"no process could be started for it ({type(error).__name__}); try again with fewer --jobs")


def worker_lost(error: BaseException | None) -> Failure:
    """Every worker of the cluster that was given the report was lost."""
    detail = type(error).__name__ if error is not None else "cancelled"
    return Failure("unexpected", f"the workers of the cluster that were given it were lost ({detail})", str(error or ""))


def interrupted() -> Failure:
    """The run was interrupted before it was done."""
    return Failure("interrupted", "the run was interrupted; continue it with --resume")


def stopped_early() -> Failure:
    """Another report failed under --fail-fast."""
    return Failure("fail_fast", "not made because another report failed (--fail-fast)")


def ended_without_answer(code: int, details: str, has_limit: bool) -> Failure:
    """The process ended by itself before it had said anything.

    Parameters
    ----------
    code : int
        Exit code; the negative number of a signal if one ended it.
    details : str
        What it last wrote to its standard error.
    has_limit : bool
        Whether its memory was limited: C libraries abort when they get none.
    """
    if code >= 0:
        return Failure("exit", f"its process ended with exit code {code} before the report was made", details)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (perhaps for want of memory)" if name in ("SIGKILL", "SIGABRT", "SIGTRAP") and has_limit else ""
    return Failure("signal", f"its process was ended by {name}{hint} before the report was made", details)
