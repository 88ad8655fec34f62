"""What a watcher of a batch sees: plain lines, and a bar that shows names as they are written."""

from __future__ import annotations

import io

import pytest
from batch_faults import named_jobs

from reportgen.batch.failures import Failure, interrupted
from reportgen.batch.folder import Receipt
from reportgen.batch.progress import PlainWatcher, line_of_outcome, live_watcher
from reportgen.batch.summary import Incomplete, Made, Outcome, Result, summary_file

RECEIPT = Receipt({"data": "d"}, {"html": "h"}, {})
BROKEN = Failure("input", "no column 'g'\n  y ~ x\n      ^")


@pytest.mark.parametrize(
    ("result", "seconds", "line"),
    [
        (Made(RECEIPT, is_new=True), 1.26, "'a': done after 1.3 s"),
        (Made(RECEIPT, is_new=False), 0.0, "'a': unchanged"),
        (BROKEN, 0.5, "'a': failed after 0.5 s: no column 'g' y ~ x ^"),
        (Incomplete(RECEIPT, Failure("output", "no PDF here")), 0.5, "'a': failed after 0.5 s: no PDF here"),
        (interrupted(), 0.0, "'a': not run: the run was interrupted; continue it with --resume"),
    ],
)
def test_an_outcome_is_one_line(result: Result, seconds: float, line: str) -> None:
    assert line_of_outcome(Outcome(named_jobs("a")[0], result, seconds)) == line


def test_lines_are_counted() -> None:
    lines: list[str] = []
    watcher = PlainWatcher(2, lines.append)
    for job in named_jobs("a", "b"):
        watcher.begun(job)
        watcher.ended(Outcome(job, BROKEN, 0.0))
    assert [line.split(":")[0] for line in lines] == ["1/2 'a'", "2/2 'b'"]


def test_the_bar_shows_names_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    job, other = named_jobs("[red]x[/nothing]", "\x1b[2Jy")
    with live_watcher(2, stream) as watcher:
        watcher.begun(job)
        watcher.ended(Outcome(job, BROKEN, 1.0))
        watcher.begun(other)
        watcher.ended(Outcome(other, Made(RECEIPT, is_new=True), 1.0))
    text = stream.getvalue()
    assert "'[red]x[/nothing]': failed after 1.0 s: no column 'g'" in text
    assert "\x1b[2Jy" not in text


def test_a_report_that_lacks_a_format_lists_what_it_has() -> None:
    job = named_jobs("a", formats=("html", "pdf"))[0]
    outcome = Outcome(job, Incomplete(RECEIPT, Failure("output", "no PDF here")), 0.5)
    assert (outcome.status, outcome.cause, outcome.formats) == ("failed", "output", ("html",))
    assert '"a.html"' in summary_file([outcome])
    assert "a.pdf" not in summary_file([outcome])
