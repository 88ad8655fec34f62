"""One report of a batch, made in a process of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.batch.folder import sync_folder
from reportgen.batch.jobs import Job
from reportgen.errors import OneGroup, OutputNotWritable

if TYPE_CHECKING:
    from reportgen.analysis import Analysis


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to make, and the folder to write it into."""

    job: Job
    staging: str


def make_report(assignment: Assignment) -> Mapping[str, Any]:
    """Make a report and write its files into the staging folder, each flushed to the disk.

    Parameters
    ----------
    assignment : Assignment
        The job and where to write.

    Returns
    -------
    mapping
        ``data``: SHA-256 of the data; ``files``: format to SHA-256; ``failures``: sentences about formats that could not be
        made; ``line``: the figures for the index.

    Raises
    ------
    ReportgenError
        The data or the formula is wrong, or a file cannot be written.
    """
    from reportgen.batch.lines import line_of
    from reportgen.presentation.exports import results
    from reportgen.presentation.pdf_process import supervised
    from reportgen.presentation.rendering import render

    job = assignment.job
    analysis = _analysed(job)
    presentation = replace(job.presentation, title=job.title or job.presentation.title)
    with supervised():
        rendered = render(analysis, job.formats, _silent, presentation)
    _stage(Path(assignment.staging), rendered.contents)
    return {
        "data": analysis.sample.sha256,
        "files": {suffix: hashlib.sha256(content).hexdigest() for suffix, content in rendered.contents.items()},
        "failures": [str(error) for error in rendered.failures.values()],
        "line": line_of(results(rendered.shown)),
    }


def _analysed(job: Job) -> Analysis:
    """The analysis; what goes wrong in it stands in the index too, so it names no group that the report would not name."""
    from reportgen.analysis import walk
    from reportgen.choices import Options

    try:
        return walk(job.formula, _source(job), Options(**dict(job.choices)))  # type: ignore[arg-type]
    except OneGroup as error:
        if job.presentation.group_labels == "show":
            raise
        raise OneGroup(error.group, "") from None


def _source(job: Job) -> object:
    if not job.selections:
        return job.data
    from reportgen.batch.selection import selected
    from reportgen.choices import Options
    from reportgen.sources import open_source

    return selected(open_source(job.data, missing=Options(**dict(job.choices)).missing), job.selections)  # type: ignore[arg-type]


def _stage(folder: Path, contents: Mapping[str, bytes]) -> None:
    from reportgen.presentation.outputs import write_through

    try:
        folder.mkdir()
        for suffix, content in contents.items():
            write_through(folder / suffix, content)
        sync_folder(folder)
    except OSError as error:
        raise OutputNotWritable("the report", error.strerror or type(error).__name__) from error


def _silent(_stage: str, _rows: int) -> None:
    """Nobody watches one report of many."""
