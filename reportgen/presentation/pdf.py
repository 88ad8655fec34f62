"""From a document to a PDF: the place that knows the PDF renderer; its figures are put on the pages by ``figure_ink.py``."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from reportgen.errors import OutputError
from reportgen.presentation.conformance import declare_accessible, mend
from reportgen.presentation.drawings import NOTHING_DRAWN, SCHEME, Drawings, address
from reportgen.presentation.figure_ink import Drawing, Ink, NotUnderstood
from reportgen.presentation.library_search import by_name_only
from reportgen.presentation.moment import creation_date
from reportgen.presentation.pdf_objects import settle

if TYPE_CHECKING:
    from types import ModuleType

    from reportgen.presentation.document import Document

VARIANT = "pdf/a-3a"  # archivable, tagged, attachments allowed
FONT_SCHEME = "reportgen-font"
MAIN_FONT = "DejaVuSans.ttf"
BOX = "\N{WHITE SQUARE}"
LATIN_END = 0x024F
FACES: Mapping[str, tuple[str, str, str]] = {
    "DejaVuSans.ttf": ("Report Sans", "400", "normal"),
    "DejaVuSans-Bold.ttf": ("Report Sans", "700", "normal"),
    "DejaVuSans-Oblique.ttf": ("Report Sans", "400", "italic"),
    "DejaVuSansMono.ttf": ("Report Mono", "400", "normal"),
}
"""Font files that ship with the plotting library: family, weight, style."""
SPACE_BETWEEN_BLOCKS = re.compile(r"(?<=>)\s+(?=</?(?:col|dd|div|dl|dt|h[23]|li|p|section|table|tbody|td|th|thead|tr|ul)[ >])")
"""White space that the PDF library would read, make boxes of and throw away."""
C_TYPES = (
    "PangoFcFontMap *",
    "FcChar8 **",
    "char[]",
    "PangoRectangle *",
    "PangoLogAttr[]",
    "unsigned int *",
    "hb_tag_t[100]",
    "char[4]",
)
"""Types that every document needs."""


class PdfLibraryMissing(OutputError):
    """A system library without which no PDF can be written is not there (exit code 3)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"no PDF can be written here: {self.why.splitlines()[0] if self.why else 'a system library is missing'}; "
            "to mend it: apt-get install libpangoft2-1.0-0 libharfbuzz-subset0"
        )


def printed_page(document: Document, attachments: Mapping[str, str]) -> str:
    """The page that becomes the PDF; its figures are named and not yet drawn.

    Parameters
    ----------
    document : Document
        What to say.
    attachments : mapping
        Name to text of the files that travel inside; the page says what they are.
    """
    from reportgen.presentation.attachments import digest
    from reportgen.presentation.html import render_page

    attached = {name: digest(text) for name, text in attachments.items()}
    page = render_page(document, "print", font_faces(), attached=attached)
    lacking = undrawable(page)
    if lacking:
        boxed = render_page(document, "print", font_faces(), attached=attached, has_boxes=True)
        page = boxed.translate(dict.fromkeys(lacking, BOX))
    return SPACE_BETWEEN_BLOCKS.sub("", page)


def undrawable(page: str) -> frozenset[int]:
    """Code points of symbols that the embedded fonts lack. Letters are left to the fonts of the machine."""
    unusual = {ord(c) for c in set(page) if ord(c) > LATIN_END and not unicodedata.category(c).startswith(("L", "M", "Z"))}
    return frozenset(unusual - _covered()) if unusual else frozenset()


@cache
def _covered() -> frozenset[int]:
    """Code points of the main embedded font."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(BytesIO(_font(MAIN_FONT)), lazy=True) as font:
        return frozenset(font["cmap"].getBestCmap())


def pdf_of_page(page: str, attachments: Mapping[str, str], date: str = "", drawings: Drawings = NOTHING_DRAWN) -> bytes:
    """A page of HTML as PDF: the same text gives the same bytes.

    Parameters
    ----------
    page : str
        Self-contained HTML.
    attachments : mapping
        Name to text of the files that travel inside.
    date : str
        Date of the report, ``YYYY-MM-DD``; empty for that of SOURCE_DATE_EPOCH.
    drawings : Drawings
        The figures that the page names. They are asked for once it is laid out.

    Raises
    ------
    PdfLibraryMissing
        A system library is not installed; HTML and JSON can still be written.
    """
    moment = creation_date(date)
    renderer = load_renderer()
    fetcher = _fetcher(drawings)
    files = [
        renderer.Attachment(
            string=text, name=name, created=moment, modified=moment, relationship="Data", url_fetcher=fetcher, base_url=None
        )
        for name, text in attachments.items()
    ]
    html = renderer.HTML(string=page, base_url=None, url_fetcher=fetcher)
    with warnings.catch_warnings(), _fonts() as fonts:
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its own colour profile open
        images: dict[str, Any] = {}
        document = html.render(cache=images, font_config=fonts)
        _draw(images, drawings, fetcher, fonts)
        declare_accessible(document.metadata)
        written = document.write_pdf(
            finisher=_finish,
            pdf_variant=VARIANT,
            pdf_identifier=b"reportgen",
            attachments=files,
            attachment_relationships=["Data"] * len(files),
        )
    assert isinstance(written, bytes)
    return written


def _finish(_document: object, pdf: Any) -> None:
    mend(pdf)
    settle(pdf)


def font_faces() -> str:
    """Style rules that embed the fonts: what the page looks like does not depend on the fonts of the machine."""
    return "\n".join(
        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; font-style: {style}; src: url({FONT_SCHEME}:{file}); }}"
        for file, (family, weight, style) in FACES.items()
    )


@contextmanager
def _fonts() -> Iterator[object]:
    """The fonts of one page, which the library writes into a temporary folder.

    It removes that when it is no longer referred to, which a process that ends without tidying up its memory never finds out.
    """
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    try:
        yield fonts
    finally:
        if fonts._folder is not None:
            rmtree(fonts._folder, ignore_errors=True)
            fonts._folder = None


def _font(file: str) -> bytes:
    spec = find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / file).read_bytes()


def _draw(images: Mapping[str, Any], drawings: Drawings, fetcher: object, fonts: object) -> None:
    """Put the drawings in the place of the blanks with which a page was laid out."""
    from xml.etree import ElementTree

    from weasyprint.images import SVGImage

    for name, svg in drawings.drawn().items():
        blank = images.get(address(name))
        if blank is None:  # a template of the user's own does not show it
            continue
        try:
            blank.draw = Drawing(Ink.of(svg), fonts).draw
        except NotUnderstood:
            tree = ElementTree.fromstring(svg)  # noqa: S314 - drawn here
            blank.draw = SVGImage(tree, address(name), fetcher, blank._context).draw


def _fetcher(drawings: Drawings) -> object:
    """What the page may ask for: data URIs, its figures and the four font files by name. No file of the machine, no request.

    The fonts are not data URIs themselves, because the style sheet parser takes a second over their three megabytes.
    """
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> object:
            scheme, _, name = url.partition(":")
            if scheme == FONT_SCHEME and name in FACES:
                return URLFetcherResponse(url, _font(name), {"Content-Type": "font/ttf"})
            if scheme == SCHEME and name in drawings.sizes:
                return URLFetcherResponse(url, drawings.blank(name), {"Content-Type": "image/svg+xml"})
            return super().fetch(url, headers)

    return Fetcher(allowed_protocols=["data"], fail_on_errors=True)


def know_types() -> None:
    """Have the types read by which the PDF library speaks of texts: each takes the reader of C a hundredth of a second.

    No text is laid out: what does that starts a thread, and a process forked later would wait for it for ever.
    """
    from weasyprint.text.ffi import ffi

    for name in C_TYPES:
        ffi.typeof(name)


def load_renderer() -> ModuleType:
    """The PDF library.

    Raises
    ------
    PdfLibraryMissing
        A system library is not installed.
    """
    try:
        with by_name_only():
            return import_module("weasyprint")
    except OSError as error:
        raise PdfLibraryMissing(str(error)) from error
