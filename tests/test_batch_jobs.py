"""From files, patterns, columns and responses to jobs; the rows of a part."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_faults import FORMULA, write_data

from reportgen.batch.expansion import Split, distinct_names, jobs_of_files, responses_of, with_response
from reportgen.batch.jobs import Job, LeftOut, Selection
from reportgen.batch.requests import Request, jobs_of
from reportgen.batch.selection import Values, selected, values_of
from reportgen.cli import main
from reportgen.errors import ColumnMissing, DuplicateName, FormulaError, OptionConflict, SourceUnreadable
from reportgen.sources import open_source

ALL = ("html", "pdf", "json")
NO_SPLIT = Split()


def test_a_pattern_gives_its_files_in_a_fixed_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        write_data(tmp_path, number)
    jobs = jobs_of_files([str(tmp_path / "*.csv")], FORMULA, ALL, NO_SPLIT).jobs
    assert [job.name for job in jobs] == ["set1", "set10", "set2"]
    assert jobs == jobs_of_files([str(tmp_path / "*.csv"), str(tmp_path / "set1.csv")], FORMULA, ALL, NO_SPLIT).jobs


def test_a_file_named_like_a_pattern_is_itself(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_text("y\n")
    (job,) = jobs_of_files([str(tmp_path / "a[1].csv")], FORMULA, ALL, NO_SPLIT).jobs
    assert job.data.endswith("a[1].csv")


def test_a_pattern_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="no file matches"):
        jobs_of_files([str(tmp_path / "*.csv")], FORMULA, ALL, NO_SPLIT)


def test_a_missing_file_costs_its_own_report_only(tmp_path: Path) -> None:
    (job,) = jobs_of_files([str(tmp_path / "none.csv")], FORMULA, ALL, NO_SPLIT).jobs
    assert job.name == "none"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.csv", "b.csv.gz"], ["a", "b"]),
        (["2025/a.csv", "2026/a.csv", "b.csv"], ["2025-a", "2026-a", "b"]),
        (["x/2025/a.csv", "y/2025/a.csv"], ["x-2025-a", "y-2025-a"]),
        (["d/a.csv", "d/a.parquet"], ["d-a.csv", "d-a.parquet"]),
        ([".hidden.csv"], ["hidden"]),
        (["../up/a.csv"], ["a"]),
    ],
)
def test_names_are_as_short_as_they_can_be(paths: list[str], names: list[str]) -> None:
    assert list(distinct_names(paths)) == names


def test_a_formula_that_cannot_be_read_is_found_first(tmp_path: Path) -> None:
    with pytest.raises(FormulaError):
        jobs_of_files([str(write_data(tmp_path, 1))], "y ~ x", ALL, NO_SPLIT)
    with pytest.raises(FormulaError):
        jobs_of_files([str(write_data(tmp_path, 1))], FORMULA, ALL, Split(responses=("y", "system(y)")))


def test_one_report_for_each_value(tmp_path: Path) -> None:
    jobs = jobs_of_files([str(write_data(tmp_path, 1))], FORMULA, ALL, Split(by="region")).jobs
    assert [job.name for job in jobs] == ["set1-far/east", "set1-north", "set1-south"]
    assert [job.selections for job in jobs] == [(Selection("region", v),) for v in ("far/east", "north", "south")]
    assert all("/" not in job.stem for job in jobs)


def test_a_file_given_in_two_ways_has_one_report(tmp_path: Path) -> None:
    paths = [str(write_data(tmp_path, number)) for number in (2, 1)]
    again = str(tmp_path / "." / ".." / tmp_path.name / Path(paths[0]).name)
    assert [job.data for job in jobs_of_files([*paths, again], FORMULA, ALL, NO_SPLIT).jobs] == paths


def test_values_that_differ_in_capital_letters_alone_have_reports_of_their_own(tmp_path: Path) -> None:
    labels = ["A", "a", "a (2)", "B"]
    path = tmp_path / "set.csv"
    path.write_text("y,x,g,region\n" + "".join(f"{i},{i * i},g{i % 3},{label}\n" for label in labels for i in range(6)))
    jobs = jobs_of_files([str(path)], FORMULA, ALL, Split(by="region")).jobs
    assert [job.name for job in jobs] == ["set-A", "set-B", "set-a (3)", "set-a (2)"]
    assert [job.selections[0].value for job in jobs] == ["A", "B", "a", "a (2)"]


def test_one_report_for_each_value_and_response(tmp_path: Path) -> None:
    jobs = jobs_of_files([str(write_data(tmp_path, 1))], FORMULA, ALL, Split("region", ("y", "z"))).jobs
    assert len(jobs) == 6
    assert {job.formula for job in jobs} == {FORMULA, "z ~ x + (1 | g)"}
    assert len({job.stem for job in jobs}) == 6


def test_responses_that_would_have_the_same_files(tmp_path: Path) -> None:
    with pytest.raises(DuplicateName):
        jobs_of_files([str(write_data(tmp_path, 1))], FORMULA, ALL, Split(responses=("y", "Y")))


@pytest.mark.parametrize(
    ("formula", "response", "expected"),
    [
        ("y ~ x + (1 | g)", "z", "z ~ x + (1 | g)"),
        ("~ x + (1 | g)", "z", "z ~ x + (1 | g)"),
        ("log(y) ~ x + (1 | g)", "log(z)", "log(z) ~ x + (1 | g)"),
        ("y ~ x + (1 | g)", "test score", "`test score` ~ x + (1 | g)"),
        ("y ~ x + (1 | g)", "`test score`", "`test score` ~ x + (1 | g)"),
    ],
)
def test_another_left_side(formula: str, response: str, expected: str) -> None:
    assert with_response(formula, response) == expected


def test_responses_are_separated_by_commas() -> None:
    assert responses_of("a, b,,a,c") == ("a", "b", "c")
    assert responses_of("a,`b,c`") == ("a", "`b,c`")
    with pytest.raises(OptionConflict, match="names no response"):
        responses_of(" , ")


def test_values_in_their_natural_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("k,y\n10,1\n2,1\n02,1\n,1\nNA,1\nnan,1\n,2\n")
    assert values_of(str(path), "k") == Values(("02", "2", "10", "NA", "nan"), 2)
    pq.write_table(
        pa.table({"k": pa.array([10.0, 2.0, None, float("nan")]), "d": pa.array(["b", "a", None, "b"])}), tmp_path / "a.parquet"
    )
    assert values_of(str(tmp_path / "a.parquet"), "k") == Values(("2", "10"), 2)
    assert values_of(str(tmp_path / "a.parquet"), "d") == Values(("a", "b"), 1)


def test_rows_without_a_value_are_counted(tmp_path: Path) -> None:
    rows = (f"{i % 7},{i % 5},{i % 3},{'ab'[i % 2] if i % 4 else ''}\n" for i in range(40))
    (tmp_path / "a.csv").write_text("y,x,g,k\n" + "".join(rows))
    asked = jobs_of_files([str(tmp_path / "a.csv")], FORMULA, ALL, Split(by="k"))
    assert [job.selections[0].value for job in asked.jobs] == ["a", "b"]
    assert asked.left_out == (LeftOut("a.csv", "k", 10),)


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ColumnMissing, match="did you mean 'region'"):
        values_of(str(write_data(tmp_path, 1)), "regions")


def test_a_column_without_values(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("k,y\n,1\n,2\n")
    with pytest.raises(OptionConflict, match="has no value"):
        values_of(str(path), "k")


@pytest.mark.parametrize("chunk_rows", [7, 1000])
def test_selected_rows_are_those_with_the_label(tmp_path: Path, chunk_rows: int) -> None:
    source = open_source(write_data(tmp_path, 1), chunk_rows=chunk_rows)
    parts = {value: selected(source, (Selection("region", value),)) for value in ("north", "south", "far/east")}
    whole = pa.concat_tables(source.chunks(["y", "g"], ["g"])).to_pylist()
    rows = {value: pa.concat_tables(part.chunks(["y", "g"], ["g"])).to_pylist() for value, part in parts.items()}
    assert sum(len(part) for part in rows.values()) == len(whole)
    assert rows["north"] == [row for i, row in enumerate(whole) if i // 7 % 3 == 0]
    assert parts["north"].name == "set1.csv, region = north"
    assert parts["north"].columns == source.columns
    assert parts["north"].types(["y"]) == source.types(["y"])
    assert parts["north"].sha256() == source.sha256()


def test_labels_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("k,y\n1,10\n01,20\n1,30\n")
    source = selected(open_source(path), (Selection("k", "1"),))
    assert pa.concat_tables(source.chunks(["y"])).column("y").to_pylist() == [10, 30]


def test_a_dictionary_column_selects_too() -> None:
    table = pa.table({"k": pa.array(["a", None, "b", "a"]).dictionary_encode(), "y": [1.0, 2.0, 3.0, 4.0]})
    source = selected(open_source(table), (Selection("k", "a"),))
    assert pa.concat_tables(source.chunks(["y"])).column("y").to_pylist() == [1.0, 4.0]


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        (Request(("a.csv",)), "--formula is missing"),
        (Request(("a.toml", "b.csv"), FORMULA), "stands alone"),
        (Request(("a.toml",), FORMULA), "--formula does not go with a manifest"),
        (Request(("a.toml",), by="k"), "--by does not go with a manifest"),
        (Request(("a.toml",), responses="k"), "--responses does not go with a manifest"),
        (Request(("a.toml",), formats=("pdf",)), "--format does not go with a manifest"),
    ],
)
def test_options_that_do_not_go_together(request_: Request, part: str) -> None:
    with pytest.raises(OptionConflict, match=part):
        jobs_of(request_)


def test_in_a_folder_that_has_been_removed_nothing_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    sentence = "reportgen: the current folder has been removed: change to one that exists, and start again\n"
    data = write_data(tmp_path, 1)
    assert main(["batch", str(data), "--formula", FORMULA, "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr() == ("", sentence)
    assert main(["fit", str(data), FORMULA, "--cluster", "local"]) == 2
    assert capsys.readouterr() == ("", sentence)
    assert not (tmp_path / "out").exists()


def test_the_stem_is_a_plain_name() -> None:
    for name in ("../x", "a b", "x" * 200, "\u202eabc", "<script>", "con\x00"):
        stem = Job(name, "", FORMULA, ALL).stem
        assert stem.isascii()
        assert len(stem) <= 60
        assert not set(stem) & set("/\\<> \x00")
        assert not stem.startswith(".")
