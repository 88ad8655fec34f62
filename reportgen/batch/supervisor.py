"""One process for each task, and somebody who watches them: whatever ends a process costs its own task only."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

from reportgen.batch.child import Conditions, Work, run_child
from reportgen.batch.failures import Failure, ended_without_answer, not_started, out_of_time
from reportgen.batch.inbox import Inbox
from reportgen.batch.stopping import Stopped, StopRequest

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# Other allocators reserve a gigabyte of address space each, which a memory limit would count.
ALLOCATION = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}
PASSED_ON = ("SOURCE_DATE_EPOCH",)
PRELOADED = ["reportgen.batch.uninterrupted", "reportgen.batch.preload"]  # loaded before the processes are forked
MESSAGES_KEPT = 1 << 16  # bytes of what a process writes to its standard error
STARTS = 20  # times a process is tried to be started
LOST_SERVER = 255  # exit code reported for a process whose parent, which forks them all, has died


@dataclass(frozen=True, slots=True)
class Limits:
    """How many processes at once, and what each may take.

    Attributes
    ----------
    workers : int
        Processes at the same time.
    seconds : float
        Longest time of one; infinite for no limit.
    megabytes : int
        Most memory of one, beyond what the program itself takes; 0 for no limit.
    """

    workers: int
    seconds: float = math.inf
    megabytes: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done; `number` tells tasks apart."""

    number: int
    argument: object


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of a task, and after how many seconds."""

    task: Task
    result: Mapping[str, Any] | Failure
    seconds: float


class Running:
    """A task with its process."""

    def __init__(self, task: Task, work: Work, limits: Limits) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        conditions = Conditions(limits.megabytes, environment)
        self.task, self._limits = task, limits
        reader, answer = context.Pipe(duplex=False)
        message_reader, messages = context.Pipe(duplex=False)
        self._inboxes = (Inbox(reader), Inbox(message_reader, MESSAGES_KEPT))
        self._process = context.Process(target=run_child, args=(work, task.argument, conditions, answer, messages), daemon=True)
        self._process.start()
        answer.close()
        messages.close()
        self._began = time.monotonic()
        self.deadline = self._began + limits.seconds

    @property
    def waited_for(self) -> list[int]:
        """Descriptors that become readable when there is something to do."""
        return [self._process.sentinel, *(inbox.fileno() for inbox in self._inboxes if inbox.is_open)]

    def look(self) -> Ending | bool:
        """Take what the process has written; its ending, or False while it runs."""
        has_ended = not self._process.is_alive()
        for inbox in self._inboxes:
            inbox.read()
        seconds = time.monotonic() - self._began
        if has_ended:
            return Ending(self.task, self._result(), seconds)
        if time.monotonic() >= self.deadline:
            self.kill()
            return Ending(self.task, out_of_time(self._limits.seconds), seconds)
        return False

    @property
    def has_lost_its_server(self) -> bool:
        """Whether the process was ended together with the one that forked it, through no fault of its own."""
        return self._process.exitcode == LOST_SERVER and not self._inboxes[0].content()

    def _result(self) -> Mapping[str, Any] | Failure:
        answer, messages = (inbox.content() for inbox in self._inboxes)
        code = self._process.exitcode
        try:
            reply = json.loads(answer)
        except ValueError:
            details = messages.decode("utf-8", "replace")
            return ended_without_answer(LOST_SERVER if code is None else code, details, self._limits.megabytes > 0)
        if "failure" in reply:
            return Failure(**reply["failure"])
        result: Mapping[str, Any] = reply["result"]
        return result

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        """Give everything back; the process has ended."""
        for inbox in self._inboxes:
            inbox.close()
        self._process.close()


class Crew:
    """The processes at work, and the tasks that wait for one.

    Parameters
    ----------
    tasks : iterable of Task
        In the order in which they are begun.
    work : callable
        What to do.
    limits : Limits
        How many at once, and what each may take.
    """

    def __init__(self, tasks: Iterable[Task], work: Work, limits: Limits) -> None:
        self._waiting, self._work, self._limits = iter(tasks), work, limits
        self._again: deque[Task] = deque()
        self._tried_again: set[int] = set()
        self.running: list[Running] = []

    def fill(self, stop: StopRequest, begun: Callable[[Task], None]) -> Iterator[Ending]:
        """Begin tasks until all places are taken; yields those for which no process could be had."""
        while len(self.running) < self._limits.workers and not stop.is_made:
            task = self._again.popleft() if self._again else next(self._waiting, None)
            if task is None:
                return
            begun(task)
            started = _start(task, self._work, self._limits)
            if isinstance(started, Ending):
                yield started
            else:
                self.running.append(started)

    def ended(self) -> Iterator[Ending]:
        """The tasks that have come to an end; one that was ended with the server is begun once more."""
        for item in list(self.running):
            ending = item.look()
            if isinstance(ending, bool):
                continue
            self.running.remove(item)
            is_lost = item.has_lost_its_server and ending.task.number not in self._tried_again
            item.close()
            if is_lost:
                self._tried_again.add(ending.task.number)
                self._again.append(ending.task)
            else:
                yield ending

    def dismiss(self) -> None:
        """End every process."""
        for item in self.running:
            item.kill()
            item.close()


def supervise(
    tasks: Iterable[Task], work: Work, limits: Limits, stop: StopRequest, begun: Callable[[Task], None]
) -> Generator[Ending, None, None]:
    """Do the tasks, each in a process of its own, and yield each one's ending as it comes.

    Parameters
    ----------
    tasks : iterable of Task
        In the order in which they are begun.
    work : callable
        What to do; a function of a module, so that another process can find it.
    limits : Limits
        How many at once, and what each may take.
    stop : StopRequest
        Ends the run.
    begun : callable
        Told of each task that is begun.

    Raises
    ------
    Stopped
        The run was asked to stop. However this generator ends, no process is left.
    """
    crew = Crew(tasks, work, limits)
    try:
        with prepared_environment():
            while True:
                yield from crew.fill(stop, begun)
                if crew.running:
                    _wait(crew.running, stop)
                if stop.is_made:
                    raise Stopped  # a process that has ended now has most likely ended of the same signal
                if not crew.running:
                    return
                yield from crew.ended()
    finally:
        crew.dismiss()


def _start(task: Task, work: Work, limits: Limits) -> Running | Ending:
    """A process for a task. Where the server that forks has just died, a new one takes its place after a moment."""
    failure: Exception | None = None
    for _ in range(STARTS):
        try:
            return Running(task, work, limits)
        except (OSError, EOFError) as error:
            failure = error
            time.sleep(0.1)
    return Ending(task, not_started(failure), 0.0)


def _wait(running: list[Running], stop: StopRequest) -> None:
    deadline = min(item.deadline for item in running)
    timeout = None if math.isinf(deadline) else max(0.0, deadline - time.monotonic())
    connection.wait([stop.fileno(), *(thing for item in running for thing in item.waited_for)], timeout)


@contextmanager
def prepared_environment() -> Iterator[None]:
    """Variables for the processes to come: they share the processors already, so none may use several by itself."""
    wanted = {**dict.fromkeys(ONE_THREAD, "1"), **ALLOCATION}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
