"""The other formats, each opened with its own library; text of the data stays text; the same bytes wherever they are made."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import docx
import numpy as np
import openpyxl
import pandas as pd
import pytest
from audit import surroundings
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from situations import FRAMES, HOSTILE, SITUATIONS, analysis, grouped

from reportgen import Analysis
from reportgen.analysis import walk
from reportgen.choices import Inference, Options
from reportgen.errors import OptionError, TemplateFault
from reportgen.fits import LeastSquaresFit, MixedFit
from reportgen.presentation.exports import results
from reportgen.presentation.flow import FigureBlock, Heading, Paragraph, Run, TableBlock, blocks_of
from reportgen.presentation.formatting import P_STYLES, p_style, p_value
from reportgen.presentation.latex import SPECIAL, tex_text
from reportgen.presentation.markdown import code_span, escaped, fenced, markdown_of
from reportgen.presentation.material import Material
from reportgen.presentation.options import Presentation
from reportgen.presentation.own_templates import read_templates
from reportgen.presentation.rendering import DEFAULT_FORMATS, FORMATS, WRITERS, checked_formats
from reportgen.presentation.separated import neutral, restored
from reportgen.presentation.sheets import tidy_sheet
from reportgen.presentation.word import xml_text

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "dragons" / "dragons.csv"
FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"
FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=quoted", "plain", "-5", "O'Neill")


@cache
def material(situation: str) -> Material:
    return Material(analysis(situation), Presentation(title=f"Report of {situation}"))


@cache
def made(situation: str, name: str) -> bytes:
    return WRITERS[name](material(situation))


def table(situation: str, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made(situation, name).decode(), newline="")))


@cache
def injected() -> Material:
    """Groups and a column whose names begin like formulas of a spreadsheet."""
    frame = grouped((6,) * len(FORMULAS), 4).rename(columns={"x": "=x", "g": "@g"})
    frame["@g"] = [FORMULAS[int(label[1:])] for label in frame["@g"]]
    return Material(walk("y ~ `=x` + (1 | `@g`)", frame))


def test_formats_by_name() -> None:
    assert checked_formats(None) == DEFAULT_FORMATS == ("html", "pdf", "json")
    assert checked_formats(["xlsx", "md", "xlsx"]) == ("xlsx", "md")
    assert set(DEFAULT_FORMATS) < set(FORMATS)
    with pytest.raises(OptionError, match="did you mean 'docx'"):
        checked_formats(["doc"])


def test_tidy_has_the_columns_of_broom() -> None:
    rows = table("random_slopes", "tidy.csv")
    assert list(rows[0])[:11] == [
        *("variant", "effect", "group", "term", "estimate", "std.error", "statistic", "df", "p.value", "conf.low", "conf.high")
    ]
    found = {(row["variant"], row["term"]): row for row in rows}
    assert len(found) == len(rows)
    slope = found["random_slope", "sd__x"]
    assert (slope["effect"], slope["group"], slope["std.error"]) == ("ran_pars", "g", "")
    fit = analysis("random_slopes").fits["random_slope"]
    assert isinstance(fit, MixedFit)
    assert float(slope["estimate"]) ** 2 == pytest.approx(float(fit.group_covariance.psi[1, 1]), rel=1e-12)
    assert float(slope["conf.low"]) < float(slope["estimate"]) < float(slope["conf.high"])
    correlation = fit.group_covariance.psi[0, 1] / np.sqrt(np.prod(np.diag(fit.group_covariance.psi)))
    assert float(found["random_slope", "cor__(Intercept).x"]["estimate"]) == pytest.approx(float(correlation), rel=1e-12)
    assert found["random_slope", "sd__Observation"]["group"] == "Residual"
    assert {row["effect"] for row in rows if row["variant"] == "pooled"} == {"fixed"}


@pytest.mark.parametrize("situation", ["example", *SITUATIONS])
def test_numbers_of_the_tables_are_those_of_the_result_file(situation: str) -> None:
    whole = results(analysis(situation))
    variants: Any = whole["variants"]
    rows = table(situation, "tidy.csv")
    for variant, entry in variants.items():
        fixed = [row for row in rows if row["variant"] == variant and row["effect"] == "fixed"]
        assert len(fixed) == len(entry["terms"])
        adjusted = {(term["column"], term["role"]): term for term in entry.get("kenward_roger", [])}
        for row, term in zip(fixed, entry["terms"], strict=True):
            assert restored(row["column"]) == term["column"]
            assert float(row["estimate"]) == term["estimate"]
            shown = term if row["df.method"] != "kenward_roger" else adjusted[term["column"], term["role"]]
            assert shown["df_method"] == row["df.method"]
            for column, key in (("std.error", "std_error"), ("df", "df"), ("p.value", "p_value"), ("conf.low", "conf_low")):
                assert (float(row[column]) if row[column] else None) == shown[key]
    glance = {row["variant"]: row for row in table(situation, "glance.csv")}
    assert list(glance) == list(variants)
    for variant, entry in variants.items():
        assert (float(glance[variant]["AIC"]) if glance[variant]["AIC"] else None) == entry.get("aic")
        assert glance[variant]["status"] == entry["status"]
    for name in ("tidy.csv", "glance.csv"):
        assert not {"nan", "inf", "None", "-inf"} & {cell for row in table(situation, name) for cell in row.values()}


@pytest.mark.parametrize("inference", ["auto", "satterthwaite", "kenward-roger"])
@pytest.mark.parametrize("situation", ["random_slopes", "many_groups"])
def test_tidy_has_the_errors_that_the_page_shows(situation: str, inference: Inference) -> None:
    formula, frame = FRAMES[situation]
    found = walk(formula, frame, Options(inference=inference))
    rows = csv.DictReader(io.StringIO(WRITERS["tidy.csv"](Material(found)).decode(), newline=""))
    written = [row for row in rows if row["effect"] == "fixed"]
    table = Analysis(found).tidy()
    shown = [c for fit in found.fits.values() if isinstance(fit, LeastSquaresFit | MixedFit) for c in found.shown(fit)]
    for name, field in (("role", "role"), ("df.method", "df_method"), ("std.error", "std_error"), ("df", "df")):
        expected = [getattr(c, field) for c in shown]
        assert [row[name] for row in written] == [item if isinstance(item, str) else repr(item) for item in expected]
        assert table[field].tolist() == expected
    by_kenward_roger = inference == "kenward-roger" or (inference == "auto" and situation == "random_slopes")
    methods = {c.df_method for c in shown} - {"residual"}
    assert methods == ({"kenward_roger"} if by_kenward_roger else {"satterthwaite"})


def test_augment_has_every_row_under_every_variant() -> None:
    rows = table("missing", "augment.csv")
    fitted = [name for name, fit in analysis("missing").fits.items() if hasattr(fit, "coefficients")]
    assert len(rows) == 75 * len(fitted)
    assert list(rows[0])[:3] == ["variant", "g", "y"]
    for row in rows:
        assert float(row["y"]) - float(row[".fitted"]) == pytest.approx(float(row[".resid"]), abs=1e-12)
    pooled = [row for row in rows if row["variant"] == "pooled"]
    assert all(row[".fitted"] == row[".fixed"] for row in pooled)
    assert sum(float(row[".resid"]) for row in pooled) == pytest.approx(0, abs=1e-9)
    mixed = [row for row in rows if row["variant"] == "random_intercept"]
    assert any(row[".fitted"] != row[".fixed"] for row in mixed)


def test_the_workbook_has_a_sheet_a_table_at_full_precision() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made("several", "xlsx")))
    assert book.sheetnames[:5] == ["about", "rows", "columns", "tidy", "glance"]
    assert {"standard errors", "slopes", "tests", "checks", "groups"} <= set(book.sheetnames)
    expected = tidy_sheet(results(analysis("several")))
    cells = [tuple(cell.value for cell in row) for row in book["tidy"].iter_rows()]
    assert cells[0] == expected.columns
    assert cells[1:] == list(expected.rows)
    assert book["groups"].max_row == 1 + len(analysis("several").groups)
    assert book.properties.title == "Report of several"
    assert book.properties.created == pd.Timestamp(0)


@pytest.mark.parametrize("name", ["tidy.csv", "augment.csv"])
def test_no_cell_of_a_csv_file_is_a_formula(name: str) -> None:
    text = WRITERS[name](injected()).decode()
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or float(cell) <= 0
    if name == "augment.csv":
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert {restored(row["'@g"]) for row in rows} == set(FORMULAS)


def test_no_cell_of_a_workbook_is_a_formula_or_a_link() -> None:
    book = openpyxl.load_workbook(io.BytesIO(WRITERS["xlsx"](injected())))
    seen = set()
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
                if isinstance(cell.value, str):
                    assert not cell.value.startswith(("=", "+", "@", "\t", "\r"))
                    seen.add(restored(cell.value))
    assert {"=1+1", "@SUM(A1)", "-2+3", "'=quoted", "-5"} <= seen


@given(st.text())
def test_what_is_neutralised_can_be_restored(text: str) -> None:
    assert not neutral(text).startswith(("=", "@", "\t", "\r"))
    assert restored(neutral(text)) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_neutralised_and_numbers_are_not(text: str) -> None:
    begins = text.startswith(("=", "+", "-", "@", "\t", "\r", "'=")) and text != "-5"
    assert neutral(text) == ("'" + text if begins else text)


def test_hostile_names_reach_the_tables_whole() -> None:
    assert any(HOSTILE in row["column"] for row in table("hostile", "tidy.csv"))
    book = openpyxl.load_workbook(io.BytesIO(made("hostile", "xlsx")))
    assert any(HOSTILE in str(cell.value) for row in book["tidy"].iter_rows() for cell in row)


def book_of(situation: str) -> Any:
    return docx.Document(io.BytesIO(made(situation, "docx")))


@pytest.mark.parametrize("situation", ["example", "hostile", "no_predictor"])
def test_the_word_document_says_what_the_page_says(situation: str) -> None:
    book = book_of(situation)
    headings = [p.text for p in book.paragraphs if p.style.name.startswith("Heading")]
    assert headings[0] == f"Report of {situation}"
    for heading in ("Summary", "The models side by side", "Why the slopes differ", "Provenance"):
        assert heading in headings
    levels = [int(p.style.name[-1]) for p in book.paragraphs if p.style.name.startswith("Heading")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    drawn = {name: item for name, item in material(situation).document.tables.items() if item.rows}
    assert 0 < len(book.tables) <= len(drawn)
    models = next(t for t in book.tables if t.rows[0].cells[0].text == "Coefficient")
    record = drawn["models"]
    assert [cell.text for cell in models.rows[0].cells] == [record.stub, *(column.label for column in record.columns)]
    for row, line in zip(models.rows[1:], record.rows, strict=True):
        assert [cell.text for cell in row.cells][1:] == ["\n".join([c.text, *c.details]).rstrip("\n") for c in line.cells]
    assert len(book.inline_shapes) == len(material(situation).document.figures)


def test_tables_of_the_word_document_have_header_rows_and_its_pictures_words() -> None:
    book = book_of("example")
    for table in book.tables:
        first = table.rows[0]._tr.trPr
        assert first is not None
        assert first.find(qn("w:tblHeader")) is not None
        assert table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val"))
    for shape in book.inline_shapes:
        assert len(shape._inline.docPr.get("descr")) > 20
    properties = book.core_properties
    assert (properties.title, properties.author, properties.revision) == ("Report of example", "", 1)
    assert "report 0.21: no pooling, Mundlak and within-between agree" in " ".join(p.text for p in book.paragraphs)


def test_hostile_names_are_text_in_the_word_document() -> None:
    with ZipFile(io.BytesIO(made("hostile", "docx"))) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        hostile = archive.read("word/document.xml").decode()
        relations = archive.read("word/_rels/document.xml.rels").decode()
    assert "<script" not in hostile
    assert "&lt;script&gt;" in hostile
    assert "External" not in relations
    assert xml_text("a\x00b\x1fc\ud800d\uffffe\tf") == "abcde\tf"


def pipe_tables(text: str) -> list[list[list[str]]]:
    """The tables of a Markdown text, cell by cell; a border inside a cell is escaped."""
    tables: list[list[list[str]]] = []
    was_row = False
    for line in text.splitlines():
        is_row = line.startswith("| ")
        if is_row and not was_row:
            tables.append([])
        if is_row:
            tables[-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        was_row = is_row
    return tables


@pytest.mark.parametrize("situation", ["example", "hostile", "random_slopes", "no_predictor"])
def test_tables_of_the_markdown_are_the_records(situation: str) -> None:
    text = made(situation, "md").decode()
    found = pipe_tables(text)
    assert found
    for table in found:
        assert len({len(row) for row in table}) == 1
        assert all(re.fullmatch(r":--|--:", cell) for cell in table[1])
    record = material(situation).document.tables["models"]
    models = next(table for table in found if table[0][0] == "Coefficient")
    assert len(models) == 2 + len(record.rows)
    for row, line in zip(models[2:], record.rows, strict=True):
        assert row[1:] == ["<br>".join(escaped(part) for part in (cell.text, *cell.details)) for cell in line.cells]


def test_the_markdown_says_what_the_page_says() -> None:
    text = made("example", "md").decode()
    assert re.findall(r"^# .*", text, re.M) == ["# Report of example"]
    assert "## Summary" in text
    assert "report **0.21**: no pooling, Mundlak and within-between agree" in text
    assert "0.97277 × 0.2055 + 0.02723 × 12.4070 = **0.5377**" in text
    assert "*Figure:* " in text
    assert not re.search(r"^#+\s*$", text, re.M)


def rendered_markdown(text: str) -> str:
    """Markdown as HTML, by a parser of its own."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark").enable("table").enable("strikethrough").render(text))


def test_hostile_names_are_text_in_the_markdown() -> None:
    page = rendered_markdown(made("hostile", "md").decode())
    assert "<script" not in page
    assert "<a " not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert('x')&lt;/script&gt; $a_$b &amp; &quot;q&quot;" in page


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1))
def test_escaped_text_is_read_as_it_was(text: str) -> None:
    page = rendered_markdown("x " + escaped(text) + " y")
    assert html.unescape(page) == f"<p>x {text} y</p>\n"


@pytest.mark.parametrize("text", ["# no heading", "- no list", "+ no list", "1. no list", "12) no list", "= no rule", "---"])
def test_a_paragraph_that_begins_like_a_block_stays_one(text: str) -> None:
    page = rendered_markdown(markdown_of([Paragraph((Run(text),))], material("example").document))
    assert page == f"<p>{text}</p>\n"


@pytest.mark.parametrize("code", ["a", "`", "``b``", "x ` y"])
def test_code_keeps_its_backticks(code: str) -> None:
    assert html.unescape(rendered_markdown(code_span(code))) == f"<p><code>{code}</code></p>\n"
    assert html.unescape(rendered_markdown(fenced(code))) == f"<pre><code>{code}\n</code></pre>\n"


def test_the_latex_table_has_every_cell() -> None:
    text = made("example", "tex").decode()
    body = text[text.index("\\midrule") : text.index("\\bottomrule")]
    rows = [line.removesuffix(" \\\\").split(" & ") for line in body.splitlines()[1:] if line.endswith("\\\\")]
    record = material("example").document.tables["models"]
    assert {len(row) for row in rows} == {1 + len(record.columns)}
    assert len(rows) == sum(max(1 + len(cell.details) for cell in row.cells) for row in record.rows)
    assert rows[0][:3] == ["{bodyLength2}", "9.00", "0.21"]
    assert text.count("\\begin{") == text.count("\\end{") == 2
    assert "\\toprule" in text


@given(st.text())
def test_no_text_is_a_command_of_latex(text: str) -> None:
    found = tex_text(text)
    known = "|".join(re.escape(value) for value in sorted(set(SPECIAL.values()), key=len, reverse=True))
    rest = re.sub(known, "", found)
    assert not set(rest) & set("\\{}$&#%_^~")
    assert found.count("{") - found.count("\\{") == found.count("}") - found.count("\\}")


def test_p_values_of_a_report_follow_its_style() -> None:
    lines = {style: Material(analysis("example"), Presentation(p_style=style)) for style in P_STYLES}
    cells = {style: WRITERS["tex"](material).decode() for style, material in lines.items()}
    assert "p = .874" in cells["apa"]
    assert "P = .87 " in cells["ama"]
    assert "p = 0.874" in cells["plain"]


@pytest.mark.parametrize(
    ("p", "apa", "ama", "plain"),
    [
        (0.0004, "p < .001", "P < .001", "p < 0.001"),
        (0.0012, "p = .001", "P = .001", "p = 0.001"),
        (0.034, "p = .034", "P = .03", "p = 0.034"),
        (0.0496, "p = .050", "P = .050", "p = 0.050"),
        (0.9996, "p > .999", "P > .99", "p > 0.999"),
        (1.0, "p = 1.000", "P = 1.00", "p = 1.000"),
    ],
)
def test_p_styles(p: float, apa: str, ama: str, plain: str) -> None:
    for style, expected in zip(P_STYLES, (apa, ama, plain), strict=True):
        with p_style(style):
            assert p_value(p) == expected
    assert p_value(p) == apa


def test_a_page_is_read_back_as_blocks() -> None:
    page = """<html><head><title>t</title></head><body><h1>A <i>b</i></h1><nav><h2>Contents</h2><p>x</p></nav>
    <p class="note">one
      two<br>three <b>bold <i>both</i></b></p><ol><li>first</li></ol><dl><dt>R</dt><dd><pre><code>a
  b</code></pre></dd></dl>
    <div class="scroll" data-name="models"><table><caption><span>Of <b>all</b></span></caption><tr><td>1</td></tr></table></div>
    <figure><img data-name="panels" alt="in words"><figcaption>Panels</figcaption></figure>
    <p class="arithmetic"><span>1 + 1 = 2</span> <span>2</span></p><p>E <img alt="y = x" src="data:,"></p>
    <table><tr><td>own</td></tr></table></body></html>"""
    plain, bold, both = frozenset[str](), frozenset({"bold"}), frozenset({"bold", "italic"})
    assert blocks_of(page) == (
        Heading(1, (Run("A "), Run("b", frozenset({"italic"})))),
        Paragraph((Run("one two"), Run("\n"), Run("three "), Run("bold ", bold), Run("both", both)), "note"),
        Paragraph((Run("first", plain),), "number"),
        Paragraph((Run("R"),), "term"),
        Paragraph((Run("a\n  b", frozenset({"code"})),), "code"),
        TableBlock("models", (Run("Of "), Run("all", bold))),
        FigureBlock("panels", "in words", (Run("Panels"),)),
        Paragraph((Run("1 + 1 = 2"), Run("\n"), Run("2"))),
        Paragraph((Run("E "), Run("y = x", frozenset({"italic"})))),
        TableBlock("", ()),
    )


def test_a_table_without_a_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.html.j2").write_text(
        '{% extends "!base/report.html.j2" %}{% block summary %}{{ super() }}<table><tr><td>1</td></tr></table>{% endblock %}'
    )
    found = Material(analysis("two_levels"), Presentation(templates=read_templates(str(tmp_path))))
    assert b"<td>1</td>" in WRITERS["html"](found)
    with pytest.raises(TemplateFault, match="the macros did not make"):
        WRITERS["md"](found)


def made_elsewhere(folder: Path, seed: str, zone: str) -> dict[str, bytes]:
    """All formats but the page and the PDF, made by a process with another hash seed, time zone and working directory."""
    folder.mkdir()
    names = [name for name in FORMATS if name not in ("html", "pdf", "augment.csv")]
    environment = {**os.environ, **surroundings(ROOT), "PYTHONHASHSEED": seed, "TZ": zone}
    command = [sys.executable, "-m", "reportgen", "render", str(EXAMPLE), FORMULA, "--out", "out", "--quiet", "--format"]
    subprocess.run([*command, *names], cwd=folder, env=environment, check=True, timeout=120)
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    first = made_elsewhere(tmp_path / "a", "1", "Asia/Tokyo")
    second = made_elsewhere(tmp_path / "b", "2", "America/Lima")
    assert len(first) == len(FORMATS) - 3
    assert first == second
    assert json.loads(first["dragons.json"])["schema"] == "reportgen.results/1"
    for content in first.values():
        assert str(tmp_path).encode() not in content
