"""The pages over all reports: figures, adjusted p values, hostile names, many data sets."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_faults import FORMULA, write_data

from reportgen.analysis import walk
from reportgen.batch.index import (
    Entry,
    IndexAssignment,
    batch_labels,
    commonest_column,
    index_context,
    make_index,
    p_values,
    render_index,
)
from reportgen.batch.jobs import LeftOut
from reportgen.batch.lines import line_of
from reportgen.batch.multiplicity import adjusted
from reportgen.batch.summary import summary_file
from reportgen.presentation.exports import results
from reportgen.presentation.figures.collection import LABELLED
from reportgen.resources import PACKAGE, resource


def term(estimate: float, p_value: float | None, std_error: float = 1.0) -> dict[str, Any]:
    return {
        "estimate": estimate,
        "std_error": std_error,
        "df": 10.0,
        "df_method": "residual",
        "statistic": estimate / std_error,
        "p_value": p_value,
        "conf_low": estimate - 2 * std_error,
        "conf_high": estimate + 2 * std_error,
        "role": "within",
    }


def entry(name: str, p_value: float | None = 0.5, column: str = "x", **changes: Any) -> Entry:
    slopes = {column: {"within": term(0.25, p_value), "between": term(3.0, 0.01), "contextual": term(2.75, p_value)}}
    line: Mapping[str, Any] = {
        "rows": 1234,
        "groups": 12,
        "icc": 0.25,
        "response": "y",
        "group": "g",
        "slopes": slopes,
        "cautions": ["few_groups"],
    }
    made = Entry(name, "", name, FORMULA, "done", "", ("html", "json"), line)
    return replace(made, **changes)


def failed(name: str) -> Entry:
    return Entry(name, "", name, FORMULA, "failed", "no column 'g'", ())


def made(folder: Path, *entries: Entry, coefficient: str = "", formats: tuple[str, ...] = ("html",)) -> Path:
    staging = folder / "staging"
    assert make_index(IndexAssignment(entries, coefficient, formats, str(staging)))["failures"] == []
    return staging


def page(folder: Path, *entries: Entry, coefficient: str = "") -> str:
    text = (made(folder, *entries, coefficient=coefficient) / "html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r'src="data:[^"]*"', 'src=""', text))


def test_the_line_of_a_report_holds_its_figures(tmp_path: Path) -> None:
    analysis = walk(FORMULA, str(write_data(tmp_path, 3)))
    line = line_of(results(analysis))
    slope = analysis.comparison.slopes[0]
    assert (line["rows"], line["groups"], line["response"], line["group"]) == (60, 6, "y", "g")
    for kind in ("within", "between", "contextual"):
        assert line["slopes"]["x"][kind]["estimate"] == getattr(slope, kind).estimate
        assert line["slopes"]["x"][kind]["p_value"] == getattr(slope, kind).p_value
    assert line["cautions"] == [f.kind for f in analysis.findings if f.severity != "info"]
    assert 0 < line["icc"] < 1


def test_adjusted_p_values_are_those_of_benjamini_and_hochberg() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(size=40) ** 3
    found = adjusted({str(i): float(value) for i, value in enumerate(p)})
    order = np.argsort(p)
    by_hand = np.empty(40)
    for rank, i in enumerate(order, start=1):
        by_hand[i] = min(1.0, min(p[order[k - 1]] * 40 / k for k in range(rank, 41)))
    assert list(found) == [str(i) for i in range(40)]
    np.testing.assert_allclose(list(found.values()), by_hand, rtol=1e-14)
    assert adjusted({}) == {}


def test_the_family_is_the_reports_with_a_p_value() -> None:
    entries = (entry("a", 0.01), entry("b", None), failed("c"), entry("d", 0.02), entry("e", 0.5, column="other"))
    assert p_values(entries, "x", "within") == {"a": 0.01, "d": 0.02}
    context, _ = index_context(entries, "")
    assert context["family"]["within"] == "2"
    slopes = {row["name"]: row["slopes"]["within"] for row in context["rows"]}
    assert slopes["a"]["p"] == "p = .010"
    assert slopes["a"]["adjusted"] == slopes["d"]["adjusted"] == "p = .020"
    assert slopes["b"]["adjusted"] == slopes["b"]["p"] == ""
    assert not slopes["c"]["defined"]
    assert not slopes["e"]["defined"]


def test_rows_in_no_report_are_told() -> None:
    left_out = (LeftOut("a.csv", "<k>", 1), LeftOut("b.csv", "k", 12_000))
    context, figures = index_context((entry("a"),), "", left_out=left_out)
    page = render_index(context, figures, "screen")
    assert '<i class="name">a.csv</i>, 1 row has no value of <i class="name">&lt;k&gt;</i> and is in none' in page
    assert "12\N{NARROW NO-BREAK SPACE}000 rows have no value" in page
    assert json.loads(summary_file([], left_out))["left_out"][1] == {"data": "b.csv", "column": "k", "rows": 12_000}


def test_the_commonest_coefficient_is_shown() -> None:
    entries = (entry("a", column="z"), entry("b"), entry("c"), failed("d"))
    assert commonest_column(entries) == "x"
    assert commonest_column((entry("a", column="z"), entry("b"))) == "z"
    assert commonest_column((failed("d"),)) == ""
    assert index_context(entries, "z")[0]["column"] == "z"


def test_a_row_a_data_set(tmp_path: Path) -> None:
    text = page(tmp_path, entry("good"), failed("bad"), entry("titled", title="A title"))
    assert text.count("<tr") == 4
    assert '<a href="good.html" aria-label="good, HTML">HTML</a> · <a href="good.json"' in text
    assert "A title<small>titled</small>" in text
    assert "1234" in text
    assert "0.250" in text
    assert "few groups" in text
    assert "<b>bad</b> (failed): no column &#39;g&#39;" in text
    assert "2 of 3 data sets have a report. 1 failed; the reasons stand" in text
    assert "Benjamini and Hochberg (1995" in text


def test_names_are_never_markup(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>$a_$b{{ 7*7 }}\u202e"
    other = replace(
        entry("safe", column=hostile), name=hostile, title=hostile, formula=hostile, message=hostile, status="failed"
    )
    text = page(tmp_path, other, other)
    assert "<script" not in text
    assert "49" not in text.replace("1234", "")
    assert "\u202e" not in text


def test_a_page_without_any_report(tmp_path: Path) -> None:
    text = page(tmp_path, failed("a"), failed("b"))
    assert "0 of 2 data sets have a report" in text
    assert "<figure>" not in text
    assert "Many tests at once" not in text


def test_a_coefficient_that_nobody_has(tmp_path: Path) -> None:
    text = page(tmp_path, entry("a"), coefficient="nothing")
    assert "which 0 of the reports have" in text
    assert "<figure>" not in text


def test_responses_that_differ_are_pointed_out(tmp_path: Path) -> None:
    one = entry("a")
    two = replace(entry("b"), line={**entry("b").line, "response": "z"})
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
    assert "The responses differ" in page(tmp_path / "1", one, two)
    assert "The responses differ" not in page(tmp_path / "2", one, one)


def test_many_data_sets_are_drawn_without_names() -> None:
    entries = tuple(entry(f"set{i}", i / 1000) for i in range(1, LABELLED + 20))
    context, figures = index_context(entries, "")
    assert figures["collection"].values == {"n": LABELLED + 19, "is_labelled": False, "is_cut": True}
    assert len(context["rows"]) == LABELLED + 19
    _, few = index_context(entries[:5], "")
    assert few["collection"].values == {"n": 5, "is_labelled": True, "is_cut": False}


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    text = (made(tmp_path, entry("a"), failed("b")) / "html").read_text()
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!data:image/svg|#|a\.)', text)
    headings = re.findall(r"<h(\d)", text)
    assert headings.count("1") == 1
    assert set(headings) == {"1", "2"}


def test_the_pdf_says_the_same_and_carries_the_figures(tmp_path: Path) -> None:
    from pypdf import PdfReader

    content = (made(tmp_path, entry("good"), failed("bad"), formats=("html", "pdf")) / "pdf").read_bytes()
    reader = PdfReader(io.BytesIO(content))
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert "good.html, good.json" in text
    assert "Benjamini and Hochberg" in text
    assert "no column 'g'" in text
    assert list(reader.attachments) == ["index.json"]
    (tmp_path / "again").mkdir()
    again = made(tmp_path / "again", entry("good"), failed("bad"), formats=("pdf",))
    assert (again / "pdf").read_bytes() == content


def test_every_caution_has_its_short_label() -> None:
    kinds = {path.name.removesuffix(".html.j2") for path in (resource("templates") / "findings").iterdir()}
    source = "".join(path.read_text() for path in (PACKAGE / "findings").glob("*.py"))
    cautions = set(re.findall(r'"(\w+)",\s*"(?:caution|problem)"', source)) & kinds
    assert len(cautions) > 10
    assert cautions <= {key.removeprefix("caution.") for key in batch_labels()}


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_the_figure_bears_any_scale(size: float) -> None:
    wide = term(5 * size, 0.5, 1000 * size)
    lines = [entry(f"set{i}", 0.5) for i in range(20)]
    odd = replace(lines[0], line={**lines[0].line, "slopes": {"x": {"within": wide, "contextual": wide}}})
    assert index_context((odd, *lines[1:]), "")[1]["collection"].svg.startswith(b"<?xml")
