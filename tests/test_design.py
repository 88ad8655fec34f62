"""The design: the same columns as the formula library makes, whatever the path, the chunks and the format."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.design import Design, DesignBlock, build_design, read_blocks
from reportgen.design.building import library_encoder
from reportgen.design.first_pass import FirstPass, read_first
from reportgen.design.kinds import column_kinds
from reportgen.design.labels import level_order, natural_order
from reportgen.design.widths import term_widths
from reportgen.errors import (
    BadValue,
    ColumnMissing,
    ColumnUnusable,
    InputError,
    NoCompleteRows,
    SlopeNotFixed,
    TooManyColumns,
    UnseenLevel,
)
from reportgen.formula import parse_formula
from reportgen.moments import GroupMoments
from reportgen.sample import complete_rows
from reportgen.sources import open_source


def make_frame(n: int = 200) -> pd.DataFrame:
    """Rows with every kind of column and some gaps."""
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "y": random.normal(10, 1, n),
            "x": random.uniform(1, 5, n),
            "z": random.integers(0, 9, n),
            "my col": random.normal(size=n),
            "s": random.choice(list("abc"), n),
            "d": random.integers(1, 12, n),
            "flag": random.random(n) < 0.5,
            "level": pd.Categorical(random.choice(["low", "high"], n), categories=["none", "low", "high"]),
            "g": random.integers(0, 12, n),
            "h": random.choice(["u", "v"], n),
            "w": random.uniform(0.5, 2, n),
        }
    )
    frame.loc[3, "x"] = np.nan
    frame.loc[7, "s"] = None
    return frame


FRAME = make_frame()

FORMULAS = [
    "y ~ x + z + (1 | g)",
    "y ~ x * z + (1 | g)",
    "y ~ x * s + C(d) + flag + level + (1 | g)",
    "y ~ C(flag) + (1 | g)",
    "y ~ s:x + (1 | g)",
    "y ~ s:level + (1 | g)",
    "y ~ (x + s + level)**2 + (1 | g)",
    "y ~ C(s, Treatment('b')) + C(d, Sum) + C(level, Helmert) + (1 | g)",
    "y ~ C(d, Treatment(2)):x + C(z, Poly) + C(s, Diff) + (1 | g)",
    "y ~ poly(x, 2) + bs(x, df=5) + cr(x, df=4):z + (1 | g)",
    "y ~ cc(x, df=4) + cs(z, df=3) + bs(x, knots=[2, 3], degree=2) + (1 | g)",
    "y ~ center(x):s + scale(z) + scale(`my col`, scale=False) + (1 | g)",
    "y ~ log(x) + np.sqrt(x) + I(x**2) + I(x / z**0 - 3 * x) + exp(-x) + (1 | g)",
    "y ~ I(s == 'a') + I(x > 3) + `my col` + I(1 / x) + poly(x, 2, raw=True) + (1 | g)",
    "log(y) ~ x + (1 | g)",
    "y ~ center(log(x)) + (1 | g:h)",
]


def walk(data: object, text: str, chunk_rows: int = 1 << 20, weights: str = "") -> tuple[Design, DesignBlock]:
    """The design of a formula and all its rows as one block."""
    design = build_design(parse_formula(text), open_source(data, chunk_rows=chunk_rows), weights)
    blocks = [block for block, _ in read_blocks(design)]
    values = np.vstack([block.values for block in blocks])
    all_weights = [block.weights for block in blocks if block.weights is not None]
    codes = np.concatenate([block.codes for block in blocks])
    return design, DesignBlock(codes, values, blocks[-1].n_groups, np.concatenate(all_weights) if weights else None)


def row_labels(design: Design, block: DesignBlock) -> list[str]:
    """Group label of each row."""
    groups = design.groups
    return [groups[code] for code in block.codes]


@pytest.mark.parametrize("text", FORMULAS)
def test_columns_are_those_of_the_formula_library(text: str) -> None:
    from formulaic import model_matrix

    design, block = walk(FRAME, text)
    used = FRAME.dropna(subset=list(design.source_columns))
    used = used.assign(level=used["level"].cat.remove_unused_categories())
    context = {"sqrt": np.sqrt}
    theirs = model_matrix(f"1 + {design.formula.fixed}", used, context=context)
    assert list(design.columns) == list(theirs.columns)[1:]
    np.testing.assert_allclose(block.values[:, :-1], np.asarray(theirs, dtype=float)[:, 1:], rtol=0, atol=1e-13)
    np.testing.assert_allclose(block.values[:, -1], np.log(used["y"]) if "log(y)" in text else used["y"])
    assert set(design.term_of) == set(design.columns)
    assert list(dict.fromkeys(design.term_of.values())) == list(design.formula.terms)


@pytest.mark.parametrize("text", [*FORMULAS, "y ~ C(d):C(z):s + (1 | g)", "y ~ s + s:level:C(d) + x:s + (1 | g)"])
def test_columns_are_counted_before_they_are_made(text: str) -> None:
    frame = pd.concat([FRAME] * 5)
    design, _ = walk(frame, text)
    formula, source = design.formula, open_source(frame)
    first = read_first(formula, source, design.source_columns, column_kinds(formula, source, ""), ())
    counts = [list(design.term_of.values()).count(term) for term in formula.terms]
    assert term_widths(formula, first.factors) == counts


@pytest.mark.parametrize("text", FORMULAS)
def test_chunks_change_nothing(text: str) -> None:
    whole_design, whole = walk(FRAME, text)
    design, block = walk(FRAME, text, chunk_rows=7)
    assert design.columns == whole_design.columns
    np.testing.assert_allclose(block.values, whole.values, rtol=0, atol=1e-12)
    assert row_labels(design, block) == row_labels(whole_design, whole)


@pytest.mark.parametrize("text", ["y ~ x + z + flag + `my col` + (1 | g)", "y ~ x * z * flag + (1 | g)"])
def test_fast_path_equals_the_library(text: str) -> None:
    formula, source = parse_formula(text), open_source(FRAME)
    design, block = walk(FRAME, text)
    slow = library_encoder(formula, formula.coded.terms, column_kinds(formula, source, ""), FirstPass.empty("data"))
    assert [formula.shown(code) for code in slow.columns] == list(design.columns)
    out = np.empty((len(block.codes), len(design.columns)))
    table, _ = complete_rows(next(iter(source.chunks(design.source_columns))), design.source_columns)
    slow.fill(table, out)
    np.testing.assert_array_equal(block.values[:, :-1], out)


@pytest.mark.parametrize("text", ["y ~ x * s + C(d) + flag + (1 | g)", "y ~ poly(x, 2):C(z) + (1 | g:h)"])
def test_formats_change_nothing(text: str, tmp_path: Path) -> None:
    whole_design, whole = walk(FRAME, text)
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    FRAME.to_parquet(tmp_path / "a.parquet", row_group_size=50)
    FRAME.to_feather(tmp_path / "a.feather")
    for data in (
        tmp_path / "a.csv",
        tmp_path / "a.parquet",
        tmp_path / "a.feather",
        pl.from_pandas(FRAME),
        FRAME.convert_dtypes(),
    ):
        design, block = walk(data, text, chunk_rows=60)
        assert design.columns == whole_design.columns
        np.testing.assert_allclose(block.values, whole.values, rtol=1e-14, atol=1e-14)
        assert row_labels(design, block) == row_labels(whole_design, whole)


def test_levels_of_a_category_keep_their_order_and_unused_ones_go() -> None:
    design, _ = walk(FRAME, "y ~ level + (1 | g)")
    assert design.columns == ("level[T.high]",)  # "low" stands first in the type, "none" has no row
    design, _ = walk(FRAME.assign(level=FRAME["level"].astype(str)), "y ~ level + (1 | g)")
    assert design.columns == ("level[T.low]",)


def test_hostile_names_and_levels() -> None:
    names = ["Intercept", "1", "c0", "k0", "s0", "lambda", "a:b", "r1]", "x + y", "🐉", "np", "log"]
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(60, len(names))), columns=names)
    frame["f"] = random.choice(["c0", "k1", "r0]:s0", "[T.x]"], 60)
    frame["g"] = random.integers(0, 5, 60)
    right = " + ".join(f"`{name}`" for name in names[1:]) + " + log(exp(`k0`)) + f + f:c0 + C(f, Treatment('k1')):k0"
    design, block = walk(frame, f"Intercept ~ {right} + (1 | g)")
    assert design.columns[: len(names) - 1] == tuple(names[1:])
    assert "f[T.k1]" in design.columns
    assert "f[T.r0]:s0]:c0" in design.columns
    np.testing.assert_array_equal(block.values[:, design.columns.index("k0")], frame["k0"])
    np.testing.assert_array_equal(block.values[:, design.columns.index("f[T.k1]")], frame["f"] == "k1")
    np.testing.assert_allclose(block.values[:, design.columns.index("log(exp(k0))")], frame["k0"], atol=1e-12)
    np.testing.assert_array_equal(block.values[:, -1], frame["Intercept"])


def test_column_named_like_a_call() -> None:
    frame = FRAME.assign(**{"log(x)": 1.0 + FRAME["z"]})
    design, block = walk(frame, "y ~ `log(x)` + log(x) + (1 | g)")
    assert design.columns == ("`log(x)`", "log(x)")
    used = frame.dropna(subset=["x"])
    np.testing.assert_array_equal(block.values[:, 0], used["log(x)"])
    np.testing.assert_allclose(block.values[:, 1], np.log(used["x"]))


def test_group_labels_and_their_order(tmp_path: Path) -> None:
    labels = ["10", "9", "B", "a", "1", "01", "-2", "A10", "A9", "é", "2.5"]
    pd.DataFrame({"y": range(22), "g": labels * 2}).to_csv(tmp_path / "a.csv", index=False)
    design, block = walk(tmp_path / "a.csv", "y ~ 1 + (1 | g)", chunk_rows=4)
    assert row_labels(design, block) == labels * 2
    in_order = [design.groups[i] for i in design.order]
    assert in_order == ["-2", "01", "1", "2.5", "9", "10", "A9", "A10", "B", "a", "é"]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (np.array([3, 1, 10, 3]), ["1", "3", "10"]),
        (np.array([-5, 2**40, 7, 7]), ["-5", "7", str(2**40)]),
        (np.array([127, -128, 0, 127], dtype=np.int8), ["-128", "0", "127"]),
        (np.array([2**64 - 1, 0, 5, 5], dtype=np.uint64), ["0", "5", str(2**64 - 1)]),
        (np.array([1.0, 2.5, -0.0, 0.0]), ["0", "1", "2.5"]),
        (np.array([True, False, True, True]), ["False", "True"]),
        (pd.Categorical(["b", "a", "b", "b"], categories=["z", "b", "a"]), ["a", "b"]),
        (pd.to_datetime(["2020-01-02", "2020-01-01", "2020-01-02", "2020-01-02"]).date, ["2020-01-01", "2020-01-02"]),
        (pa.array([b"b", "é".encode(), b"b", b"\xff"]), ["\\xff", "b", "é"]),
        (pa.array([b"b", b"\xff", b"b", b"b"], pa.binary()).view(pa.string()), ["\\xff", "b"]),
        (pa.array([12345678901234567, 12345678901234568, 1, 1]), ["1", "12345678901234567", "12345678901234568"]),
    ],
    ids=["int", "far apart", "int8", "uint64", "float", "bool", "category", "date", "bytes", "bytes called text", "17 digits"],
)
@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_groups_of_any_type(values: object, labels: list[str], chunk_rows: int) -> None:
    y = [1.0, 2.0, 3.0, 4.0]
    data = pa.table({"y": y, "g": values}) if isinstance(values, pa.Array) else pd.DataFrame({"y": y, "g": values})
    design, block = walk(data, "y ~ 1 + (1 | g)", chunk_rows=chunk_rows)
    assert [design.groups[i] for i in design.order] == labels
    assert block.n_groups == len(labels)
    assert sorted(set(block.codes)) == list(range(len(labels)))


def test_combined_groups_stay_apart() -> None:
    frame = pd.DataFrame({"y": range(4), "a": ["x:y", "x", "x:y", "x"], "b": ["z", "y:z", "q", "q"], "c": [1, 1, 2, 2]})
    design, block = walk(frame, "y ~ 1 + (1 | a:b)", chunk_rows=1)
    assert len(set(design.groups)) == block.n_groups == 4
    design, block = walk(frame, "y ~ 1 + (1 | c:a:b)")
    assert row_labels(design, block)[2] == r"2:x\:y:q"


def test_order_of_rows_changes_no_moment() -> None:
    text = "y ~ x * s + (1 | g:h)"
    results = []
    for frame in (FRAME, FRAME.sample(frac=1, random_state=3)):
        design, block = walk(frame, text, chunk_rows=31)
        moments = GroupMoments.from_rows((*design.columns, design.response), block.codes, block.values, block.n_groups)
        results.append((design, moments.take(design.order)))
    (first, a), (second, b) = results
    assert [first.groups[i] for i in first.order] == [second.groups[i] for i in second.order]
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_allclose(a.means + a.origin, b.means + b.origin, rtol=1e-12)
    np.testing.assert_allclose(a.cross, b.cross, atol=1e-11)


def test_slopes_by_group() -> None:
    design, _ = walk(FRAME, "y ~ x * s + (x + s | g)")
    assert design.slope_columns == ("x", "s[T.b]", "s[T.c]")
    with pytest.raises(SlopeNotFixed, match=r"add 'z' to the formula outside the parentheses"):
        walk(FRAME, "y ~ x + (z | g)")


def test_weights() -> None:
    _, block = walk(FRAME, "y ~ x + (1 | g)", weights="w")
    assert block.weights is not None
    np.testing.assert_array_equal(block.weights, FRAME.dropna(subset=["x"])["w"])
    for bad in (0.0, -1.0, np.inf):
        frame = FRAME.copy()
        frame.loc[5, "w"] = bad
        with pytest.raises(BadValue, match="column 'w', row 6: this weight"):
            walk(frame, "y ~ x + (1 | g)", weights="w")
    with pytest.raises(ColumnMissing):
        walk(FRAME, "y ~ x + (1 | g)", weights="none")


def changed(column: str, row: int, value: object) -> pd.DataFrame:
    """The frame with one cell changed."""
    cells = FRAME[column].to_list()
    cells[row] = value
    return FRAME.assign(**{column: cells})


UNUSABLE: list[tuple[str, pd.DataFrame, type[InputError], str]] = [
    ("y ~ x + (1 | g)", changed("x", 50, np.inf), BadValue, "column 'x', row 51: an infinite number"),
    ("y ~ x + (1 | g)", changed("y", 50, -np.inf), BadValue, "column 'y', row 51: an infinite number"),
    (
        "y ~ log(x) + (1 | g)",
        changed("x", 50, -2.0),
        BadValue,
        r"column 'x', row 51: 'log\(x\)' has no usable value for it: '-2.0'",
    ),
    ("log(y) ~ x + (1 | g)", changed("y", 50, 0.0), BadValue, r"column 'y', row 51: 'log\(y\)' has no usable value"),
    ("y ~ x + (1 | g)", changed("x", 50, "n/a"), BadValue, "column 'x', row 51: text in a column of numbers: 'n/a'"),
    ("y ~ log(s) + (1 | g)", FRAME, BadValue, "column 's', row 1: text in a column of numbers"),
    ("s ~ x + (1 | g)", FRAME, BadValue, "column 's', row 1: text in a column of numbers"),
    ("y ~ p + (1 | g)", FRAME.assign(p="12%"), BadValue, "column 'p', row 1: text in a column of numbers: '12%'"),
    ("y ~ p + (1 | g)", FRAME.assign(p="2020-01-02"), BadValue, "text in a column of numbers: '2020-01-02'"),
    ("y ~ p + (1 | g)", FRAME.assign(p=FRAME["z"].astype(str)), ColumnUnusable, r"numbers written as text; .*C\(p\)"),
    ("y ~ p + (1 | g)", FRAME.assign(p=pd.Timestamp("2020-01-01")), ColumnUnusable, "holds dates or times"),
    ("p ~ x + (1 | g)", FRAME.assign(p=pd.Timestamp("2020-01-01")), ColumnUnusable, "holds dates or times"),
    ("y ~ p + (1 | g)", FRAME.assign(p=pd.Series([(1, 2)] * len(FRAME))), ColumnUnusable, "not numbers"),
    ("y ~ x + h + (1 | h)", FRAME, ColumnUnusable, "is the group and a factor"),
    ("y ~ C(g) + (1 | g)", FRAME, ColumnUnusable, "is the group and a factor"),
    ("y ~ s + (1 | g)", FRAME.assign(s="only"), ColumnUnusable, r"factor with one level .*\('only'\)"),
    ("y ~ C(s, Treatment('q')) + (1 | g)", FRAME, ColumnUnusable, "has no level 'q'; its levels are 'a', 'b', 'c'"),
    ("y ~ I(x == 'a') + (1 | g)", FRAME, ColumnUnusable, "holds no text"),
    ("y ~ bs(x, df=2) + (1 | g)", FRAME, ColumnUnusable, r"bs\(x, df=2\)' in data frame: cannot be computed"),
    ("y ~ I(1 / 0 * x) + (1 | g)", FRAME, ColumnUnusable, "division by zero"),
    ("y ~ spare:s + (1 | g)", FRAME.assign(spare=np.nan), NoCompleteRows, "none of its 200 rows is complete"),
    ("y ~ C(d):C(z):s + (1 | g)", FRAME, TooManyColumns, "at most 197 are allowed"),
    ("y ~ name + (1 | g)", FRAME.assign(name=[f"n{i}" for i in range(len(FRAME))]), TooManyColumns, "'name'"),
    ("y ~ X + (1 | g)", FRAME, ColumnMissing, "did you mean 'x'"),
]


@pytest.mark.parametrize(("text", "frame", "kind", "words"), UNUSABLE)
@pytest.mark.parametrize("chunk_rows", [17, 1000])
def test_unusable_columns_are_named(
    text: str, frame: pd.DataFrame, kind: type[InputError], words: str, chunk_rows: int
) -> None:
    with pytest.raises(kind, match=words):
        walk(frame, text, chunk_rows=chunk_rows)


def test_text_in_a_csv_column_of_numbers(tmp_path: Path) -> None:
    FRAME.assign(x=["NA" if i == 30 else v for i, v in enumerate(FRAME["x"])]).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(BadValue, match=r"a.csv, column 'x', row 31: text in a column of numbers: 'NA'"):
        walk(tmp_path / "a.csv", "y ~ x + (1 | g)")


def test_numeric_group_may_be_a_predictor_too(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    for data in (FRAME, tmp_path / "a.csv"):
        design, block = walk(data, "y ~ g + (1 | g)")
        assert design.columns == ("g",)
        np.testing.assert_array_equal(block.values[:, 0], FRAME["g"])


def test_boolean_response_and_exact_types() -> None:
    frame = FRAME.assign(
        decimal=pd.array([f"{i}.25" for i in range(200)], dtype="str").astype(pd.ArrowDtype(pa.decimal128(20, 2))),
        big=[2**70 + i for i in range(200)],
        small=pd.array(np.arange(200) % 100, dtype="Int8"),
    )
    _, block = walk(frame, "flag ~ decimal + big + small + (1 | g)")
    np.testing.assert_array_equal(block.values[:, 0], np.arange(200) + 0.25)
    np.testing.assert_array_equal(block.values[:, 2], np.arange(200) % 100)
    np.testing.assert_array_equal(block.values[:, 3], FRAME["flag"])


def test_large_factor() -> None:
    random = np.random.default_rng(2)
    frame = pd.DataFrame({"y": random.normal(size=2000), "f": [f"f{i % 200}" for i in range(2000)], "g": range(2000)})
    frame["g"] %= 40
    design, block = walk(frame, "y ~ f + (1 | g)", chunk_rows=300)
    assert len(design.columns) == 199
    np.testing.assert_array_equal(block.values[:, :-1].sum(axis=1), frame["f"] != "f0")


def test_new_rows_use_the_fitted_state() -> None:
    design, block = walk(FRAME, "y ~ poly(x, 2) + s:scale(z) + (1 | g)")
    used = FRAME.dropna(subset=["x", "s"])
    new = pa.Table.from_pandas(used[["x", "s", "z"]].iloc[50:60], preserve_index=False)
    np.testing.assert_allclose(design.predictor_values(new), block.values[50:60, :-1], atol=1e-13)
    with pytest.raises(UnseenLevel, match=r"factor 's' has the new level 'q'; the fitted levels are 'a', 'b', 'c'"):
        design.predictor_values(pa.table({"x": [2.0], "z": [1], "s": ["q"]}))
    spline, _ = walk(FRAME, "y ~ bs(x, df=4) + (1 | g)")
    with pytest.raises(ColumnUnusable, match="beyond upper and/or lower bounds"):
        spline.predictor_values(pa.table({"x": [99.0]}))
    logarithm, _ = walk(FRAME, "y ~ log(x) + (1 | g)")
    with pytest.raises(BadValue, match="new rows, column 'x', row 2"):
        logarithm.predictor_values(pa.table({"x": [1.0, -1.0]}))


def test_natural_order_of_nothing() -> None:
    assert natural_order([]).tolist() == []


@pytest.mark.parametrize("several", [(), ("+7", "007", "7.0", "-0", "0", "1" * 400, "2" * 400)])
def test_numbers_by_value_then_texts_by_code_point(several: tuple[str, ...]) -> None:
    numbers = ["10", "9", "7", "+3", "-3.5", "12345678901234567890", *several]
    labels = ["b", "1e5", *numbers, "", "Ä", "a", "\uffff", "𝔤", "nan", " 7"]
    expected = [*sorted(numbers, key=lambda text: (float(text), text)), *sorted(set(labels) - set(numbers))]
    assert [labels[j] for j in level_order(labels)] == expected


def by_hand(text: str) -> tuple[list[tuple[int, int, str]], str]:
    """Characters one by one, a run of digits as a zero, the number of its digits without leading zeros, and these."""
    key = []
    for part in re.findall(r"[0-9]+|[^0-9]", text):
        digits = part.lstrip("0")
        key.append((ord("0"), len(digits), digits) if part[0] in "0123456789" else (ord(part), 0, ""))
    return key, text


@given(st.lists(st.text("ab 019-:é/;", max_size=7), unique=True, max_size=12))
def test_digits_in_a_text_count_as_numbers(labels: list[str]) -> None:
    texts = [label for label in labels if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", label)]
    assert [texts[j] for j in natural_order(texts)] == sorted(texts, key=by_hand)


def test_the_natural_order_of_groups() -> None:
    ordered = ["9", "10", "Plant 3", "plant", "plant 02", "plant 2", "plant 2b", "plant 10", "v" + "9" * 300, "x1:y9", "x1:y10"]
    assert [ordered[j] for j in natural_order(ordered)] == ordered
    assert natural_order(ordered[::-1]).tolist() == list(range(len(ordered)))[::-1]


def test_levels_of_factors_keep_the_order_of_other_programs() -> None:
    """The first one is the reference."""
    levels = ["dose 10", "dose 2", "5"]
    assert [levels[j] for j in level_order(levels)] == ["5", "dose 10", "dose 2"]
    assert walk(FRAME.assign(k=["k10", "k9"] * (len(FRAME) // 2)), "y ~ k + (1 | g)")[0].references == {"k": "k10"}


def test_nothing_of_a_formula_reaches_the_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def forbidden(*arguments: object, **options: object) -> None:
        raise AssertionError("a formula reached the outside")

    for owner, name in ((os, "system"), (subprocess, "Popen"), (socket.socket, "connect")):
        monkeypatch.setattr(owner, name, forbidden)
    monkeypatch.chdir(tmp_path)
    frame = FRAME.assign(os="a", system=FRAME["x"], open=FRAME["z"], eval=FRAME["y"] + FRAME["z"])
    for text in ("y ~ os + (1 | g)", "y ~ system + open + eval + I(open * eval) + (1 | g)", "y ~ I(os == 'a'):x + (1 | g)"):
        try:
            walk(frame, text)
        except ColumnUnusable as error:
            assert "one level" in str(error)  # noqa: PT017
    assert list(tmp_path.iterdir()) == []


def test_files_keep_the_order_of_a_category(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "a.parquet", row_group_size=50)
    FRAME.to_feather(tmp_path / "a.feather")
    for name in ("a.parquet", "a.feather"):
        for text in ("y ~ level + (1 | g)", "y ~ C(level) + (1 | g)"):
            design, _ = walk(tmp_path / name, text, chunk_rows=30)
            assert design.columns[0].endswith("[T.high]")


def test_a_plain_formula_needs_neither_pandas_nor_the_formula_library(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    code = f"""
import sys
from reportgen.design import build_design, read_blocks
from reportgen.formula import parse_formula
from reportgen.sources import open_source
design = build_design(parse_formula("y ~ z * w + (1 | g)"), open_source({str(tmp_path / "a.csv")!r}))
assert sum(len(block.codes) for block, _ in read_blocks(design)) == 200
assert not {{"pandas", "formulaic"}} & set(sys.modules), "pandas" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("terms", "references"),
    [
        ("f", {"f": "low"}),
        ("C(f, Treatment('mid'))", {"f": "mid"}),
        ("x * f", {"f": "low"}),
        ("C(code)", {"code": "1"}),
        ("f:x", {}),  # a column for each level
        ("x", {}),
    ],
)
def test_the_reference_level_is_the_one_without_a_column(terms: str, references: dict[str, str]) -> None:
    frame = pd.DataFrame(
        {"y": np.arange(12.0), "x": np.arange(12.0) ** 2, "f": ["low", "mid", "top"] * 4, "code": [1, 2, 3] * 4}
    )
    frame["g"] = ["a", "b"] * 6
    design = build_design(parse_formula(f"y ~ {terms} + (1 | g)"), open_source(frame))
    assert dict(design.references) == references
