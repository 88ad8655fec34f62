"""The PDF renderer in a process of its own, with limits of time and memory: what it dies of does not end the program."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from reportgen.errors import OutputError
from reportgen.presentation.drawings import NOTHING_DRAWN, Drawings
from reportgen.presentation.pdf import PdfLibraryMissing, load_renderer, pdf_of_page

SECONDS = 600.0
MEGABYTES = 8192  # address space, of which libraries map a good part without using it
LIBRARY_MISSING = 3
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from reportgen.presentation.pdf_process import child; child()"

_waiting: ContextVar[list[subprocess.Popen[bytes]] | None] = ContextVar("waiting", default=None)
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


@contextmanager
def renderer_ahead(is_wanted: bool) -> Iterator[None]:
    """Start the other process now, so that it loads the renderer while the report is put into words here.

    Parameters
    ----------
    is_wanted : bool
        Whether a PDF will be asked for within; otherwise nothing is started.
    """
    if not is_wanted or _is_supervised.get() or not sys.executable:
        yield
        return
    waiting = [_started()]
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
        for process in waiting:  # it was not needed after all
            process.kill()
            process.communicate()


def _started() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-c", PROGRAM, *(entry or "." for entry in sys.path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def pdf_apart(page: str, attachments: Mapping[str, str], date: str = "", drawings: Drawings = NOTHING_DRAWN) -> bytes:
    """The bytes of :func:`pdf_begun`, waited for at once."""
    with pdf_begun(page, attachments, date, drawings) as finished:
        return finished()


@contextmanager
def pdf_begun(
    page: str, attachments: Mapping[str, str], date: str = "", drawings: Drawings = NOTHING_DRAWN
) -> Iterator[Callable[[], bytes]]:
    """Have the bytes of :func:`reportgen.presentation.pdf.pdf_of_page` made in a process of its own.

    The figures are drawn here while the page is laid out there; whatever else is to do can then be done until the PDF is asked
    for.

    Parameters
    ----------
    page : str
        Self-contained HTML.
    attachments : mapping
        Name to text of the files that travel inside.
    date : str
        Date of the report, ``YYYY-MM-DD``, or empty.
    drawings : Drawings
        The figures that the page names.

    Yields
    ------
    callable
        Waits for the bytes. It raises :class:`PdfLibraryMissing` where a system library is not installed, and
        :class:`PdfFailed` where the renderer took more than ``SECONDS`` or ``MEGABYTES``, or died.
    """
    if _is_supervised.get() or not sys.executable:
        yield lambda: pdf_of_page(page, attachments, date, drawings)
        return
    work = {"page": page, "attachments": dict(attachments), "date": date, "megabytes": MEGABYTES, "sizes": dict(drawings.sizes)}
    waiting = _waiting.get()
    process = waiting.pop() if waiting else _started()
    drawn: Future[bytes] = Future()
    with ThreadPoolExecutor(1) as thread:
        try:
            answer = thread.submit(_exchange, process, _line(work), drawn)
            drawn.set_result(_line({name: svg.decode() for name, svg in drawings.drawn().items()}))
            yield lambda: _content(process, answer)
        finally:
            process.kill()  # it has ended, unless something went wrong here
            if not drawn.done():
                drawn.set_result(b"")


def _line(content: Mapping[str, object]) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _exchange(process: subprocess.Popen[bytes], work: bytes, drawn: Future[bytes]) -> tuple[bytes, bytes]:
    """Give the other process its work, then the drawings once there are some; what it writes and what it complains of."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # what it died of is said with its end
        process.stdin.write(work)
        process.stdin.flush()
    return process.communicate(drawn.result())


def _content(process: subprocess.Popen[bytes], answer: Future[tuple[bytes, bytes]]) -> bytes:
    """The PDF, or the error that says why there is none."""
    try:
        content, complaint = answer.result(SECONDS)
    except TimeoutError as error:
        raise PdfFailed(f"it took more than {SECONDS:g} seconds") from error
    said = complaint.decode("utf-8", "replace").strip()
    if process.returncode == LIBRARY_MISSING:
        raise PdfLibraryMissing(said)
    if process.returncode < 0:
        raise PdfFailed(f"the renderer was ended by signal {-process.returncode}")
    if process.returncode > 0:
        raise PdfFailed(said.splitlines()[-1] if said else f"the renderer ended with {process.returncode}")
    return content


def child() -> None:
    """What the other process does: work from standard input, the PDF to standard output."""
    gc.disable()  # the process ends with its one document: looking for garbage on the way costs a sixth of its time
    try:
        load_renderer()  # while whoever started this is still writing the page
        work = json.loads(sys.stdin.buffer.readline())
        _limit(work["megabytes"])
        drawings = Drawings(work["sizes"], _received)
        content = pdf_of_page(work["page"], work["attachments"], work["date"], drawings)
    except PdfLibraryMissing as error:
        sys.stderr.write(error.why)
        sys.exit(LIBRARY_MISSING)
    sys.stdout.buffer.write(content)
    gc.freeze()  # else all that is in memory is looked through once more at the end


def _received() -> dict[str, bytes]:
    """The drawings, which come when the page is laid out or before."""
    return {name: svg.encode() for name, svg in json.loads(sys.stdin.buffer.readline()).items()}


def _limit(megabytes: int) -> None:
    """Keep this process from taking more memory than it may, where the system can."""
    if sys.platform != "linux":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = [megabytes * 2**20, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(allowed), hard))
