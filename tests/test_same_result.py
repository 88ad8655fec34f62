"""The same data written in another way: no figure changes beyond 1e-8."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pathological import (
    FORMULA,
    FRAME,
    GROUP,
    LABELS,
    Data,
    N,
    X,
    Y,
    clean,
    decimals,
    mapped,
    results,
    slopes,
    text,
    with_arrow,
    with_columns,
    write,
)

from reportgen import analyze

# Data, file name, factors that x and y are multiplied by: nothing else may change.
RIGHT: dict[str, tuple[Data, str, float, float]] = {
    "x times 1e12": (with_columns(x=X * 1e12), "", 1e12, 1),
    "x times 1e-12": (with_columns(x=X * 1e-12), "", 1e-12, 1),
    "y times 1e12": (with_columns(y=Y * 1e12), "", 1, 1e12),
    "y times 1e-12": (with_columns(y=Y * 1e-12), "", 1, 1e-12),
    "both": (with_columns(x=X * 1e12, y=Y * 1e-12), "", 1e12, 1e-12),
    "x times 1e50": (with_columns(x=X * 1e50), "", 1e50, 1),
    "y times 1e-50": (with_columns(y=Y * 1e-50), "", 1, 1e-50),
    "x plus 1e6": (with_columns(x=X + 1e6), "", 1, 1),
    "x plus 1e9": (with_columns(x=X + 1e9), "", 1, 1),
    "y plus 1e9": (with_columns(y=Y + 1e9), "", 1, 1),
    "y minus 1e9": (with_columns(y=Y - 1e9), "", 1, 1),
    "rows in reverse": (FRAME[::-1], "", 1, 1),
    "rows shuffled": (FRAME.sample(frac=1, random_state=3), "", 1, 1),
    "other labels": (with_columns(g=[f"Z{99 - code}" for code in GROUP]), "", 1, 1),
    "columns in another order": (FRAME[["g", "x", "y"]], "", 1, 1),
    "whole numbers": (with_columns(x=np.round(X * 10000).astype("int64")), "", 10000, 1),
    "whole numbers of 32 bits": (with_columns(x=np.round(X * 10000).astype("int32")), "", 10000, 1),
    "whole numbers with gaps": (with_columns(x=pd.array(np.round(X * 10000).astype("int64"), dtype="Int64")), "", 10000, 1),
    "64-bit numbers near their end": (with_arrow(x=pa.array(np.round(X * 1e4).astype("int64") * 2**43)), "", 1e4 * 2**43, 1),
    "unsigned 64-bit numbers": (with_arrow(x=pa.array(np.round(X * 1e4 + 1e5).astype("uint64") * 2**45)), "", 1e4 * 2**45, 1),
    "decimals": (with_arrow(x=pa.array(decimals(X), pa.decimal128(20, 4))), "", 1, 1),
    "decimals of 38 digits": (with_arrow(x=pa.array(decimals(X), pa.decimal128(38, 20))), "", 1, 1),
    "decimals of 76 digits": (with_arrow(x=pa.array(decimals(X), pa.decimal256(76, 10))), "", 1, 1),
    "decimal response": (with_arrow(y=pa.array(decimals(Y), pa.decimal128(20, 4))), "", 1, 1),
    "nullable floats": (with_columns(x=pd.array(X, dtype="Float64")), "", 1, 1),
    "Arrow types": (FRAME.convert_dtypes(dtype_backend="pyarrow"), "", 1, 1),
    "labels as categories": (with_columns(g=pd.Categorical(LABELS)), "", 1, 1),
    "labels with unused categories": (with_columns(g=pd.Categorical(LABELS, [*sorted(set(LABELS)), "unused", "NA"])), "", 1, 1),
    "labels as numbers": (with_columns(g=GROUP), "", 1, 1),
    "labels as small numbers": (with_arrow(g=pa.array(GROUP, pa.int8())), "", 1, 1),
    "labels of 17 digits": (with_columns(g=GROUP + 12345678901234567), "", 1, 1),
    "labels of 19 digits": (with_arrow(g=pa.array(GROUP.astype("uint64") + 2**63)), "", 1, 1),
    "labels as decimals": (with_arrow(g=pa.array(decimals(GROUP), pa.decimal128(20, 0))), "", 1, 1),
    "labels as fractions": (with_columns(g=GROUP / 7), "", 1, 1),
    "labels as dates": (with_columns(g=pd.Timestamp("2020-01-01") + pd.to_timedelta(GROUP, "D")), "", 1, 1),
    "labels as times of a zone": (
        with_columns(g=pd.Timestamp("2020-03-29", tz="Europe/Berlin") + pd.to_timedelta(GROUP, "h")),
        "",
        1,
        1,
    ),
    "labels as bytes": (with_arrow(g=pa.array([b"\xff%d" % code for code in GROUP])), "", 1, 1),
    "labels as large text": (with_arrow(g=pa.array(LABELS, pa.large_string())), "", 1, 1),
    "labels as text views": (with_arrow(g=pa.array(LABELS, pa.string_view())), "", 1, 1),
    "labels as a dictionary of numbers": (with_arrow(g=pa.array(GROUP).dictionary_encode()), "", 1, 1),
    "very long labels": (with_columns(g=[label * 4000 for label in LABELS]), "", 1, 1),
    "labels in emoji and right to left": (with_columns(g=[f"\u202e😀\u200b{label}" for label in LABELS]), "", 1, 1),
    "labels with line feeds": (with_columns(g=[f"a\r\n{label}\n" for label in LABELS]), "", 1, 1),
    "labels with line feeds in text": (with_columns(g=[f"a\r\n{label}\n" for label in LABELS]), "data.csv", 1, 1),
    "labels with quotes in text": (with_columns(g=[f'"{label}" ,;\t' for label in LABELS]), "data.csv", 1, 1),
    "CSV": (FRAME, "data.csv", 1, 1),
    "Feather": (FRAME, "data.feather", 1, 1),
    "Excel": (FRAME, "data.xlsx", 1, 1),
    "Excel with numbers as labels": (with_columns(g=GROUP), "data.xlsx", 1, 1),
    "gz": (text(), "data.csv.gz", 1, 1),
    "byte order mark": ("\ufeff" + text(), "", 1, 1),
    "byte order mark and quotes": ("\ufeff" + mapped('"{}"').replace(",", '","'), "", 1, 1),
    "semicolons": (text(";"), "", 1, 1),
    "semicolons and decimal commas": (text(";", ","), "", 1, 1),
    "tabs": (text("\t"), "", 1, 1),
    "tabs and decimal commas": (text("\t", ","), "", 1, 1),
    "bars": (text("|"), "", 1, 1),
    "text file with tabs": (text("\t"), "data.tsv", 1, 1),
    "carriage returns": (text(end="\r\n"), "", 1, 1),
    "carriage returns alone": (text(end="\r"), "", 1, 1),
    "no line feed at the end": (text().rstrip("\n"), "", 1, 1),
    "blank lines between": (text(end="\n\n"), "", 1, 1),
    "blank lines below": (text() + "\n\n\n", "", 1, 1),
    "blanks in the header": (text(header=" y , x,g "), "", 1, 1),
    "blanks around numbers": (mapped(" {}").replace(",", " , ", 1).replace(" y , x", "y,x"), "", 1, 1),
    "plus signs": (mapped("+{}").replace("+y", "y").replace("+-", "-"), "", 1, 1),
    "quotes everywhere": (mapped('"{}"').replace(",", '","'), "", 1, 1),
    "row names with an empty header": (mapped("{n},{}").replace("0,y", ",y", 1), "", 1, 1),
    "delimiter at the end of every line": (mapped("{},"), "", 1, 1),
    "names with semicolons": (mapped("{},1,2").replace("g,1,2", "g,a;b,c;d;e;f", 1), "", 1, 1),
    "names with commas": (text(";", ",").replace("\n", ";1\n").replace("g;1", "g;a,b,c,d,e", 1), "", 1, 1),
    "names with commas in quotes": (text(";", ",").replace("\n", ";1\n").replace("g;1", 'g;"a, b"', 1), "", 1, 1),
    "a column of text beside": (mapped("{},note").replace("g,note", "g,text"), "", 1, 1),
    "a column of numbers and text beside": (mapped("{},{n}x").replace(",0x", ",other").replace("3x", "3"), "", 1, 1),
}
if int(pa.__version__.split(".")[0]) < 20:
    del RIGHT["labels as text views"]  # earlier ones cannot write them


@pytest.mark.parametrize("case", RIGHT)
def test_the_result_of_the_clean_data(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, name, x_factor, y_factor = RIGHT[case]
    found = results(write(tmp_path, data, name), FORMULA, capsys)
    assert (found["data"]["n_obs"], found["data"]["n_groups"], found["data"]["n_rows_dropped"]) == (N, 12, 0)
    unit = x_factor / y_factor
    assert {key: value * unit for key, value in slopes(found).items()} == pytest.approx(clean(), rel=1e-8)
    assert not {f["kind"] for f in found["findings"]} & {"identity_fails", "similar_labels", "few_digits"}


def test_labels_are_text_as_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["1", "01", "001", "1.0", "12345678901234567", "12345678901234568", "NA", "None", "nan", " a", "TRUE", "1e5"]
    path = write(tmp_path, with_columns(g=[names[code] for code in GROUP]), "data.csv")
    found = results(path, FORMULA, capsys)
    assert set(found["variants"]["random_intercept"]["random_effects"]) == set(names)
    assert slopes(found) == pytest.approx(clean(), rel=1e-10)


def test_whole_numbers_beyond_64_bits_stay_apart_as_labels() -> None:
    labels = pd.Series([2**70 + int(code) for code in GROUP], dtype=object)
    found = json.loads(analyze(FORMULA, with_columns(g=labels)).to_json())
    assert set(found["variants"]["random_intercept"]["random_effects"]) == {str(2**70 + code) for code in range(12)}


ODD_FRAMES: dict[str, tuple[pd.DataFrame, float]] = {
    "numbers as objects": (with_columns(x=pd.Series(list(X), dtype=object)), 1),
    "fractions as objects": (with_columns(x=pd.Series(decimals(X), dtype=object)), 1),
    "whole numbers of 100 bits": (with_columns(x=pd.Series([int(v * 1e4) * 2**86 for v in np.round(X, 4)], dtype=object)), 0),
    "sparse": (with_columns(x=pd.arrays.SparseArray(X)), 1),
    "periods as labels": (with_columns(g=pd.period_range("2020-01-01", periods=12, freq="D")[GROUP]), 1),
    "tuples of names": (FRAME.set_axis(pd.Index(["y", "x", "g"], dtype=object), axis=1), 1),
    "rows with the same index": (FRAME.set_axis([0] * N, axis=0), 1),
}


@pytest.mark.parametrize("case", ODD_FRAMES)
def test_odd_frames_of_pandas(case: str) -> None:
    data, unit = ODD_FRAMES[case]
    expected = clean()
    if not unit:
        unit, x = 1e4 * 2**86, np.array([int(value * 1e4) / 1e4 for value in np.round(X, 4)])
        expected = slopes(json.loads(analyze(FORMULA, with_columns(x=x)).to_json()))
    found = slopes(json.loads(analyze(FORMULA, data).to_json()))
    assert {key: value * unit for key, value in found.items()} == pytest.approx(expected, rel=1e-8)


def test_five_thousand_columns_of_which_two_are_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = pd.DataFrame({f"c{i}": ["text" if i % 2 else 1.5] * N for i in range(5000)})
    wide = pd.concat([others.iloc[:, :2500], FRAME, others.iloc[:, 2500:]], axis=1)
    for name in ("data.csv", "data.parquet"):
        assert slopes(results(write(tmp_path, wide, name), FORMULA, capsys)) == pytest.approx(clean(), rel=1e-10)


def test_a_factor_of_200_levels_and_very_unequal_groups() -> None:
    random = np.random.default_rng(4)
    sizes = np.array([3000, 800, 200, 100, 50, 20, 10, 5, 3, 2, 1, 1])
    g = np.repeat(np.arange(12), sizes)
    data = pd.DataFrame({"g": [f"g{code}" for code in g], "f": [f"L{i % 200:03d}" for i in range(len(g))]})
    data["x"] = random.normal(size=len(g)) + 0.3 * g
    data["y"] = 2 * data["x"] + random.normal(size=200)[np.arange(len(g)) % 200] + g + random.normal(size=len(g))
    found = json.loads(analyze("y ~ x + f + (1 | g)", data).to_json())
    pooled = {t["column"]: t["estimate"] for t in found["variants"]["pooled"]["terms"]}
    design = np.column_stack([np.ones(len(g)), data["x"], pd.get_dummies(data["f"], drop_first=True).to_numpy(float)])
    beta = np.linalg.lstsq(design, data["y"].to_numpy(), rcond=None)[0]
    assert pooled["x"] == pytest.approx(beta[1], rel=1e-9)
    assert pooled["f[T.L199]"] == pytest.approx(beta[-1], rel=1e-9)
    assert found["data"]["group_size_max"] == 3000
