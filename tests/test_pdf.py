"""The PDF: silent, tagged, archivable, self-contained, the same bytes each time, with the result file inside."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import logging
import re
import shutil
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pypdf
import pytest
from pypdf import PdfReader
from situations import analysis, document
from weasyprint.urls import FatalURLFetchingError

from reportgen.presentation import pdf
from reportgen.presentation.attachments import attachments
from reportgen.presentation.drawings import Drawings
from reportgen.presentation.exports import result_file
from reportgen.presentation.html import render_page
from reportgen.presentation.pdf import PdfLibraryMissing, font_faces, pdf_of_page, printed_page


class Kept(logging.Handler):
    """Keeps what a logger says."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def evidence(situation: str) -> dict[str, str]:
    """The files that travel inside."""
    return attachments(analysis(situation), document(situation).result)


def made(situation: str) -> bytes:
    """The PDF."""
    found, files = document(situation), evidence(situation)
    return pdf_of_page(printed_page(found, files), files, found.date, Drawings.of(found.figures))


@cache
def rendered(situation: str) -> tuple[bytes, tuple[str, ...]]:
    """The PDF and what the renderer said."""
    kept = Kept()
    loggers = [logging.getLogger(name) for name in ("weasyprint", "fontTools")]
    for logger in loggers:
        logger.addHandler(kept)
    try:
        return made(situation), tuple(kept.lines)
    finally:
        for logger in loggers:
            logger.removeHandler(kept)


def reader(situation: str) -> PdfReader:
    return PdfReader(io.BytesIO(rendered(situation)[0]))


def text(situation: str) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader(situation).pages).split())


@pytest.mark.parametrize("situation", ["example", "several", "hostile"])
def test_the_renderer_says_nothing(situation: str) -> None:
    assert rendered(situation)[1] == ()


def test_the_text_can_be_read() -> None:
    found = text("example")
    assert "0.97277 × 0.2055 + 0.02723 × 12.4070 = 0.5377" in found
    assert "report 0.21: no pooling, Mundlak and within-between agree" in found


def test_it_says_what_it_is() -> None:
    found = reader("example")
    assert found.metadata is not None
    assert found.metadata.title == "testScore in 8 groups by mountainRange"
    root: Any = found.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfaid" in root["/Metadata"].get_data()


def structure(item: Any) -> Iterator[Any]:
    """Every structure element below one."""
    element = item.get_object()
    if isinstance(element, dict):
        yield element
        below = element.get("/K", [])
        for child in below if isinstance(below, list) else [below]:
            if not isinstance(child, int):
                yield from structure(child)


def test_white_space_between_blocks_is_of_no_consequence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SPACE_BETWEEN_BLOCKS", re.compile("(?!)"))
    assert made("hostile") == rendered("hostile")[0]


def test_it_has_an_identifier_of_its_own() -> None:
    """The first part stays with the program, the second goes with the contents (ISO 32000-1, 14.4)."""
    names, contents = zip(*(reader(situation).trailer["/ID"] for situation in ("example", "several")), strict=True)
    assert set(names) == {"reportgen"}
    assert len(set(contents)) == 2


def test_every_object_is_where_the_table_of_objects_says() -> None:
    found = pypdf.PdfReader(io.BytesIO(rendered("example")[0]), strict=True)
    size: Any = found.trailer["/Size"]
    assert all(found.get_object(number) is not None for number in range(1, size))


def test_header_cells_say_what_they_head() -> None:
    root: Any = reader("example").trailer["/Root"]
    cells = [element for element in structure(root["/StructTreeRoot"]) if element.get("/S") == "/TH"]
    scopes = {cell["/A"]["/Scope"] for cell in cells}
    assert scopes == {"/Column", "/Row"}
    assert len(root["/AF"]) == len(evidence("example"))


def test_it_claims_to_be_archivable_and_accessible() -> None:
    root: Any = reader("example").trailer["/Root"]
    packet = root["/Metadata"].get_object().get_data()
    tree = ElementTree.fromstring(packet[packet.index(b"<x:xmpmeta") : packet.rindex(b"</x:xmpmeta>") + 12])
    (descriptions,) = tree  # one RDF element, as XMP demands
    texts = {element.tag: element.text for element in descriptions.iter()}
    attributes = {key: value for element in descriptions.iter() for key, value in element.attrib.items()}
    assert texts["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
    assert texts["{http://www.aiim.org/pdfa/ns/schema#}prefix"] == "pdfuaid"
    assert attributes["{http://www.aiim.org/pdfa/ns/id/}part"] == "3"
    assert attributes["{http://www.aiim.org/pdfa/ns/id/}conformance"] == "A"


def test_links_say_where_they_lead() -> None:
    links = [
        link.get_object()
        for page in reader("example").pages
        for link in page.get("/Annots", [])
        if link.get_object()["/Subtype"] == "/Link"
    ]
    assert len(links) > 10
    assert all(link["/Contents"] for link in links)


needs_poppler = pytest.mark.skipif(
    shutil.which("pdfinfo") is None, reason="no Poppler here; to have these tests run: apt-get install poppler-utils"
)


def told(tool: str, folder: Path, *options: str) -> str:
    """What one of Poppler's tools says about the PDF."""
    file = folder / "example.pdf"
    file.write_bytes(rendered("example")[0])
    return subprocess.run([tool, *options, str(file)], capture_output=True, text=True, timeout=60, check=True).stdout


@needs_poppler
def test_another_reader_finds_it_tagged(tmp_path: Path) -> None:
    lines = [line.split() for line in told("pdfinfo", tmp_path).splitlines()]
    assert ["Tagged:", "yes"] in lines
    assert ["JavaScript:", "no"] in lines


@needs_poppler
def test_another_reader_finds_the_fonts_embedded(tmp_path: Path) -> None:
    rows = told("pdffonts", tmp_path).splitlines()[2:]
    assert rows
    assert {row.split()[-5] for row in rows} == {"yes"}  # embedded; then: subset, Unicode, object, generation


@needs_poppler
def test_another_reader_finds_the_attachments(tmp_path: Path) -> None:
    listed = told("pdfdetach", tmp_path, "-list")
    assert listed.startswith(f"{len(evidence('example'))} embedded files")
    assert all(name in listed for name in evidence("example"))


def test_pictures_have_words() -> None:
    root: Any = reader("example").trailer["/Root"]
    figures = [element for element in structure(root["/StructTreeRoot"]) if element.get("/S") == "/Figure"]
    assert len(figures) == len(document("example").figures)
    assert all(len(figure["/Alt"]) > 20 for figure in figures)


def test_bookmarks_lead_to_the_sections() -> None:
    titles: list[str] = []

    def walk(items: Sequence[object]) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item)
            else:
                titles.append(str(getattr(item, "title", "")))

    walk(reader("example").outline)
    for heading in ("Summary", "Why the slopes differ", "Provenance"):
        assert heading in titles


def test_contents_have_page_numbers() -> None:
    pages = reader("example").pages
    lines = [line for page in pages[:2] for line in page.extract_text().splitlines()]
    line = next(line for line in lines if "Why the slopes differ" in line and ". . ." in line)
    number = int(line.rstrip().rsplit(maxsplit=1)[-1].strip("."))
    assert "Why the slopes differ" in pages[number - 1].extract_text()


def test_the_result_file_travels_inside() -> None:
    attached = reader("example").attachments
    assert set(attached) == set(evidence("example"))
    assert attached["results.json"][0].decode() == result_file(analysis("example"))
    assert json.loads(attached["results.json"][0])["schema"] == "reportgen.results/1"


def test_every_font_is_embedded_and_ours() -> None:
    names = set()
    for page in reader("example").pages:
        resources: Any = page["/Resources"]
        for font in (resources.get("/Font") or {}).values():
            entry = font.get_object()["/DescendantFonts"][0].get_object()
            names.add(entry["/BaseFont"].split("+")[-1])
            assert "/FontFile2" in entry["/FontDescriptor"] or "/FontFile3" in entry["/FontDescriptor"]
    assert names
    assert all("Report" in name or "DejaVu" in name for name in names)


def test_same_document_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = hashlib.sha256(rendered("two_levels")[0]).hexdigest()
    assert hashlib.sha256(made("two_levels")).hexdigest() == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    dated = made("two_levels")
    assert hashlib.sha256(dated).hexdigest() != first
    assert b"2023" in dated


@pytest.mark.parametrize("source", ["file:///etc/hostname", "http://127.0.0.1:9/x.png", "reportgen-font:../secret"])
def test_a_page_reaches_nothing_outside_itself(source: str) -> None:
    page = f'<html lang="en"><title>t</title><style>{font_faces()}</style><img src="{source}" alt="a"><p>text</p></html>'
    with pytest.raises(FatalURLFetchingError):
        pdf_of_page(page, {})


def test_a_figure_drawn_after_the_layout_is_the_one_put_in_its_place() -> None:
    red = b'<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"><path d="M0 0h72v36z" fill="#ff0000"/></svg>'
    page = '<html lang="en"><title>t</title><img src="reportgen-figure:a" alt="a"><p>text</p></html>'
    sizes = {"a": (1.0, 0.5), "unused": (1.0, 1.0)}
    later = pdf_of_page(page, {}, drawings=Drawings(sizes, lambda: dict.fromkeys(sizes, red)))
    assert later == pdf_of_page(page.replace("reportgen-figure:a", f"data:image/svg+xml;base64,{b64encode(red).decode()}"), {})
    assert later != pdf_of_page(page, {}, drawings=Drawings(sizes, dict))


@pytest.mark.parametrize("source", ["", '<img src="file:///no" alt="a">'])
def test_no_temporary_file_is_left_when_memory_is_not_tidied_up(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[list[Path]] = []
    monkeypatch.setattr(pdf, "declare_accessible", lambda _metadata: seen.append(list(tmp_path.iterdir())))
    style = f'{font_faces()} p {{ font-family: "Report Sans" }}'
    page = f'<html lang="en"><title>t</title><style>{style}</style><p>t</p>{source}</html>'
    gc.disable()
    try:
        with suppress(FatalURLFetchingError):
            pdf_of_page(page, {})
    finally:
        gc.enable()
    assert bool(seen) == (not source)
    assert all(seen)
    assert list(tmp_path.iterdir()) == []


def test_a_relative_address_leads_nowhere() -> None:
    written = pdf_of_page('<html lang="en"><title>t</title><img src="x.png" alt="a"><p>text</p></html>', {})
    assert b"/Image" not in written


def test_hostile_labels_are_printed_as_text() -> None:
    found = text("hostile")
    assert "<script>alert('x')</script>" in found
    assert "□" in found
    assert "no font are drawn as □" in found


def test_a_missing_system_library_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> object:
        raise OSError(f"cannot load library 'libpango' for {name}")

    monkeypatch.setattr(pdf, "import_module", broken)
    with pytest.raises(PdfLibraryMissing) as caught:
        made("two_levels")
    assert caught.value.exit_code == 3
    assert "apt-get install libpangoft2-1.0-0 libharfbuzz-subset0" in str(caught.value)


@pytest.mark.skipif(int(pypdf.__version__.split(".")[0]) < 7, reason="it loses the place of texts in drawings")
def test_tables_fit_the_page() -> None:
    """No text of a page lies beyond its right margin."""
    for situation in ("example", "several", "random_slopes"):
        for page in reader(situation).pages:
            width = float(page.mediabox.width)
            places: list[float] = []

            def visit(
                text: str, cm: list[float], tm: list[float], _font: object, _size: float, places: list[float] = places
            ) -> None:
                if text.strip():
                    places.append(float(cm[0] * tm[4] + cm[4]))

            page.extract_text(visitor_text=visit)
            assert max(places, default=0.0) < width - 40, situation


def test_the_print_page_is_the_screen_page_with_other_styles() -> None:
    page = render_page(document("two_levels"), "print", font_faces())
    assert "@font-face" in page
    assert "Content-Security-Policy" not in page
