"""A whole batch: every job comes to an outcome, and the summary and the index list them all."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reportgen.batch.child import Work
from reportgen.batch.failures import Failure, interrupted, stopped_early
from reportgen.batch.fingerprints import fingerprint, is_current
from reportgen.batch.folder import OutputFolder, Receipt
from reportgen.batch.index import IndexAssignment, make_index
from reportgen.batch.jobs import Job, LeftOut
from reportgen.batch.lock import only_run
from reportgen.batch.report import Assignment, make_report
from reportgen.batch.stopping import Stopped, StopRequest, stop_request
from reportgen.batch.summary import NAME, Incomplete, Made, Outcome, Result, Status, counted, summary_file
from reportgen.batch.supervisor import Ending, Limits, Task, supervise
from reportgen.errors import OutputError, OutputNotWritable
from reportgen.presentation.languages import ENGLISH

INDEX_SECONDS = 600.0  # the index over ten thousand reports takes about half a minute


Supervisor = Callable[
    [Sequence[Task], Work, Limits, StopRequest, Callable[[Task], None]],
    Generator[Ending, None, None],
]


class Watcher(Protocol):
    """Is told how a batch goes on."""

    def begun(self, job: Job) -> None:
        """A report is begun."""

    def ended(self, outcome: Outcome) -> None:
        """A report has come to its outcome, also one that was not begun."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run a batch.

    Attributes
    ----------
    limits : Limits
        Processes at once, and what each may take.
    resume : bool
        Keep the reports of an earlier run that would come out the same.
    fail_fast : bool
        Stop at the first failure.
    coefficient : str
        Design column to compare over all reports; empty for the one that most of them have.
    left_out : tuple of LeftOut
        Rows that are in none of the reports, for the summary and the index to say so.
    """

    limits: Limits
    resume: bool = False
    fail_fast: bool = False
    coefficient: str = ""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What came of a batch.

    Attributes
    ----------
    outcomes : tuple of Outcome
        One for each job, in their order.
    was_stopped : bool
        Whether a signal ended it.
    index_failures : tuple of str
        Sentences about pages of the index that could not be made.
    """

    outcomes: tuple[Outcome, ...]
    was_stopped: bool
    index_failures: tuple[str, ...]

    @property
    def counts(self) -> dict[Status, int]:
        """How many reports came to each status."""
        return counted(self.outcomes)

    @property
    def exit_code(self) -> int:
        """0 all done; 1 a report failed; 3 the index could not be written; 130 interrupted."""
        if self.was_stopped:
            return 130
        if any(outcome.status in ("failed", "not_run") for outcome in self.outcomes):
            return 1
        return 3 if self.index_failures else 0


def run_batch(
    jobs: Sequence[Job],
    path: Path,
    plan: Plan,
    watcher: Watcher,
    work: Work = make_report,
    supervisor: Supervisor = supervise,
) -> BatchResult:
    """Make many reports; what befalls one never costs another.

    Parameters
    ----------
    jobs : sequence of Job
        With distinct stems.
    path : Path
        Output folder; made if absent. Gets ``STEM.FORMAT`` for each report, ``summary.json``, ``index.html`` and, where PDF
        is among the formats, ``index.pdf``.
    plan : Plan
        How to run.
    watcher : Watcher
        Told of every report.
    work : callable
        Makes one report from an :class:`~reportgen.batch.report.Assignment`.
    supervisor : callable
        Has the work done: here, or on a cluster (:func:`reportgen.batch.remote.supervise_on`). The index is made here.

    Raises
    ------
    FolderInUse
        Another run writes to the folder.
    OutputNotWritable
        The folder or the summary cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputNotWritable(str(path), error.strerror or type(error).__name__) from error
    with only_run(path), stop_request() as stop:
        folder = OutputFolder(path.resolve())
        folder.prepare(len(jobs))
        run = BatchRun(jobs, folder, plan, watcher)
        try:
            run.keep_current(stop)
            run.make_others(work, stop, supervisor)
        except Stopped:
            pass
        run.settle_rest(interrupted() if stop.is_made else stopped_early())
        folder.release_reserve()
        folder.write_own(NAME, summary_file(run.in_order(), plan.left_out).encode("utf-8", "replace"))
        failures = run.make_index(stop)
        return BatchResult(run.in_order(), stop.is_made, failures)


class BatchRun:
    """The outcomes of a batch as they come."""

    def __init__(self, jobs: Sequence[Job], folder: OutputFolder, plan: Plan, watcher: Watcher) -> None:
        self._jobs, self._folder, self._plan, self._watcher = jobs, folder, plan, watcher
        self._outcomes: dict[int, Outcome] = {}

    def in_order(self) -> tuple[Outcome, ...]:
        """The outcomes in the order of the jobs, whichever ended first."""
        return tuple(self._outcomes[number] for number in sorted(self._outcomes))

    def keep_current(self, stop: StopRequest) -> None:
        """Settle the jobs whose reports are there already, under ``--resume``."""
        if not self._plan.resume:
            return
        for number, job in enumerate(self._jobs):
            if stop.is_made:
                raise Stopped
            receipt = self._folder.receipt(job.stem)
            if is_current(job, receipt, self._folder):
                self._settle(number, Made(receipt, is_new=False), 0.0)

    def make_others(self, work: Work, stop: StopRequest, supervisor: Supervisor) -> None:
        """Make the reports that have no outcome yet, until all have one, or one has failed under ``--fail-fast``."""
        tasks = [
            Task(number, Assignment(job, str(self._folder.staging(number))))
            for number, job in enumerate(self._jobs)
            if number not in self._outcomes
        ]
        endings = supervisor(tasks, work, self._plan.limits, stop, self._begin)
        try:
            for ending in endings:
                number = ending.task.number
                self._settle(number, self._result(number, ending), ending.seconds)
                if self._plan.fail_fast and self._outcomes[number].status == "failed":
                    return
        finally:
            endings.close()
            for task in tasks:
                self._folder.discard(task.number)

    def _begin(self, task: Task) -> None:
        """A task begins, or begins once more where its first process was lost: then that one's files go first."""
        self._folder.discard(task.number)
        self._watcher.begun(self._jobs[task.number])

    def settle_rest(self, failure: Failure) -> None:
        """Give the jobs that were not made an outcome too."""
        for number in range(len(self._jobs)):
            if number not in self._outcomes:
                self._settle(number, failure, 0.0)

    def make_index(self, stop: StopRequest) -> tuple[str, ...]:
        """Make the pages over all reports, in a process too; sentences about what could not be made."""
        formats = ("html", "pdf") if any("pdf" in job.formats for job in self._jobs) else ("html",)
        languages = {job.presentation.lang for job in self._jobs}
        assignment = IndexAssignment.of(
            self.in_order(),
            self._plan.coefficient,
            formats,
            str(self._folder.staging(len(self._jobs))),
            languages.pop() if len(languages) == 1 else ENGLISH,
            self._plan.left_out,
        )
        limits = Limits(1, max(INDEX_SECONDS, self._plan.limits.seconds), self._plan.limits.megabytes)
        failures: list[str] = []
        try:
            for ending in supervise([Task(len(self._jobs), assignment)], make_index, limits, stop, lambda _task: None):
                if isinstance(ending.result, Failure):
                    self._folder.write_log("index", ending.result.details)
                    return (ending.result.message,)
                failures += ending.result["failures"]
                for suffix in ending.result["files"]:
                    self._folder.write_own(f"index.{suffix}", (Path(assignment.staging) / suffix).read_bytes())
        except OutputError as error:
            failures.append(str(error))
        except Stopped:
            failures.append(interrupted().message)
        finally:
            self._folder.discard(len(self._jobs))
        return tuple(failures)

    def _result(self, number: int, ending: Ending) -> Result:
        """Put a finished report in its place; what is left of an earlier one when it failed is removed."""
        job, result = self._jobs[number], ending.result
        try:
            if isinstance(result, Failure):
                self._folder.withdraw(job.stem)
                if result.details:
                    self._folder.write_log(job.stem, result.details)
                return result
            receipt = Receipt(fingerprint(job, result["data"]), result["files"], result["line"])
            self._folder.commit(job.stem, number, receipt)
        except (OutputError, OSError) as error:
            return Failure("output", str(error))
        finally:
            self._folder.discard(number)
        if result["failures"]:
            return Incomplete(receipt, Failure("output", " ".join(result["failures"])))
        return Made(receipt, is_new=True)

    def _settle(self, number: int, result: Result, seconds: float) -> None:
        self._outcomes[number] = Outcome(self._jobs[number], result, seconds)
        self._watcher.ended(self._outcomes[number])
