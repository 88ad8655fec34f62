"""Broken data and formulas that do not fit them: each case is one clear sentence and exit 2."""

from __future__ import annotations

import gzip
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
    LINES,
    ROW,
    WAVE,
    Data,
    N,
    X,
    Y,
    mapped,
    replaced,
    text,
    with_arrow,
    with_columns,
    with_line,
    write,
)

from reportgen.cli import main

# Data, formula, and what the one sentence of the error must hold.
ERRORS: dict[str, tuple[Data, str, tuple[str, ...]]] = {
    "empty file": ("", FORMULA, ("data.csv", "is empty")),
    "only a line feed": ("\n", FORMULA, ("no header",)),
    "only blank lines": ("\n\n\n", FORMULA, ("no header",)),
    "header only": ("y,x,g\n", FORMULA, ("no rows",)),
    "header without an end": ("y,x,g", FORMULA, ("no rows",)),
    "blank first line": ("\n" + text(), FORMULA, ("line 1", "blank")),
    "title": ("My study\n" + text(), FORMULA, ("line 1", "1 field", "line 2 has 3", "title")),
    "title with a comma": ("My study, 2020\n" + mapped("{},1,2"), FORMULA, ("line 1", "2 fields", "line 2 has 5", "title")),
    "title of as many cells": ("My study,,\n" + text(), FORMULA, ("line 1", "2 columns have no name")),
    "title that is a header": ("Scores,of,2020\n" + text(), FORMULA, ("no column 'y'", "'Scores', 'of', '2020'")),
    "comment line": ("# made by hand\n" + text(), FORMULA, ("line 1", "title")),
    "trailing comma in the rows": ("\n".join([LINES[0], *(f"{line}," for line in LINES[1:])]), FORMULA, ("line 2", "4 fields")),
    "trailing comma in the header": ("\n".join([f"{LINES[0]},", *LINES[1:]]), FORMULA, ("line 2", "3 fields", "has 4")),
    "row names without a header": (mapped("{n},{}").replace("0,y", "y", 1), FORMULA, ("line 2", "4 fields", "has 3")),
    "short row": (with_line(21, "1,2"), FORMULA, ("line 21", "2 fields")),
    "long row": (with_line(21, "1,2,g01,7"), FORMULA, ("line 21", "4 fields")),
    "row of blanks": (text() + "   \n", FORMULA, ("line 98", "1 field,")),
    "header shorter than the rows": (text(header="y,x"), FORMULA, ("no column 'g'",)),
    "repeated header": (with_line(21, LINES[0]), FORMULA, ("column 'y'", "row 20", "'y'")),
    "total below": (text() + "Total,,\n", FORMULA, ("column 'y'", "row 97", "'Total'")),
    "names twice": (text(header="y,x,x"), FORMULA, ("line 1", "'x'", "own name")),
    "response twice": (text(header="y,y,g"), FORMULA, ("line 1", "'y'")),
    "names in other case": (text(header="Y,X,G"), FORMULA, ("no column 'y'", "did you mean 'Y'?")),
    "quote left open": (with_line(21, '1,2,"g01'), FORMULA, ("line 21", "quote")),
    "quote inside a cell": (with_line(21, '1,2,g"01'), FORMULA, ("line 21", "middle of a cell")),
    "text after a quote": (with_line(21, '1,2,"g"01'), FORMULA, ("line 21", "middle of a cell")),
    "quotes inside a cell": (with_line(21, '1,2,g"0"1'), FORMULA, ("line 21", "middle of a cell")),
    "blank before a quote": (with_line(21, '1, "2",g01'), FORMULA, ("line 21", "middle of a cell")),
    "apostrophes for quotes": (text().replace("g01", "'g,01'"), FORMULA, ("line 10", "4 fields")),
    "Latin-1": (text().replace("g01", "gü").encode("latin-1"), FORMULA, ("line 10", "UTF-8", "0xfc")),
    "UTF-16": (text().encode("utf-16"), FORMULA, ("UTF-8",)),
    "UTF-16 without a mark": (text().encode("utf-16-le"), FORMULA, ("UTF-8",)),
    "UTF-32": (text().encode("utf-32"), FORMULA, ("UTF-8",)),
    "null bytes": (text().replace("g01", "g\0"), FORMULA, ("UTF-8",)),
    "NA": (with_line(21, "NA,2,g01"), FORMULA, ("column 'y'", "row 20", "'NA'", "only an empty cell")),
    "nan": (with_line(21, "nan,2,g01"), FORMULA, ("column 'y'", "row 20", "'nan'", "only an empty cell")),
    "NULL": (with_line(21, "1,NULL,g01"), FORMULA, ("column 'x'", "row 20", "'NULL'", "only an empty cell")),
    "point": (with_line(21, ".,2,g01"), FORMULA, ("column 'y'", "row 20", "'.'", "only an empty cell")),
    "dash": (with_line(21, "-,2,g01"), FORMULA, ("column 'y'", "row 20", "'-'", "only an empty cell")),
    "spreadsheet error": (with_line(21, "#N/A,2,g01"), FORMULA, ("column 'y'", "row 20", "'#N/A'", "only an empty cell")),
    "blanks": (with_line(21, "  ,2,g01"), FORMULA, ("column 'y'", "row 20")),
    "infinity": (with_line(21, "inf,2,g01"), FORMULA, ("column 'y'", "row 20", "infinite")),
    "minus infinity": (with_line(21, "1,-Infinity,g01"), FORMULA, ("column 'x'", "row 20", "infinite")),
    "beyond all numbers": (with_line(21, "1e999,2,g01"), FORMULA, ("column 'y'", "row 20", "infinite")),
    "1e300": (with_line(21, "1e300,2,g01"), FORMULA, ("column 'y'", "row 20", "too large", "another unit")),
    "thousands": (with_line(21, '"1,234.5",2,g01'), FORMULA, ("column 'y'", "row 20", "'1,234.5'")),
    "commas of thousands": (
        "y\tx\tg\n1\t950\ta\n2\t1,234\ta\n4\t-10,500\tb\n",
        FORMULA,
        ("'x'", "'1,234'", "mark of thousands"),
    ),
    "points of thousands": ("y;x;g\n1;950;a\n2;1.234;a\n4;1.234.567;b\n", FORMULA, ("'x'", "'1.234'", "mark of thousands")),
    "thousands and decimals": ("y;x;g\n1,5;950;a\n2,5;1.234;a\n", FORMULA, ("'x'", "'1.234'", "mark of thousands")),
    "delimiter named for Excel": ("sep=;\n" + text(";"), FORMULA, ("line 1", "names the delimiter", "remove it")),
    "no-break space": (with_line(21, "1.5\u00a0,2,g01"), FORMULA, ("column 'y'", "row 20", "text in a column of numbers")),
    "name in another Unicode form": (text(header="y,e\u0301,g"), "y ~ \u00e9 + (1 | g)", ("Unicode", "copy the name")),
    "percent": (with_line(21, "12%,2,g01"), FORMULA, ("column 'y'", "row 20", "'12%'")),
    "currency": (with_line(21, "$12,2,g01"), FORMULA, ("column 'y'", "row 20", "'$12'")),
    "hexadecimal": (with_line(21, "0x1F,2,g01"), FORMULA, ("column 'y'", "row 20", "'0x1F'")),
    "underscore": (with_line(21, "1_000,2,g01"), FORMULA, ("column 'y'", "row 20", "'1_000'")),
    "fraction": (with_line(21, "1/2,2,g01"), FORMULA, ("column 'y'", "row 20", "'1/2'")),
    "true minus": (with_line(21, "−1.2,2,g01"), FORMULA, ("column 'y'", "row 20", "'−1.2'")),
    "other digits": (with_line(21, "١٢,2,g01"), FORMULA, ("column 'y'", "row 20", "'١٢'")),
    "date as a number": (with_line(21, "2020-01-01,2,g01"), FORMULA, ("column 'y'", "row 20", "'2020-01-01'")),
    "decimal commas between quotes": (mapped('"{}"').replace(",", '","').replace(".", ","), FORMULA, ("column 'y'", "row 1")),
    "one decimal comma": (
        with_line(21, "1,5;2;g01", ";"),
        FORMULA,
        ("column 'y'", "row 20", "'1,5'", "write a decimal point", "every number"),
    ),
    "column of dates": (with_columns(x=pd.Timestamp("2020-01-01") + pd.to_timedelta(ROW, "D")), FORMULA, ("'x'", "dates")),
    "column of dates in text": (mapped("{},2020-01-{n:02d}").replace("y,x,g,2020-01-00", "y,w,g,x"), FORMULA, ("'x'", "text")),
    "column of durations": (with_columns(x=pd.to_timedelta(ROW, "s")), FORMULA, ("'x'", "dates or times")),
    "column of percents": (with_columns(x=[f"{value}%" for value in ROW]), FORMULA, ("'x'", "row 1", "'0%'")),
    "numbers written as text": (with_columns(x=[str(value) for value in X]), FORMULA, ("'x'", "written as text", "C(x)")),
    "response of text": (with_columns(y=LABELS), FORMULA, ("column 'y'", "row 1", "'g00'")),
    "lists": (with_arrow(g=pa.array([[int(code)] for code in GROUP])), FORMULA, ("'g'", "lists")),
    "records": (with_arrow(x=pa.array([{"a": value} for value in X])), FORMULA, ("'x'", "struct")),
    "bytes as numbers": (with_arrow(x=pa.array([b"1"] * N)), FORMULA, ("'x'", "binary")),
    "one group": (with_columns(g="a"), FORMULA, ("'g' = 'a'", "two groups")),
    "one group besides missing ones": (with_columns(g=["a" if code == 1 else None for code in GROUP]), FORMULA, ("'g' = 'a'",)),
    "every group one row": (with_columns(g=[str(row) for row in ROW]), FORMULA, ("96 groups", "one row")),
    "factor that is the group": (FRAME, "y ~ x + g + (1 | g)", ("'g'", "is the group")),
    "group made a factor": (with_columns(g=GROUP), "y ~ x + C(g) + (1 | g)", ("'g'", "is the group")),
    "factor of one level": (with_columns(f="a"), "y ~ x + f + (1 | g)", ("'f'", "one level", "'a'")),
    "factor with a level a row": (
        with_columns(f=[f"L{row}" for row in ROW]),
        "y ~ x + f + (1 | g)",
        ("96 design columns", "94"),
    ),
    "constant response": (with_columns(y=3.0), FORMULA, ("'y'", "3", "vary")),
    "response zero": (with_columns(y=0.0), FORMULA, ("'y'", "0", "vary")),
    "constant predictor": (with_columns(x=3.0), FORMULA, ("'x'", "same value")),
    "constant by formula": (FRAME, "y ~ I(x - x) + (1 | g)", ("'I(x - x)'", "same value")),
    "constant beyond 16 digits": (with_arrow(x=pa.array([2**62 + int(row % 3) for row in ROW])), FORMULA, ("'x'", "64-bit")),
    "variation lost in its size": (with_columns(x=1e15 + X), FORMULA, ("'x'", "varies by", "subtract")),
    "variation too small": (with_columns(y=Y * 1e-300), FORMULA, ("'y'", "varies by", "another unit")),
    "numbers too large": (with_columns(x=X * 1e160), FORMULA, ("'x'", "too large", "another unit")),
    "computed numbers too large": (with_columns(x=np.abs(X) * 100), "y ~ exp(x) + (1 | g)", ("'exp(x)'", "no usable value")),
    "infinite cell": (with_columns(x=replaced(X, 5, np.inf)), FORMULA, ("'x'", "row 6", "infinite")),
    "no complete row": (with_columns(x=np.nan), FORMULA, ("none of its 96 rows", "96 without 'x'")),
    "no group": (with_arrow(g=pa.nulls(N)), FORMULA, ("none of its 96 rows", "'g'")),
    "fewer rows than coefficients": (FRAME.iloc[[0, 1, 8]], FORMULA, ("3 complete rows", "at least 4")),
    "collinear": (with_columns(z=2 * X + 3), "y ~ x + z + (1 | g)", ("'z'", "linear combination", "'x'")),
    "collinear in another unit": (with_columns(z=2e-10 * X), "y ~ x + z + (1 | g)", ("'z'", "'x'")),
    "collinear beside a shift": (with_columns(z=X + 1e6), "y ~ x + z + (1 | g)", ("'z'", "'x'")),
    "collinear but for rounding": (with_columns(z=X + 1e-7 * WAVE), "y ~ x + z + (1 | g)", ("'z'", "'x'")),
    "sum of two": (with_columns(z=WAVE, w=X + WAVE), "y ~ x + z + w + (1 | g)", ("linear combination", "'x'", "'z'")),
    "all dummies": (
        with_columns(a=(ROW % 3 == 0) * 1, b=(ROW % 3 == 1) * 1, c=(ROW % 3 == 2) * 1),
        "y ~ a + b + c + (1 | g)",
        ("'c'", "'a'", "'b'", "intercept"),
    ),
    "twice the same": (FRAME, "y ~ x + I(x) + (1 | g)", ("'I(x)'", "'x'")),
    "logarithm of a negative": (FRAME, "y ~ log(x) + (1 | g)", ("'log(x)'", "'x'", "row 4")),
    "logarithm of zero": (with_columns(x=np.abs(X) * (ROW != 5)), "y ~ log(x) + (1 | g)", ("'log(x)'", "row 6", "'0.0'")),
    "root of a negative": (FRAME, "y ~ sqrt(x) + (1 | g)", ("'sqrt(x)'", "row 4")),
    "division by zero": (with_columns(x=X * (ROW != 5)), "y ~ I(1 / x) + (1 | g)", ("'I(1 / x)'", "row 6")),
    "whole division by zero": (with_columns(z=0.0), "y ~ I(x // z) + (1 | g)", ("'I(x // z)'", "row 1")),
    "logarithm of the response": (FRAME, "log(y) ~ x + (1 | g)", ("'log(y)'", "'y'")),
    "missing column": (FRAME, "y ~ xx + (1 | g)", ("no column 'xx'", "did you mean 'x'?")),
    "missing group": (FRAME, "y ~ x + (1 | gg)", ("no column 'gg'", "did you mean 'g'?")),
    "two responses": (FRAME, "y + x ~ 1 + (1 | g)", ("more than one response",)),
    "no response": (FRAME, "~ x + (1 | g)", ("no response",)),
    "response on both sides": (FRAME, "y ~ y + (1 | g)", ("right side",)),
    "power": (FRAME, "y ~ x^2 + (1 | g)", ("I(x**2)",)),
    "double star": (FRAME, "y ~ x**2 + (1 | g)", ("I(x**2)",)),
    "slope that is not fixed": (with_columns(z=WAVE), "y ~ x + (z | g)", ("'z'", "not among the fixed terms")),
    "polynomial of too few values": (with_columns(z=ROW % 3), "y ~ poly(z, 5) + (1 | g)", ("poly(z, 5)",)),
    "spline that holds the intercept": (FRAME, "y ~ cr(x, df=4) + (1 | g)", ("'cr(x, df=4)'", "add constraints='center'")),
    "cyclic spline that holds it": (FRAME, "y ~ x + cc(x, df=4) + (1 | g)", ("'cc(x, df=4)'", "constraints='center'")),
    "knots outside": (FRAME, "y ~ bs(x, knots=[99]) + (1 | g)", ("bs(x, knots=[99])", "between the bounds")),
    "spline of too few df": (FRAME, "y ~ bs(x, df=2) + (1 | g)", ("bs(x, df=2)", "df")),
    "missing reference level": (with_columns(f=["a", "b"] * 48), "y ~ C(f, Treatment('c')) + (1 | g)", ("'f'", "'c'")),
    "text compared with numbers": (FRAME, "y ~ I(x == 'a') + (1 | g)", ("'x'", "holds no text")),
}

BROKEN_FILES: dict[str, tuple[bytes, str]] = {
    "broken.csv.gz": (gzip.compress(text().encode())[:-20], "broken.csv.gz"),
    "padded.csv.gz": (gzip.compress(text().encode()) + bytes(100), "cannot be read"),
    "notgzip.csv.gz": (b"y,x,g\n1,2,a\n", "notgzip.csv.gz"),
    "broken.parquet": (b"PAR1 nothing PAR1", "broken.parquet"),
    "empty.parquet": (b"", "is empty"),
    "broken.feather": (b"ARROW1\x00\x00 nothing", "broken.feather"),
    "broken.xlsx": (b"PK\x03\x04 nothing", "not an Excel workbook"),
    "text.xlsx": (text().encode(), "not an Excel workbook"),
    "data.zip": (b"PK\x03\x04", "unpack it"),
    "data.sav": (b"$FL2", "are not read"),
    "data": (text().encode(), "files whose names have no ending are not read"),
    "program.csv": (b"\x7fELF" + bytes(range(256)) * 20, "UTF-8"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_one_clear_error(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, formula, words = ERRORS[case]
    assert main(["fit", str(write(tmp_path, data)), formula]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("reportgen: ")
    assert len(err.splitlines()) in (1, 3)  # a formula is shown with a caret below
    assert "Traceback" not in err
    assert str(tmp_path) not in err
    for word in words:
        assert word in err


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_broken_files(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, words = BROKEN_FILES[name]
    (tmp_path / name).write_bytes(content)
    assert main(["fit", str(tmp_path / name), FORMULA]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert len(err.splitlines()) == 1
    assert str(tmp_path) not in err
