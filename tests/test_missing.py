"""Texts that mean "no value": the same figures as from empty cells, whatever the source, and what the report says of them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pathological import GROUP, LABELS, ROW, WAVE, X, Y

from reportgen import Analysis, analyze
from reportgen.analysis import walk
from reportgen.choices import Options
from reportgen.cli import main
from reportgen.disclosed import disclosed
from reportgen.errors import BadValue, OptionConflict
from reportgen.presentation import attachments as evidence
from reportgen.presentation.exports import result_file
from reportgen.presentation.pdf import pdf_of_page
from reportgen.sources import DivisibleSource, open_source
from reportgen.sources.marks import as_if_empty, without_marks
from reportgen.verify import verify
from reportgen.verify.comparing import compare

FORMULA = "y ~ x + f + (1 | g)"
LEVELS = [("u", "v", "w")[row % 5 % 3] for row in ROW]
EMPTY = {"y": ROW % 17 == 3, "x": ROW % 13 == 5, "f": ROW % 19 == 7, "g": ROW % 23 == 11}
MARKS = ("NA", "-999")


def frame(numbers: object = None, texts: object = None) -> pd.DataFrame:
    """Rows some of which lack a value, with something in its place."""
    whole: dict[str, Any] = {"y": Y, "x": X, "f": LEVELS, "g": LABELS}
    places = {"y": numbers, "x": numbers, "f": texts, "g": texts}
    columns = {
        name: [places[name] if is_empty else value for value, is_empty in zip(whole[name], EMPTY[name], strict=True)]
        for name in whole
    }
    return pd.DataFrame(columns)


def figures(analysis: Analysis) -> dict[str, Any]:
    """The result file without the name of the data and how it was read."""
    found: dict[str, Any] = json.loads(analysis.to_json())
    del found["data"]["sha256"], found["data"]["source"], found["options"]
    return found


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """The figures from empty cells; the rows in the ledger are counted here once more."""
    found = figures(analyze(FORMULA, frame()))
    lost = dict.fromkeys(EMPTY, 0)
    for row in ROW:
        first = next((name for name in ("y", "x", "f", "g") if EMPTY[name][row]), "")
        if first:
            lost[first] += 1
    assert {entry["column"]: entry["rows"] for entry in found["data"]["ledger"]} == lost
    return found


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    differences = compare("", found, expected, with_texts=True).differences
    # Of a number that is the difference of two others, what is left is rounding.
    assert not [item for item in differences if not item.place.startswith("curve")], differences


def as_parquet_folder(table: pd.DataFrame, path: Path) -> None:
    path.mkdir()
    kept = table.astype({"f": "category", "g": "category"})
    kept[:40].to_parquet(path / "a.parquet")
    kept[40:].to_parquet(path / "b.parquet")


MIXED = frame("NA", "NA")  # as R writes it
CODED = frame(-999.0, "NA")
FILES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "na.csv": (lambda path: MIXED.to_csv(path, index=False), ("NA",)),
    "quoted.csv": (lambda path: MIXED.to_csv(path, index=False, quoting=1), ("NA",)),
    "comma.csv": (lambda path: frame(texts="NA").to_csv(path, index=False, sep=";", decimal=",", na_rep="NA"), ("NA",)),
    "na.tsv.gz": (lambda path: MIXED.to_csv(path, index=False, sep="\t"), ("NA",)),
    "na.xlsx": (lambda path: MIXED.to_excel(path, index=False), ("NA",)),
    "codes.csv": (lambda path: CODED.to_csv(path, index=False), MARKS),
    "codes.xlsx": (lambda path: CODED.to_excel(path, index=False), MARKS),
    "codes.parquet": (CODED.to_parquet, MARKS),
    "codes.feather": (CODED.to_feather, MARKS),
    "codes": (lambda path: as_parquet_folder(CODED, path), MARKS),
}


@pytest.mark.parametrize("name", FILES)
def test_every_file_gives_the_figures_of_empty_cells(name: str, tmp_path: Path, expected: dict[str, Any]) -> None:
    write, marks = FILES[name]
    write(tmp_path / name)
    same(figures(analyze(FORMULA, tmp_path / name, missing=marks)), expected)


FRAMES: dict[str, object] = {
    "pandas": CODED,
    "objects": MIXED,
    "categories": CODED.astype({"f": "category", "g": "category"}),
    "nullable": CODED.convert_dtypes(),
    "arrow types": CODED.convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.from_pandas(CODED),
    "polars categorical": pl.from_pandas(CODED).with_columns(pl.col("g").cast(pl.Categorical)),
    "polars objects": pl.DataFrame({c: pl.Series(c, MIXED[c].tolist(), dtype=pl.Object) for c in EMPTY}),
    "arrow": pa.Table.from_pandas(CODED),
}


@pytest.mark.parametrize("name", FRAMES)
def test_every_frame_gives_the_figures_of_empty_cells(name: str, expected: dict[str, Any]) -> None:
    same(figures(analyze(FORMULA, FRAMES[name], missing=["NA", "-999", "NA"])), expected)


@pytest.mark.parametrize(
    ("kind", "values", "marks", "expected"),
    [
        (pa.string(), ["a", "NA", "na", None, "NA "], ["NA"], ["a", None, "na", None, "NA "]),
        (pa.large_string(), ["-999", "-999.0", "1"], ["-999"], [None, "-999.0", "1"]),
        (pa.binary(), [b"NA", b"b"], ["NA"], [None, b"b"]),
        (pa.int8(), [9, 99, None], ["99", "999", "9.5", "1e400"], [9, None, None]),
        (pa.int64(), [-999, 2**53 + 1, 2**53], [str(2**53 + 1), "-999.0"], [None, None, 2**53]),
        (pa.uint64(), [2**64 - 1, 5], ["-1", str(2**64 - 1)], [None, 5]),
        (pa.float64(), [-9.0, 0.0, np.inf, 1.0], ["-9", " 0 ", "inf", "one"], [None, None, None, 1.0]),
        (pa.float32(), [0.1, 0.2], ["0.1"], [None, np.float32(0.2)]),
        (pa.decimal128(5, 2), [Decimal("9.99"), Decimal("1.00")], ["9.99", "1e9", "0.001"], [None, Decimal("1.00")]),
        (pa.bool_(), [True, False], ["1", "True"], [True, False]),
        (pa.date32(), [datetime.date(2026, 1, 1)], ["2026-01-01"], [datetime.date(2026, 1, 1)]),
        (pa.int64(), [], ["1"], []),
    ],
)
def test_cells_that_hold_a_mark(kind: Any, values: list[object], marks: list[str], expected: list[object]) -> None:
    column = pa.chunked_array([pa.array(values, kind)])
    found = without_marks(column, marks)
    assert found.type == kind
    assert found.to_pylist() == expected


def test_levels_that_are_marks_are_no_levels() -> None:
    levels = pa.array(["c", "NA", "a"])
    column = pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None], pa.int32()), levels)])
    found = without_marks(column, ["NA"])
    assert found.to_pylist() == ["c", None, "a", None]
    assert found.chunk(0).dictionary.to_pylist() == ["c", "a"]


def test_a_column_of_nothing_but_marks_has_no_value(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("y,x\n1,NA\n2,NA\n")
    (chunk,) = open_source(tmp_path / "a.csv", missing=("NA",)).chunks(["y", "x"])
    assert chunk.to_pylist() == [{"y": 1.0, "x": None}, {"y": 2.0, "x": None}]


def test_the_parts_of_a_file_have_no_marks_either(tmp_path: Path) -> None:
    CODED.to_parquet(tmp_path / "a.parquet", row_group_size=30)
    plain = open_source(tmp_path / "a.parquet")
    assert as_if_empty(plain, ()) is plain
    source = open_source(tmp_path / "a.parquet", missing=MARKS)
    assert isinstance(source, DivisibleSource)
    assert (source.n_rows, source.name, source.columns) == (len(ROW), "a.parquet", ("y", "x", "f", "g"))
    assert source.sha256() == plain.sha256()
    cells = [row["x"] for part in source.parts(30) for chunk in part.chunks(["x"]) for row in chunk.to_pylist()]
    assert [cell is None for cell in cells] == EMPTY["x"].tolist()
    again = open_source(plain, missing=MARKS)  # opened by somebody else
    assert [row["g"] is None for chunk in again.chunks(["g"]) for row in chunk.to_pylist()] == EMPTY["g"].tolist()


def test_weights_may_be_missing_too() -> None:
    weights = np.where(ROW % 7 == 2, -1.0, 1.0 + ROW % 3)
    found = json.loads(analyze("y ~ x + (1 | g)", frame().assign(w=weights), weights="w", missing=("-1",)).to_json())
    assert {entry["column"]: entry["rows"] for entry in found["data"]["ledger"]}["w"] > 0
    kept = frame().assign(w=np.where(weights < 0, np.nan, weights))
    other = json.loads(analyze("y ~ x + (1 | g)", kept, weights="w").to_json())
    assert found["variants"]["mundlak"] == other["variants"]["mundlak"]


def test_a_failed_formula_may_be_said_to_be_missing(tmp_path: Path) -> None:
    frame("#N/A", "#N/A").to_excel(tmp_path / "a.xlsx", index=False)
    (chunk,) = open_source(tmp_path / "a.xlsx", missing=("#N/A",)).chunks(["y", "g"])
    assert [row["g"] is None for row in chunk.to_pylist()] == EMPTY["g"].tolist()
    assert pa.types.is_floating(chunk.schema.field("y").type)


@pytest.mark.parametrize("cell", ["NA", "n/a", ".", "NaN", " NA", "?"])
def test_the_error_says_how_to_say_it(cell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    frame(cell, "").to_csv(path, index=False)
    assert main(["fit", str(path), FORMULA]) == 2
    message = capsys.readouterr().err.strip()
    assert "only an empty cell is a missing value: empty these cells, or say that they are with --missing" in message
    option = message.rsplit("--missing ", 1)[1].strip("'")
    assert option == cell
    assert main(["fit", str(path), FORMULA, "--missing", option]) == 0


def test_what_is_no_list_of_texts_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("NA", [""], [-999], None, {"NA"}, ["\ud800"]):
        with pytest.raises(OptionConflict, match="give texts that are not empty"):
            analyze(FORMULA, CODED, missing=wrong)  # type: ignore[arg-type]
    assert main(["fit", "absent.csv", FORMULA, "--missing", ""]) == 2
    assert capsys.readouterr().err.startswith("reportgen: --missing is ")


def test_other_marks_stay_an_error(tmp_path: Path) -> None:
    MIXED.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(BadValue, match="'NA'"):
        analyze(FORMULA, tmp_path / "a.csv", missing=("na",))


def test_the_report_says_it_and_its_numbers_come_out_again(tmp_path: Path) -> None:
    MIXED.to_csv(tmp_path / "a.csv", index=False)
    made = analyze(FORMULA, tmp_path / "a.csv", missing=("NA", "g01", "G03"))
    options = json.loads(made.to_json())["options"]
    assert options["missing"] == ["NA", "g01", "G03"]
    assert "As an empty cell does, NA, g01 and G03 mean that a value is missing." in made.to_markdown().replace("*", "")
    assert "Wie eine leere Zelle bedeutet" in analyze(FORMULA, CODED, missing=("NA",)).presented(lang="de").to_html()
    assert "As an empty cell does" not in analyze(FORMULA, CODED).to_html()
    coded = disclosed(made.results, "code")  # G03 is a code too
    for shown, attach in ((made.results, True), (coded, True), (coded, False)):
        files = evidence.attachments(shown, result_file(shown), attach)
        path = tmp_path / "report.pdf"
        path.write_bytes(pdf_of_page(f"<p>{evidence.digest(files[evidence.PACKAGE])}</p>", files))
        verdict = verify(path, None, None if attach else tmp_path / "a.csv")
        assert verdict.differences == ()
        assert verdict.n_numbers > 500


def test_rows_to_predict_are_read_with_the_same_marks() -> None:
    made = analyze(FORMULA, CODED, missing=MARKS)
    found = made.predict(CODED, "mundlak").prediction
    assert found.isna().tolist() == (EMPTY["x"] | EMPTY["f"] | EMPTY["g"]).tolist()


def test_on_a_cluster_the_parts_have_no_marks(tmp_path: Path, expected: dict[str, Any]) -> None:
    from distributed import Client, LocalCluster

    CODED.to_parquet(tmp_path / "a.parquet", row_group_size=30)
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call]
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        options = Options(missing=MARKS, cluster=client.scheduler_info()["address"])
        same(figures(Analysis(walk(FORMULA, tmp_path / "a.parquet", options))), expected)


def test_in_a_batch_split_by_a_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = frame("NA", "NA").assign(k=[("a", "b", "NA")[code % 3] for code in GROUP], w=WAVE)
    table.to_csv(tmp_path / "d.csv", index=False)
    out = tmp_path / "out"
    arguments = [str(tmp_path / "d.csv"), "--formula", "y ~ x + (1 | g)", "--by", "k", "--format", "json", "--jobs", "1"]
    assert main(["batch", *arguments, "--missing", "NA", "--out", str(out)]) == 0
    rows = int((table.k == "NA").sum())
    assert f"d.csv: {rows} rows have no value of 'k' and are in none of the reports" in capsys.readouterr().err
    whole = frame()[table.k == "a"]
    found, expected = (
        json.loads(text) for text in ((out / "d-a.json").read_text(), analyze("y ~ x + (1 | g)", whole).to_json())
    )
    assert found["options"]["missing"] == ["NA"]
    assert found["data"]["ledger"] == expected["data"]["ledger"]
    assert not compare("", found["variants"], expected["variants"], with_texts=True).differences
