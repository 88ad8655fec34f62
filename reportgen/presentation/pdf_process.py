"""The PDF renderer in a process of its own, with limits of time and memory: what it dies of does not end the program."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from reportgen.errors import OutputError
from reportgen.presentation.pdf import PdfLibraryMissing, pdf_of_page

SECONDS = 600.0
MEGABYTES = 8192  # address space, of which libraries map a good part without using it
LIBRARY_MISSING = 3
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from reportgen.presentation.pdf_process import child; child()"

_is_supervised: ContextVar[bool] = ContextVar("supervised", default=False)


class PdfFailed(OutputError):
    """The PDF renderer did not come to an end."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"the PDF could not be made: {self.why}; the other outputs are not touched by it"


@contextmanager
def supervised() -> Iterator[None]:
    """Render in this process for a while: it is one that somebody watches already, as in a batch."""
    token = _is_supervised.set(True)
    try:
        yield
    finally:
        _is_supervised.reset(token)


def pdf_apart(page: str, attachments: Mapping[str, str], date: str = "") -> bytes:
    """The bytes of :func:`reportgen.presentation.pdf.pdf_of_page`, made in a process of its own.

    Parameters
    ----------
    page : str
        Self-contained HTML.
    attachments : mapping
        Name to text of the files that travel inside.
    date : str
        Date of the report, ``YYYY-MM-DD``, or empty.

    Raises
    ------
    PdfLibraryMissing
        A system library is not installed.
    PdfFailed
        The renderer took more than ``SECONDS`` or ``MEGABYTES``, or died.
    """
    if _is_supervised.get() or not sys.executable:
        return pdf_of_page(page, attachments, date)
    work = json.dumps({"page": page, "attachments": dict(attachments), "date": date, "megabytes": MEGABYTES})
    command = [sys.executable, "-P", "-c", PROGRAM, *(entry or "." for entry in sys.path)]
    try:
        run = subprocess.run(command, input=work.encode(), capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise PdfFailed(f"it took more than {SECONDS:g} seconds") from error
    said = run.stderr.decode("utf-8", "replace").strip()
    if run.returncode == LIBRARY_MISSING:
        raise PdfLibraryMissing(said)
    if run.returncode < 0:
        raise PdfFailed(f"the renderer was ended by signal {-run.returncode}")
    if run.returncode > 0:
        raise PdfFailed(said.splitlines()[-1] if said else f"the renderer ended with {run.returncode}")
    return run.stdout


def child() -> None:
    """What the other process does: work from standard input, the PDF to standard output."""
    work = json.loads(sys.stdin.buffer.read())
    _limit(work["megabytes"])
    try:
        content = pdf_of_page(work["page"], work["attachments"], work["date"])
    except PdfLibraryMissing as error:
        sys.stderr.write(error.why)
        sys.exit(LIBRARY_MISSING)
    sys.stdout.buffer.write(content)


def _limit(megabytes: int) -> None:
    """Keep this process from taking more memory than it may, where the system can."""
    if sys.platform != "linux":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = [megabytes * 2**20, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(allowed), hard))
