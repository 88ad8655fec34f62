"""How a batch goes on, for those who watch: a line that is drawn anew on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from reportgen.batch.jobs import Job
from reportgen.batch.runner import Watcher
from reportgen.batch.summary import Outcome
from reportgen.errors import quoted

SHOWN_AT_ONCE = 3  # names of reports in the making beside the bar


class PlainWatcher:
    """One line a report, as it comes to its end.

    Parameters
    ----------
    n_jobs : int
        Reports in all.
    say : callable
        Takes a line.
    """

    def __init__(self, n_jobs: int, say: Callable[[str], None]) -> None:
        self._n_jobs, self._say = n_jobs, say
        self._n_ended = 0

    def begun(self, job: Job) -> None:
        """Nothing is said of it yet."""

    def ended(self, outcome: Outcome) -> None:
        """Say what became of it."""
        self._n_ended += 1
        self._say(f"{self._n_ended}/{self._n_jobs} {line_of_outcome(outcome)}")


def line_of_outcome(outcome: Outcome) -> str:
    """The report's name, status, seconds and what went wrong, on one line."""
    status = outcome.status.replace("_", " ")
    text = f"{quoted(outcome.job.name)}: {status}"
    if outcome.seconds:
        text += f" after {outcome.seconds:.1f} s"
    return f"{text}: {' '.join(outcome.message.split())}" if outcome.message else text


@contextmanager
def live_watcher(n_jobs: int, stream: TextIO) -> Iterator[Watcher]:
    """A bar with what is in the making; failures stay on the screen above it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        number = progress.add_task("", total=n_jobs)
        making: dict[Job, None] = {}

        class Live:
            def begun(self, job: Job) -> None:
                making[job] = None
                self._describe()

            def ended(self, outcome: Outcome) -> None:
                making.pop(outcome.job, None)
                if outcome.status == "failed":
                    progress.console.print(Text(line_of_outcome(outcome)))
                progress.advance(number)
                self._describe()

            def _describe(self) -> None:
                names = ", ".join(quoted(job.name) for job in list(making)[:SHOWN_AT_ONCE])
                progress.update(number, description=names)

        yield Live()
