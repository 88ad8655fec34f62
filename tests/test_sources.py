"""Sources: every format gives the same rows, nothing is shifted, dropped or guessed in silence."""

from __future__ import annotations

import errno
import gzip
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest

from reportgen.errors import BadValue, ColumnMissing, InputError, SourceUnreadable
from reportgen.sources import DivisibleSource, open_source, parquet_folder
from reportgen.sources.parquet_file import ParquetFile
from reportgen.sources.parquet_folder import ParquetFolder
from reportgen.sources.read_ahead import read_ahead

Writer = Callable[[pd.DataFrame, Path], object]

FRAME = pd.DataFrame({"y": [1.5, 2.25, -3.0, 4.0, 5.5], "x": [1, 2, 3, 4, 5], "g": ["b", "a", "b", "10", "2"], "spare": 0})


def rows(
    data: object, columns: tuple[str, ...] = ("y", "x", "g"), as_text: tuple[str, ...] = ("g",), chunk_rows: int = 1 << 20
) -> list[dict[str, object]]:
    """All rows of a source as Python values."""
    return [row for chunk in open_source(data, chunk_rows=chunk_rows).chunks(columns, as_text) for row in chunk.to_pylist()]


def write(folder: Path, content: bytes, name: str = "data.csv") -> Path:
    """A file with some bytes."""
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


WRITERS: dict[str, Writer] = {
    "a.csv": lambda frame, path: frame.to_csv(path, index=False),
    "a.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "a.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "semicolon.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";", decimal=","),
    "bom.csv": lambda frame, path: frame.to_csv(path, index=False, encoding="utf-8-sig"),
    "crlf.csv": lambda frame, path: frame.to_csv(path, index=False, lineterminator="\r\n"),
    "quoted.csv": lambda frame, path: frame.to_csv(path, index=False, quoting=1),
    "a.parquet": lambda frame, path: frame.to_parquet(path),
    "rowgroups.parquet": lambda frame, path: frame.to_parquet(path, row_group_size=2),
    "category.parquet": lambda frame, path: frame.astype({"g": "category"}).to_parquet(path),
    "a.feather": lambda frame, path: frame.to_feather(path),
    "a.xlsx": lambda frame, path: frame.to_excel(path, index=False),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("chunk_rows", [2, 1000])
def test_every_format_gives_the_same_rows(name: str, chunk_rows: int, tmp_path: Path) -> None:
    WRITERS[name](FRAME, tmp_path / name)
    assert rows(tmp_path / name, chunk_rows=chunk_rows) == FRAME[["y", "x", "g"]].to_dict("records")
    source = open_source(tmp_path / name, chunk_rows=chunk_rows)
    assert source.name == name
    assert source.columns == ("y", "x", "g", "spare")
    assert [row["x"] for chunk in source.chunks(["x"]) for row in chunk.to_pylist()] == [1, 2, 3, 4, 5]  # again


@pytest.mark.parametrize(
    "data",
    [
        FRAME,
        FRAME.astype({"g": object}),
        FRAME.astype({"g": "category", "x": "Int64"}),
        FRAME.convert_dtypes(dtype_backend="pyarrow"),
        pl.from_pandas(FRAME),
        pl.from_pandas(FRAME).with_columns(pl.col("g").cast(pl.Categorical)),
        pa.Table.from_pandas(FRAME),
        pa.RecordBatch.from_pandas(FRAME),
    ],
    ids=["pandas", "object", "category", "arrow types", "polars", "polars categorical", "arrow table", "record batch"],
)
def test_every_frame_gives_the_same_rows(data: object) -> None:
    assert rows(data, chunk_rows=2) == FRAME[["y", "x", "g"]].to_dict("records")
    assert open_source(data).name == "data frame"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series(np.array([1.5, -2.0], dtype=">f8")), [1.5, -2.0]),
        (pd.Series(np.array([1, -2], dtype=">i4")), [1, -2]),
        (pd.Series(np.array([1.5, -2.0], dtype=np.longdouble)), [1.5, -2.0]),
        (pd.Series([Decimal("1.5"), Decimal("Infinity")]), [1.5, np.inf]),
        (pd.Series([2**53, 2**53 + 1, 0.5], dtype=object), [str(2**53), str(2**53 + 1), "0.5"]),
        (pd.Series([2**53, 3, 0.5], dtype=object), [2.0**53, 3.0, 0.5]),
    ],
    ids=["big endian", "big endian integers", "long double", "infinite decimal", "ids beside fractions", "exact integers"],
)
def test_unusual_numbers_of_pandas(values: pd.Series[Any], expected: list[object]) -> None:
    assert [row["v"] for row in rows(pd.DataFrame({"v": values}), ("v",), ())] == expected


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="this polars has no integers of 128 bits")
def test_integers_of_128_bits_in_polars() -> None:
    frame = pl.DataFrame({"n": pl.Series([1, 2**100], dtype=pl.Int128), "g": ["a", "b"]})
    assert rows(frame, ("n", "g")) == [{"n": 1, "g": "a"}, {"n": 2**100, "g": "b"}]


def test_objects_in_polars_are_their_texts_not_where_they_are_in_memory() -> None:
    labels = pl.Series("g", ["a", "".join(["b", "c"]), None, float("nan"), "bc"], dtype=pl.Object)
    assert rows(pl.DataFrame([labels]), ("g",)) == [{"g": g} for g in ("a", "bc", None, None, "bc")]


def test_folder_of_parquet_files(tmp_path: Path) -> None:
    folder = tmp_path / "years"
    for year, part in ((2024, FRAME[:2]), (2025, FRAME[2:])):
        (folder / f"year={year}").mkdir(parents=True)
        part.to_parquet(folder / f"year={year}" / "part.parquet")
    source = open_source(folder)
    assert source.name == "years"
    found = [row for chunk in source.chunks(["x", "year"]) for row in chunk.to_pylist()]
    assert [(row["x"], row["year"]) for row in found] == [(1, 2024), (2, 2024), (3, 2025), (4, 2025), (5, 2025)]
    FRAME[["y", "g"]].to_parquet(folder / "year=2025" / "z.parquet")
    with pytest.raises(ColumnMissing, match=r"no column 'x' in years/z.parquet"):
        list(open_source(folder).chunks(["x"]))


def folder_of(place: Path, *parts: pd.DataFrame | pa.Table) -> Path:
    """A folder ``parts`` with a Parquet file for each part: a.parquet, b.parquet, ..."""
    folder = place / "parts"
    folder.mkdir()
    for letter, part in zip("abc", parts, strict=False):
        pq.write_table(part if isinstance(part, pa.Table) else pa.Table.from_pandas(part), folder / f"{letter}.parquet")
    return folder


def test_what_is_put_aside_in_a_folder_is_not_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, FRAME)
    (folder / "._a.parquet").write_bytes(b"of the system")
    for name in (".a.parquet", "_temporary/b.parquet", ".copies/b.parquet"):
        (folder / name).parent.mkdir(exist_ok=True)
        FRAME.to_parquet(folder / name)
    assert len(rows(folder, ("y", "g"))) == len(FRAME)
    (folder / "_key=1").mkdir()  # a column may be called so
    FRAME.to_parquet(folder / "_key=1" / "b.parquet")
    assert len(rows(folder, ("y", "g"))) == 2 * len(FRAME)


def test_a_folder_is_searched_near_its_top_first_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_folder, "MOST_WITHOUT", 20)
    (tmp_path / "deep").mkdir()
    for number in range(30):
        (tmp_path / "deep" / f"{number}.txt").touch()
    with pytest.raises(SourceUnreadable, match="no Parquet file is among the first 20 things in it"):
        open_source(tmp_path)
    FRAME.to_parquet(tmp_path / "z.PARQUET")
    assert len(rows(tmp_path, ("y", "g"))) == len(FRAME)


def test_the_whole_file_system_is_no_folder_of_data() -> None:
    with pytest.raises(SourceUnreadable, match="/: is the folder of the whole file system; give a folder with files named"):
        open_source("/")


def test_what_cannot_be_read_of_a_folder_is_not_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path, FRAME)
    (folder / "b.parquet").symlink_to(tmp_path / "absent.parquet")
    with pytest.raises(SourceUnreadable, match=r"parts/b.parquet: is no file, nor a link to one"):
        open_source(folder)
    (folder / "b.parquet").unlink()
    (folder / "year=2025").mkdir()
    scan = os.scandir

    def forbidden(place: Path) -> Any:
        if place.name == "year=2025":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scan(place)

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(SourceUnreadable, match=r"parts/year=2025: cannot be read \(Permission denied\)"):
        open_source(folder)


def test_folders_without_rows_or_with_a_name_twice(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, FRAME[:0])
    with pytest.raises(SourceUnreadable, match="parts: has names of columns but no rows"):
        open_source(folder)
    pq.write_table(pa.table([[1.0], [2.0]], names=["x", "x"]), folder / "a.parquet")
    with pytest.raises(SourceUnreadable, match="several columns"):
        open_source(folder)
    (folder / "b.parquet").write_bytes(b"PAR1 nothing PAR1")
    FRAME.to_parquet(folder / "a.parquet")
    with pytest.raises(SourceUnreadable, match=r"parts/b.parquet: cannot be read"):
        open_source(folder)


def test_labels_in_the_names_of_folders_stay_as_written(tmp_path: Path) -> None:
    for label, x in (("1", 1.0), ("01", 2.0), ("001", 3.0)):
        (tmp_path / "data" / f"g={label}").mkdir(parents=True)
        pd.DataFrame({"x": [x]}).to_parquet(tmp_path / "data" / f"g={label}" / "part.parquet")
    found = {row["x"]: row["g"] for row in rows(tmp_path / "data", ("x", "g"))}
    assert found == {1.0: "1", 2.0: "01", 3.0: "001"}


@pytest.mark.parametrize(
    ("kind", "other"),
    [("int64", "float64"), ("int32", "int64"), ("float32", "float64"), ("bool", "bool")],
)
def test_the_files_of_a_folder_may_hold_numbers_of_other_types(kind: str, other: str, tmp_path: Path) -> None:
    parts = [pd.DataFrame({"x": np.array(values, dtype=name)}) for values, name in (([0, 1], kind), ([1, 0], other))]
    expected = [0, 1, 1, 0]
    assert [row["x"] for row in rows(folder_of(tmp_path, *parts), ("x",))] == expected
    (tmp_path / "parts" / "a.parquet").rename(tmp_path / "parts" / "z.parquet")  # the other type comes first now
    assert [row["x"] for row in rows(tmp_path / "parts", ("x",))] == expected[2:] + expected[:2]


def test_a_column_without_a_value_in_the_first_file_is_read_from_the_others(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, pa.table({"x": pa.nulls(1), "g": pa.nulls(1)}), pa.table({"x": [1.5], "g": ["a"]}))
    assert rows(folder, ("x", "g")) == [{"x": None, "g": None}, {"x": 1.5, "g": "a"}]


def test_a_column_that_one_file_of_a_plain_folder_lacks_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, FRAME[:2], FRAME[2:][["y", "g"]])
    with pytest.raises(ColumnMissing, match=r"no column 'x' in parts/b.parquet"):
        list(open_source(folder).chunks(["x"]))
    source = open_source(folder)
    assert isinstance(source, ParquetFolder)
    with pytest.raises(ColumnMissing, match=r"no column 'x' in parts/b.parquet"):
        [list(part.chunks(["x"])) for part in source.parts(1)]
    assert len(rows(folder, ("y", "g"))) == len(FRAME)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ([1, 2], ["a"], r"parts: column 'g' holds int64 in a.parquet and string in b.parquet; write it with one type"),
        ([1.5, 2.5], [10**17 + 1], r"parts: column 'g' holds int64 in b.parquet and double in another file"),
    ],
)
def test_labels_of_two_types_in_a_folder_are_refused(
    first: list[object], second: list[object], sentence: str, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, pa.table({"g": first}), pa.table({"g": second}))
    with pytest.raises(SourceUnreadable, match=sentence):
        rows(folder, ("g",))


def test_the_broken_file_of_a_folder_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, FRAME)
    (folder / "b.parquet").write_bytes(b"")
    with pytest.raises(SourceUnreadable, match=r"^parts/b.parquet: cannot be read"):
        open_source(folder)


def test_two_columns_of_one_name_in_a_parquet_file_are_said(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), tmp_path / "a.parquet")
    with pytest.raises(SourceUnreadable, match=r"a.parquet: several columns are named 'x'; give"):
        open_source(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "the path of the data is empty; give the path of a file"),
        ("https://example.org/a.csv", "https://example.org/a.csv: addresses are not read; download the file first"),
        ("s3://bucket/a.parquet", "s3://bucket/a.parquet: addresses are not read"),
    ],
)
def test_what_is_no_path_is_said(given: str, sentence: str) -> None:
    with pytest.raises(SourceUnreadable) as caught:
        open_source(given)
    assert sentence in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceUnreadable, match=r"pipe.csv: is a pipe or a device; write its contents to a file first"):
        open_source(tmp_path / "pipe.csv")


def test_a_label_of_a_million_characters(tmp_path: Path) -> None:
    path = write(tmp_path, b"y,x,g\n1,2," + b"a" * 1_000_000 + b"\n3,4,b\n")
    assert [len(str(row["g"])) for row in rows(path)] == [1_000_000, 1]


def test_labels_stay_as_written(tmp_path: Path) -> None:
    path = write(tmp_path, b'y,g\n1,1\n2,01\n3,001\n4,12345678901234567\n5,NA\n6,None\n7,nan\n8, a \n9,\n10,""\n11,1.0\n')
    labels = [row["g"] for row in rows(path, ("y", "g"))]
    assert labels == ["1", "01", "001", "12345678901234567", "NA", "None", "nan", " a ", None, None, "1.0"]


def test_quoted_newlines_and_delimiters(tmp_path: Path) -> None:
    path = write(tmp_path, b'"the\ny",g\n1,"a\nb"\n2,"c,d"\n3,"say ""hi"""\n')
    assert [row["g"] for row in rows(path, ("the\ny", "g"))] == ["a\nb", "c,d", 'say "hi"']


def test_delimiter_at_the_end_of_every_line_with_a_header_like_it(tmp_path: Path) -> None:
    assert rows(write(tmp_path, b"y,x,g,\n1,2,a,\n3,4,b,\n"))[1] == {"y": 3.0, "x": 4.0, "g": "b"}


def test_numbers_are_read_whatever_the_first_rows_look_like(tmp_path: Path) -> None:
    content = "y,x,g\n" + "".join(f"{i},,a\n" for i in range(400_000)) + "1.5,2.5,b\n"
    last = rows(write(tmp_path, content.encode()))[-1]
    assert last == {"y": 1.5, "x": 2.5, "g": "b"}


BROKEN = [
    (b"", "data.csv: is empty"),
    (b"\n\ny,x,g\n1,2,a\n", "line 1: is blank"),
    (b"y,x,g\n", "data.csv: has names of columns but no rows"),
    (b"y,x,g\n1,2,a\n3,4\n", "line 3: has 2 fields, the header has 3"),
    (b"y,x,g\n1,2,a\n3,4,b,5\n", "line 3: has 4 fields, the header has 3"),
    (b"y,x,g\n1,2,a,\n3,4,b,\n", "line 2: has 4 fields, the header has 3; .* a delimiter at the end"),
    (b'y,x,g\n1,2,"a\nb"\n3,4\n', "line 4: has 2 fields"),
    (b"My study\ny,x,g\n1,2,a\n", "line 1: has 1 field but line 2 has 3: it looks like a title"),
    (b"My study,,\ny,x,g\n1,2,a\n", "line 1: 2 columns have no name"),
    (b"y,x,x,g\n1,2,3,a\n", "line 1: several columns are named 'x'"),
    (b'y,x,g\n1,2,"a\n3,4,b\n', "line 2: a quote is left open"),
    ("y,x,g\n1,2,Zürich\n".encode("latin-1"), r"line 2: is not UTF-8 text \(byte 0xfc\)"),
    ("y,x,größe\n1,2,a\n".encode("latin-1"), "line 1: is not UTF-8 text"),
    ("y,x,g\n1,2,a\n".encode("utf-16"), "is not UTF-8 text"),
    (b"\x1f\x8b\x08\x00zzzz\n", "is not UTF-8 text"),
]


@pytest.mark.parametrize(("content", "words"), BROKEN)
def test_broken_text_files_are_named_with_their_line(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=words) as caught:
        rows(write(tmp_path, content))
    assert str(tmp_path) not in str(caught.value)


def test_text_far_down_in_a_column_of_numbers(tmp_path: Path) -> None:
    body = (b"1,2," + b"a" * 60 + b"\n") * 100_000  # more than the reader takes at a time
    for bad, shown in ((b"n/a", "'n/a'"), (b"nan", "'nan'"), (b"1.2.3", "'1.2.3'")):
        path = write(tmp_path, b"y,x,g\n" + body + b"1," + bad + b",a\n" + body[:130])
        with pytest.raises(BadValue) as caught:
            rows(path)
        assert (caught.value.column, caught.value.row) == ("x", 100_001)
        assert shown in str(caught.value)


def test_text_far_down_in_a_column_of_true_and_false(tmp_path: Path) -> None:
    path = write(tmp_path, b"y,x,g\n" + (b"1,true," + b"a" * 60 + b"\n") * 100_000 + b"1,maybe,a\n")
    with pytest.raises(BadValue, match="column 'x', row 100001: text in a column of true and false: 'maybe'"):
        rows(path)


def test_invalid_bytes_far_down(tmp_path: Path) -> None:
    path = write(tmp_path, b"y,x,g\n" + (b"1,2," + b"a" * 60 + b"\n") * 100_000 + b"1,2,\xff\n")
    with pytest.raises(SourceUnreadable, match="is not UTF-8 text"):
        rows(path)


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.xlsx", "a.csv.gz"])
def test_broken_files(name: str, tmp_path: Path) -> None:
    WRITERS[name](pd.concat([FRAME] * 500), tmp_path / name)
    content = (tmp_path / name).read_bytes()
    for damaged in (content[: len(content) // 2], b"PK\x03\x04 nothing", b""):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(SourceUnreadable, match=re.escape(name)) as caught:
            rows(tmp_path / name)
        assert str(tmp_path) not in str(caught.value)


def test_damage_inside_a_parquet_file(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "a.parquet", compression=None)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[4:40] = b"\xff" * 36
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(SourceUnreadable):
        rows(tmp_path / "a.parquet")


def test_damage_in_a_parquet_file_with_checksums_is_found(tmp_path: Path) -> None:
    """One bit of a number: nothing but the checksum knows."""
    pq.write_table(pa.Table.from_pandas(FRAME), tmp_path / "a.parquet", compression="none", write_page_checksum=True)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    number = bytes(np.asarray(FRAME["y"], dtype=float)[:1].tobytes())
    content[content.index(number)] ^= 1
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(SourceUnreadable, match="broken"):
        rows(tmp_path / "a.parquet")
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.parquet").rename(tmp_path / "folder" / "a.parquet")
    with pytest.raises(SourceUnreadable, match="broken"):
        rows(tmp_path / "folder")


def test_a_parquet_file_that_gives_other_rows_than_its_foot_says_is_broken(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    assert isinstance(source, ParquetFile)
    with pytest.raises(SourceUnreadable, match="broken"):
        list(replace(source, group_rows=(len(FRAME) + 1,)).chunks(["y"]))


def test_places_beyond_the_end_of_a_dictionary_are_damage(tmp_path: Path) -> None:
    labels = pa.DictionaryArray.from_arrays(pa.array([0, 1, 7], pa.int32()), pa.array(["a", "b"]), safe=False)
    table = pa.table({"y": [1.0, 2.0, 3.0], "g": labels})
    with pa.OSFile(str(tmp_path / "a.feather"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(SourceUnreadable, match="broken"):
        list(open_source(tmp_path / "a.feather").chunks(["y", "g"], ["g"]))


@pytest.mark.parametrize("name", ["a.parquet", "a.feather"])
def test_names_that_are_no_text_are_damage(name: str, tmp_path: Path) -> None:
    table = pa.table({"zzzz": [1.0, 2.0]})
    if name == "a.parquet":
        pq.write_table(table, tmp_path / name, store_schema=False)
    else:
        with pa.OSFile(str(tmp_path / name), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes().replace(b"zzzz", b"zz\xffz"))
    with pytest.raises(SourceUnreadable, match="broken"):
        open_source(tmp_path / name)


def test_an_error_in_a_workbook_is_no_label(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["y", "g", "other"], [1.0, "a", "#REF!"], [2.0, "#N/A", "x"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    source = open_source(tmp_path / "a.xlsx")
    with pytest.raises(SourceUnreadable, match=r"a\.xlsx, cell B3: its formula failed: '#N/A'; mend its formula"):
        list(source.chunks(["y", "g"], ["g"]))
    assert sum(table.num_rows for table in source.chunks(["y"])) == 2


def test_a_workbook_of_charts_alone_has_no_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_chartsheet().add_chart(openpyxl.chart.LineChart())
    book.remove(book.worksheets[0])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(SourceUnreadable, match=r"a\.xlsx: has no sheet of cells"):
        open_source(tmp_path / "a.xlsx")


def test_a_frame_without_columns_is_said_to_have_none() -> None:
    with pytest.raises(ColumnMissing, match="no column 'y' in data frame: it has no columns"):
        rows(pd.DataFrame(index=range(3)))


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.zip", "unpack it first"), ("a.sav", "are not read"), ("none.csv", "no such file"), ("a", "not read")],
)
def test_other_paths(name: str, words: str, tmp_path: Path) -> None:
    if not name.startswith("none"):
        write(tmp_path, b"y,x\n1,2\n", name)
    with pytest.raises(SourceUnreadable, match=words):
        open_source(tmp_path / name)


def test_empty_folder_and_empty_parquet(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="no Parquet files"):
        open_source(tmp_path)
    FRAME[:0].to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceUnreadable, match="no rows"):
        open_source(tmp_path / "a.parquet")


def test_frames_that_cannot_be_used() -> None:
    with pytest.raises(SourceUnreadable, match="several columns are named 'a'"):
        open_source(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(SourceUnreadable, match="several levels"):
        open_source(pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])))
    with pytest.raises(SourceUnreadable, match=r"collect\(\)"):
        open_source(pl.from_pandas(FRAME).lazy())
    with pytest.raises(SourceUnreadable, match="not a table"):
        open_source([1, 2])
    with pytest.raises(ColumnMissing):
        list(open_source(FRAME).chunks(["no"]))


def test_columns_of_mixed_python_values() -> None:
    frame = pd.DataFrame({"g": pd.Series([1, "01", None, 2**80], dtype=object), "x": [2**70, 1, 2, 3], 7: [1.0, np.nan, 2, 3]})
    found = rows(frame, ("g", "x", "7"))
    assert [row["g"] for row in found] == ["1", "01", None, str(2**80)]
    assert [row["x"] for row in found] == [float(2**70), 1.0, 2.0, 3.0]


def test_fingerprints(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "a.csv"
    FRAME.to_csv(path, index=False)
    assert open_source(path).sha256(["y"]) == hashlib.sha256(path.read_bytes()).hexdigest()
    same = [
        FRAME,
        FRAME.astype({"g": "category", "x": "int8"}),
        pl.from_pandas(FRAME),
        pa.concat_tables([pa.Table.from_pandas(FRAME[:2]), pa.Table.from_pandas(FRAME[2:])]),
    ]
    digests = {open_source(data).sha256(["y", "x", "g"]) for data in same}
    assert len(digests) == 1
    changed = FRAME.assign(spare=1)
    assert open_source(changed).sha256(["y", "x", "g"]) in digests
    for other in (FRAME.assign(x=[1, 2, 3, 4, 6]), FRAME.assign(g=["b", "ab", "", "10", "2"]), FRAME[::-1]):
        assert open_source(other).sha256(["y", "x", "g"]) not in digests
    with_gap = FRAME.assign(y=[1.5, np.nan, 3, 4, 5])
    assert open_source(with_gap).sha256(["y"]) != open_source(with_gap.fillna(0)).sha256(["y"])


def test_only_the_columns_needed_are_read(tmp_path: Path) -> None:
    wide = pd.concat([FRAME, pd.DataFrame(0, index=FRAME.index, columns=[f"c{i}" for i in range(5000)])], axis=1)
    wide.insert(0, "broken", ["text"] * 5)
    wide.to_parquet(tmp_path / "wide.parquet")
    wide.to_csv(tmp_path / "wide.csv", index=False)
    for name in ("wide.parquet", "wide.csv"):
        assert rows(tmp_path / name) == FRAME[["y", "x", "g"]].to_dict("records")


def test_small_row_groups_are_gathered_into_chunks(tmp_path: Path) -> None:
    table = pa.table({"x": np.arange(1000.0)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=10)
    sizes = [chunk.num_rows for chunk in open_source(tmp_path / "a.parquet", chunk_rows=100).chunks(["x"])]
    assert sizes == [100] * 10


def test_every_error_is_the_users() -> None:
    assert issubclass(SourceUnreadable, InputError)
    assert issubclass(BadValue, InputError)


def test_a_column_named_like_a_part_of_another_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a.b": [1, 2], "a": [{"b": 3}, {"b": 4}], "c": [5, 6]}), path)
    (table,) = open_source(path).chunks(["c", "a.b"])
    assert table.to_pydict() == {"c": [5, 6], "a.b": [1, 2]}


def test_a_parquet_file_is_cut_between_its_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": list(range(10))}), path, row_group_size=2)
    source = open_source(path)
    assert isinstance(source, DivisibleSource)
    assert source.n_rows == 10
    parts = [[row["x"] for table in part.chunks(["x"]) for row in table.to_pylist()] for part in source.parts(5)]
    assert parts == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_feather_file_of_many_batches_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.feather"
    pf.write_feather(pa.table({"x": list(range(10)), "g": list("abcdefghij")}), str(path), chunksize=3)
    tables = list(open_source(path, chunk_rows=4).chunks(["g", "x"]))
    assert [row["x"] for table in tables for row in table.to_pylist()] == list(range(10))
    assert {tuple(table.column_names) for table in tables} == {("g", "x")}


def test_reading_ahead_keeps_the_order_and_raises_where_an_item_is_asked_for() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise OSError("gone")

    ahead = read_ahead(items())
    assert [next(ahead) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(ahead)


def test_reading_ahead_makes_one_item_more_than_was_asked_for() -> None:
    made = []

    def items() -> Iterator[int]:
        for item in range(10):
            made.append(item)
            yield item

    ahead = read_ahead(items())
    assert next(ahead) == 0
    ahead.close()
    assert made == [0, 1]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.feather", "folder"])
@pytest.mark.parametrize(
    "error",
    [
        pa.ArrowMemoryError("malloc of size 64 failed"),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        pa.ArrowException("Unknown error: Failed to launch worker thread: Resource temporarily unavailable"),
    ],
)
def test_memory_that_does_not_suffice_is_no_fault_of_the_file(
    name: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder_of(tmp_path, FRAME) if name == "folder" else tmp_path / name
    if name != "folder":
        WRITERS[name](FRAME, path)
    source = open_source(path)

    def exhausted(*_arguments: object, **_choices: object) -> None:
        raise error

    for module in ("delimited", "columnar", "parquet_folder", "parquet_file", "feather"):
        for called in ("gathered", "in_types"):
            monkeypatch.setattr(f"reportgen.sources.{module}.{called}", exhausted, raising=False)
    with pytest.raises(MemoryError):
        list(source.chunks(["x"]))
