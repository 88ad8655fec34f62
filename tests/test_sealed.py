"""Rendering is sealed: it asks nobody, reads no file that a text names, and leaves no trace of the machine in any output."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from audit import surroundings
from hostile import PLAIN, command, formula
from pypdf import PdfReader
from pypdf.generic import StreamObject

from reportgen.cli import main
from reportgen.presentation.rendering import FORMATS

SECRET = "canary-in-a-secret-file-7f3a"


class _Counter(BaseHTTPRequestHandler):
    hits: list[str]

    def do_GET(self) -> None:
        self.hits.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SECRET.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""


@contextmanager
def server() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine, and the paths it was asked for."""
    hits: list[str] = []
    counted = HTTPServer(("127.0.0.1", 0), type("Counter", (_Counter,), {"hits": hits}))
    thread = threading.Thread(target=counted.serve_forever, daemon=True)
    thread.start()
    try:
        yield counted.server_address[1], hits
    finally:
        counted.shutdown()
        counted.server_close()
        thread.join()


def contents(path: Path) -> bytes:
    """All bytes of an output with every compression undone, names of parts included."""
    raw = path.read_bytes()
    if path.suffix == ".pdf":
        return raw + b"\n".join(_pdf_parts(raw))
    if path.suffix in (".docx", ".xlsx"):
        with zipfile.ZipFile(io.BytesIO(raw)) as package:
            return raw + b"\n".join(name.encode() + package.read(name) for name in package.namelist())
    return raw


def _pdf_parts(raw: bytes) -> Iterator[bytes]:
    reader = PdfReader(io.BytesIO(raw))
    for number in range(1, int(str(reader.trailer["/Size"]))):
        found = reader.get_object(number)
        yield repr(found).encode()
        if isinstance(found, StreamObject):
            yield found.get_data()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", raw, re.DOTALL):
        try:
            yield zlib.decompress(stream)
        except zlib.error:
            continue


def test_the_bytes_of_a_pdf_are_seen(tmp_path: Path) -> None:
    assert main(command(tmp_path, SECRET, PLAIN, ("pdf",))) == 0
    (made,) = (tmp_path / "out").glob("*.pdf")
    assert SECRET.encode() in contents(made)


@pytest.mark.parametrize("kind", ["server", "file"])
def test_nothing_that_a_text_names_is_fetched(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    image = tmp_path / "secret.svg"
    image.write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><text>{SECRET}</text></svg>')
    with server() as (port, hits):
        place = f"http://127.0.0.1:{port}/x" if kind == "server" else secret.as_uri()
        drawing = f"http://127.0.0.1:{port}/x.svg" if kind == "server" else image.as_uri()
        text = " ".join(
            (
                f'"><img src="{drawing}"><link rel=stylesheet href="{place}"><a href={place}>',
                f"</style><style>@import url({place}); * {{ background: url('{drawing}') }}</style>",
                f"</text><image href='{drawing}'/><use href='{drawing}#a'/>",
                f"![a]({place}) [b]({place}) \\input{{{place}}} \\includegraphics{{{drawing}}}",
            )
        )
        for name, label in ((text, place), (place, text)):
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            assert main(command(folder, name, label, FORMATS)) == 0
            for made in (folder / "out").iterdir():
                assert SECRET.encode() not in contents(made)
        assert hits == []
    assert capfd.readouterr() == ("", "")


def test_the_server_of_these_tests_counts() -> None:
    from urllib.request import urlopen

    with server() as (port, hits), urlopen(f"http://127.0.0.1:{port}/seen") as answer:
        assert answer.read() == SECRET.encode()
        assert hits == ["/seen"]


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_a_browser_asks_nobody_when_it_opens_the_page(tmp_path: Path) -> None:
    with server() as (port, hits):
        place = f"http://127.0.0.1:{port}/x"
        text = f'"><img src="{place}"><script src="{place}"></script><style>@import url({place});</style>'
        assert main(command(tmp_path, text, text, ("html",))) == 0
        (made,) = (tmp_path / "out").glob("*.html")
        browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        shown = subprocess.run([*browser, "--dump-dom", made.as_uri()], capture_output=True, timeout=120, check=True)
        assert b"</html>" in shown.stdout
        assert b'<img src="http' not in shown.stdout
        assert hits == []


CANARIES = {
    "USER": "canaryuser",
    "LOGNAME": "canaryuser",
    "USERNAME": "canaryuser",
    "HOSTNAME": "canaryhost",
    "EMAIL": "canary@example.org",
    "NAME": "canaryname",
    "SECRET_TOKEN": "canarytoken",
}


@cache
def runs() -> tuple[dict[str, bytes], dict[str, bytes], Path]:
    """Every format of one report, made twice in surroundings that have nothing in common."""
    from tempfile import mkdtemp

    base = Path(mkdtemp(prefix="sealed-"))
    made = []
    for name, seed, zone, language in (
        ("canaryfolder", "1", "Asia/Kathmandu", "de_DE.UTF-8"),
        ("other place", "77", "UTC", "C"),
    ):
        folder = base / name
        command(folder / "data", PLAIN, PLAIN, FORMATS, "scores.parquet")
        home = folder / "canaryhome"
        home.mkdir()
        variables = os.environ | CANARIES | {"HOME": str(home), "PYTHONHASHSEED": seed, "TZ": zone, "LANG": language}
        variables |= {"LC_ALL": language, "OPENBLAS_NUM_THREADS": "2" if seed == "77" else "1"}
        variables |= surroundings(Path(__file__).resolve().parent.parent)
        given = ["../data/scores.parquet" if seed == "77" else str(folder / "data" / "scores.parquet"), formula(PLAIN)]
        work = folder / "work"
        work.mkdir()
        line = [sys.executable, "-m", "reportgen", "render", *given, "--out", str(folder / "out"), "--quiet"]
        done = subprocess.run([*line, "--format", *FORMATS], cwd=work, env=variables, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert list(work.iterdir()) == []
        made.append({path.name: path.read_bytes() for path in sorted((folder / "out").iterdir())})
    return made[0], made[1], base


def test_the_same_bytes_wherever_and_whenever() -> None:
    first, second, _ = runs()
    assert list(first) == list(second) == sorted(f"scores.{ending}" for ending in FORMATS)
    for name in first:
        assert first[name] == second[name], f"{name} differs"


def test_no_output_knows_the_machine_the_user_or_a_path() -> None:
    first, _, base = runs()
    traces = [b"canary", str(base).encode(), str(Path.home()).encode() + b"/", b"/tmp/", b"/home/", b"site-packages"]
    traces += [os.uname().nodename.encode(), str(Path(sys.prefix)).encode(), str(Path(__file__).parent.parent).encode() + b"/"]
    for name in first:
        found = contents(base / "canaryfolder" / "out" / name)
        for trace in traces:
            if len(trace) > 4:
                assert trace not in found, f"{name} holds {trace!r}"


def test_no_output_has_a_date_of_today() -> None:
    from datetime import UTC, datetime

    first, _, base = runs()
    now = datetime.now(UTC)
    shapes = [
        now.strftime(shape).encode() for shape in ("%Y-%m-%d", "D:%Y%m%d", "%Y%m%dT", "%d.%m.%Y", "%B %d, %Y", "%d %B %Y")
    ]
    for name in first:
        found = contents(base / "canaryfolder" / "out" / name)
        assert [shape for shape in shapes if shape in found] == []
