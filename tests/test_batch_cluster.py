"""A batch on a Dask cluster: the bytes of a local run, and a fault costs its own report even where it ends the worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from batch_faults import Recorder, cheap, contents_of, data_jobs, named_jobs

from reportgen.batch.child import Work
from reportgen.batch.jobs import Job
from reportgen.batch.remote import supervise_on
from reportgen.batch.report import Assignment
from reportgen.batch.runner import BatchResult, Plan, run_batch
from reportgen.batch.supervisor import Limits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0") as cluster,
        distributed.Client(cluster) as found,
    ):
        yield found


def run_there(client: Any, jobs: list[Job], folder: Path, work: Work | None = None) -> BatchResult:
    plan = Plan(Limits(2, 60.0, 4000))
    if work is None:
        return run_batch(jobs, folder, plan, Recorder(), supervisor=supervise_on(client))
    return run_batch(jobs, folder, plan, Recorder(), work, supervise_on(client))


def ends_its_worker_once(assignment: Assignment) -> Mapping[str, Any]:
    """Kills the worker that supervises it, and so itself, the first time."""
    marker = Path(assignment.staging).parent / "worker-killed"
    if assignment.job.name == "deadly" and not marker.exists():
        marker.touch()
        server = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()
        os.kill(int(server[1]), signal.SIGKILL)  # the parent of the process that forked this one
        signal.pause()
    return cheap(assignment)


def test_the_same_bytes_as_here(client: Any, tmp_path: Path) -> None:
    jobs = data_jobs(tmp_path / "data", 4)
    assert run_batch(jobs, tmp_path / "here", Plan(Limits(2, 60.0, 4000)), Recorder()).exit_code == 0
    assert run_there(client, jobs, tmp_path / "there").exit_code == 0
    assert contents_of(tmp_path / "there") == contents_of(tmp_path / "here")


def test_a_fault_costs_its_own_report(client: Any, tmp_path: Path) -> None:
    names = ("a", "kill", "b", "exception", "segfault", "c", "exit", "d")
    result = run_there(client, named_jobs(*names), tmp_path / "out", cheap)
    found = {outcome.job.name: outcome.status for outcome in result.outcomes}
    assert found == {name: "done" if len(name) == 1 else "failed" for name in names}
    assert sorted(path.name for path in (tmp_path / "out").glob("?.html")) == ["a.html", "b.html", "c.html", "d.html"]
    assert len(client.nthreads()) == 2  # the workers have lived through it


def test_a_lost_worker_costs_nothing_but_time(client: Any, tmp_path: Path) -> None:
    result = run_there(client, named_jobs("a", "b", "deadly", "c", "d"), tmp_path / "out", ends_its_worker_once)
    assert [outcome.status for outcome in result.outcomes] == ["done"] * 5
    assert len(list((tmp_path / "out").glob("*.json"))) == 6  # the five and the summary
