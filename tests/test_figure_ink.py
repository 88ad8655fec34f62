"""Figures in the PDF: drawn from their outlines and texts in one piece, looking as the renderer would draw them."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from PIL import Image, ImageChops
from pypdf import PdfReader
from pypdf.generic import DictionaryObject
from situations import document

from reportgen.presentation import figure_ink
from reportgen.presentation.drawings import Drawings, address
from reportgen.presentation.figure_ink import RULES, Ink, NotUnderstood, Outline, Words
from reportgen.presentation.figures.style import Figure, points
from reportgen.presentation.pdf import font_faces, pdf_of_page

PAGE = '<html lang="en"><head><title>Figures</title><style>{}</style></head><body>{}</body></html>'
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 50">'
needs_poppler = pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="no Poppler here; to have this test run: apt-get install poppler-utils"
)


def ink(content: str) -> Ink:
    return Ink.of(f"{HEAD}{content}</svg>".encode())


def outlines(found: Ink) -> list[Outline]:
    return [step for step in found.steps if isinstance(step, Outline)]


def page_of(figures: dict[str, Figure]) -> bytes:
    """A PDF that shows the figures."""
    shown = "".join(f'<p><img src="{address(name)}" alt="a figure" style="width: 100%"></p>' for name in figures)
    return pdf_of_page(PAGE.format(font_faces(), shown), {}, drawings=Drawings.of(figures))


def pictures(content: bytes, folder: Path) -> list[Image.Image]:
    """The pages of a PDF as grey pictures."""
    folder.mkdir()
    (folder / "page.pdf").write_bytes(content)
    subprocess.run(["pdftoppm", "-r", "80", "-gray", str(folder / "page.pdf"), str(folder / "page")], check=True)
    return [Image.open(path) for path in sorted(folder.glob("page*.pgm"))]


@pytest.mark.parametrize("situation", ["example", "several", "factor"])
def test_every_figure_of_a_report_is_understood(situation: str) -> None:
    for figure in document(situation).figures.values():
        steps = Ink.of(figure.svg).steps
        texts = re.findall(r">([^<]+)</text>", figure.svg.decode())
        assert len([step for step in steps if isinstance(step, Words)]) == len(texts) > 0
        assert any(isinstance(step, Outline) for step in steps)


@needs_poppler
def test_they_look_as_the_renderer_draws_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = dict(document("example").figures)
    own = pictures(page_of(figures), tmp_path / "own")

    def left_to_the_renderer(_svg: bytes) -> Ink:
        raise NotUnderstood

    monkeypatch.setattr(figure_ink.Ink, "of", left_to_the_renderer)
    renderers = pictures(page_of(figures), tmp_path / "renderers")
    assert len(own) == len(renderers) > 1
    for one, other in zip(own, renderers, strict=True):
        histogram = ImageChops.difference(one, other).histogram()
        assert sum(histogram[100:]) < 0.0005 * sum(histogram)  # letters that stand a fraction of a pixel aside
        assert sum(one.histogram()[:128]) > 0.003 * sum(histogram)


@pytest.mark.parametrize("label", ["Rätsel & Größe of the <b>data</b>", "e\u0301\u0302x", "שלום עולם", "مرحبا"])
def test_a_text_is_written_in_one_piece(label: str) -> None:
    """Letters that join, stand on each other or run to the left are those of a word, not single ones."""

    def paint(canvas: Canvas) -> None:
        canvas.add_subplot().set_ylabel(label)

    pages = PdfReader(io.BytesIO(page_of({"test": Figure("test", {}, 2.0, paint)}))).pages
    assert label in pages[0].extract_text()
    resources = pages[0]["/Resources"]
    assert isinstance(resources, DictionaryObject)
    assert not resources.get("/XObject")  # no group for where a text is anchored


def test_many_points_are_left_to_the_renderer() -> None:
    x, y = np.random.Generator(np.random.PCG64(1)).normal(size=(2, 1500))
    figure = Figure("test", {}, 2.0, lambda canvas: points(canvas.add_subplot(), x, y))
    with pytest.raises(NotUnderstood, match="image"):
        Ink.of(figure.svg)
    assert PdfReader(io.BytesIO(page_of({"test": figure}))).pages[0].images


def test_outlines_become_operators() -> None:
    found = outlines(ink('<path d="M1 2L3 4.5C1 2 3 4 5 6zM7 8h0" style="fill: none; stroke: #ff0000; stroke-width: 2"/>'))
    assert found[0].path == b"1 2 m 3 4.5 l 1 2 3 4 5 6 c h 7 8 m 7 8 l"
    assert found[0].pen == figure_ink.Pen(b"1 0 0 RG 2 w", b"S", 1.0, 1.0)


def test_a_quadratic_curve_becomes_the_cubic_one_that_it_is() -> None:
    assert outlines(ink('<path d="M0 0Q3 6 6 0"/>'))[0].path == b"0 0 m 2.0000 4.0000 4.0000 4.0000 6.0000 0.0000 c"


@pytest.mark.parametrize(
    ("style", "behind", "area", "line"),
    [
        ("", b"f", 1.0, 1.0),
        ("fill: #000080; stroke: #000080", b"B", 1.0, 1.0),
        ("fill: #000080; opacity: 0.25", b"f", 0.25, 0.25),
        ("fill: none; stroke: #000080; stroke-opacity: 0.5", b"S", 1.0, 0.5),
        ("fill-opacity: 0; stroke: #000080", b"S", 0.0, 1.0),
        ("fill: none", b"n", 1.0, 1.0),
    ],
)
def test_pens(style: str, behind: bytes, area: float, line: float) -> None:
    pen = outlines(ink(f'<path d="M0 0L1 1" style="{style}"/>'))[0].pen
    assert (pen.behind, pen.area, pen.line) == (behind, area, line)


def test_lines_have_dashes_ends_and_corners() -> None:
    dashes = "stroke-dasharray: 6,3; stroke-dashoffset: 1; stroke-linecap: square; stroke-linejoin: miter"
    assert (
        outlines(ink(f'<path d="M0 0L1 1" style="fill: none; stroke: #000000; {dashes}"/>'))[0].pen.before
        == b"0 0 0 RG 1 w [6 3] 1 d 2 J 0 j"
    )


def test_a_mark_says_itself_what_the_place_does_not_overrule() -> None:
    mark = '<defs><path id="m1" d="M0 0L0 3" style="stroke: #00ff00"/></defs>'
    found = ink(f'{mark}<use xlink:href="#m1" x="5" y="6" style="fill: none; stroke: #ff0000; stroke-width: 3"/>')
    assert found.steps[1:3] == (b"q", b"1 0 0 1 5 6 cm")
    assert outlines(found)[0] == Outline(figure_ink.Pen(b"0 1 0 RG 3 w", b"S", 1.0, 1.0), b"0 0 m 0 3 l")


def test_what_is_clipped_is_clipped_alone() -> None:
    clip = '<defs><clipPath id="c1"><rect x="1" y="2" width="3" height="4"/></clipPath></defs>'
    found = ink(f'{clip}<g clip-path="url(#c1)"><path d="M0 0L1 1"/></g><path d="M5 5L6 6"/>')
    assert found.steps[1:3] == (b"q", b"1 2 3 4 re W n")
    assert found.steps[4] == b"Q"
    assert len(found.steps) == 6


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ('x="3" y="4"', (3.0, 4.0)),
        ('transform="translate(9 20) rotate(-90)"', (9.0, 20.0)),
        ('x="3" y="4" transform="rotate(-90 3 4)"', (3.0, 4.0)),
        ('x="3" y="4" transform="rotate(-90 1 2)"', (3.0, 0.0)),
    ],
)
def test_texts_have_a_place_and_a_direction(place: str, expected: tuple[float, float]) -> None:
    text = ink(f'<text {place} style="font-size: 8px; text-anchor: end; fill: #ffffff">a  b </text>').steps[1]
    assert text == Words("a b", 8.0, 400, 1.0, b"1 1 1", expected, "transform" in place)


@pytest.mark.parametrize(
    "content",
    [
        "<circle/>",
        "<text><tspan>a</tspan></text>",
        "<text>a</text>",
        '<text style="font-size: 8px; letter-spacing: 2px">a</text>',
        '<text style="font-size: 8px" transform="rotate(-45)">a</text>',
        '<path d="M0 0A1 1"/>',
        '<path d="M0 0L1 1" style="fill: red"/>',
        '<path d="M0 0L1 1" transform="scale(2)"/>',
        '<path d="M0 0L1 1" style="fill: #000000; stroke: #000000; opacity: 0.5"/>',
        '<path d="M0 0L1 1" style="fill: none; mix-blend-mode: multiply"/>',
        '<defs><clipPath id="c"><path d="M0 0"/></clipPath></defs>',
        "<defs><style>path{fill: none}</style></defs>",
    ],
)
def test_what_says_more_is_left_to_the_renderer(content: str) -> None:
    with pytest.raises(NotUnderstood):
        ink(content)


def test_a_drawing_without_measures_is_left_to_the_renderer() -> None:
    with pytest.raises(NotUnderstood):
        Ink.of(b'<svg xmlns="http://www.w3.org/2000/svg" width="10pt" height="10pt"/>')


def test_the_rules_are_those_that_all_drawings_begin_with() -> None:
    def paint(canvas: Canvas) -> None:
        canvas.add_subplot()

    assert f"{RULES}</style>" in Figure("test", {}, 1.0, paint).svg.decode()
