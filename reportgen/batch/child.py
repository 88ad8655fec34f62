"""Inside the process of one report: limits, an end with the parent's, and one answer whatever happens."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import fcntl
import gc
import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing import connection, parent_process
from typing import Any

from reportgen.batch.failures import Failure, out_of_memory
from reportgen.errors import OutputError, OutputNotWritable, ReportgenError

PR_SET_PDEATHSIG = 1  # of prctl(2)
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

Work = Callable[[Any], Mapping[str, Any]]
"""What a process does: plain data in, plain data out."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a process may take.

    Attributes
    ----------
    megabytes : int
        Address space beyond what the program itself takes; 0 for no limit.
    environment : mapping
        Variables that the results may depend on; the process was prepared before they were known.
    """

    megabytes: int
    environment: Mapping[str, str]


def run_child(work: Work, argument: object, conditions: Conditions, answer: Any, messages: Any) -> None:
    """Do the work and send what comes of it; the entry of the process.

    Parameters
    ----------
    work : callable
        What to do.
    argument : object
        Its argument.
    conditions : Conditions
        What it may take.
    answer, messages : Connection
        Where the answer goes, as JSON, and what is written to standard output and standard error.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where another server than ours has forked this process
    end_with_parent()
    for descriptor in (1, 2):
        os.dup2(messages.fileno(), descriptor)
    faulthandler.enable(file=2)
    gc.disable()  # the process ends when the report is made: looking for cycles takes a tenth of its time
    os.environ.update(conditions.environment)
    limits = limit_memory(conditions.megabytes)
    try:
        reply: dict[str, Any] = {"result": work(argument)}
    except BaseException as error:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        reply = {"failure": asdict(failure_of(error, conditions.megabytes))}
    resource.setrlimit(resource.RLIMIT_AS, limits)
    text = json.dumps(reply).encode("ascii")
    with open(answer.fileno(), "wb", closefd=False) as file:
        file.write(text)


def failure_of(error: BaseException, megabytes: int) -> Failure:
    """What an exception means for the report."""
    if isinstance(error, OutputError):
        return Failure("output", str(error))
    if isinstance(error, ReportgenError):
        return Failure("input", str(error))
    if isinstance(error, MemoryError):
        error.__traceback__ = None  # its frames hold what took the memory
        gc.collect()
        return out_of_memory(megabytes)
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return Failure("output", str(OutputNotWritable("the report", error.strerror or "no space left")))
    details = "".join(traceback.format_exception(error))
    if isinstance(error, SystemExit):
        return Failure("exit", f"the program tried to end with exit code {error.code!r} before the report was made", details)
    return Failure("unexpected", f"a mistake of reportgen, please report it ({type(error).__name__})", details)


def end_with_parent() -> None:
    """Have the kernel end this process with the one that forked it, and with the one that supervises it.

    On Linux nothing in this process takes part in that: a library that loops while it holds the interpreter is ended too.
    """
    parent = parent_process()
    if parent is None:
        return
    if sys.platform != "linux":
        threading.Thread(target=_die_after, args=(parent.sentinel,), daemon=True).start()
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The pipe whose other end the supervisor holds: nothing more comes through it but its end, and that comes as SIGKILL.
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, fcntl.fcntl(parent.sentinel, fcntl.F_GETFL) | os.O_ASYNC)
    if connection.wait([parent.sentinel], 0):
        os.kill(os.getpid(), signal.SIGKILL)  # it has ended before that was settled


def _die_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)


def limit_memory(megabytes: int) -> tuple[int, int]:
    """Limit the address space to what is taken now and `megabytes` more; returns the limits there were.

    A crash leaves no core file behind: it would hold the data.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if megabytes:
        most = taken_memory() + (megabytes << 20)
        with suppress(ValueError):  # the hard limit is lower already
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    return soft, hard


def taken_memory() -> int:
    """Address space of this process, in bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
