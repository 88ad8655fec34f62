"""Cells of any types: what becomes of a column of them, and what is said of frames and files that have none to read."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sys
import tracemalloc
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pathological import FORMULA, GROUP, LABELS, ROW, X, clean, slopes, with_arrow, with_columns

from reportgen import analyze
from reportgen.errors import ColumnUnusable, InputError, SourceUnreadable
from reportgen.sources import open_source
from reportgen.sources.cells import column_of_cells, is_missing, table_of_cells, text_of
from reportgen.sources.digests import digest_of_columns
from reportgen.sources.plain_types import plain_column

LONG = 2**80 + 1


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([True, None, False], pa.bool_(), [True, None, False]),
        ([1, None, np.int8(3)], pa.int64(), [1, None, 3]),
        ([1, 2.5, None], pa.float64(), [1.0, 2.5, None]),
        ([Decimal("1.5"), np.float32(2)], pa.float64(), [1.5, 2.0]),
        ([LONG, None], pa.decimal256(76, 0), [Decimal(LONG), None]),
        ([10**80, 1], pa.string(), [str(10**80), "1"]),
        ([2**60 + 1, 0.5], pa.string(), [str(2**60 + 1), "0.5"]),  # as a float the first would lose its last digit
        ([True, 1], pa.string(), ["True", "1"]),
        (["a", 1, None], pa.string(), ["a", "1", None]),
        ([b"a\xff", "\ud800"], pa.string(), ["a\\xff", "\\ud800"]),
    ],
)
def test_a_column_of_values_of_any_types(values: list[Any], kind: Any, expected: list[Any]) -> None:
    column = column_of_cells(values)
    assert column.type == kind
    assert column.to_pylist() == expected


def test_whole_numbers_beyond_any_float_beside_fractions() -> None:
    assert column_of_cells([10**400, 0.5]).to_pylist() == [str(10**400), "0.5"]


def test_complex_numbers_are_no_numbers_to_a_model() -> None:
    column = column_of_cells([1 + 2j, None, 3])
    assert column.to_pylist() == [{"real": 1.0, "imaginary": 2.0}, None, {"real": 3.0, "imaginary": 0.0}]


def test_text_can_always_be_written() -> None:
    assert text_of(b"\xe9") == "\\xe9"
    assert text_of("a\udc80") == "a\\udc80"
    assert text_of(1.5) == "1.5"


@pytest.mark.parametrize("value", [None, pd.NA, pd.NaT, float("nan"), Decimal("nan"), np.float32("nan")])
def test_what_stands_for_no_value(value: object) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", [0, "", "nan", False, Decimal(0)])
def test_what_is_a_value(value: object) -> None:
    assert not is_missing(value)


def test_a_column_of_a_sheet_is_of_one_kind_if_all_its_cells_are() -> None:
    day = datetime.date(2026, 1, 2)
    table = table_of_cells(("n", "f", "t", "d", "m", "big"), [[1, 1, "a", day, day, 1], [2, 0.5, "", None, "x", LONG]])
    assert [str(kind) for kind in table.schema.types] == [
        "int64",
        "double",
        "string",
        "date32[day]",
        "string",
        "decimal256(76, 0)",
    ]
    assert table.column("t").to_pylist() == ["a", None]
    assert table.column("m").to_pylist() == ["2026-01-02", "x"]


def test_kinds_that_hardly_any_function_knows_are_made_plain() -> None:
    views = pa.array(["a", None], pa.string_view())
    assert plain_column(views).type == pa.large_string()
    halves = pa.array(np.array([1.5, 2.0], dtype=np.float16))
    assert plain_column(halves).to_pylist() == [1.5, 2.0]
    runs = pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"])
    assert plain_column(runs).to_pylist() == ["a", "a", "b"]


@pytest.mark.skipif(not hasattr(pa, "json_"), reason="this pyarrow has no JSON columns")
def test_a_column_of_json_is_its_text() -> None:
    wrapped = pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(["1", "2"]))
    assert plain_column(wrapped).to_pylist() == ["1", "2"]


BYTES = [int(code).to_bytes(16, "big") for code in GROUP]
LEVELS = [f"g{code:02d}" for code in range(12)]
MINUS_NOUGHT = np.where((GROUP == 0) & (ROW % 2 == 0), -0.0, GROUP)
# Columns of groups, and some of their labels.
ODD_LABELS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "levels twice": (
        pa.DictionaryArray.from_arrays(pa.array(GROUP * 2 + ROW % 2, pa.int8()), np.repeat(LEVELS, 2)),
        ("g00", "g11"),
    ),
    "a level that is null": (
        pa.DictionaryArray.from_arrays(pa.array(GROUP + 1, pa.int8()), pa.array([None, *LEVELS])),
        ("g00", "g11"),
    ),
    "minus nought": (pa.array(MINUS_NOUGHT).dictionary_encode(), ("0", "11")),
    "run ends": (pc.run_end_encode(pa.array(LABELS)), ("g00", "g11")),
    "bytes of one length": (pa.array([b"%04d" % code for code in GROUP], pa.binary(4)), ("0000", "0011")),
    "bytes and what they are spelled as": (
        pa.array([b"\xff" if code == 0 else rb"\xff" if code == 1 else b"%d" % code for code in GROUP]),
        (r"\xff", r"\\xff", "11"),
    ),
    "nanoseconds": (pa.array(GROUP.astype("int64") + 1, pa.time64("ns")), ("00:00:00.000000001", "00:00:00.000000012")),
    "times beyond Python's": (
        pa.array(GROUP.astype("int64") + 10**15, pa.timestamp("ms")),
        ("<value out of range: 1000000000000000>",),
    ),
    "days beyond Python's": (pa.array(GROUP + 2**30, pa.int32()).cast(pa.date32()), ("<value out of range: 1073741824>",)),
    "times of no zone": (pa.array(GROUP.astype("int64"), pa.timestamp("ms", "Nowhere/Bad")), ("1970-01-01 00:00:00.000",)),
}
if int(pa.__version__.split(".")[0]) >= 20:  # earlier ones cannot cast them
    ODD_LABELS["views of bytes"] = (pa.array([b"%04d" % code for code in GROUP], pa.binary_view()), ("0000", "0011"))
if hasattr(pa, "uuid"):
    identifiers = pa.ExtensionArray.from_storage(pa.uuid(), pa.array(BYTES, pa.binary(16)))
    ODD_LABELS["identifiers"] = (identifiers, ("00000000-0000-0000-0000-00000000000b",))


@pytest.mark.parametrize("case", ODD_LABELS)
def test_groups_of_any_type_are_told_apart_and_named_alike_in_frames_and_files(case: str, tmp_path: Path) -> None:
    column, names = ODD_LABELS[case]
    table = with_arrow(g=column)
    feather = tmp_path / "data.feather"
    with pa.OSFile(str(feather), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    sources: list[object] = [table, feather]
    with contextlib.suppress(pa.ArrowNotImplementedError):  # of run ends and null levels
        pq.write_table(table, tmp_path / "data.parquet", row_group_size=50)
        sources.append(tmp_path / "data.parquet")
    for source in sources:
        found = json.loads(analyze(FORMULA, source).to_json())
        groups = found["variants"]["random_intercept"]["random_effects"]
        assert found["data"]["n_groups"] == len(groups) == 12
        assert set(names) <= set(groups)
        assert slopes(found) == pytest.approx(clean(), rel=1e-8)


@pytest.mark.skipif(not hasattr(pa, "bool8"), reason="this pyarrow has no booleans of 8 bits")
def test_booleans_of_eight_bits_are_numbers_in_files_too(tmp_path: Path) -> None:
    bits = pa.ExtensionArray.from_storage(pa.bool8(), pa.array((X > 0).astype("int8")))
    pq.write_table(with_arrow(x=bits), tmp_path / "data.parquet")
    expected = json.loads(analyze(FORMULA, with_columns(x=X > 0)).to_json())
    assert slopes(json.loads(analyze(FORMULA, tmp_path / "data.parquet").to_json())) == pytest.approx(slopes(expected))


def test_long_doubles_beyond_64_bits_are_infinite_and_said() -> None:
    longer = np.where(ROW == 3, np.longdouble("1e4000"), X.astype(np.longdouble))
    with pytest.raises(InputError, match="column 'x', row 4: an infinite number"):
        analyze(FORMULA, with_columns(x=longer))


# --- fingerprints


def digest(table: pa.Table) -> str:
    return digest_of_columns({name: table.column(name) for name in table.column_names})


def test_the_fingerprint_tells_bytes_from_no_bytes() -> None:
    kinds = (pa.binary(), pa.large_binary(), pa.binary(1))
    tables = [pa.table({"x": pa.array([b"a", None], kind)}) for kind in kinds]
    digests = {digest(table) for table in tables}
    assert len(digests) == 1
    assert digest(pa.table({"x": pa.array([b"a", b"b"])})) not in digests


def test_the_fingerprint_does_not_depend_on_the_cutting() -> None:
    whole = pa.table({"x": [1.0, 2.0, None], "g": ["a", None, "c"]})
    cut = pa.concat_tables([whole.slice(0, 1), whole.slice(1, 1), whole.slice(2)])
    assert digest(cut) == digest(whole) != digest(whole.slice(0, 2))


# --- what cannot be read


def refusal(data: object) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        open_source(data)
    return str(caught.value)


def test_frames_that_cannot_be_read() -> None:
    assert "no rows" in refusal(pd.DataFrame({"x": []}))
    assert "no rows" in refusal(pa.table({"x": pa.array([], pa.float64())}))
    several = pd.DataFrame(np.ones((2, 2)), columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    assert "names of several levels; give each column one name" in refusal(several)
    assert "a list is not a table that can be read twice; give a path or a data frame" in refusal([1, 2])


class Broken:
    """A frame that promises Arrow and does not keep it."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise ValueError("no such type")


def test_a_frame_that_arrow_cannot_read() -> None:
    assert "a Broken that Arrow cannot read (no such type)" in refusal(Broken())


class Unwritable:
    """An object that refuses to be written."""

    def __str__(self) -> str:
        raise RuntimeError("not as text")

    __repr__ = __str__


class UnwritableError(Exception):
    """An error that refuses to be written."""

    def __str__(self) -> str:
        raise RuntimeError("not as text")


@pytest.mark.parametrize("column", ["y", "x", "g"])
def test_objects_that_cannot_be_written(column: str) -> None:
    frame = with_columns(**{column: pd.Series([Unwritable(), *range(len(ROW) - 1)], dtype=object)})
    with pytest.raises(ColumnUnusable, match=f"'{column}' in data frame: holds objects that cannot be written as text"):
        analyze(FORMULA, frame)


def test_names_of_columns_that_cannot_be_written() -> None:
    frame = with_columns()
    frame.columns = pd.Index(["y", "x", Unwritable()])
    assert "the name of a column cannot be written as text (RuntimeError in its own methods)" in refusal(frame)


def test_objects_in_polars_that_cannot_be_written() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"g": polars.Series([Unwritable()], dtype=polars.Object)})
    assert "a DataFrame that Arrow cannot read (not as text)" in refusal(frame)


def test_a_frame_whose_error_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def stream(_self: object, requested_schema: object = None) -> object:
        raise UnwritableError

    monkeypatch.setattr(Broken, "__arrow_c_stream__", stream)
    assert "a Broken that Arrow cannot read (UnwritableError)" in refusal(Broken())


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_memory_that_does_not_suffice_is_no_matter_of_the_frame(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_arguments: object, **_choices: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Broken, "__arrow_c_stream__", exhausted)
    monkeypatch.setattr("reportgen.sources.frames._pandas_column", exhausted)
    with pytest.raises(MemoryError):
        analyze(FORMULA, with_columns() if kind == "pandas" else Broken())


def test_a_lazy_frame_is_not_collected_behind_the_users_back() -> None:
    polars = pytest.importorskip("polars")
    assert "call its collect() first" in refusal(polars.LazyFrame({"x": [1]}))


def test_paths_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is not a path; give the path of a file" in refusal("a" * 5000)
    assert "no such file" in refusal(tmp_path / "absent.csv")
    empty = tmp_path / "empty.csv"
    empty.touch()
    assert "is empty" in refusal(empty)
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert "may not be read; change the permissions" in refusal(empty)


def workbook(path: Path, rows: list[list[object]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["y", "x"]], "the first sheet has no rows of data; put names in row 1 and data below"),
        ([["y", None, "g"], [1, 2, 3]], "column 2 has no name; put the names of the columns in the first row"),
        ([["y", "x"], [1, 2, 3]], "column 3 has no name"),
        ([["y", "y"], [1, 2]], "a name occurs twice; give every column its own name"),
    ],
)
def test_sheets_that_cannot_be_read(tmp_path: Path, rows: list[list[object]], expected: str) -> None:
    assert expected in refusal(workbook(tmp_path / "data.xlsx", rows))


def with_sheet(path: Path, old: str, new: str) -> Path:
    """A workbook with a piece of its first sheet's text replaced."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old.encode() in parts[sheet]
    parts[sheet] = parts[sheet].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return path


SHEET: list[list[object]] = [[" y ", "x", "g"], [1, 2, "a"], [3, 4, "b"], [5, 6, "c"]]


@pytest.mark.parametrize("said", ["A1", "A1:C2", "A1:B9", "A1:XFD1048576"])
def test_what_a_sheet_says_of_its_size_leaves_no_cell_out(said: str, tmp_path: Path) -> None:
    path = with_sheet(workbook(tmp_path / "data.xlsx", SHEET), '<dimension ref="A1:C4"', f'<dimension ref="{said}"')
    source = open_source(path)
    assert source.columns == ("y", "x", "g")
    assert [row["g"] for chunk in source.chunks(["g"]) for row in chunk.to_pylist()] == ["a", "b", "c"]


def test_a_cell_far_off_costs_no_memory(tmp_path: Path) -> None:
    path = with_sheet(
        workbook(tmp_path / "data.xlsx", SHEET),
        "</sheetData>",
        '<row r="2000"><c r="XFD2000"><v>1</v></c></row></sheetData>',
    )
    tracemalloc.start()
    assert "column 4 has no name" in refusal(path)
    assert tracemalloc.get_traced_memory()[1] < 50e6  # a full grid has 32 million cells
    tracemalloc.stop()


def test_more_rows_than_a_sheet_can_have_are_not_counted_up_to(tmp_path: Path) -> None:
    path = with_sheet(workbook(tmp_path / "data.xlsx", SHEET), '<row r="4"', '<row r="99999999999"')
    assert "is not an Excel workbook that can be read" in refusal(path)


def test_a_formula_without_its_value_is_not_missing(tmp_path: Path) -> None:
    sheet = [row if i else [*row, "z"] for i, row in enumerate([*SHEET, [7, "=A5*2", "d", "=1+1"]])]
    source = open_source(workbook(tmp_path / "data.xlsx", sheet))
    assert [row["y"] for chunk in source.chunks(["y", "g"]) for row in chunk.to_pylist()] == [1, 3, 5, 7]
    with pytest.raises(SourceUnreadable, match="cell B5: holds a formula, but not the value that it gave"):
        list(source.chunks(["y", "x"]))


def test_a_formula_that_gave_an_empty_text_is_missing(tmp_path: Path) -> None:
    path = with_sheet(
        workbook(tmp_path / "data.xlsx", [*SHEET, [7, "=A5", "d"]]),
        '<c r="B5"><f>',
        '<c r="B5" t="str"><f>',
    )
    assert [row["x"] for chunk in open_source(path).chunks(["x"]) for row in chunk.to_pylist()] == [2, 4, 6, None]


def test_a_workbook_without_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "data.xlsx", [["y"], [1]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'reportgen[excel]'" in refusal(path)
