"""What an option promises to keep back stands in no output: canaries are put in, and every part of every file is searched."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from opened import legible, opened
from situations import analysis as situation

from reportgen import analyze
from reportgen.analysed_rows import analysed_rows
from reportgen.analysis import walk
from reportgen.cli import main
from reportgen.disclosed import disclosed
from reportgen.disclosure import GROUP_LABELS
from reportgen.errors import InputError, OneGroup, OptionConflict, OptionError, OutputWithheld, SmallCells, quoted, said
from reportgen.fits import LeastSquaresFit, MixedFit, Undefined
from reportgen.verify import verify

FORMULA = "score ~ effort + (1 | school)"
FORMATS = ("html", "pdf", "json", "docx", "xlsx", "md", "tex", "tidy.csv", "glance.csv", "augment.csv")
LABELS = tuple(f"Zq{letter}vky{number}" for number, letter in enumerate("hbtmcxwdaf"))
SIZES = (12, 3, 9, 14, 2, 11, 8, 10, 9, 13)
SMALL = tuple(label for label, size in zip(LABELS, SIZES, strict=True) if size < 5)
CELL, FOLDER, VARIABLE = "Wj5unread", "Wj5folder", "Wj5environ"
RESPONSE, FIGURE = 31337.015625, re.compile(r"\b31,?337(\.0[0-9]*)?\b")  # of a small group, and of no other
CODE = re.compile(r"\bG(0[1-9]|10)\b")


def rows() -> pd.DataFrame:
    """Ten schools, two of them small, with columns that no formula names."""
    random = np.random.Generator(np.random.PCG64(11))
    codes = np.repeat(np.arange(10), SIZES)
    effort = random.normal(0, 1, 10)[codes] + random.normal(0, 1, len(codes))
    score = effort + 2 * random.normal(0, 1, 10)[codes] + random.normal(0, 1, len(codes))
    score[np.flatnonzero(codes == 4)] = RESPONSE
    notes = [f"{CELL}{i}" for i in range(len(codes))]
    return pd.DataFrame(
        {"score": score, "effort": effort, "school": np.array(LABELS)[codes], "note": notes, "name": notes[::-1]}
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A report in every format under each option, from a file in a folder with a name, with a canary in the environment."""
    root = tmp_path_factory.mktemp("privacy") / FOLDER
    root.mkdir()
    rows().to_csv(root / "scores.csv", index=False)
    options = {
        "show": [],
        "code": ["--group-labels", "code"],
        "hide": ["--group-labels", "hide"],
        "cell": ["--min-cell", "5"],
        "both": ["--group-labels", "hide", "--min-cell", "5"],
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in ("REPORTGEN_NOTE", "USER", "HOSTNAME"):
            patch.setenv(name, VARIABLE)
        for name, given in options.items():
            left_out = {"hide": ["augment.csv"], "cell": ["augment.csv"], "both": ["augment.csv", "pdf", "docx"]}.get(name, [])
            formats = [item for item in FORMATS if item not in left_out]
            command = ["render", str(root / "scores.csv"), FORMULA, "--out", str(root / name), "--name", "report", "--quiet"]
            assert main([*command, "--format", *formats, *given]) == 0
    return {name: root / name for name in options}


@cache
def text(path: Path) -> str:
    """What stands in a file."""
    return opened(path)


def files(folder: Path) -> list[Path]:
    """The files of a report."""
    found = sorted(folder.iterdir())
    assert len(found) >= len(FORMATS) - 3
    return found


def result(folder: Path) -> dict[str, Any]:
    """Content of its result file."""
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def test_the_search_finds_what_is_shown(made: Mapping[str, Path]) -> None:
    """Labels and the figure of a small group, wherever a report shows them: else the tests below could not fail."""
    for suffix in ("html", "pdf", "json", "docx", "xlsx", "md", "augment.csv"):
        found = text(made["show"] / f"report.{suffix}")
        assert all(label in found for label in LABELS), suffix
    for suffix in ("html", "pdf"):
        figures = text(made["show"] / f"report.{suffix}")
        assert figures.count(LABELS[0]) > 3, suffix
    for suffix in ("html", "pdf", "docx", "xlsx", "md", "augment.csv"):
        assert FIGURE.search(legible(made["show"] / f"report.{suffix}")), suffix


@pytest.mark.parametrize("option", ["show", "code", "hide", "cell", "both"])
@pytest.mark.parametrize("canary", [CELL, FOLDER, VARIABLE])
def test_what_no_formula_names_is_nowhere(made: Mapping[str, Path], option: str, canary: str) -> None:
    """Cells of other columns, the path, the environment: without any option."""
    for path in files(made[option]):
        assert canary not in text(path), path.name


@pytest.mark.parametrize("option", ["code", "hide", "both"])
def test_no_label_is_anywhere(made: Mapping[str, Path], option: str) -> None:
    for path in files(made[option]):
        found = text(path)
        assert not [label for label in LABELS if label in found], path.name


def test_codes_stand_in_the_place_of_the_labels(made: Mapping[str, Path]) -> None:
    """In tables, figures, exports and the rows that are attached; the page says so."""
    expected = {f"G{number:02d}" for number in range(1, 11)}
    for suffix in ("html", "pdf", "json", "docx", "xlsx", "md", "augment.csv"):
        found = text(made["code"] / f"report.{suffix}")
        assert all(code in found for code in expected), suffix
    page = (made["code"] / "report.html").read_text(encoding="utf-8")
    assert "in the place of its label" in page
    assert "group labels: in code" in page
    assert set(result(made["code"])["variants"]["random_intercept"]["random_effects"]) == expected


def test_a_coded_report_is_reproduced_from_what_it_carries(made: Mapping[str, Path]) -> None:
    verdict = verify(made["code"] / "report.pdf")
    assert verdict.exit_code == 0, verdict.differences[:3]
    assert verdict.n_rows == sum(SIZES)


@pytest.mark.parametrize("option", ["code", "hide", "cell"])
def test_every_report_is_reproduced_from_the_data_file(
    made: Mapping[str, Path], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = made[option].parent / "scores.csv"
    assert main(["verify", str(made[option] / "report.pdf"), "--data", str(data)]) == 0
    assert f"{sum(SIZES)} given rows" in capsys.readouterr().out


def test_another_data_file_is_not_taken_for_it(made: Mapping[str, Path], tmp_path: Path) -> None:
    rows().iloc[::-1].to_csv(tmp_path / "scores.csv", index=False)
    verdict = verify(made["hide"] / "report.pdf", data=tmp_path / "scores.csv")
    assert verdict.exit_code == 1
    assert "SHA-256" in verdict.differences[0].place


@pytest.mark.parametrize("option", ["hide", "cell"])
def test_verify_says_what_a_report_without_rows_needs(
    made: Mapping[str, Path], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(made[option] / "report.pdf")]) == 2
    assert "--data FILE" in capsys.readouterr().out
    assert "reportgenverifyREPORT.pdf--dataFILE" in text(made[option] / "report.pdf")


@pytest.mark.parametrize("option", ["hide", "both"])
def test_hidden_groups_are_neither_named_nor_listed(made: Mapping[str, Path], option: str) -> None:
    for path in files(made[option]):
        seen = re.sub(r'r="[A-Z]+[0-9]+"|#[0-9A-Fa-f]+', "", legible(path))  # places of cells, colours
        assert not CODE.search(seen), path.name
    kept = result(made[option])
    assert kept["variants"]["random_intercept"]["random_effects"] == {}
    assert kept["influence"]["within"][0]["strongest_group"] is None
    page = (made[option] / "report.html").read_text(encoding="utf-8")
    assert "no single group is named or listed" in page
    assert "one of the groups" in page
    assert "rows of a group" not in page or '<th scope="row">G' not in page


def test_small_groups_are_withheld(made: Mapping[str, Path]) -> None:
    """Neither their names nor their figures are anywhere; the others stay, and the page says what is missing and why."""
    for path in files(made["cell"]):
        found = text(path)
        assert not [label for label in SMALL if label in found], path.name
        assert not FIGURE.search(legible(path)), path.name
    others = [label for label in LABELS if label not in SMALL]
    for suffix in ("html", "pdf", "json", "docx", "xlsx", "md"):
        found = text(made["cell"] / f"report.{suffix}")
        assert all(label in found for label in others), suffix
    page = (made["cell"] / "report.html").read_text(encoding="utf-8")
    assert "2 of the 10 groups have fewer than 5 rows" in page
    assert "withholds the figures of 2 of 10 groups" in page
    assert "data.csv" not in page
    kept = result(made["cell"])
    assert kept["disclosure"] == {"group_labels": "show", "min_cell": 5, "small_groups": 2, "groups_withheld": 2}
    assert kept["data"]["n_obs"] == sum(SIZES)


def test_models_use_all_rows_whatever_is_withheld(made: Mapping[str, Path]) -> None:
    whole, kept = result(made["show"]), result(made["cell"])
    for name, variant in whole["variants"].items():
        assert variant["terms"] == kept["variants"][name]["terms"]


def test_codes_depend_on_neither_labels_nor_order() -> None:
    """The rows decide: with labels drawn anew and rows shuffled, every value still has the code it had."""
    first = rows()
    renamed = dict(zip(LABELS, [f"{9 - i}x" for i in range(10)], strict=True))
    second = first.assign(school=first["school"].map(renamed)).sample(frac=1.0, random_state=5)
    found = [analysed_rows(disclosed(walk(FORMULA, frame), "code")) for frame in (first, second)]
    assert found[0].columns == found[1].columns
    names = [field.name for field in found[0].fields]
    coded = dict(zip(found[0].columns[names.index("score")], found[0].columns[names.index("school")], strict=True))
    order = [coded[value] for value in first.groupby("school")["score"].first()]
    assert order != sorted(order)
    assert order != sorted(order, reverse=True)


def test_rows_leave_the_order_of_the_file() -> None:
    found = analysed_rows(disclosed(walk(FORMULA, rows()), "code"))
    scores = found.columns[[field.name for field in found.fields].index("score")]
    assert scores != rows()["score"].tolist()
    for _, part in rows().groupby("school"):
        if len(part) > 8:
            shown = [value for value in scores if value in set(part["score"])]
            assert shown != part["score"].tolist()
            assert shown != sorted(shown)


def test_codes_of_a_combination_are_codes_of_its_columns() -> None:
    frame = rows().assign(year=np.arange(sum(SIZES)) % 2)
    found = disclosed(walk("score ~ effort + (1 | school:year)", frame), "code")
    assert all(re.fullmatch(r"G[0-9]{2}:H0[12]", label) for label in found.groups)


def test_numbers_of_a_coded_report_are_those_of_the_plain_one() -> None:
    plain = walk(FORMULA, rows())
    coded = disclosed(plain, "code")
    for name, fit in plain.fits.items():
        if isinstance(fit, LeastSquaresFit | MixedFit):
            other = coded.fits[name]
            assert isinstance(other, LeastSquaresFit | MixedFit)
            for one, same in zip(fit.coefficients, other.coefficients, strict=True):
                assert same.estimate == pytest.approx(one.estimate, rel=1e-9, abs=1e-9)


def test_a_label_that_is_a_predictor_too_is_refused() -> None:
    frame = rows().assign(year=np.repeat(np.arange(10.0), SIZES))
    found = walk("score ~ effort + year + (1 | year)", frame)
    for way in GROUP_LABELS[1:]:
        with pytest.raises(OptionConflict, match="predictor"):
            disclosed(found, way)


def test_one_small_group_is_not_left_to_subtraction() -> None:
    """Where a single group is small the next smallest goes with it, until two groups and enough rows are withheld."""
    frame = rows()[lambda all_rows: all_rows["school"] != LABELS[4]]
    found = disclosed(walk(FORMULA, frame), min_cell=5)
    sizes = found.moments.rows[list(found.disclosure.withheld)]
    assert found.disclosure.n_small == 1
    assert len(sizes) == 2
    assert sizes.sum() >= 5
    page = analyze(FORMULA, frame).presented(min_cell=5).to_html()
    assert "by subtraction" in page


def test_points_and_influence_of_withheld_groups_are_gone() -> None:
    found = disclosed(walk(FORMULA, rows()), min_cell=5)
    gone = set(found.disclosure.withheld)
    assert len(gone) == 2
    assert not gone & set(found.points.codes.tolist())
    for kind in ("within", "between", "contextual", "random_intercept"):
        slopes = getattr(found.comparison.influence, kind)
        assert not isinstance(slopes, Undefined)
        assert not gone & set(slopes.groups.tolist())


def test_nothing_of_single_groups_is_left_where_all_are_small() -> None:
    found = analyze(FORMULA, rows()).presented(min_cell=100)
    page = found.to_html()
    assert not [label for label in LABELS if label in page]
    assert "10 of the 10 groups have fewer than 100 rows" in page
    assert json.loads(found.to_json())["variants"]["random_intercept"]["random_effects"] == {}


def test_nothing_is_withheld_where_no_group_is_small() -> None:
    found = analyze(FORMULA, rows()).presented(min_cell=2)
    assert "are withheld" not in found.to_html()
    assert "which every group has" in found.to_html()
    assert len(json.loads(found.to_json())["variants"]["random_intercept"]["random_effects"]) == 10


def test_a_level_of_a_factor_that_rests_on_few_rows_is_refused() -> None:
    """Its coefficient would be its figure; the error names the column, not the level."""
    kinds = np.where(np.arange(sum(SIZES)) < 3, "Rk9level", np.where(np.arange(sum(SIZES)) % 2, "a", "b"))
    found = walk("score ~ effort + kind + (1 | school)", rows().assign(kind=kinds))
    with pytest.raises(SmallCells) as caught:
        disclosed(found, min_cell=5)
    assert "Rk9level" not in str(caught.value)
    assert caught.value.n_cells == 1
    assert disclosed(found, min_cell=3).disclosure.n_small == 1


def test_a_combination_of_levels_that_rests_on_few_rows_is_refused() -> None:
    number = np.arange(sum(SIZES))
    rare = (number % 6 == 0) | (number % 6 == 3) & (number < 10)
    frame = rows().assign(one=np.where(number % 2, "a", "b"), two=np.where(rare, "c", "d"))
    with pytest.raises(SmallCells, match="one:two"):
        disclosed(walk("score ~ effort + one * two + (1 | school)", frame), min_cell=5)


def test_hidden_groups_are_told_apart_without_a_name() -> None:
    """What one group does to several slopes is one sentence, what another does a second one; two of them are two."""
    from reportgen.library import Analysis

    found = Analysis(situation("example")).presented(group_labels="hide")
    page = " ".join(re.sub(r"<[^>]+>", " ", found.to_html()).split())
    assert "Without one of the groups the contextual effect moves" in page
    assert "Without one of the groups the slope within groups moves" in page
    assert "two of the groups" in page
    moves = [item["values"]["moves"] for item in json.loads(found.to_json())["findings"] if item["kind"] == "driving_groups"]
    assert [move["group"] for move in moves[0]] == [None] * len(moves[0])


@pytest.mark.parametrize("option", [["--group-labels", "hide"], ["--min-cell", "5"]])
def test_lines_of_single_rows_are_not_written(tmp_path: Path, option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The others are; the exit code is that of an output that could not be written."""
    rows().to_csv(tmp_path / "scores.csv", index=False)
    command = ["render", str(tmp_path / "scores.csv"), FORMULA, "--out", str(tmp_path), "--format", "json", "augment.csv"]
    assert main([*command, *option]) == OutputWithheld.exit_code
    assert option[0] in capsys.readouterr().err
    assert (tmp_path / "scores.json").exists()
    assert not (tmp_path / "scores.augment.csv").exists()


@pytest.mark.parametrize("name", ["unbalanced", "several", "product", "crossed_labels", "missing", "random_slopes", "factor"])
@pytest.mark.parametrize("way", ["code", "hide"])
def test_every_kind_of_report_can_be_coded_and_hidden(name: str, way: str) -> None:
    found = situation(name)
    from reportgen.library import Analysis

    page = Analysis(found).presented(group_labels=way).to_html()  # type: ignore[arg-type]
    labels = [label for label in found.groups if len(label) > 2]
    assert not [label for label in labels if f">{label}<" in page or f"{label}," in page]


@pytest.mark.parametrize("name", ["unbalanced", "several", "many_groups", "two_groups", "three_groups", "perfect"])
@pytest.mark.parametrize("rows_needed", [5, 40])
def test_every_kind_of_report_can_be_withheld(name: str, rows_needed: int) -> None:
    from reportgen.library import Analysis

    page = Analysis(situation(name)).presented(min_cell=rows_needed).to_html()
    assert "which withholds the figures" in page or "which every group has" in page


@pytest.mark.parametrize(
    ("options", "sentences"),
    [
        ({"group_labels": "code"}, ("statt ihres Namens ein Kürzel", "Gruppennamen: als Kürzel")),
        ({"group_labels": "hide"}, ("keine einzelne Gruppe genannt", "eine der Gruppen", "Gruppennamen: verborgen")),
        ({"min_cell": 5}, ("2 der 10 Gruppen haben weniger als 5 Zeilen", "was die Zahlen von 2 der 10 Gruppen zurückhält")),
    ],
)
def test_it_is_said_in_german_too(options: dict[str, Any], sentences: tuple[str, ...]) -> None:
    found = analyze(FORMULA, rows()).presented(lang="de", **options)
    page, hidden = found.to_html(), SMALL if "min_cell" in options else LABELS
    assert all(sentence in page for sentence in sentences)
    assert not [label for label in hidden if label in page]


def test_a_lost_group_is_counted_not_named() -> None:
    frame = rows()
    frame.loc[frame["school"] == LABELS[0], "effort"] = np.nan
    for options in ({"group_labels": "code"}, {"group_labels": "hide"}, {"min_cell": 5}):
        found = analyze(FORMULA, frame).presented(**options)
        assert "1 group is missing altogether" in found.to_html()
        assert LABELS[0] not in found.to_html() + found.to_json()


def test_likely_slips_in_labels_are_counted_not_named() -> None:
    frame = rows()
    frame["school"] = frame["school"].replace({LABELS[0]: "North", LABELS[2]: "north ", LABELS[3]: "n/a"})
    page = analyze(FORMULA, frame).presented(group_labels="code").to_html()
    assert "1 set of group labels differ" in page
    assert "1 group is named as missing values" in page
    assert "North" not in page
    assert "n/a" not in page


def test_likely_slips_in_labels_of_small_groups_are_counted_not_named() -> None:
    frame = rows()
    frame.loc[frame["school"] == SMALL[0], "school"] = LABELS[3].upper()
    frame.loc[frame["school"] == SMALL[1], "school"] = "n/a"
    found = analyze(FORMULA, frame).presented(min_cell=5)
    text = found.to_html() + found.to_json()
    assert "1 set of group labels differ" in text
    assert "1 group is named as missing values" in text
    assert LABELS[3] in text
    assert LABELS[3].upper() not in text
    assert "n/a" not in text


def test_options_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    found = analyze(FORMULA, rows())
    with pytest.raises(OptionError):
        found.presented(group_labels="coded")  # type: ignore[arg-type]
    for wrong in (-1, 2.5, True, "5", 10**30):
        with pytest.raises(OptionConflict):
            found.presented(min_cell=wrong)  # type: ignore[arg-type]
    rows().to_csv(tmp_path / "scores.csv", index=False)
    assert main(["render", str(tmp_path / "scores.csv"), FORMULA, "--out", str(tmp_path), "--group-labels", "cod"]) == 2
    assert main(["render", str(tmp_path / "scores.csv"), FORMULA, "--out", str(tmp_path), "--min-cell", "9" * 20]) == 2


LONG = "Vx8" * 60


def bad_cell(place: int, value: object) -> pd.DataFrame:
    """The rows with one bad value in a column of the formula."""
    cells: list[object] = rows()["effort"].tolist()
    cells[place] = value
    return rows().assign(effort=pd.Series(cells, dtype=object))


@pytest.mark.parametrize("source", ["csv", "frame", "parquet", "xlsx"])
def test_a_bad_value_is_quoted_with_20_characters_at_most(tmp_path: Path, source: str) -> None:
    data: object = bad_cell(7, LONG).astype({"effort": str})
    if source != "frame":
        path = tmp_path / f"scores.{source}"
        getattr(data, f"to_{source.replace('xlsx', 'excel')}")(path, index=False)
        data = path
    with pytest.raises(InputError) as caught:
        walk(FORMULA, data)
    assert LONG[:20] in str(caught.value)
    assert LONG[:21] not in str(caught.value)


def test_other_errors_quote_20_characters_at_most() -> None:
    frame = rows().assign(kind=np.where(np.arange(sum(SIZES)) % 2, LONG, LONG[1:]))
    one = frame.assign(school=LONG)
    calls: tuple[tuple[str, pd.DataFrame, dict[str, Any]], ...] = (
        ("score ~ effort + C(kind, Treatment('none')) + (1 | school)", frame, {}),
        (FORMULA, one, {}),
        (FORMULA, frame, {"weights": "kind"}),
        ("log(score) ~ effort + (1 | school)", frame, {}),
    )
    for formula, data, options in calls:
        with pytest.raises(InputError) as caught:
            analyze(formula, data, **options)
        assert LONG[:21] not in str(caught.value), formula
        assert LONG[1:22] not in str(caught.value), formula


def test_quotes_have_20_characters_at_most() -> None:
    for length in (19, 20, 21, 23, 24, 200):
        assert quoted("v" * length).count("v") == min(length, 20)


def test_what_a_library_says_repeats_20_characters_of_a_value_at_most() -> None:
    for message in (
        f"invalid value '{LONG}'",
        f'could not convert "{LONG}" to float',
        f"could not convert: {LONG}",
        f"{LONG}\nx",
    ):
        assert LONG[:21] not in said(message)
    assert said("knots must be sorted\nat line 2") == "knots must be sorted"
    assert said("degree of 'poly' must be at least 1") == "degree of 'poly' must be at least 1"


def test_the_error_of_a_single_group_does_not_name_it_in_a_batch() -> None:
    assert "Zq" not in str(OneGroup("school", ""))
    assert "'school'" in str(OneGroup("school", ""))


def test_a_batch_keeps_back_what_its_manifest_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the reports, in the index over them and in the summary, failures included."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    rows().to_csv(folder / "scores.csv", index=False)
    rows().assign(school=LABELS[0]).to_csv(folder / "single.csv", index=False)
    entries = [
        ("coded", "scores.csv", ""),
        ("hidden", "scores.csv", 'group_labels = "hide"\n'),
        ("withheld", "scores.csv", 'group_labels = "show"\nmin_cell = 5\n'),
        ("alone", "single.csv", ""),
    ]
    reports = "".join(f'[[report]]\nname = "{name}"\ndata = "{data}"\n{more}' for name, data, more in entries)
    defaults = f'[defaults]\nformula = "{FORMULA}"\nformats = ["html", "json"]\ngroup_labels = "code"\nattach_data = false\n'
    (folder / "plan.toml").write_text(defaults + reports, encoding="utf-8")
    assert main(["batch", str(folder / "plan.toml"), "--out", str(tmp_path / "out"), "--quiet", "--jobs", "1"]) == 1
    capsys.readouterr()
    written = {path.name: opened(path) for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert {"coded.html", "hidden.html", "withheld.html", "index.html", "summary.json"} <= set(written)
    for name, found in written.items():
        hidden = SMALL if name.startswith("withheld") else LABELS
        assert not [label for label in hidden if label in found], name
        assert CELL not in found
        assert FOLDER not in found
    assert "G01" in written["coded.json"]
    assert "G01" not in written["hidden.json"]
    assert LABELS[0] in written["withheld.json"]
    assert "atleasttwogroupsareneeded" in written["index.html"]


@pytest.mark.parametrize(
    "line", ['group_labels = "no"', "min_cell = -1", "min_cell = true", "min_cell = 10000000000000", 'attach_data = "no"']
)
def test_a_manifest_with_a_wrong_option_is_refused(tmp_path: Path, line: str) -> None:
    from reportgen.batch.manifest import read_manifest
    from reportgen.errors import ManifestError

    text = f'[[report]]\nname = "a"\ndata = "a.csv"\nformula = "y ~ x + (1 | g)"\n{line}\n'
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError, match=line.split()[0]):
        read_manifest(tmp_path / "plan.toml")
