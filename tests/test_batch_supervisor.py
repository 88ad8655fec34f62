"""Each fault injected into a batch: it costs its own report, is named, and leaves no process behind."""

from __future__ import annotations

import json
import multiprocessing
import time
from pathlib import Path

import pytest
from batch_faults import FAULTS, Recorder, cheap, contents_of, data_jobs, named_jobs, real

from reportgen.batch.failures import Failure
from reportgen.batch.runner import BatchResult, Plan, run_batch
from reportgen.batch.stopping import Stopped, stop_request
from reportgen.batch.summary import Outcome
from reportgen.batch.supervisor import Limits, Task, prepared_environment, supervise

GOOD = tuple(f"good-{i}" for i in range(9))
LIMITS = Limits(workers=2, seconds=2.0, megabytes=1000)

EXPECTED = {
    "exception": ("unexpected", "a mistake of reportgen, please report it (ValueError)"),
    "exit": ("exit", "its process ended with exit code 3 before the report was made"),
    "exit_zero": ("exit", "its process ended with exit code 0 before the report was made"),
    "kill": ("signal", "its process was ended by SIGKILL (perhaps for want of memory) before the report was made"),
    "segfault": ("signal", "its process was ended by SIGSEGV before the report was made"),
    "abort": ("signal", "its process was ended by SIGABRT (perhaps for want of memory) before the report was made"),
    "loop": ("time", "took longer than the time limit of 2 s; raise --time-limit or use less data"),
    "stop": ("time", "took longer than the time limit of 2 s; raise --time-limit or use less data"),
    "memory": ("memory", "needed more than the memory limit of 1000 MB; raise --memory-limit or use less data"),
    "system_exit": ("exit", "the program tried to end with exit code 0 before the report was made"),
    "interrupt": ("unexpected", "a mistake of reportgen, please report it (KeyboardInterrupt)"),
}


def run(folder: Path, *names: str, limits: Limits = LIMITS, fail_fast: bool = False) -> tuple[BatchResult, Recorder]:
    recorder = Recorder()
    plan = Plan(limits, fail_fast=fail_fast)
    return run_batch(named_jobs(*names), folder, plan, recorder, cheap), recorder


def by_name(result: BatchResult) -> dict[str, Outcome]:
    return {outcome.job.name: outcome for outcome in result.outcomes}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clean")
    result, _ = run(folder, *GOOD)
    assert result.exit_code == 0
    return contents_of(folder)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BatchResult]:
    folder = tmp_path_factory.mktemp("faulty")
    mixed = [name for pair in zip(FAULTS, (*GOOD, *FAULTS), strict=False) for name in pair]
    result, _ = run(folder, *dict.fromkeys(mixed))
    return folder, result


def test_every_fault_has_its_expectation() -> None:
    assert set(EXPECTED) == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(faulty: tuple[Path, BatchResult], name: str) -> None:
    outcome = by_name(faulty[1])[name]
    assert outcome.status == "failed"
    assert (outcome.cause, outcome.message) == EXPECTED[name]


def test_faults_leave_the_other_reports_as_they_are(faulty: tuple[Path, BatchResult], clean: dict[str, bytes]) -> None:
    found = contents_of(faulty[0])
    pages = {"index.html"}
    assert {name: content for name, content in found.items() if name not in pages} == {
        name: content for name, content in clean.items() if name not in pages
    }
    assert faulty[1].exit_code == 1


def test_every_report_is_listed(faulty: tuple[Path, BatchResult]) -> None:
    folder, result = faulty
    summary = json.loads((folder / "summary.json").read_text())
    listed = {entry["name"]: entry for entry in summary["reports"]}
    assert set(listed) == {*FAULTS, *GOOD}
    assert summary["counts"] == {"reports": 20, "done": 9, "unchanged": 0, "failed": 11, "not_run": 0}
    for name in FAULTS:
        assert (listed[name]["status"], listed[name]["message"]) == ("failed", EXPECTED[name][1])
        assert listed[name]["files"] == []
    assert all(entry["seconds"] > 0 for entry in listed.values())
    page = (folder / "index.html").read_text()
    assert all(f">{name}<" in page.replace("\n", "") for name in (*FAULTS, *GOOD))
    assert [outcome.job.name for outcome in result.outcomes] == [entry["name"] for entry in summary["reports"]]


def test_a_mistake_of_the_program_leaves_its_traceback(faulty: tuple[Path, BatchResult]) -> None:
    assert "ValueError: on purpose" in (faulty[0] / ".reports" / "exception.log").read_text()
    assert "Segmentation fault" in (faulty[0] / ".reports" / "segfault.log").read_text()


def test_nothing_is_left_of_a_fault(faulty: tuple[Path, BatchResult]) -> None:
    assert sorted(path.name for path in faulty[0].glob(".*")) == [".lock", ".reports"]
    assert not multiprocessing.active_children()


def test_a_time_limit_is_kept_to(tmp_path: Path) -> None:
    began = time.monotonic()
    result, _ = run(tmp_path, "loop", limits=Limits(1, 0.5))
    assert by_name(result)["loop"].cause == "time"
    assert 0.5 <= by_name(result)["loop"].seconds < 3
    assert time.monotonic() - began < 60


def test_fail_fast_stops_at_the_first_failure(tmp_path: Path) -> None:
    result, recorder = run(tmp_path, "exit", "loop", "good-1", "good-2", limits=Limits(2), fail_fast=True)
    assert [outcome.status for outcome in result.outcomes] == ["failed", "not_run", "not_run", "not_run"]
    assert "good-2" not in recorder.begun_jobs
    assert result.exit_code == 1
    assert "not made because another report failed" in (tmp_path / "index.html").read_text()


def test_an_answer_longer_than_a_pipe_arrives_whole() -> None:
    with stop_request() as stop:
        endings = list(supervise([Task(0, 300_000)], long_answer, Limits(1), stop, lambda _task: None))
    result = endings[0].result
    assert not isinstance(result, Failure)
    assert len(result["text"]) == 300_000


def long_answer(length: int) -> dict[str, str]:
    print("y" * length)  # the messages of a process must not fill its pipe either
    return {"text": "x" * length}


def test_a_request_to_stop_ends_the_running() -> None:
    began: list[int] = []
    with stop_request() as stop:
        tasks = [Task(i, None) for i in range(3)]

        def begun(task: Task) -> None:
            began.append(task.number)
            stop.make()

        endings = supervise(tasks, endless, Limits(2), stop, begun)
        with pytest.raises(Stopped):
            next(endings)
    assert began == [0]
    assert not multiprocessing.active_children()


def endless(_argument: object) -> dict[str, str]:
    while True:
        pass


def environment(_argument: object) -> dict[str, object]:
    import os
    import resource

    import pyarrow

    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "SOURCE_DATE_EPOCH")
    return {
        "variables": {name: os.environ.get(name, "") for name in names},
        "arrow": pyarrow.cpu_count(),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
    }


def test_a_process_computes_with_one_thread_and_leaves_no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    with stop_request() as stop:
        (ending,) = supervise([Task(0, None)], environment, Limits(1), stop, lambda _task: None)
    assert not isinstance(ending.result, Failure)
    assert ending.result["variables"] == {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "SOURCE_DATE_EPOCH": "86400",
    }
    assert ending.result["arrow"] == 1
    assert ending.result["core"] == 0


def test_the_environment_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with prepared_environment():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


@pytest.mark.slow
def test_real_reports_beside_faults_equal_those_of_a_clean_run(tmp_path: Path) -> None:
    formats = ("html", "pdf", "json")
    good = data_jobs(tmp_path / "data", 4, formats)
    bad = named_jobs("exception", "exit", "kill", "segfault", "loop", "memory", "system_exit", formats=formats)
    limits = Limits(2, 60.0, 2000)
    clean = run_batch(good, tmp_path / "clean", Plan(limits), Recorder(), real)
    mixed = [job for pair in zip(bad, [*good, *good], strict=False) for job in pair]
    faulty = run_batch(list(dict.fromkeys(mixed)), tmp_path / "faulty", Plan(limits), Recorder(), real)
    assert (clean.exit_code, faulty.exit_code) == (0, 1)
    ours = {name: content for name, content in contents_of(tmp_path / "clean").items() if not name.startswith("index.")}
    assert len(ours) == 16
    theirs = contents_of(tmp_path / "faulty")
    assert {name: theirs[name] for name in ours} == ours
    assert {outcome.job.name for outcome in faulty.outcomes if outcome.status == "failed"} == {job.name for job in bad}
