"""Whole runs on real data: the same bytes whatever the number of workers, and only what is missing on resuming."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from batch_faults import FORMULA, Recorder, cheap, contents_of, data_jobs, named_jobs, write_data

import reportgen.batch.fingerprints as fingerprints
from reportgen.batch.jobs import Job
from reportgen.batch.runner import BatchResult, Plan, run_batch
from reportgen.batch.supervisor import Limits
from reportgen.cli import main
from reportgen.errors import OutputNotWritable
from reportgen.presentation.options import Presentation

JSON = ("json",)


def run(jobs: list[Job], folder: Path, workers: int = 2) -> BatchResult:
    return run_batch(jobs, folder, Plan(Limits(workers, 60.0, 4000)), Recorder())


def run_cheaply(jobs: list[Job], folder: Path, resume: bool = True) -> BatchResult:
    return run_batch(jobs, folder, Plan(Limits(2), resume), Recorder(), cheap)


def statuses(result: BatchResult) -> list[str]:
    return [outcome.status for outcome in result.outcomes]


def test_the_same_bytes_with_any_number_of_workers_in_any_order(tmp_path: Path) -> None:
    jobs = data_jobs(tmp_path / "data", 4)
    first = run(jobs, tmp_path / "one", 1)
    assert first.exit_code == 0
    one = contents_of(tmp_path / "one")
    assert len(one) == 4 * 3 + 1
    for workers in (2, 4):
        run(jobs, tmp_path / str(workers), workers)
        assert contents_of(tmp_path / str(workers)) == one
    run(jobs[::-1], tmp_path / "reversed")
    backwards = contents_of(tmp_path / "reversed")
    assert {n: c for n, c in backwards.items() if n != "index.html"} == {n: c for n, c in one.items() if n != "index.html"}


@pytest.fixture
def finished(tmp_path: Path) -> tuple[list[Job], Path]:
    jobs = data_jobs(tmp_path / "data", 3, JSON)
    assert statuses(run_cheaply(jobs, tmp_path / "out")) == ["done"] * 3
    return jobs, tmp_path / "out"


def test_resuming_does_nothing_twice(finished: tuple[list[Job], Path]) -> None:
    jobs, folder = finished
    before = contents_of(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.glob("set*")}
    Path(jobs[0].data).touch()  # the time of a file is not its content
    result = run_cheaply(jobs, folder)
    assert statuses(result) == ["unchanged"] * 3
    assert result.exit_code == 0
    assert contents_of(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.glob("set*")} == times


def edit_data(jobs: list[Job], folder: Path) -> list[Job]:
    text = Path(jobs[1].data).read_text()
    Path(jobs[1].data).write_text(text.replace("0.", "1.", 1))
    return jobs


def edit_formula(jobs: list[Job], folder: Path) -> list[Job]:
    return [jobs[0], replace(jobs[1], formula="z ~ x + (1 | g)"), jobs[2]]


def edit_formats(jobs: list[Job], folder: Path) -> list[Job]:
    return [jobs[0], replace(jobs[1], formats=("html", "json")), jobs[2]]


def edit_title(jobs: list[Job], folder: Path) -> list[Job]:
    return [jobs[0], replace(jobs[1], title="Another"), jobs[2]]


def edit_choice(jobs: list[Job], folder: Path) -> list[Job]:
    return [jobs[0], replace(jobs[1], choices=(("inference", "satterthwaite"),)), jobs[2]]


def edit_look(jobs: list[Job], folder: Path) -> list[Job]:
    return [jobs[0], replace(jobs[1], presentation=Presentation(p_style="ama")), jobs[2]]


def cut_output(jobs: list[Job], folder: Path) -> list[Job]:
    path = folder / "set1.json"
    path.write_bytes(path.read_bytes()[:-1])
    return jobs


def flip_output(jobs: list[Job], folder: Path) -> list[Job]:
    path = folder / "set1.json"
    path.write_bytes(path.read_bytes().replace(b"json", b"jsoN", 1))
    return jobs


def lose_output(jobs: list[Job], folder: Path) -> list[Job]:
    (folder / "set1.json").unlink()
    return jobs


def lose_receipt(jobs: list[Job], folder: Path) -> list[Job]:
    (folder / ".reports" / "set1.json").unlink()
    return jobs


EDITS = (
    edit_data,
    edit_formula,
    edit_formats,
    edit_title,
    edit_choice,
    edit_look,
    cut_output,
    flip_output,
    lose_output,
    lose_receipt,
)


@pytest.mark.parametrize("edit", EDITS)
def test_resuming_makes_what_would_come_out_differently(finished: tuple[list[Job], Path], edit: object) -> None:
    jobs, folder = finished
    assert callable(edit)
    result = run_cheaply(edit(jobs, folder), folder)
    assert statuses(result) == ["unchanged", "done", "unchanged"]


@pytest.mark.parametrize("part", ["reportgen", "code", "templates", "libraries"])
def test_resuming_knows_another_program(finished: tuple[list[Job], Path], part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, folder = finished
    other = {**fingerprints.program(), part: "other"}
    monkeypatch.setattr(fingerprints, "program", lambda: other)
    assert statuses(run_cheaply(jobs, folder)) == ["done"] * 3


def test_resuming_knows_another_date(finished: tuple[list[Job], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, folder = finished
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert statuses(run_cheaply(jobs, folder)) == ["done"] * 3


def test_without_resume_everything_is_made_anew(finished: tuple[list[Job], Path]) -> None:
    jobs, folder = finished
    assert statuses(run_cheaply(jobs, folder, resume=False)) == ["done"] * 3


def test_a_report_that_now_fails_is_gone(finished: tuple[list[Job], Path]) -> None:
    jobs, folder = finished
    Path(jobs[1].data).write_text("y,x\n1,2\n")
    result = run_batch(jobs, folder, Plan(Limits(2), resume=True), Recorder())
    assert statuses(result) == ["unchanged", "failed", "unchanged"]
    assert not (folder / "set1.json").exists()
    assert not (folder / ".reports" / "set1.json").exists()


def test_a_format_that_cannot_be_made_fails_its_report_and_is_tried_again(tmp_path: Path) -> None:
    jobs = named_jobs("partial", "good")
    result = run_cheaply(jobs, tmp_path)
    assert statuses(result) == ["failed", "done"]
    assert (result.outcomes[0].message, result.outcomes[0].formats) == ("no json here", ("html",))
    assert (tmp_path / "partial.html").exists()
    assert statuses(run_cheaply(jobs, tmp_path)) == ["failed", "unchanged"]


def test_a_place_that_is_taken_is_an_error_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    with pytest.raises(OutputNotWritable) as caught:
        run_cheaply(named_jobs("good"), tmp_path)
    assert caught.value.exit_code == 3


def test_a_bad_data_set_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("y,x,h\n1,2,a\n")
    result = run(
        [Job("bad", str(bad), FORMULA, JSON), Job("none", str(tmp_path / "none.csv"), FORMULA, JSON)], tmp_path / "out"
    )
    first, second = result.outcomes
    assert (first.cause, second.cause) == ("input", "input")
    assert "no column 'g' in bad.csv" in first.message
    assert "no such file" in second.message
    assert result.exit_code == 1


def test_the_command_splits_and_sums_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = str(write_data(tmp_path, 1)), tmp_path / "out"
    code = main(
        ["batch", data, "--formula", FORMULA, "--by", "region", "--responses", "y,z", "--format", "json", "--out", str(out)]
    )
    assert code == 0
    summary = json.loads((out / "summary.json").read_text())
    assert [entry["name"] for entry in summary["reports"]][:2] == ["set1-far/east-y", "set1-far/east-z"]
    assert summary["counts"]["done"] == 6
    result = json.loads((out / "set1-north-z.json").read_text())
    assert result["data"]["source"] == "set1.csv, region = north"
    assert result["formula"]["response"] == "z"
    messages = capsys.readouterr()
    assert messages.out == ""
    assert len(re.findall(r"^\d/6 'set1-.*': done after", messages.err, re.M)) == 6
    assert messages.err.endswith(f"6 reports: 6 done; index and summary in {out}\n")


def test_the_command_with_a_manifest_and_a_bad_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data(tmp_path / "data", 1)
    (tmp_path / "batch.toml").write_text(
        f'[defaults]\nformula = "{FORMULA}"\nformats = ["html"]\n'
        '[[report]]\nname = "good"\ntitle = "A title"\ndata = "data/set1.csv"\n'
        '[[report]]\nname = "bad"\ndata = "data/set2.csv"\n'
    )
    options = ["--jobs", "1", "--author", "A person", "--inference", "satterthwaite"]
    assert main(["batch", str(tmp_path / "batch.toml"), "--out", str(tmp_path / "out"), *options]) == 1
    assert "2/2 'bad': failed" in capsys.readouterr().err
    page = (tmp_path / "out" / "good.html").read_text()
    assert "<h1>A title</h1>" in page
    assert "A person" in page
    assert "A title" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nothing.toml"], "cannot be read"),
        (["a.csv"], "--formula is missing"),
        (["a.csv", "--formula", "y ~ x"], "formula, character"),
        (["a.csv", "--formula", FORMULA, "--format", "htm"], "did you mean 'html'"),
        (["a.csv", "--formula", FORMULA, "--by", "k"], "no such file"),
    ],
)
def test_a_mistake_ends_with_two_before_anything_runs(
    tmp_path: Path, arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", *arguments, "--out", str(tmp_path / "out")]) == 2
    messages = capsys.readouterr().err
    assert part in messages
    assert "Traceback" not in messages
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "option", [["--jobs", "-1"], ["--jobs", "x"], ["--memory-limit", "1.5"], ["--time-limit", "soon"], ["--time-limit", "nan"]]
)
def test_a_wrong_number_ends_with_two(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "a.csv", "--formula", FORMULA, "--out", "x", *option]) == 2
    assert option[0] in capsys.readouterr().err
