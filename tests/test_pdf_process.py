"""The PDF renderer in a process of its own: the same bytes, and what it dies of is one sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reportgen.presentation import pdf_process
from reportgen.presentation.drawings import Drawings
from reportgen.presentation.pdf import PdfLibraryMissing, font_faces, pdf_of_page
from reportgen.presentation.pdf_process import PdfFailed, pdf_apart, pdf_begun, renderer_ahead, supervised

PAGE = f'<html lang="en"><title>t</title><style>{font_faces()} p {{ font-family: "Report Sans" }}</style><p>√ text</p></html>'
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"><path d="M0 0h72v36z"/></svg>'
SETTING = "import sys; sys.path[:] = sys.argv[1:]; from reportgen.presentation import pdf, pdf_process; "


def test_the_bytes_are_those_of_this_process() -> None:
    files = {"a.csv": "x\n1\n", "b.json": "{}"}
    assert pdf_apart(PAGE, files, "2026-01-02") == pdf_of_page(PAGE, files, "2026-01-02")


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"),
        ("import sys; sys.stderr.write('first\\nlast line'); sys.exit(1)", "last line"),
        ("import sys; sys.exit(7)", "ended with 7"),
        (
            SETTING + "pdf.pdf_of_page = None; pdf_process.pdf_of_page = lambda *a: bytearray(10**11); pdf_process.child()",
            "Memory",
        ),
    ],
)
def test_what_it_dies_of_is_said(program: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_process, "PROGRAM", program)
    with pytest.raises(PdfFailed, match=expected) as caught:
        pdf_apart(PAGE, {})
    assert caught.value.exit_code == 3


def test_it_has_a_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_process, "SECONDS", 0.2)
    monkeypatch.setattr(pdf_process, "PROGRAM", "import time; time.sleep(60)")
    with pytest.raises(PdfFailed, match=r"more than 0\.2 seconds"):
        pdf_apart(PAGE, {})


def test_a_missing_library_is_said_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = "def broken(name):\n raise OSError('cannot load libpango')\npdf.import_module = broken\npdf_process.child()"
    monkeypatch.setattr(pdf_process, "PROGRAM", f"{SETTING}\n{broken}")
    with pytest.raises(PdfLibraryMissing, match="cannot load libpango; to mend it: apt-get install"):
        pdf_apart(PAGE, {})


def test_a_page_that_asks_for_a_file_gets_none() -> None:
    with pytest.raises(PdfFailed, match="FatalURLFetchingError"):
        pdf_apart('<html lang="en"><title>t</title><img src="file:///etc/hostname" alt="a"></html>', {})


def test_where_somebody_watches_already_there_is_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_process, "PROGRAM", "import sys; sys.exit(1)")
    with supervised():
        assert pdf_apart(PAGE, {}).startswith(b"%PDF")
    with pytest.raises(PdfFailed):
        pdf_apart(PAGE, {})


def test_a_process_started_ahead_makes_the_same_pdf() -> None:
    with renderer_ahead(True):
        first = pdf_apart(PAGE, {})
        second = pdf_apart(PAGE, {})  # by a process started on demand
    assert first == second == pdf_of_page(PAGE, {})


def test_a_process_that_is_not_needed_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def note() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, stdout=-1, stderr=-1))
        return started[-1]

    monkeypatch.setattr(pdf_process, "_started", note)
    with renderer_ahead(True):
        pass
    with renderer_ahead(False):
        pass
    assert [process.returncode for process in started] == [-9]


def test_figures_are_drawn_here_and_put_in_there() -> None:
    drawings = Drawings({"a": (1.0, 0.5)}, lambda: {"a": DRAWING})
    page = PAGE.replace("√ text", '<img src="reportgen-figure:a" alt="a">')
    assert pdf_apart(page, {}, drawings=drawings) == pdf_of_page(page, {}, drawings=drawings)
    assert pdf_apart(page, {}, drawings=drawings) != pdf_apart(page, {}, drawings=Drawings(drawings.sizes, dict))


def test_what_goes_wrong_in_drawing_is_raised_and_the_process_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = pdf_process._started

    def note() -> subprocess.Popen[bytes]:
        started.append(start())
        return started[-1]

    def broken() -> dict[str, bytes]:
        raise RuntimeError("no ink")

    monkeypatch.setattr(pdf_process, "_started", note)
    with pytest.raises(RuntimeError, match="no ink"):
        pdf_apart(PAGE, {}, drawings=Drawings({}, broken))
    assert [process.returncode for process in started] == [-9]


def test_other_work_is_done_while_the_pdf_is_made() -> None:
    with pdf_begun(PAGE, {}) as finished:
        here = pdf_of_page(PAGE, {})
        assert finished() == here


def test_an_error_beside_it_ends_the_process() -> None:
    with pytest.raises(RuntimeError, match="beside"), pdf_begun(PAGE, {}):
        raise RuntimeError("beside")
