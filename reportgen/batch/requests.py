"""What is asked for on the command line, as jobs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from reportgen.batch.expansion import Split, jobs_of_files, responses_of
from reportgen.batch.jobs import Jobs
from reportgen.batch.manifest import read_manifest
from reportgen.current_folder import check_current_folder
from reportgen.errors import OptionConflict
from reportgen.presentation.rendering import DEFAULT_FORMATS

MANIFEST = ".toml"


@dataclass(frozen=True, slots=True)
class Request:
    """A batch as asked for.

    Attributes
    ----------
    data : tuple of str
        One manifest, or data files and patterns.
    formula : str
        For data files; empty with a manifest.
    formats : tuple of str
        Outputs of each report; empty for those of the manifest, or all.
    by : str
        Column by whose values each file is split; empty for none.
    responses : str
        Left sides of the formula, separated by commas; empty for that of the formula.
    missing : tuple of str
        Texts that mean "no value".
    """

    data: tuple[str, ...]
    formula: str = ""
    formats: tuple[str, ...] = ()
    by: str = ""
    responses: str = ""
    missing: tuple[str, ...] = ()


def jobs_of(request: Request) -> Jobs:
    """The jobs of a request, and the rows that are in none of them.

    Raises
    ------
    InputError
        The manifest, the formula, the column, the names or the combination of options is wrong, or there is no current folder,
        without which no process can be started.
    """
    check_current_folder()
    manifests = [item for item in request.data if item.lower().endswith(MANIFEST)]
    if not manifests:
        if not request.formula:
            raise OptionConflict("--formula", "is missing", "give it with data files, or give one manifest (.toml)")
        split = Split(request.by, responses_of(request.responses) if request.responses else (), request.missing)
        return jobs_of_files(request.data, request.formula, request.formats or DEFAULT_FORMATS, split)
    if len(request.data) > 1:
        raise OptionConflict("a manifest", "stands alone", "give either one manifest or data files")
    options = {"--formula": request.formula, "--by": request.by, "--responses": request.responses, "--format": request.formats}
    for option, value in options.items():
        if value:
            raise OptionConflict(option, "does not go with a manifest", "write it into the manifest, or give data files")
    return Jobs(read_manifest(Path(manifests[0])))


def default_workers() -> int:
    """One process for each processor this one may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_megabytes(workers: int) -> int:
    """The memory of the machine, shared out: more than its share would take that of the others."""
    return max(512, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // workers >> 20)
