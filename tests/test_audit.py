"""The watch over all tests bites, in this process and in those it starts, and leaves the tests themselves alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import audit
import pytest
from test_formula_attacks import EXAMPLE

from reportgen.batch.stopping import stop_request
from reportgen.batch.supervisor import Limits, Task, supervise
from reportgen.cli import main
from reportgen.presentation import pdf_process
from reportgen.presentation.rendering import WRITERS

MODULE = "reportgen.presentation.misbehaving"
SHUT = "contextlib.suppress(OSError)"
IMPORTS = "import contextlib, os, pathlib, socket, subprocess, sys, tempfile, threading, urllib.request, webbrowser"
DEEDS = {
    "os.system": "os.system('true')",
    "subprocess.Popen": "subprocess.run(['true'])",
    "os.posix_spawn": "os.waitpid(os.posix_spawn(sys.executable, [sys.executable, '-c', ''], os.environ), 0)",
    "socket.connect": f"with socket.socket() as one, {SHUT}: one.connect(('127.0.0.1', 9))",
    "socket.bind": "with socket.socket() as one: one.bind(('127.0.0.1', 0))",
    "socket.sendto": f"with socket.socket(type=socket.SOCK_DGRAM) as one, {SHUT}: one.sendto(b'x', ('127.0.0.1', 9))",
    "socket.getaddrinfo": "socket.getaddrinfo('127.0.0.1', 9)",
    "urllib.Request": f"with {SHUT}: urllib.request.urlopen('file:///no/such/file')",
    "webbrowser.open": "os.environ['BROWSER'] = 'true'; webbrowser.open('about:blank')",
    "open": "open('here', 'w').close()",
    "os.mkdir": "os.mkdir('folder')",
    "os.rename": "os.rename('there', 'elsewhere')",
    "os.remove": "os.remove('there')",
    "os.symlink": "os.symlink('there', 'link')",
    "os.chmod": "os.chmod('there', 0o600)",
    "os.truncate": "os.truncate('there', 0)",
    "tempfile.mkstemp": "os.close(tempfile.mkstemp()[0])",
}
ALLOWED = {
    "nothing": "pass",
    "a picture of the page itself": "urllib.request.urlopen('data:,x').close()",
    "reading": "open('there').close()",
    "nowhere": "open(os.devnull, 'w').close()",
    "the drawing library's fonts": "open(os.path.join(os.environ['MPLCONFIGDIR'], 'fonts'), 'w').close()",
}


def as_package(code: str, module: str = MODULE) -> None:
    """Run code as if it stood in a module of the package."""
    exec(f"{IMPORTS}\n{code}", {"__name__": module})


def taken(notes: Path) -> list[str]:
    """What has been noted; it is none of this test's faults any more."""
    found = notes.read_text(encoding="ascii").splitlines()
    notes.write_text("")
    return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file, in which the deeds are done."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", "true")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "drawing"))
    (tmp_path / "drawing").mkdir()
    (tmp_path / "there").write_text("x")
    return tmp_path


@pytest.mark.parametrize("event", DEEDS)
def test_what_must_not_be_done_is_noted(event: str, place: Path, audit_notes: Path) -> None:
    as_package(DEEDS[event])
    found = taken(audit_notes)
    assert found
    assert all(line.endswith(f"asked for by {MODULE}") for line in found)
    assert event in {*(line.split()[0] for line in found), "tempfile.mkstemp"}


@pytest.mark.parametrize("deed", ALLOWED)
def test_what_may_be_done_is_not(deed: str, place: Path, audit_notes: Path) -> None:
    as_package(ALLOWED[deed])
    assert taken(audit_notes) == []


def test_who_makes_outputs_makes_them_where_tests_may_have_them(place: Path, audit_notes: Path) -> None:
    outside = "/no such folder/x"
    as_package("open('here', 'w').close()", "reportgen.presentation.outputs")
    assert taken(audit_notes) == []
    as_package(f"with {SHUT}: open({outside!r}, 'w')", "reportgen.presentation.outputs")
    as_package(f"with {SHUT}: os.rename('there', {outside!r})", "reportgen.batch.folder")
    assert [line.split()[0] for line in taken(audit_notes)] == ["open", "os.rename"]


def test_a_test_may_do_what_it_likes(place: Path, audit_notes: Path) -> None:
    subprocess.run(["true"], check=True)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
    (place / "mine").write_text("x")
    urlopen("data:,x").close()
    as_package_calls = {"__name__": MODULE, "test": lambda: os.system("true")}
    exec("test()", as_package_calls)  # a stand-in that the package calls is the test's
    assert taken(audit_notes) == []


def test_another_thread_is_watched(place: Path, audit_notes: Path) -> None:
    as_package("def work(): os.system('true')\none = threading.Thread(target=work); one.start(); one.join()")
    assert [line.split()[0] for line in taken(audit_notes)] == ["os.system"]


def test_a_rendering_is_watched(tmp_path: Path, audit_notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, object] = {"__name__": MODULE}
    exec("import os\ndef write(material):\n    os.system('true')\n    return b''", found)
    monkeypatch.setitem(WRITERS, "md", found["write"])
    formula = "testScore ~ bodyLength2 + (1 | mountainRange)"
    assert main(["render", str(EXAMPLE), formula, "--out", str(tmp_path), "--quiet", "--format", "md", "tex"]) == 0
    assert [line.split()[0] for line in taken(audit_notes)] == ["os.system"]


def test_the_process_of_the_pdf_is_watched(audit_notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deed = f"exec('import os; os.system(\"true\")', {{'__name__': {MODULE!r}}})"
    monkeypatch.setattr(pdf_process, "PROGRAM", f"{deed}; {pdf_process.PROGRAM}")
    assert pdf_process.pdf_apart('<html lang="en"><title>t</title>', {}).startswith(b"%PDF")
    assert [line.split()[0] for line in taken(audit_notes)] == ["os.system"]


def misbehave(code: str) -> dict[str, str]:
    as_package(code)
    return {}


def test_a_process_of_a_batch_is_watched(audit_notes: Path) -> None:
    with stop_request() as stop:
        (ending,) = supervise([Task(0, "os.system('true')")], misbehave, Limits(1), stop, lambda _task: None)
    assert ending.result == {}
    assert [line.split()[0] for line in taken(audit_notes)] == ["os.system"]


SUITE = """
from test_audit import as_package

def test_that_behaves():
    as_package("pass")

def test_that_does_not():
    as_package("os.system('true')")

def test_after_it():
    as_package("pass")
"""


def test_a_test_in_which_it_happens_fails_by_name(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([audit.HERE, str(Path(__file__).parent)])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider", "test_suite.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ERROR at teardown of test_that_does_not" in done.stdout
    assert f"os.system (b'true',), asked for by {MODULE}" in done.stdout
    assert "3 passed, 1 error" in done.stdout
