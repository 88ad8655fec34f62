"""What is said: a stream that is closed, full, without a reader or of another encoding costs no work and no traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen.console import PLAIN, Messages, plain_characters, print_result
from reportgen.errors import OutputNotWritable

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "dragons" / "dragons.csv"
FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"
FIT = f"fit '{EXAMPLE}' '{FORMULA}'"
FULL = "/dev/full"

needs_full = pytest.mark.skipif(not Path(FULL).exists(), reason="this system has no device that is always full")


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A line of shell with ``{}`` for the command line."""
    line = command.replace("{}", f"'{sys.executable}' -m reportgen")
    variables = {**os.environ, **environment}
    return subprocess.run(["sh", "-c", line], capture_output=True, check=False, cwd=ROOT, env=variables, timeout=300)


@needs_full
@pytest.mark.parametrize("arguments", [FIT, f"{FIT} --json"])
def test_a_result_that_does_not_fit_is_an_error(arguments: str) -> None:
    done = shell(f"{{}} {arguments} > {FULL}")
    assert done.returncode == 3
    assert done.stderr == b"reportgen: cannot write 'standard output': No space left on device\n"


@pytest.mark.parametrize("arguments", [FIT, f"{FIT} --json"])
def test_a_result_without_anywhere_to_go_is_an_error(arguments: str) -> None:
    done = shell(f"{{}} {arguments} >&-")
    assert done.returncode == 3
    assert done.stderr == b"reportgen: cannot write 'standard output': it is closed\n"


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", "2>&-", pytest.param(f"2>{FULL}", marks=needs_full)])
def test_messages_that_nobody_can_read_cost_no_report(streams: str, tmp_path: Path) -> None:
    done = shell(f"{{}} render '{EXAMPLE}' '{FORMULA}' --format html json --out '{tmp_path}/out' {streams}")
    assert done.returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dragons.html", "dragons.json"]


def test_messages_whose_reader_has_gone_end_no_batch(tmp_path: Path) -> None:
    """As ``2>&1 | head -1`` does."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "reportgen", "batch", str(EXAMPLE), "--formula", FORMULA, "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, "--format", "json"], stderr=write, check=False, cwd=ROOT, timeout=300)
    os.close(write)
    assert done.returncode == 0
    assert {"dragons.json", "index.html", "summary.json"} <= {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize("streams", ["2>&-", pytest.param(f"2>{FULL}", marks=needs_full)])
def test_errors_that_nobody_can_read_keep_their_exit_code(streams: str) -> None:
    done = shell(f"{{}} fit no-such-file.csv 'y ~ x + (1 | g)' {streams}")
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_stream_without_a_minus_sign_gets_a_hyphen() -> None:
    done = shell(f"{{}} {FIT}", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    whole = shell(f"{{}} {FIT}", PYTHONIOENCODING="utf-8").stdout.decode()
    assert "\N{MINUS SIGN}" in whole
    for character, plain in PLAIN.items():
        whole = whole.replace(character, plain)
    assert whole.encode("ascii", "backslashreplace") == done.stdout


def test_other_characters_are_written_by_their_numbers() -> None:
    assert "\N{MINUS SIGN}1\N{HORIZONTAL ELLIPSIS} \N{GREEK SMALL LETTER TAU}".encode("ascii", "replace") == b"?1? ?"
    error = UnicodeEncodeError("ascii", "a\N{MINUS SIGN}\N{GREEK SMALL LETTER TAU}b", 1, 3, "")
    assert plain_characters(error) == ("-\\u03c4", 3)
    with pytest.raises(UnicodeDecodeError):
        plain_characters(UnicodeDecodeError("ascii", b"x", 0, 1, ""))


def test_a_standard_output_that_is_a_text_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a notebook."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    print_result("\N{MINUS SIGN}1\n".encode())
    print_result("2\n")
    assert stream.getvalue() == "\N{MINUS SIGN}1\n2\n"


def test_without_streams_a_result_is_an_error_and_a_message_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(OutputNotWritable, match="it is closed"):
        print_result("1")
    messages = Messages(quiet=False, verbose=True)
    messages.error("text")
    messages.say("text")
    messages.progress("text", 1)
    assert not messages.is_live


def test_no_message_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a file may hold whatever a terminal takes for a command."""
    Messages(quiet=False, verbose=False).say("wrote \x1b[2Jreport\u202e.html")
    assert capsys.readouterr().err == "wrote \N{REPLACEMENT CHARACTER}[2Jreport\N{REPLACEMENT CHARACTER}.html\n"
