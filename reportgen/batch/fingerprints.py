"""What the content of a report depends on, so that a later run can tell whether it would come out the same."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

from reportgen import __version__
from reportgen.batch.folder import OutputFolder, Receipt, digest_of
from reportgen.batch.jobs import Job
from reportgen.errors import InputError
from reportgen.resources import PACKAGE, resource

LIBRARIES = ("formulaic", "jinja2", "matplotlib", "numpy", "pandas", "pyarrow", "scipy", "weasyprint")


def fingerprint(job: Job, data: str) -> dict[str, str]:
    """What the content of a report depends on, by name.

    Parameters
    ----------
    job : Job
        The report.
    data : str
        SHA-256 of its data.
    """
    return {
        "data": data,
        "data_name": Path(job.data).name,
        "rows": json.dumps([[s.column, s.value] for s in job.selections], ensure_ascii=False),
        "formula": job.formula,
        "formats": " ".join(job.formats),
        "name": job.name,
        "title": job.title,
        "choices": json.dumps(sorted(job.choices)),
        "presentation": hashlib.sha256(repr(job.presentation).encode("utf-8", "surrogatepass")).hexdigest(),
        "date": os.environ.get("SOURCE_DATE_EPOCH", ""),
        **program(),
    }


@cache
def program() -> dict[str, str]:
    """The version of reportgen, of its code and templates to the byte, and of the libraries that compute and draw."""
    return {
        "reportgen": __version__,
        "code": _digest_of_tree(PACKAGE, ".py"),
        "templates": _digest_of_tree(resource("templates"), ""),
        "libraries": " ".join(f"{name}={version(name)}" for name in LIBRARIES),
    }


def _digest_of_tree(root: Path, ending: str) -> str:
    whole = hashlib.sha256()
    for path in sorted(root.rglob(f"*{ending}")):
        if path.is_file() and "__pycache__" not in path.parts:
            whole.update(f"{path.relative_to(root).as_posix()}\n{digest_of(path)}\n".encode())
    return whole.hexdigest()


def is_current(job: Job, receipt: Receipt, folder: OutputFolder) -> bool:
    """Whether a report of an earlier run is what this job would make, and its files are whole."""
    if set(receipt.files) != set(job.formats):
        return False
    if any(digest_of(folder.file(job.stem, suffix)) != digest for suffix, digest in receipt.files.items()):
        return False
    # The data are read last: they are the largest.
    expected = fingerprint(job, receipt.fingerprint.get("data", ""))
    return receipt.fingerprint == expected and data_digest(job) == expected["data"]


def data_digest(job: Job) -> str:
    """SHA-256 of the data of a job, or the empty text where they cannot be read."""
    from reportgen.sources import open_source

    try:
        return open_source(job.data).sha256()
    except (InputError, OSError):
        return ""
