"""How things end that do not end well: what the program says, and with which code."""

from __future__ import annotations

import builtins
import errno
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reportgen.analysis
from reportgen.analysis import walk
from reportgen.batch import supervisor
from reportgen.batch.child import failure_of, taken_memory
from reportgen.batch.failures import Failure, ended_without_answer, not_started, out_of_memory, worker_lost
from reportgen.batch.lines import _term
from reportgen.batch.supervisor import Limits, Task
from reportgen.choices import Options
from reportgen.cli import main
from reportgen.errors import ColumnUnusable, OutputNotWritable
from reportgen.fits import Issue, Undefined, UnfitVariant
from reportgen.presentation.collector import Collector
from reportgen.presentation.wording import shown, wording
from reportgen.resources import resource

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "dragons" / "dragons.csv"
FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_reader_who_has_gone_is_no_mistake(extra: list[str]) -> None:
    command = [sys.executable, "-m", "reportgen", "fit", str(EXAMPLE), FORMULA, *extra]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (0, b"")


def test_an_interrupt_is_one_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_arguments: object, **_choices: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reportgen.analysis, "walk", interrupted)
    assert main(["fit", str(EXAMPLE), FORMULA]) == 130
    assert capsys.readouterr() == ("", "reportgen: interrupted\n")


def test_memory_that_does_not_suffice_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def exhausted(*_arguments: object, **_choices: object) -> None:
        raise MemoryError

    monkeypatch.setattr(reportgen.analysis, "walk", exhausted)
    assert main(["fit", str(EXAMPLE), FORMULA]) == 3
    assert capsys.readouterr().err.startswith("reportgen: there is not enough memory: read fewer rows at a time")


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage: reportgen" in capsys.readouterr().out


def test_verbose_says_each_stage_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(EXAMPLE), FORMULA, "--verbose"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "reading dragons.csv"
    assert "fitting" in lines


def test_an_installation_that_lacks_a_file() -> None:
    assert resource("templates").is_dir()
    with pytest.raises(FileNotFoundError, match="templates/absent is missing from this installation"):
        resource("templates/absent")


# --- reports of a batch


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), ("output", "No space left on device")),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), ("output", "Disk quota exceeded")),
        (OSError(errno.EIO, "Input/output error"), ("unexpected", "a mistake of reportgen, please report it (OSError)")),
        (OutputNotWritable("x.html", "no room"), ("output", "x.html")),
        (MemoryError(), ("memory", "needed more than the memory limit of 512 MB; raise --memory-limit or use less data")),
        (SystemExit(3), ("exit", "the program tried to end with exit code 3 before the report was made")),
        (ZeroDivisionError("x"), ("unexpected", "please report it (ZeroDivisionError)")),
    ],
)
def test_what_an_exception_means_for_a_report(error: BaseException, expected: tuple[str, str]) -> None:
    failure = failure_of(error, 512)
    assert failure.cause == expected[0]
    assert expected[1] in failure.message
    assert bool(failure.details) is (expected[0] in ("unexpected", "exit"))


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (out_of_memory(0), "needed more memory than there is; raise --memory-limit or use less data"),
        (ended_without_answer(7, "x", True), "its process ended with exit code 7 before the report was made"),
        (
            ended_without_answer(-9, "x", True),
            "its process was ended by SIGKILL (perhaps for want of memory) before the report was made",
        ),
        (ended_without_answer(-9, "x", False), "its process was ended by SIGKILL before the report was made"),
        (ended_without_answer(-11, "x", True), "its process was ended by SIGSEGV before the report was made"),
        (ended_without_answer(-200, "x", True), "its process was ended by signal 200 before the report was made"),
        (not_started(OSError()), "no process could be started for it (OSError); try again with fewer --jobs"),
        (worker_lost(None), "the workers of the cluster that were given it were lost (cancelled)"),
        (worker_lost(ValueError("x")), "the workers of the cluster that were given it were lost (ValueError)"),
    ],
)
def test_what_is_said_of_a_report_that_was_not_made(failure: Failure, message: str) -> None:
    assert failure.message == message


def test_where_no_process_can_be_started_the_report_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Task] = []

    def refused(task: Task, _work: object, _limits: Limits) -> None:
        tried.append(task)
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    class Stop:
        is_made = False

    monkeypatch.setattr(supervisor, "Running", refused)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    task = Task(1, None)
    ending = supervisor._start(task, dict, Limits(1))
    assert ending == supervisor.Ending(task, not_started(BlockingIOError()), 0.0)
    assert tried == [task] * supervisor.STARTS


def test_memory_that_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_memory() > 1 << 20

    def absent(*_arguments: object, **_options: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(builtins, "open", absent)
    assert taken_memory() == 0


# --- numbers and columns


def test_a_number_that_is_none_is_null_with_its_reason() -> None:
    collector = Collector(wording())
    assert [collector.number(value) for value in (1.5, math.inf, math.nan)] == [1.5, None, None]
    assert collector.number(Undefined(Issue("not_finite"))) is None
    assert [issue["code"] for issue in collector.issues] == ["not_finite"]


def frame(**columns: Any) -> pd.DataFrame:
    random = np.random.default_rng(2)
    return pd.DataFrame({"y": random.normal(size=24), "g": list("abcd") * 6, **columns})


@pytest.mark.parametrize(
    ("column", "formula", "words"),
    [
        ([1.0, 2.0] * 12, "y ~ I(x == 'a') + log(x) + (1 | g)", "is used as text and as numbers; keep one of the two"),
        ([1.0, 2.0] * 12, "y ~ I(x == 'a') + (1 | g)", "is compared with a text but holds no text"),
        (["1", "2"] * 12, "y ~ log(x) + (1 | g)", "holds numbers written as text; convert it to numbers"),
        ([[1], [2]] * 12, "y ~ C(x) + (1 | g)", "holds lists or records; give one value a cell"),
        (pd.date_range("2026-01-01", periods=24), "y ~ log(x) + (1 | g)", "holds dates or times, not numbers"),
        ([b"a", b"b"] * 12, "y ~ log(x) + (1 | g)", "not numbers; give a column of numbers"),
    ],
)
def test_columns_that_cannot_be_used_so(column: Any, formula: str, words: str) -> None:
    with pytest.raises(ColumnUnusable) as caught:
        walk(formula, frame(x=column))
    assert words in str(caught.value)


def test_double_demeaning_needs_the_products_of_each_group(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    data = frame(x=random.normal(size=24), z=random.normal(size=24))
    options = Options(interactions="double-demeaned")
    monkeypatch.setattr("reportgen.moments.MAX_PRODUCT_BYTES", 0)
    fit = walk("y ~ x * z + (1 | g)", data, options).fits["double_demeaned"]
    assert isinstance(fit, UnfitVariant)
    assert fit.reason.code == "products_not_kept"


def test_only_where_it_is_needed_is_python_kept_from_searching_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes.util

    from reportgen.presentation.library_search import by_name_only

    search: Callable[[str], str | None] = ctypes.util.find_library
    with by_name_only():
        assert ctypes.util.find_library("c") is None
    assert ctypes.util.find_library is search
    monkeypatch.setattr(sys, "platform", "darwin")
    with by_name_only():
        assert ctypes.util.find_library is search
    assert os.name == "posix"


def test_the_line_of_a_report_has_a_slope_only_where_one_was_estimated() -> None:
    terms = [{"column": "x", "role": "raw", "estimate": None}, {"column": "x", "role": "contextual", "estimate": 1.0}]
    assert _term({"terms": terms}, "x", ("raw", "within")) == {}
    assert _term({"terms": []}, "x", ("raw",)) == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, True),
        (12345, "12\u202f345"),
        (7.0, "7"),
        (0.123456, "0.123"),
        ("a\x00b", "ab"),
        (["a", 2], ["a", "2"]),
        ({"k": (1.0,)}, {"k": ["1"]}),
    ],
)
def test_values_of_a_finding_as_text(value: object, text: object) -> None:
    assert shown(value) == text


def test_a_finding_holds_plain_values_only() -> None:
    with pytest.raises(TypeError, match="a finding holds plain values only, not ndarray"):
        shown(np.ones(2))
