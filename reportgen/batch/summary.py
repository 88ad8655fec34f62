"""What became of each report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from reportgen import __version__
from reportgen.batch.failures import Failure
from reportgen.batch.folder import Receipt
from reportgen.batch.jobs import Job, LeftOut

SCHEMA = "reportgen.batch/1"
NAME = "summary.json"

Status = Literal["done", "unchanged", "failed", "not_run"]
NOT_RUN = ("interrupted", "fail_fast")


@dataclass(frozen=True, slots=True)
class Made:
    """The report is there: made in this run, or found unchanged from an earlier one."""

    receipt: Receipt
    is_new: bool


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Some formats are there, others could not be made."""

    receipt: Receipt
    failure: Failure


Result = Made | Incomplete | Failure


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job, and how many seconds that took."""

    job: Job
    result: Result
    seconds: float

    @property
    def status(self) -> Status:
        """One word for it."""
        if isinstance(self.result, Made):
            return "done" if self.result.is_new else "unchanged"
        if isinstance(self.result, Failure) and self.result.cause in NOT_RUN:
            return "not_run"
        return "failed"

    @property
    def message(self) -> str:
        """Why there is no report, or not all of it; empty where there is."""
        if isinstance(self.result, Made):
            return ""
        return self.result.failure.message if isinstance(self.result, Incomplete) else self.result.message

    @property
    def cause(self) -> str:
        """Kind of failure; empty where there is none."""
        if isinstance(self.result, Made):
            return ""
        return self.result.failure.cause if isinstance(self.result, Incomplete) else self.result.cause

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that are there, in the order asked for."""
        files = {} if isinstance(self.result, Failure) else self.result.receipt.files
        return tuple(name for name in self.job.formats if name in files)

    @property
    def line(self) -> Mapping[str, Any]:
        """Figures for the index; empty where there is no report."""
        return {} if isinstance(self.result, Failure) else self.result.receipt.line


def counted(outcomes: Sequence[Outcome]) -> dict[Status, int]:
    """How many came to each status."""
    counts: dict[Status, int] = {"done": 0, "unchanged": 0, "failed": 0, "not_run": 0}
    for outcome in outcomes:
        counts[outcome.status] += 1
    return counts


def summary_file(outcomes: Sequence[Outcome], left_out: Sequence[LeftOut] = ()) -> str:
    """Every report with its status, message and seconds, as JSON in the order of the jobs, and the rows that are in none."""
    tree = {
        "schema": SCHEMA,
        "reportgen_version": __version__,
        "counts": {"reports": len(outcomes)} | {str(status): number for status, number in counted(outcomes).items()},
        "reports": [_entry(outcome) for outcome in outcomes],
        "left_out": [asdict(rows) for rows in left_out],
    }
    return json.dumps(tree, sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def _entry(outcome: Outcome) -> dict[str, object]:
    job = outcome.job
    return {
        "name": job.name,
        "title": job.title,
        "data": Path(job.data).name,
        "rows": {selection.column: selection.value for selection in job.selections},
        "formula": job.formula,
        "status": outcome.status,
        "cause": outcome.cause,
        "message": outcome.message,
        "seconds": round(outcome.seconds, 3),
        "files": [f"{job.stem}.{name}" for name in outcome.formats],
    }
