"""Text from data is never markup: hostile names, labels, titles and file names change no structure of any output."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zipfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import mkdtemp
from xml.etree import ElementTree

import openpyxl
import pytest
from hostile import LABELS_ONLY, PLAIN, TEXTS, command
from pypdf import PdfReader

from reportgen.cli import main
from reportgen.presentation.rendering import FORMATS

QUICK = tuple(name for name in FORMATS if name not in ("pdf", "docx", "xlsx", "md"))
SLOW = tuple(name for name in FORMATS if name in ("docx", "xlsx", "md"))
OFFICE = (
    *("script", "end of a table", "doctype", "latex", "spreadsheet", "spreadsheet call", "minus"),
    *("right to left", "private", "control", "long"),
)
CAUTIONED = ("none", "not a number", "blank")  # as labels they look like missing values, which the report says
CASES = {
    **{name: (text, PLAIN if name in CAUTIONED else text) for name, text in TEXTS.items()},
    **{name: (PLAIN, text) for name, text in LABELS_ONLY.items()},
}
UNSEEN = ("right to left", "private", "blank", "blanks", "emoji")  # not shown character by character
XLINK = "{http://www.w3.org/1999/xlink}href"


@cache
def folder() -> Path:
    return Path(mkdtemp(prefix="hostile-"))


@cache
def outputs(case: str) -> dict[str, bytes]:
    """Every format but PDF for a case, by its ending."""
    name, label = CASES.get(case, (PLAIN, PLAIN))
    place = folder() / case.replace(" ", "-")
    formats = (*QUICK, *SLOW) if case in (*OFFICE, "plain") else QUICK
    assert main(command(place, name, label, formats)) == 0
    return {path.name.partition(".")[2]: path.read_bytes() for path in (place / "out").iterdir()}


class Page(HTMLParser):
    """Tags with the names of their attributes in order, links and images, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str]] = []
        self.others: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.values += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


@cache
def page(case: str) -> Page:
    return Page(outputs(case)["html"].decode())


@pytest.mark.parametrize("case", CASES)
def test_the_page_has_the_structure_of_a_harmless_one(case: str) -> None:
    found, plain = page(case), page("plain")
    assert found.tags == plain.tags
    assert found.others == plain.others == ["DOCTYPE html"]
    assert not any(name.startswith("on") or name in ("srcdoc", "action", "formaction") for name, _ in found.values)
    links = [value for name, value in found.values if name == "href"]
    assert links == [value for name, value in plain.values if name == "href"]
    assert all(value.startswith("#") for value in links)
    sources = [value for name, value in found.values if name == "src"]
    assert all(value.startswith("data:image/svg+xml;base64,") for value in sources)
    ids = [value for name, value in found.values if name == "id"]
    assert len(set(ids)) == len(ids)
    assert not {tag for tag, _ in found.tags} & {"script", "iframe", "object", "embed", "base", "form", "input"}


@pytest.mark.parametrize("case", CASES)
def test_the_style_sheet_holds_nothing_of_the_data(case: str) -> None:
    styles, plain = (re.findall(r"<style>(.*?)</style>", outputs(name)["html"].decode(), re.DOTALL) for name in (case, "plain"))
    assert styles == plain
    assert [value for name, value in page(case).values if name == "style"] == []


@pytest.mark.parametrize("case", CASES)
def test_drawings_are_shapes_and_plain_text_only(case: str) -> None:
    drawings = [value for name, value in page(case).values if name == "src"]
    assert drawings
    for uri in drawings:
        root = ElementTree.fromstring(base64.b64decode(uri.partition(",")[2]))
        tags = {element.tag.rpartition("}")[2] for element in root.iter() if isinstance(element.tag, str)}
        assert tags <= {"svg", "g", "path", "defs", "use", "clipPath", "rect", "style", "image", "text"}
        for element in root.iter():
            assert not (element.tag.endswith("text") and len(element))
            assert not any(name.startswith("on") for name in element.attrib)
            link = element.attrib.get(XLINK, "#") or "#"
            assert link.startswith(("#", "data:image/png;base64,"))


@pytest.mark.parametrize("case", [name for name in TEXTS if name not in UNSEEN])
def test_the_page_shows_the_text_as_it_is(case: str) -> None:
    shown = " ".join(page(case).text.split())
    assert " ".join(CASES[case][0].split())[:24] in shown
    assert all(character.isprintable() for character in shown)


@pytest.mark.parametrize("case", CASES)
def test_no_output_for_readers_has_control_or_direction_characters(case: str) -> None:
    for ending in {"html", "md", "tex"} & set(outputs(case)):
        text = outputs(case)[ending].decode()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)


@pytest.mark.parametrize("case", CASES)
def test_the_result_file_has_the_texts_exactly(case: str) -> None:
    name, label = CASES[case]
    found = json.loads(outputs(case)["json"])
    assert found["formula"]["response"] == f"y {name}"
    assert found["formula"]["group"] == f"g {name}"
    assert found["columns"][0]["column"] in (name, f"`{name}`")
    assert label in found["variants"]["random_intercept"]["random_effects"]
    plain = json.loads(outputs("plain")["json"])
    for key in ("within", "pooled", "random_intercept"):
        assert found["slopes"][0][key] == pytest.approx(plain["slopes"][0][key], rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_no_cell_for_a_spreadsheet_is_a_formula(case: str) -> None:
    for ending in ("tidy.csv", "glance.csv", "augment.csv"):
        rows, plain = (list(csv.reader(io.StringIO(outputs(name)[ending].decode()))) for name in (case, "plain"))
        assert [len(row) for row in rows] == [len(row) for row in plain]
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or re.fullmatch(r"-[0-9.]+(e[+-]?[0-9]+)?", cell)


@pytest.mark.parametrize("case", OFFICE)
def test_the_workbook_holds_values_only(case: str) -> None:
    books = [openpyxl.load_workbook(io.BytesIO(outputs(name)["xlsx"])) for name in (case, "plain")]
    shapes = [[(sheet.title, sheet.max_row, sheet.max_column) for sheet in book] for book in books]
    assert shapes[0] == shapes[1]
    for cell in (cell for sheet in books[0] for row in sheet.iter_rows() for cell in row):
        assert cell.data_type != "f"
        assert cell.hyperlink is None
        assert not (isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@", "\t", "\r")))
    for book in books:
        book.close()


@pytest.mark.parametrize("case", OFFICE)
def test_the_word_document_has_the_parts_and_elements_of_a_harmless_one(case: str) -> None:
    elements = []
    for name in (case, "plain"):
        with zipfile.ZipFile(io.BytesIO(outputs(name)["docx"])) as package:
            assert package.testzip() is None
            parts = {part: package.read(part) for part in package.namelist()}
        assert not any(b'TargetMode="External"' in content for part, content in parts.items() if part.endswith(".rels"))
        body = ElementTree.fromstring(parts["word/document.xml"])
        elements.append((sorted(parts), {element.tag for element in body.iter()}))
        assert not any("instrText" in element.tag or "fldSimple" in element.tag for element in body.iter())
    assert elements[0] == elements[1]


@pytest.mark.parametrize("case", CASES)
def test_latex_has_the_commands_of_a_harmless_table(case: str) -> None:
    commands = [
        set(re.findall(r"\\(?:[A-Za-z]+|.)", re.sub(r"%.*", "", outputs(name)["tex"].decode()))) for name in (case, "plain")
    ]
    ours = {f"\\{mark}" for mark in "%&_#{}$\\"} | {"\\textbackslash", "\\textasciitilde", "\\textasciicircum", "\\textbar"}
    ours |= {"\\textless", "\\textgreater", "\\textquotedbl", "\\textasciigrave", "\\textquotesingle"}
    assert commands[0] - ours <= commands[1]


@pytest.mark.parametrize("case", OFFICE)
def test_markdown_has_no_markup_of_the_data(case: str) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", outputs(case)["md"].decode(), flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<\s*(script|img|svg|link|style|h1|!--|!DOCTYPE)", text, re.IGNORECASE)
    assert not re.search(r"(?<!\\)\]\((?!#|data:)", text)
    headings = [len(re.findall(r"^#+ ", outputs(name)["md"].decode(), re.MULTILINE)) for name in (case, "plain")]
    assert headings[0] == headings[1]


def test_file_names_are_text_too(tmp_path: Path) -> None:
    for text in (
        "<script>alert(1)</script>",
        "$(touch MARKER)",
        "=1+1",
        "a\nb",
        "\u202egnp",
        "x" * 200,
        "-rf",
        "a'b\"c",
        "...",
    ):
        name = text.replace("/", "\u2044") + ".parquet"
        place = tmp_path / str(len(list(tmp_path.iterdir())))
        assert main(command(place, PLAIN, PLAIN, ("html", "json"), name)) == 0
        written = sorted(path.name for path in (place / "out").iterdir())
        assert len(written) == 2
        assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,80}", name) and not name.startswith((".", "-")) for name in written)
        (made,) = (place / "out").glob("*.html")
        assert Page(made.read_text()).tags == page("plain").tags
    assert not list(tmp_path.glob("**/MARKER"))


@cache
def pdf(case: str) -> PdfReader:
    name, label = CASES.get(case, (PLAIN, PLAIN))
    place = folder() / f"{case}-pdf"
    assert main(command(place, name, label, ("pdf",))) == 0
    (made,) = (place / "out").glob("*.pdf")
    return PdfReader(made)


@pytest.mark.parametrize("case", ["script", "url", "right to left", "long"])
def test_the_pdf_has_the_parts_of_a_harmless_one(case: str) -> None:
    readers = [pdf(case), pdf("plain")]
    roots = [sorted(reader.root_object) for reader in readers]
    assert roots[0] == roots[1]
    assert not {"/OpenAction", "/AA", "/AcroForm"} & set(roots[0])
    for reader in readers:
        for part in reader.pages:
            for note in part.get("/Annots") or ():
                action = note.get_object().get("/A")
                assert action is None or "/URI" not in action.get_object()
                assert action is None or action.get_object()["/S"] == "/GoTo"
            assert "/AA" not in part
    text = "".join(part.extract_text() for part in readers[0].pages)
    assert re.search(re.escape(CASES[case][1].split()[0][:6]), text) or case == "right to left"
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
