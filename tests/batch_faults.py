"""Work for batches that goes wrong on purpose, and the data for batches that must go right.

Everything here is found by name from another process; run as a program it is a batch of its own, to be killed.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import reportgen.batch.supervisor as supervisor
from reportgen.batch.fingerprints import data_digest
from reportgen.batch.jobs import Job
from reportgen.batch.report import Assignment, make_report
from reportgen.batch.runner import Plan, run_batch
from reportgen.batch.summary import Outcome
from reportgen.batch.supervisor import Limits
from reportgen.presentation.outputs import write_through

FORMULA = "y ~ x + (1 | g)"
FAULTS = ("exception", "exit", "exit_zero", "kill", "segfault", "abort", "loop", "stop", "memory", "system_exit", "interrupt")


def write_data(folder: Path, number: int, n_rows: int = 60) -> Path:
    """A small file of grouped data, the same for the same number."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(number)
    g = np.arange(n_rows) % 6
    x = rng.standard_normal(6)[g] + rng.standard_normal(n_rows)
    y = 0.5 * x + rng.standard_normal(6)[g] + rng.standard_normal(n_rows)
    region = np.array(["north", "south", "far/east"])[np.arange(n_rows) // 7 % 3]
    path = folder / f"set{number}.csv"
    lines = [f"{a:.6f},{b:.6f},g{c},{r},{a * 2 + b:.6f}" for a, b, c, r in zip(y, x, g, region, strict=True)]
    path.write_text("\n".join(["y,x,g,region,z", *lines]) + "\n")
    return path


def data_jobs(folder: Path, n: int, formats: tuple[str, ...] = ("html", "json")) -> list[Job]:
    """One job for each of `n` files."""
    return [Job(f"set{i}", str(write_data(folder, i)), FORMULA, formats) for i in range(n)]


def named_jobs(*names: str, formats: tuple[str, ...] = ("html", "json")) -> list[Job]:
    """Jobs that are only names; :func:`cheap` needs no more."""
    return [Job(name, f"{name}.csv", FORMULA, formats) for name in names]


def fault(name: str) -> None:
    """Do what the job's name says, up to its last word (``loop-2`` loops)."""
    kind = name.split("-")[0]
    if kind == "exception":
        raise ValueError("on purpose")
    if kind == "exit":
        os._exit(3)
    if kind == "exit_zero":
        os._exit(0)
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "segfault":
        ctypes.string_at(0)
    if kind == "abort":
        os.abort()
    if kind == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if kind == "memory":
        np.ones(1_000_000_000)  # 8 GB
    if kind == "system_exit":
        sys.exit(0)
    if kind == "interrupt":
        raise KeyboardInterrupt
    if kind == "hold":
        ctypes.PyDLL(None).sleep(3600)  # in a library, with the interpreter locked
    while kind == "loop":
        pass


def cheap(assignment: Assignment) -> Mapping[str, Any]:
    """A report that costs nothing: its files say its name."""
    fault(assignment.job.name)
    if assignment.job.name.startswith("slow"):
        time.sleep(0.5)
    folder = Path(assignment.staging)
    folder.mkdir()
    wanted = assignment.job.formats[:1] if assignment.job.name.startswith("partial") else assignment.job.formats
    contents = {suffix: f"{suffix} of {assignment.job.name}\n".encode() * 2000 for suffix in wanted}
    for suffix, content in contents.items():
        write_through(folder / suffix, content)
    if assignment.job.name.startswith("late"):
        time.sleep(1)
    files = {suffix: hashlib.sha256(content).hexdigest() for suffix, content in contents.items()}
    return {
        "data": data_digest(assignment.job) if Path(assignment.job.data).exists() else "",
        "files": files,
        "failures": ["no json here"] if len(wanted) < len(assignment.job.formats) else [],
        "line": {},
    }


def real(assignment: Assignment) -> Mapping[str, Any]:
    """A real report, unless the job's name is that of a fault."""
    fault(assignment.job.name)
    return make_report(assignment)


class Recorder:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.begun_jobs: list[str] = []
        self.outcomes: list[Outcome] = []

    def begun(self, job: Job) -> None:
        self.begun_jobs.append(job.name)

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class Printer:
    """Says on standard output what it is told, for the process that will kill this one."""

    def begun(self, job: Job) -> None:
        print(f"begun {job.name}", flush=True)

    def ended(self, outcome: Outcome) -> None:
        print(f"ended {outcome.job.name} {outcome.status}", flush=True)


def contents_of(folder: Path) -> dict[str, bytes]:
    """Every visible file of an output folder and every receipt, but the summary, which has seconds in it."""
    paths = [*folder.glob("*.*"), *(folder / ".reports").glob("*.json")]
    visible = (path for path in paths if not path.name.startswith(".") and path.name != "summary.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(visible)}


def main() -> None:
    """``batch_faults.py FOLDER WORKERS NAME...``: a batch of cheap reports, resumed if there is something to resume."""
    folder, workers, *names = sys.argv[1:]
    supervisor.PRELOADED[1:] = ["batch_faults"]  # cheap reports need no more, and so the program starts at once
    result = run_batch(named_jobs(*names), Path(folder), Plan(Limits(int(workers)), resume=True), Printer(), batch_faults.cheap)
    sys.exit(result.exit_code)


if __name__ == "__main__":
    import batch_faults  # by its own name: the other processes look there for the work

    main()
