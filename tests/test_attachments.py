"""What travels inside the PDF, what the page says about it, and the choices of how a report looks."""

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
from pathlib import Path

import pytest
from audit import surroundings
from PIL import Image, PngImagePlugin
from pypdf import PdfReader
from situations import SITUATIONS, analysis

from reportgen import analyze
from reportgen.errors import OptionConflict, OptionError
from reportgen.presentation.attachments import attachments, digest
from reportgen.presentation.document import build_document
from reportgen.presentation.exports import result_file
from reportgen.presentation.html import render_html, render_page
from reportgen.presentation.material import Material
from reportgen.presentation.options import (
    LOGO_HEIGHT,
    MAX_LOGO_BYTES,
    Presentation,
    checked_date,
    checked_p_style,
    read_logo,
)
from reportgen.presentation.references import bibtex, references, works_cited
from reportgen.presentation.rendering import WRITERS
from reportgen.presentation.separated import restored

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "dragons" / "dragons.csv"
FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"
NAMES = ["results.json", "tidy.csv", "glance.csv", "groups.csv", "references.bib", "data.csv", "datapackage.json"]


@cache
def files(situation: str) -> dict[str, str]:
    return attachments(analysis(situation), result_file(analysis(situation)))


@cache
def pdf() -> PdfReader:
    presentation = Presentation("A <b>title</b>", "A. Author", "2026-02-03")
    return PdfReader(io.BytesIO(WRITERS["pdf"](Material(analysis("example"), presentation))))


def words(given: dict[str, str], presentation: Presentation) -> str:
    """Text of the printed page with these files attached."""
    attached = {name: digest(text) for name, text in given.items()}
    page = render_page(build_document(analysis("example"), presentation), "print", attached=attached)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page[page.index("<body") :])).split())


@pytest.mark.parametrize("situation", ["example", *SITUATIONS])
def test_the_list_describes_every_file(situation: str) -> None:
    given = files(situation)
    assert list(given) == NAMES
    package = json.loads(given["datapackage.json"])
    assert [entry["path"] for entry in package["resources"]] == NAMES[:-1]
    for entry in package["resources"]:
        assert entry["bytes"] == len(given[entry["path"]].encode())
        assert re.fullmatch(r"[a-z0-9._-]+", entry["name"])
        if entry["format"] != "csv":
            continue
        rows = list(csv.reader(io.StringIO(given[entry["path"]], newline="")))
        described = entry["schema"]["fields"]
        assert rows[0] == [field["name"] for field in described]
        for row in rows[1:]:
            assert len(row) == len(described)
            for cell, field in zip(row, described, strict=True):
                if cell and field["type"] == "number":
                    float(cell)
                if cell and field["type"] == "integer":
                    int(cell)
                if "categories" in field:
                    assert restored(cell) in field["categories"]


def test_the_table_of_groups() -> None:
    rows = list(csv.DictReader(io.StringIO(files("several")["groups.csv"])))
    found = analysis("several")
    assert [row["group"] for row in rows] == list(found.groups)
    assert sum(int(row["rows"]) for row in rows) == found.sample.n_obs
    assert list(rows[0])[2:] == ["mean(y)", "mean(x)", "mean(z)", "mean(w)", "effect", "std.error", "kept"]
    for row in rows:
        assert 0 < float(row["kept"]) < 1


def test_the_data_are_the_rows_used() -> None:
    rows = list(csv.DictReader(io.StringIO(files("missing")["data.csv"])))
    assert len(rows) == 75
    assert set(rows[0]) == {"y", "x", "z", "g"}
    assert all(cell for row in rows for cell in row.values())


def test_the_references_are_those_of_the_page() -> None:
    text = bibtex(analysis("example"))
    page = render_html(Material(analysis("example")).document)
    assert text.count("@article{") == len(works_cited(analysis("example"))) == page.count("doi:10.")
    keys = re.findall(r"@article\{(\w+),", text)
    assert len(set(keys)) == len(keys)
    for entry in text.split("@article")[1:]:
        assert entry.count("{") == entry.count("}")
        assert re.search(r"author = \{[^{}]+\}", entry)
    for reference in works_cited(analysis("example")):
        assert reference["doi"] in page
        assert reference["authors"][0].split(",")[0] in page
    assert r"Quality \& Quantity" in text


def test_the_page_says_what_is_attached() -> None:
    found = words(files("example"), Presentation())
    for name in NAMES:
        assert f" {name} " in found
    assert "reportgen verify with this document reads them out" in " ".join(found.split())
    assert digest(files("example")["datapackage.json"]) in found
    assert "Attachments" not in words({}, Presentation())


def test_without_the_data_the_page_says_so() -> None:
    given = attachments(analysis("example"), result_file(analysis("example")), attach_data=False)
    assert "data.csv" not in given
    assert "The analysed data were left out on request" in words(given, Presentation(attach_data=False))
    assert "have more than 200 000 rows" in words(given, Presentation()).replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert data_csv_line() not in "".join(given.values())


def data_csv_line() -> str:
    return files("example")["data.csv"].splitlines()[1]


def test_the_pdf_has_title_author_and_date() -> None:
    reader = pdf()
    first = " ".join(reader.pages[0].extract_text().split())
    assert "A <b>title</b>" in first
    assert "A. Author, 2026-02-03" in first
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("A <b>title</b>", "A. Author")
    assert sorted(reader.attachments) == sorted(NAMES)
    assert {name: contents[0].decode() for name, contents in reader.attachments.items()} == files("example")
    names = reader.trailer["/Root"]["/Names"]["/EmbeddedFiles"]["/Names"]  # type: ignore[index]
    for place in range(1, len(names), 2):
        dates = names[place].get_object()["/EF"]["/F"].get_object()["/Params"]
        assert str(dates["/CreationDate"]).startswith("D:20260203")
        assert str(dates["/ModDate"]).startswith("D:20260203")


def made_elsewhere(folder: Path, seed: str, zone: str) -> bytes:
    folder.mkdir()
    environment = {**os.environ, **surroundings(ROOT), "PYTHONHASHSEED": seed, "TZ": zone, "SOURCE_DATE_EPOCH": "1700000000"}
    command = [sys.executable, "-m", "reportgen", "render", str(EXAMPLE), FORMULA, "--quiet", "--format", "pdf", "html"]
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=120)
    return (folder / "dragons.pdf").read_bytes() + (folder / "dragons.html").read_bytes()


@pytest.mark.slow
def test_same_bytes_in_another_process(tmp_path: Path) -> None:
    first = made_elsewhere(tmp_path / "a", "1", "Asia/Tokyo")
    second = made_elsewhere(tmp_path / "b", "2", "America/Lima")
    assert first == second
    assert str(tmp_path).encode() not in first


def picture(folder: Path, kind: str, size: tuple[int, int] = (900, 600)) -> Path:
    path = folder / "logo.bin"  # the name says nothing
    information = PngImagePlugin.PngInfo()
    information.add_text("Comment", "taken at a secret place")
    image = Image.new("RGB", size, (0, 114, 178))
    image.save(path, kind, **({"pnginfo": information} if kind == "PNG" else {"comment": b"taken at a secret place"}))
    return path


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_logo_is_drawn_anew(kind: str, tmp_path: Path) -> None:
    path = picture(tmp_path, kind)
    assert b"secret place" in path.read_bytes()
    logo = read_logo(str(path))
    assert b"secret place" not in logo.png
    with Image.open(io.BytesIO(logo.png)) as image:
        assert image.format == "PNG"
        assert image.height == LOGO_HEIGHT
    page = render_html(Material(analysis("example"), Presentation(logo=logo)).document)
    assert f'<img class="logo" src="{logo.uri}" alt="Logo">' in page
    assert read_logo("").uri == ""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "is an SVG image"),
        (b"GIF89a", "is neither PNG nor JPEG"),
        (b"", "is neither PNG nor JPEG"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 40, "is damaged"),
        (b"\xff\xd8\xff" + b"0" * 40, "is damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * MAX_LOGO_BYTES, "is too large"),
    ],
)
def test_what_is_no_logo(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(content)
    with pytest.raises(OptionConflict, match=reason):
        read_logo(str(path))


def test_a_huge_or_missing_logo(tmp_path: Path) -> None:
    with pytest.raises(OptionConflict, match="too many pixels"):
        read_logo(str(picture(tmp_path, "PNG", (5000, 4000))))
    with pytest.raises(OptionConflict, match="cannot be read"):
        read_logo(str(tmp_path / "none.png"))


def test_a_pipe_for_a_logo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logo.png")
    with pytest.raises(OptionConflict, match="is a pipe"):
        read_logo(str(tmp_path / "logo.png"))


@pytest.mark.parametrize("date", ["2026-2-3", "20260203", "2026-13-01", "yesterday", "1960-01-01", "2026-W01-1"])
def test_what_is_no_date(date: str) -> None:
    with pytest.raises(OptionConflict, match="is not a date"):
        checked_date(date)


def test_choices_by_name() -> None:
    assert checked_date("2026-02-03") == "2026-02-03"
    assert checked_date("") == ""
    assert checked_p_style("ama") == "ama"
    with pytest.raises(OptionError, match="did you mean 'plain'"):
        checked_p_style("plane")


def test_a_wrong_epoch_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(OptionConflict, match="is not a time"):
        WRITERS["xlsx"](Material(analysis("example")))


def test_the_library_presents(tmp_path: Path) -> None:
    found = analyze(FORMULA, EXAMPLE)
    other = found.presented(title="Dragons", author="A. B.", p_style="plain", logo=picture(tmp_path, "PNG"))
    page = other.to_html()
    assert "<h1>Dragons</h1>" in page
    assert "p = 0.124" in page
    assert 'class="logo"' in page
    assert "Dragons" not in found.to_html()
    again = other.presented(date="2026-02-03")
    assert (again.presentation.title, again.presentation.logo) == ("Dragons", other.presentation.logo)
    with pytest.raises(OptionConflict):
        found.presented(date="soon")
    assert other.to_markdown().startswith("Why the slopes differ\n\n# Dragons\n")
    assert "\\begin{tabular}" in other.to_latex(tmp_path / "t.tex")
    assert (tmp_path / "t.tex").read_text(encoding="utf-8") == other.to_latex()
    assert other.to_docx()[:2] == other.to_xlsx()[:2] == b"PK"
    glance = found.glance()
    assert glance.loc[glance.variant == "mundlak", "nobs"].item() == 480


def test_data_are_written_with_all_their_digits() -> None:
    assert data_csv_line() == EXAMPLE.read_text(encoding="utf-8").splitlines()[1]


@pytest.mark.parametrize("situation", ["example", *SITUATIONS])
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_works_in_the_list_are_those_cited(situation: str, language: str) -> None:
    page = html.unescape(render_html(Material(analysis(situation), Presentation(lang=language)).document))
    listed = re.findall(r"doi:(10\.\S+?)</li>", page)
    text = " ".join(re.sub(r"<ul class=\"references\".*?</ul>", " ", page, flags=re.DOTALL).split())
    cited = [
        work["doi"]
        for work in references()
        if re.search(rf"\b{work['authors'][0].split(',')[0]}\b[^;)]{{0,40}}\b{work['year']}\b", text)
    ]
    assert listed == cited


def test_the_test_of_spreads_is_cited_where_a_factor_of_the_groups_is() -> None:
    keys = {situation: [work["key"] for work in works_cited(analysis(situation))] for situation in ("example", "trial")}
    assert "box1953" not in keys["example"]
    assert "box1953" in keys["trial"]
