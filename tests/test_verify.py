"""``verify``: a report as written is reproduced; one digit changed anywhere in its files is found."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.errors import DependencyError
from situations import HOSTILE, analysis, grouped

from reportgen.analysed_rows import AnalysedRows, Field, analysed_rows, table_of
from reportgen.analysis import Analysis, walk
from reportgen.choices import Options
from reportgen.cli import main
from reportgen.errors import NotAReport, OutputNotWritable
from reportgen.presentation import attachments as evidence
from reportgen.presentation.exports import result_file
from reportgen.presentation.pdf import pdf_of_page
from reportgen.verify import verify
from reportgen.verify.checking import comparable
from reportgen.verify.comparing import compare, compare_tables

PAGE = '<html lang="en"><title>t</title><p style="font-size: 6pt">{}</p></html>'


@cache
def files(situation: str, attach_data: bool = True) -> Mapping[str, str]:
    """What the PDF of a situation carries."""
    return evidence.attachments(analysis(situation), result_file(analysis(situation)), attach_data)


def report(folder: Path, given: Mapping[str, str]) -> Path:
    """A one-page report with these files: what is verified is neither the prose nor the pictures."""
    path = folder / "report.pdf"
    path.write_bytes(pdf_of_page(PAGE.format(evidence.digest(given[evidence.PACKAGE])), given))
    return path


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The PDF with its attachments changed, as another program would."""
    writer = PdfWriter(clone_from=PdfReader(path))
    names = writer._root_object["/Names"]["/EmbeddedFiles"]["/Names"]  # type: ignore[index]
    for place in range(1, len(names), 2):
        stream = names[place].get_object()["/EF"]["/F"].get_object()
        stream.set_data(change(str(names[place - 1]), stream.get_data()))
    out = path.with_name("rewritten.pdf")
    writer.write(out)
    return out


def next_digit(data: bytes, pattern: bytes) -> bytes:
    """`data` with the digit at the end of the first match of `pattern` changed to the next one."""
    match = re.search(pattern, data)
    assert match is not None
    at = match.end() - 1
    return data[:at] + b"%d" % ((data[at] - 47) % 10) + data[at + 1 :]


@pytest.mark.parametrize(
    "situation",
    [
        "example",
        "several",
        "factor",
        "product",
        "transformed",
        "missing",
        "hostile",
        "crossed_labels",
        "random_slopes",
        "perfect",
    ],
)
def test_a_report_as_written_is_reproduced(situation: str, tmp_path: Path) -> None:
    verdict = verify(report(tmp_path, files(situation)))
    assert verdict.differences == ()
    assert verdict.exit_code == 0
    assert verdict.n_rows == analysis(situation).sample.n_obs
    assert verdict.n_numbers > 200


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("results.json", rb'"estimate": -?\d+\.\d'),
        ("results.json", rb'"std_error": \d+\.\d+(?=[,\n])'),  # the last digit
        ("results.json", rb'"n_obs": \d'),
        ("data.csv", rb"\n-?\d+\.\d"),
        ("data.csv", rb"\n-?\d+\.\d+(?=,)"),
        ("tidy.csv", rb"mundlak,fixed,,\S+?,-?\d+\.\d"),
        ("glance.csv", rb"\nmundlak,fitted,\d"),
        ("groups.csv", rb"\nCentral,60,\d+\.\d"),
        ("references.bib", rb"year = \{\d"),
        ("datapackage.json", rb"sha256:\D*\d"),
    ],
)
def test_one_changed_digit_is_found(name: str, pattern: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = report(tmp_path, files("example"))
    changed = rewritten(whole, lambda found, data: next_digit(data, pattern) if found == name else data)
    assert main(["verify", str(changed)]) == 1
    out = capsys.readouterr().out
    assert name in out
    assert "NOT reproduced" in out


def test_a_rewritten_but_unchanged_report_is_reproduced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = rewritten(report(tmp_path, files("example")), lambda _name, data: data)
    assert main(["verify", str(same)]) == 0
    out, err = capsys.readouterr()
    assert "reproduced" in out
    assert "480 attached rows" in out
    assert err == ""


def forged(given: Mapping[str, str], name: str, pattern: str, new: str) -> dict[str, str]:
    """Files in which one place is changed and every hash of the list made to fit."""
    text, n = re.subn(pattern, new, given[name], count=1)
    assert n == 1
    changed = {**given, name: text}
    package = json.loads(given[evidence.PACKAGE])
    for entry in package["resources"]:
        entry["hash"] = f"sha256:{evidence.digest(changed[entry['path']])}"
    return {**changed, evidence.PACKAGE: json.dumps(package)}


@pytest.mark.parametrize(
    ("name", "pattern", "new", "place"),
    [
        ("results.json", r'"psi": [\d.]+|"icc": 0\.6\d+', '"icc": 0.61', "icc"),
        ("data.csv", r"\n-?\d+\.\d+,", "\n99.5,", "estimate"),
        ("data.csv", r"\n-?\d+\.\d+,", "\nninety,", "'ninety' is no number"),
        ("data.csv", r",Bavarian\n", ",\n", "is empty"),
        ("data.csv", r"\n[^\n]+\n", "\n", "results.json, columns"),
        ("data.csv", r"^testScore", "testscore", "header"),
        ("tidy.csv", r"\nmundlak,fixed,,\(Intercept\),[\d.]+", "\nmundlak,fixed,,(Intercept),7.0", "row"),
        ("groups.csv", r"\nCentral,60,", "\nCentral,61,", "rows"),
    ],
)
def test_a_forgery_with_fitting_hashes_is_found(
    name: str, pattern: str, new: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hashes only tell accidents; what shows a forgery is that the numbers do not come out again."""
    path = report(tmp_path, forged(files("example"), name, pattern, new))
    assert main(["verify", str(path)]) == 1
    out = capsys.readouterr().out
    assert place in out
    assert "SHA-256" not in out


def test_groups_in_another_order_are_the_same_groups(tmp_path: Path) -> None:
    """A version of the program may sort their labels otherwise."""
    swapped = forged(files("example"), "groups.csv", r"\n(Bavarian[^\n]+)\n(Central[^\n]+)\n", r"\n\2\n\1\n")
    assert verify(report(tmp_path, swapped)).differences == ()
    (difference,) = verify(report(tmp_path, forged(swapped, "groups.csv", r"\nCentral,60,", "\nCentral,61,"))).differences
    assert difference.place == "groups.csv, row 1, rows"
    other = forged(swapped, "groups.csv", r"\nCentral,", "\nBavarian,")
    assert "groups.csv, row 1, rows" not in {item.place for item in verify(report(tmp_path, other)).differences}
    assert verify(report(tmp_path, other)).exit_code == 1


def test_without_data_only_the_files_can_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = files("example", attach_data=False)
    assert evidence.DATA not in given
    path = report(tmp_path, given)
    assert main(["verify", str(path)]) == 2
    assert "carries no data" in capsys.readouterr().out
    changed = rewritten(path, lambda name, data: next_digit(data, rb"mundlak,fixed,,\S+?,\d") if name == "tidy.csv" else data)
    assert main(["verify", str(changed)]) == 1


def test_an_attachment_that_is_missing_is_named(tmp_path: Path) -> None:
    given = {name: text for name, text in files("example").items() if name != evidence.GROUPS}
    verdict = verify(report(tmp_path, given))
    assert [item.place for item in verdict.differences] == ["groups.csv"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no PDF"), (b"%PDF-1.7 nothing", "no PDF"), (b"PK\x03\x04", "no PDF"), (None, "cannot be read")],
)
def test_what_is_no_report(content: bytes | None, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.pdf"
    if content is not None:
        path.write_bytes(content)
    assert main(["verify", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert reason in err
    assert err.count("\n") == 1


def test_a_pdf_of_somebody_else_is_no_report(tmp_path: Path) -> None:
    path = tmp_path / "other.pdf"
    path.write_bytes(pdf_of_page(PAGE.format("text"), {"notes.txt": "n"}))
    with pytest.raises(NotAReport, match=r"no attached file results\.json"):
        verify(path)
    path.write_bytes(pdf_of_page(PAGE.format("text"), {"results.json": '{"schema": "other"}', "datapackage.json": "{}"}))
    with pytest.raises(NotAReport, match="another schema"):
        verify(path)
    path.write_bytes(pdf_of_page(PAGE.format("text"), {"results.json": "[1]", "datapackage.json": "{}"}))
    with pytest.raises(NotAReport, match="something else"):
        verify(path)


def test_options_are_on_record_and_used(tmp_path: Path) -> None:
    frame = grouped((9,) * 8, 1)
    frame["weight"] = np.linspace(0.5, 2.0, len(frame))
    chosen = walk("y ~ x + (1 | g)", frame, Options(name="mine", weights="weight", bootstrap=20, seed=5))
    given = evidence.attachments(chosen, result_file(chosen))
    options = json.loads(given["results.json"])["options"]
    assert (options["weights"], options["bootstrap"], options["seed"]) == ("weight", 20, 5)
    assert verify(report(tmp_path, given)).exit_code == 0
    other = forged(given, "results.json", '"seed": 5', '"seed": 6')
    assert verify(report(tmp_path, other)).exit_code == 1


def odd_rows() -> pd.DataFrame:
    """Sixty rows of every type that a column may have, with texts that a spreadsheet or a bad CSV writer would spoil."""
    random = np.random.Generator(np.random.PCG64(8))
    texts = ["=1", "'=1", "x,y", 'q"q', "line\nfeed", "cr\rcr", " blank ", "NA"]
    return pd.DataFrame(
        {
            "y": random.normal(size=60) * 10.0 ** random.integers(-9, 3, 60),
            "whole": pd.array(random.integers(-5, 6, 60), dtype="Int64"),
            "flag": random.integers(0, 2, 60).astype(bool),
            "kind": pd.Categorical(random.choice(["a", "b", "c"], 60), categories=["c", "b", "a", "unused"], ordered=True),
            "=text": random.choice(texts, 60),
            "id": 10**16 + random.integers(0, 6, 60),
        }
    )


def test_rows_of_every_type_come_back_as_they_were() -> None:
    first = walk("y ~ whole + flag + kind + `=text` + (1 | id)", odd_rows())
    rows = analysed_rows(first)
    assert [(field.name, field.kind, field.levels) for field in rows.fields] == [
        ("y", "number", ()),
        ("whole", "integer", ()),
        ("flag", "boolean", ()),
        ("kind", "string", ("c", "b", "a")),
        ("=text", "string", ()),
        ("id", "integer", ()),
    ]
    again = walk(first.formula.text, table_of(rows))
    assert again.groups == first.groups
    assert comparable(json.loads(result_file(again))) == comparable(json.loads(result_file(first)))
    text = evidence.data_csv(rows)
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert len(read) == 61
    assert read[0][4] == "'=text"


def test_hostile_labels_survive_the_way_through_the_data() -> None:
    rows = analysed_rows(analysis("hostile"))
    assert HOSTILE in [field.name for field in rows.fields]
    assert walk(analysis("hostile").formula.text, table_of(rows)).groups == analysis("hostile").groups


def test_only_rows_used_are_attached() -> None:
    assert analysed_rows(analysis("missing")).n_rows == 75


def test_data_that_have_changed_since_are_not_attached(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    frame = grouped((9,) * 8, 1)
    frame.to_csv(path, index=False)
    found = walk("y ~ x + (1 | g)", path)
    frame.iloc[:-1].to_csv(path, index=False)
    with pytest.raises(OutputNotWritable, match="have changed"):
        analysed_rows(found)


def test_more_rows_than_the_limit_are_not_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_ROWS", 71)
    assert evidence.DATA not in evidence.attachments(analysis("two_levels"), result_file(analysis("two_levels")))


def test_levels_keep_their_order() -> None:
    table = table_of(AnalysedRows((Field("k", "string", ("b", "a")),), (["a", "b", "a"],)))
    assert table.column("k").chunk(0).dictionary.to_pylist() == ["b", "a"]
    assert table.column("k").to_pylist() == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("given", "found", "n"),
    [
        ({"a": 1.0}, {"a": 1.0 + 1e-10}, 0),
        ({"a": 1.0}, {"a": 1.0 + 1e-8}, 1),
        ({"a": 1e-20}, {"a": 0.0}, 0),
        ({"a": 1.0}, {"a": None}, 1),
        ({"a": 1.0}, {}, 1),
        ({"a": [1, 2]}, {"a": [1]}, 1),
        ({"a": True}, {"a": 1}, 1),
        ({"discrepancy": 1e-12}, {"discrepancy": 3e-13}, 0),
        ({"a": "x"}, {"a": "y"}, 1),
    ],
)
def test_what_counts_as_different(given: object, found: object, n: int) -> None:
    assert len(compare("", given, found, with_texts=True).differences) == n


def test_sentences_of_another_version_may_differ() -> None:
    assert compare("", {"a": {"message": "x"}}, {"a": {"message": "y"}}, with_texts=False).differences == ()
    assert len(compare("", {"a": {"role": "x"}}, {"a": {"role": "y"}}, with_texts=False).differences) == 1


def test_tables_are_compared_cell_by_cell() -> None:
    assert compare_tables("t", "a,b\nx,1\n", "a,b\nx,1.0\n").differences == ()
    (one,) = compare_tables("t", "a,b\nx,1\n", "a,b\nx,2\n").differences
    assert str(one) == "t, row 1, b: 1.0 in the report, 2.0 found"
    assert len(compare_tables("t", "a\n1\n", "a\n1\n2\n").differences) == 1
    assert len(compare_tables("t", "a\n1\n", "b\n1\n").differences) == 1
    assert len(compare_tables("t", "a\n1,2\n", "a\n1\n").differences) == 1


def test_a_written_report_is_reproduced_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way: from the file to the PDF with all its pages, and back."""
    frame = grouped((1, 3, 5, 8, 12, 4, 6, 2, 7, 30), 2)
    frame.loc[[3, 9], "x"] = np.nan
    frame.to_csv(tmp_path / "scores.csv", index=False)
    formula = "y ~ x + kind + (1 | g)"
    assert main(["render", str(tmp_path / "scores.csv"), formula, "--out", str(tmp_path), "--format", "pdf", "--quiet"]) == 0
    assert main(["verify", str(tmp_path / "scores.pdf")]) == 0
    assert "76 attached rows" in capsys.readouterr().out
    assert replace(verify(tmp_path / "scores.pdf"), n_rows=0).exit_code == 2


def changed(name: str, change: Callable[[dict[str, Any]], None]) -> dict[str, str]:
    """The files of a report with one of its trees changed."""
    tree = json.loads(files("unbalanced")[name])
    change(tree)
    return {**files("unbalanced"), name: json.dumps(tree)}


BROKEN_TREES: dict[str, Callable[[dict[str, Any]], None]] = {
    "no formula": lambda tree: tree.pop("formula"),
    "formula that is a text": lambda tree: tree.update(formula="y ~ x"),
    "formula without its text": lambda tree: tree["formula"].update(text=None),
    "options that are a list": lambda tree: tree.update(options=[1]),
    "no data": lambda tree: tree.update(data=None),
    "findings that are numbers": lambda tree: tree.update(findings=[1, 2]),
    "findings of a kind that is a list": lambda tree: tree.update(findings=[{"kind": ["a"]}]),
    "version that is a table": lambda tree: tree.update(reportgen_version={}),
    "disclosure that is a text": lambda tree: tree.update(disclosure="code"),
    "labels in a way nobody knows": lambda tree: tree["disclosure"].update(group_labels="x"),
    "rows that are a text": lambda tree: tree["disclosure"].update(min_cell="\u202e"),
    "fewer rows than none": lambda tree: tree["disclosure"].update(min_cell=-1),
}


@pytest.mark.parametrize("case", BROKEN_TREES)
def test_a_result_file_that_lacks_what_the_checks_read_is_none(case: str, tmp_path: Path) -> None:
    with pytest.raises(NotAReport, match=r"lacks what every result file has"):
        verify(report(tmp_path, changed(evidence.RESULT, BROKEN_TREES[case])))


@pytest.mark.parametrize(
    ("place", "number"),
    [("between_slopes", 1), ("findings", 1), ("variants", 0)],
)
def test_the_version_of_a_report_does_not_free_its_names(place: str, number: int, tmp_path: Path) -> None:
    """Another version may have other sentences; which figure is whose must be what it is now."""

    def forge(tree: dict[str, Any]) -> None:
        tree["reportgen_version"] = "0.0.1"
        tree["issues"] = [{**item, "message": "Nothing."} for item in tree["issues"]]
        if place == "between_slopes":
            tree[place][0]["column"] = "another"
        elif place == "findings":
            tree[place][0]["severity"] = "mild"
        else:
            tree[place]["pooled"]["label"] = "Best of all"

    found = [item for item in verify(report(tmp_path, changed(evidence.RESULT, forge))).differences if "SHA" not in item.place]
    assert len(found) == number


@pytest.mark.parametrize("entries", [[1], ["a"], [{"path": [1]}], [[]], None])
def test_a_list_of_files_that_is_none_or_lists_other_files(entries: object, tmp_path: Path) -> None:
    found: object
    try:
        found = verify(report(tmp_path, changed(evidence.PACKAGE, lambda tree: tree.update(resources=entries)))).exit_code
    except NotAReport as error:
        found = str(error)
    assert found == 1 or "is not one of reportgen" in str(found)


@pytest.mark.parametrize("options", [{"name": "other"}, {"bootstrap": "x"}, {"seed": [1]}, {"weights": 5}])
def test_options_that_mean_nothing_are_a_difference(options: dict[str, object], tmp_path: Path) -> None:
    made = report(tmp_path, changed(evidence.RESULT, lambda tree: tree["options"].update(options)))
    assert verify(made).exit_code == 1


def test_a_report_does_not_say_where_its_rows_are_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of somebody else could name a scheduler of theirs, whose answers are code; and rows read one at a time."""
    asked: list[Options] = []

    def noted(*given: Any) -> Analysis:
        asked.append(given[2])
        return walk(*given)

    monkeypatch.setattr("reportgen.verify.checking.walk", noted)
    other = {"cluster": "tcp://127.0.0.1:9", "chunk_rows": 1}
    made = report(tmp_path, changed(evidence.RESULT, lambda tree: tree["options"].update(other)))
    assert verify(made).exit_code == 1
    assert [(options.cluster, options.chunk_rows) for options in asked] == [("", Options().chunk_rows)]


@pytest.mark.parametrize("name", ["data.csv", "results.json", "tidy.csv"])
def test_a_second_file_of_the_same_name_is_a_difference(name: str, tmp_path: Path) -> None:
    """A reader may show the one that was not looked at."""
    writer = PdfWriter(clone_from=PdfReader(report(tmp_path, files("example"))))
    writer.add_attachment(name, b"another")
    writer.write(tmp_path / "twice.pdf")
    try:
        differences = [str(item) for item in verify(tmp_path / "twice.pdf").differences]
    except NotAReport:  # where the other one is met first
        return
    assert any("several of that name" in item for item in differences)


def test_an_encrypted_report_is_said_to_be_one(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(report(tmp_path, files("example"))))
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    with pytest.raises(NotAReport, match="it is encrypted"):
        verify(tmp_path / "locked.pdf")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (DependencyError("cryptography"), "it is encrypted"),
        (NotImplementedError("filter"), "no PDF, or a damaged one"),
        (AssertionError(), "no PDF, or a damaged one"),
    ],
)
def test_whatever_the_parser_ends_in_is_a_sentence(
    problem: Exception, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise problem

    monkeypatch.setattr("pypdf.PdfReader.__init__", fail)
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(NotAReport, match=words):
        verify(tmp_path / "x.pdf")


def test_folders_and_pipes_are_no_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path, name in ((".", tmp_path.name), ("/", "/"), ("pipe", "pipe")):
        with pytest.raises(
            NotAReport, match=f"^{re.escape(name)} is no report of reportgen: it is a folder, a pipe or a device"
        ):
            verify(path)


def test_cells_of_any_length_are_read() -> None:
    long = "x" * 200_000
    assert compare_tables("t", f"a\n{long}\n", f"a\n{long}\n").differences == ()
    assert compare_tables("t", "a\nb\rc\n", "a\nb\n").differences != ()
