"""Runs that are interrupted, killed, or out of disk: no process is left, no file is cut, and the rest can be made later."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from batch_faults import FORMULA, Recorder, cheap, named_jobs, write_data

from reportgen.batch.folder import NO_RECEIPT, OutputFolder, digest_of
from reportgen.batch.runner import Plan, run_batch
from reportgen.batch.supervisor import Limits

PROGRAM = Path(__file__).with_name("batch_faults.py")
MARK = "REPORTGEN_TEST_MARK"
LONGEST = 5.0  # seconds a process may live after the end of its run
MOMENTS = 30


class Program:
    """A batch in a process of its own; every process it starts carries its mark."""

    def __init__(self, arguments: list[str]) -> None:
        self.mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, MARK: self.mark},
            start_new_session=True,
        )

    def wait_for(self, line: str) -> None:
        """Read its output up to a line."""
        assert self.process.stdout is not None
        assert any(found.strip() == line for found in self.process.stdout), f"the program never said {line!r}"

    def family(self) -> list[int]:
        """Ids of the living processes that carry the mark."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            try:
                is_ours = folder.name.isdigit() and wanted in (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended, or belongs to someone else
            if is_ours:
                found.append(int(folder.name))
        return found

    def wait_for_family(self, n: int, seconds: float) -> list[int]:
        """The processes of the family once there are `n`, or after some seconds whatever there are."""
        end = time.monotonic() + seconds
        while len(found := self.family()) != n and time.monotonic() < end:
            time.sleep(0.02)
        return found


@contextmanager
def program(*arguments: str) -> Iterator[Program]:
    started = Program(list(arguments))
    try:
        yield started
    finally:
        for number in started.family():
            os.kill(number, signal.SIGKILL)
        started.process.wait()
        assert started.process.stdout is not None
        started.process.stdout.close()


def names_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_outlives_its_run(tmp_path: Path, number: signal.Signals) -> None:
    with program(str(PROGRAM), str(tmp_path), "3", "good-1", "loop-1", "stop-1", "hold-1") as started:
        started.wait_for("begun hold-1")
        # The run itself, the server that forks, the tracker of shared resources, and three reports.
        assert len(started.wait_for_family(6, 20)) == 6
        os.kill(started.process.pid, number)
        assert started.wait_for_family(0, LONGEST) == []
        code = started.process.wait()
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert {"good-1.html", "good-1.json"} <= set(names_of(tmp_path))
    if number != signal.SIGKILL:
        summary = json.loads((tmp_path / "summary.json").read_text())
        assert [entry["status"] for entry in summary["reports"]] == ["done", "not_run", "not_run", "not_run"]
        assert all("continue it with --resume" in entry["message"] for entry in summary["reports"][1:])
        assert sorted(path.name for path in tmp_path.glob(".*")) == [".lock", ".reports"]


def test_an_interrupt_of_the_whole_terminal_is_one_interrupt(tmp_path: Path) -> None:
    with program(str(PROGRAM), str(tmp_path), "2", "loop-1", "loop-2") as started:
        started.wait_for("begun loop-2")
        started.wait_for_family(5, 20)
        os.killpg(started.process.pid, signal.SIGINT)
        assert started.wait_for_family(0, LONGEST) == []
        assert started.process.wait() == 130
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["counts"]["not_run"] == 2


@pytest.mark.parametrize("moment", ["begun", "staged"])
def test_a_run_survives_the_death_of_the_server_that_forks(tmp_path: Path, moment: str) -> None:
    first = "slow-1" if moment == "begun" else "late-1"
    with program(str(PROGRAM), str(tmp_path), "1", first, "good-1") as started:
        started.wait_for(f"begun {first}")
        while moment == "staged" and not (tmp_path / ".tmp-report-0" / "json").exists():
            time.sleep(0.01)
        for number in started.wait_for_family(4, 20):
            command = Path(f"/proc/{number}/cmdline").read_bytes()
            is_server = b"forkserver" in command and Path(f"/proc/{number}/stat").read_text().split()[3] == str(
                started.process.pid
            )
            if is_server:
                os.kill(number, signal.SIGKILL)
        assert started.process.wait() == 0
    assert json.loads((tmp_path / "summary.json").read_text())["counts"]["done"] == 2


def check_whole(folder: Path, expected: dict[str, str]) -> int:
    """Every visible file is one of the expected, whole, and every receipt has all its files; returns the receipts."""
    for name in names_of(folder):
        if name not in ("summary.json", "index.html"):
            assert digest_of(folder / name) == expected[name], f"{name} is cut"
    outputs, n_receipts = OutputFolder(folder), 0
    for path in (folder / ".reports").glob("*.json"):
        receipt = outputs.receipt(path.stem)
        assert receipt != NO_RECEIPT, f"the receipt {path.name} is cut"
        assert {f"{path.stem}.{suffix}" for suffix in receipt.files} <= set(names_of(folder))
        n_receipts += 1
    return n_receipts


@pytest.mark.slow
def test_a_run_killed_at_any_moment_leaves_whole_files_and_is_resumed(tmp_path: Path) -> None:
    names = [f"good-{i}" for i in range(120)]
    clean = run_batch(named_jobs(*names), tmp_path / "clean", Plan(Limits(2)), Recorder(), cheap)
    assert clean.exit_code == 0
    expected = {name: digest_of(tmp_path / "clean" / name) for name in names_of(tmp_path / "clean")}
    folder = tmp_path / "killed"
    rng = random.Random(1)
    receipts = 0
    for _ in range(MOMENTS):
        with program(str(PROGRAM), str(folder), "2", *names) as started:
            missing = next(name for name in names if not (folder / ".reports" / f"{name}.json").exists())
            started.wait_for(f"begun {missing}")
            time.sleep(rng.uniform(0, 0.25))
            os.kill(started.process.pid, signal.SIGKILL)
            assert started.wait_for_family(0, LONGEST) == []
        found = check_whole(folder, expected)
        assert found >= receipts, "a finished report was lost"
        receipts = found
        if receipts >= len(names) - 10:  # begin anew: it is the moments in the middle that matter
            for path in [*folder.glob("good*"), *(folder / ".reports").glob("*")]:
                path.unlink()
            receipts = 0
    result = run_batch(named_jobs(*names), folder, Plan(Limits(2), resume=True), Recorder(), cheap)
    assert result.exit_code == 0
    assert result.counts["unchanged"] == receipts
    assert result.counts["done"] == len(names) - receipts
    assert check_whole(folder, expected) == len(names)


@pytest.mark.slow
def test_the_command_killed_and_resumed_makes_only_what_is_missing(tmp_path: Path) -> None:
    for number in range(3):
        write_data(tmp_path / "data", number)
    arguments = ["-m", "reportgen", "batch", str(tmp_path / "data" / "*.csv"), "--formula", FORMULA, "--jobs", "1"]
    out = tmp_path / "out"
    with program(*arguments, "--out", str(out)) as started:
        while not (out / ".reports" / "set0.json").exists():
            assert started.process.poll() is None
            time.sleep(0.02)
        os.kill(started.process.pid, signal.SIGKILL)
        assert started.wait_for_family(0, LONGEST) == []
    assert not (out / "summary.json").exists()
    run = subprocess.run(
        [sys.executable, *arguments, "--out", str(out), "--resume"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    summary = json.loads((out / "summary.json").read_text())
    assert [entry["status"] for entry in summary["reports"]] == ["unchanged", "done", "done"]
    assert (out / "index.pdf").read_bytes().startswith(b"%PDF")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_fails_the_reports_that_do_not_fit(small_disk: Path, tmp_path: Path) -> None:
    names = [f"good-{i:02}" for i in range(30)]
    run_batch(named_jobs(*names), tmp_path / "clean", Plan(Limits(2)), Recorder(), cheap)
    expected = {name: digest_of(tmp_path / "clean" / name) for name in names_of(tmp_path / "clean")}
    result = run_batch(named_jobs(*names), small_disk, Plan(Limits(2)), Recorder(), cheap)
    assert result.exit_code == 1
    assert 3 < result.counts["done"] < 28
    failed = [outcome for outcome in result.outcomes if outcome.status == "failed"]
    assert all(outcome.cause == "output" and "No space left on device" in outcome.message for outcome in failed)
    assert check_whole(small_disk, expected) == result.counts["done"]
    listed = json.loads((small_disk / "summary.json").read_text())["reports"]
    assert [entry["status"] for entry in listed] == [outcome.status for outcome in result.outcomes]
    assert not list(small_disk.glob(".tmp*"))
