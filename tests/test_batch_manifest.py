"""Manifests: what they say, and every mistake found before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.batch.manifest import read_manifest
from reportgen.errors import DuplicateName, InputError, ManifestError, UnknownKey

WHOLE = """
[defaults]
formula = "score ~ ses + (1 | school)"
formats = ["html", "json"]

[[report]]
name = "math"
data = "data/math.csv"
title = "Mathematics, 2026"

[[report]]
name = "reading"
data = "data/reading.parquet"
formula = "score ~ ses + minority + (1 + ses | school)"
formats = ["pdf", "pdf"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "batch.toml"
    path.write_text(text, encoding="utf-8")
    return path


def entry(**values: str) -> str:
    given = {"name": '"a"', "data": '"a.csv"', "formula": '"y ~ x + (1 | g)"', **values}
    return "[[report]]\n" + "\n".join(f"{key} = {value}" for key, value in given.items() if value) + "\n"


def test_a_whole_manifest(tmp_path: Path) -> None:
    math, reading = read_manifest(written(tmp_path, WHOLE))
    assert (math.name, math.title, math.formats) == ("math", "Mathematics, 2026", ("html", "json"))
    assert math.formula == "score ~ ses + (1 | school)"
    assert math.data == str(tmp_path / "data" / "math.csv")
    assert reading.formula == "score ~ ses + minority + (1 + ses | school)"
    assert reading.formats == ("pdf",)
    assert reading.title == ""


def test_what_means_no_value_is_said_for_all_reports_or_for_one(tmp_path: Path) -> None:
    own = [entry(name=f'"{name}"', missing=given) for name, given in (("a", ""), ("b", '[".", "."]'), ("c", "[]"))]
    jobs = read_manifest(written(tmp_path, '[defaults]\nmissing = ["NA"]\n' + "".join(own)))
    assert [job.missing for job in jobs] == [("NA",), (".",), ()]
    (silent,) = read_manifest(written(tmp_path, entry()))
    given = {"missing": ("-",), "weights": "w"}
    assert [dict(job.chosen(given))["missing"] for job in (*jobs, silent)] == [("NA",), (".",), (), ("-",)]
    assert dict(silent.chosen(given)) == given


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    text = '[[report]]\nname = "a"\ndata = "a.csv"\nformula = "y ~ x + (1 | g)"\n'
    path = tmp_path / "reports.toml"
    path.write_text(text, encoding="utf-8-sig")
    assert [job.name for job in read_manifest(path)] == ["a"]


def test_an_absolute_path_stays_as_it_is(tmp_path: Path) -> None:
    (job,) = read_manifest(written(tmp_path, entry(data='"/somewhere/a.csv"')))
    assert job.data == "/somewhere/a.csv"
    assert job.formats == ("html", "pdf", "json")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("report = 3", ["report", "[[report]]"]),
        ("[report]\nname = 'a'", ["report", "[[report]]"]),
        ("", ["has no report"]),
        ("defaults = 3\n" + entry(), ["[defaults]"]),
        ("[[report]\n", ["is not TOML", "line 1"]),
        ("a = " + "[" * 5000 + "]" * 5000 + "\n" + entry(), ["holds values that no manifest needs"]),
        (entry(min_cell="9" * 5000), ["holds values that no manifest needs"]),
        (entry(name=""), ["report 1", "has no name"]),
        (entry(data=""), ["report 1 ('a')", "has no data"]),
        (entry(formula=""), ["report 1 ('a')", "has no formula"]),
        (entry(data="3"), ["data is not a text"]),
        (entry(title='""'), ["title is not a text"]),
        (entry(formats='"html"'), ["formats is not a list", "'pdf'"]),
        (entry(formats="[]"), ["formats is not a list"]),
        (entry(formats='["htm"]'), ["unknown format 'htm'", "'html'"]),
        (entry(missing='"NA"'), ["missing is not a list of texts", 'write missing = ["NA"]']),
        (entry(missing="[-999]"), ["missing is not a list of texts"]),
        (entry(missing='[""]'), ["missing is not a list of texts"]),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(written(tmp_path, text))
    message = str(caught.value)
    assert message.startswith("batch.toml")
    for part in parts:
        assert part in message
    assert str(tmp_path) not in message


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        (entry(formular='"y"'), "formular", "formula"),
        (entry(format='["html"]'), "format", "formats"),
        ("[default]\nformula = 'y'\n" + entry(), "default", "defaults"),
        ("[defaults]\nformat = ['html']\n" + entry(), "format", "formats"),
    ],
)
def test_an_unknown_key_gets_the_nearest_known(tmp_path: Path, text: str, key: str, near: str) -> None:
    with pytest.raises(UnknownKey) as caught:
        read_manifest(written(tmp_path, text))
    assert caught.value.key == key
    assert f"did you mean '{near}'?" in str(caught.value)


@pytest.mark.parametrize("name", ["../a", "a/b", "/a", "..", ".", "a\\\\b", "a\\u0000b", "a\\nb", " "])
def test_a_name_that_would_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestError, match="name"):
        read_manifest(written(tmp_path, entry(name=f'"{name}"')))


@pytest.mark.parametrize("second", ["a", "A"])
def test_two_reports_cannot_have_the_same_files(tmp_path: Path, second: str) -> None:
    with pytest.raises(DuplicateName) as caught:
        read_manifest(written(tmp_path, entry() + entry(name=f'"{second}"')))
    assert {caught.value.first, caught.value.second} == {"a", second}


def test_names_that_differ_in_odd_characters_have_different_files(tmp_path: Path) -> None:
    one, two = read_manifest(written(tmp_path, entry(name='"a b"') + entry(name='"a?b"')))
    assert one.stem != two.stem


@pytest.mark.parametrize("name", ["index", "summary", "Index"])
def test_a_report_never_takes_the_place_of_the_index(tmp_path: Path, name: str) -> None:
    (job,) = read_manifest(written(tmp_path, entry(name=f'"{name}"')))
    assert job.stem.casefold() not in ("index", "summary")


def test_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_manifest(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(ManifestError, match="byte 6: is not UTF-8"):
        read_manifest(tmp_path / "bad.toml")
