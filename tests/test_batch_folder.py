"""The output folder: a report is complete and together, or absent; one run at a time."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from batch_faults import Recorder, cheap, named_jobs

from reportgen.batch.folder import NO_RECEIPT, OutputFolder, Receipt
from reportgen.batch.lock import only_run
from reportgen.batch.runner import Plan, run_batch
from reportgen.batch.supervisor import Limits
from reportgen.errors import FolderInUse, OutputNotWritable


def staged(folder: OutputFolder, number: int, **contents: bytes) -> Receipt:
    """Write files as a report's process does."""
    folder.staging(number).mkdir()
    for suffix, content in contents.items():
        (folder.staging(number) / suffix).write_bytes(content)
    digests = {suffix: hashlib.sha256(content).hexdigest() for suffix, content in contents.items()}
    return Receipt({"data": "d"}, digests, {"rows": 3})


@pytest.fixture
def folder(tmp_path: Path) -> OutputFolder:
    made = OutputFolder(tmp_path)
    made.prepare(1)
    made.release_reserve()
    return made


def visible(folder: OutputFolder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir() if not path.name.startswith("."))


def test_a_report_and_its_receipt(folder: OutputFolder) -> None:
    receipt = staged(folder, 0, html=b"page", json=b"{}")
    folder.commit("a", 0, receipt)
    assert visible(folder) == ["a.html", "a.json"]
    assert folder.receipt("a") == receipt


def test_the_receipt_comes_last(folder: OutputFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    replace = os.replace

    def watched(source: Path, target: Path) -> None:
        order.append(target.name)
        assert folder.receipt("a") == NO_RECEIPT
        replace(source, target)

    folder.commit("a", 0, staged(folder, 0, html=b"1"))
    order += ["first run"]
    monkeypatch.setattr(os, "replace", watched)
    folder.discard(0)
    folder.commit("a", 0, staged(folder, 0, html=b"2", json=b"2"))
    assert order == ["first run", "a.html", "a.json", "a.json"]
    assert folder.receipt("a") != NO_RECEIPT


def test_a_shorter_report_leaves_nothing_of_a_longer_one(folder: OutputFolder) -> None:
    folder.commit("a", 0, staged(folder, 0, html=b"page", pdf=b"pdf"))
    folder.discard(0)
    folder.commit("a", 0, staged(folder, 0, html=b"page"))
    assert visible(folder) == ["a.html"]


def test_a_file_of_someone_else_stays(folder: OutputFolder) -> None:
    folder.commit("a", 0, staged(folder, 0, html=b"page", pdf=b"pdf"))
    (folder.path / "a.pdf").write_bytes(b"replaced by hand")
    folder.withdraw("a")
    assert visible(folder) == ["a.pdf"]
    assert folder.receipt("a") == NO_RECEIPT


@pytest.mark.parametrize("place", ["a.json", "receipt"])
def test_a_failing_disk_leaves_no_half_report(folder: OutputFolder, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    receipt = staged(folder, 0, html=b"page", json=b"{}")
    replace = os.replace

    def failing(source: Path, target: Path) -> None:
        if place in (target.name, source.name) and (place != "a.json" or target.parent == folder.path):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OutputNotWritable, match="No space left"):
        folder.commit("a", 0, receipt)
    assert visible(folder) == []
    assert folder.receipt("a") == NO_RECEIPT


def test_a_symbolic_link_is_not_followed(folder: OutputFolder, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "precious"
    outside.write_text("precious")
    (folder.path / "a.html").symlink_to(outside)
    with pytest.raises(OutputNotWritable, match="symbolic link"):
        folder.commit("a", 0, staged(folder, 0, html=b"page"))
    assert outside.read_text() == "precious"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"schema": "other/1"}',
        '{"schema": "reportgen.receipt/1"}',
        '{"schema": "reportgen.receipt/1", "fingerprint": {}, "files": 5, "line": {}}',
        '{"schema": "reportgen.receipt/1", "fingerprint": {}, "files": {"/../b.html": "d"}, "line": {}}',
        "\x00",
    ],
)
def test_a_damaged_receipt_is_none(folder: OutputFolder, text: str) -> None:
    (folder.path / ".reports" / "a.json").write_text(text)
    assert folder.receipt("a") == NO_RECEIPT


def test_what_a_killed_run_has_left_is_removed(tmp_path: Path) -> None:
    stale = tmp_path / ".tmp-report-7"
    stale.mkdir()
    (stale / "html").write_text("half")
    (tmp_path / "summary.json").write_text("of the last run")
    (tmp_path / "mine.txt").write_text("not ours")
    folder = OutputFolder(tmp_path)
    folder.prepare(1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".reports", ".reserve", "mine.txt"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputNotWritable):
        run_batch(named_jobs("a"), tmp_path / "file", Plan(Limits(1)), Recorder(), cheap)


HOLD = """
import sys, time
from pathlib import Path
from reportgen.batch.lock import only_run
with only_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_run_at_a_time_and_a_killed_one_frees_the_folder(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(FolderInUse, match="another batch is writing"), only_run(tmp_path):
            pass
        with pytest.raises(FolderInUse):
            run_batch(named_jobs("a"), tmp_path, Plan(Limits(1)), Recorder(), cheap)
        other.send_signal(signal.SIGKILL)
        other.wait()
    result = run_batch(named_jobs("a"), tmp_path, Plan(Limits(1)), Recorder(), cheap)
    assert result.exit_code == 0
    assert json.loads((tmp_path / "summary.json").read_text())["counts"]["done"] == 1
