"""The printed page as a sequence of blocks, for formats that are no HTML: headings, paragraphs, tables, figures.

The prose stands in the templates; they are rendered once, and the page is read back here. Tables and figures are only named in
the blocks: the formats take them from the records they are made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal

Style = Literal["plain", "title", "lead", "note", "bullet", "number", "code", "equation", "term"]

MARKS = {"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "code": "code", "sub": "sub", "sup": "sup"}
VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})
SKIPPED = frozenset({"head", "nav", "table", "svg", "math"})
CLASSES: dict[str, Style] = {"note": "note", "equation": "equation", "kind": "lead", "lead": "lead", "subject": "lead"}


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one style: `marks` of ``bold``, ``italic``, ``code``, ``sub``, ``sup``."""

    text: str
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title of the report."""

    level: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, an entry of a list, or lines of code."""

    runs: tuple[Run, ...]
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table by its name in the document, with its caption; without a name where no record is behind it."""

    name: str
    caption: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """A figure by its name in the document, with what it shows in words and its caption; a name as for a table."""

    name: str
    alternative: str
    caption: tuple[Run, ...]


Block = Heading | Paragraph | TableBlock | FigureBlock


def blocks_of(page: str) -> tuple[Block, ...]:
    """The blocks of a printed page, in order.

    Parameters
    ----------
    page : str
        HTML made by the templates of the report.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return tuple(reader.blocks)


def plain_text(runs: tuple[Run, ...]) -> str:
    """The text of runs without their styles."""
    return "".join(run.text for run in runs)


def tidied(runs: list[Run], keeps_lines: bool) -> tuple[Run, ...]:
    """Runs with white space as a browser shows it: single blanks, none at the ends; kept as it is in code."""
    if keeps_lines:
        return tuple(runs)
    kept: list[Run] = []
    ends_blank = True
    for run in runs:
        lines = [" ".join(part.split()) if part.strip() else "" for part in run.text.split("\v")]
        text = "\n".join(lines)
        if run.text[:1].isspace() and run.text[0] != "\v" and not ends_blank:
            text = " " + text
        if run.text[-1:].isspace() and run.text[-1] != "\v" and text.strip(" "):
            text += " "
        if text:
            kept.append(Run(text, run.marks))
            ends_blank = text.endswith((" ", "\n"))
    if kept:
        kept[-1] = Run(kept[-1].text.rstrip(), kept[-1].marks)
    return tuple(run for run in kept if run.text)


@dataclass(slots=True)
class _Gathered:
    """The block being read: its runs, whether white space counts, whether each span is a line."""

    runs: list[Run] = field(default_factory=list)
    style: Style = "plain"
    is_verbatim: bool = False
    has_lines: bool = False


class _Reader(HTMLParser):
    """Reads a page of the templates, whose nesting is known to be sound."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._open: list[str] = []
        self._skipping = 0
        self._gathered = _Gathered()
        self._is_caption = False
        self._table = ""
        self._figure = ("", "")
        self._is_told = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "div" and "data-name" in given:
            self._table = given["data-name"]
        if tag in ("table", "figure"):
            self._is_told = False
        if tag in VOID:
            self._void(tag, given)
            return
        self._open.append(tag)
        if tag in SKIPPED:
            self._skipping += 1
        if tag in ("caption", "figcaption"):
            self._gathered = _Gathered()
            self._is_caption = True
        elif not self._is_skipped and tag in ("p", "li", "dt", "dd", "h1", "h2", "h3", "h4", "pre"):
            self._finish()
            classes = given.get("class", "").split()
            self._gathered = _Gathered([], self._style_of(tag, classes), tag == "pre", "arithmetic" in classes)

    def _void(self, tag: str, given: dict[str, str]) -> None:
        if self._is_skipped:
            return
        if tag == "br":
            self._gathered.runs.append(Run("\v"))
        elif tag == "img" and "data-name" in given:
            self._figure = (given["data-name"], given.get("alt", ""))
        elif tag == "img" and given.get("alt") and "figure" not in self._open and "header" not in self._open:
            self._gathered.runs.append(Run(given["alt"], frozenset({"italic"})))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        self._open.pop()
        if tag in SKIPPED:
            self._skipping -= 1
        if tag in ("caption", "figcaption"):
            caption = tidied(self._gathered.runs, False)
            self._tell(TableBlock(self._table, caption) if tag == "caption" else FigureBlock(*self._figure, caption))
        elif tag in ("table", "figure") and not self._is_told:
            self._tell(TableBlock("", ()) if tag == "table" else FigureBlock("", "", ()))
        elif tag in ("h1", "h2", "h3", "h4") and not self._is_skipped:
            runs = tidied(self._gathered.runs, False)
            self.blocks.append(Heading(int(tag[1]), runs))
            self._gathered = _Gathered()
        elif tag in ("p", "li", "dt", "dd", "pre", "div", "section"):
            self._finish()
        elif tag == "span" and self._gathered.has_lines:
            self._gathered.runs.append(Run("\v"))

    def handle_data(self, data: str) -> None:
        if self._is_skipped and not self._is_caption:
            return
        if not data.strip() and not self._gathered.runs:
            return
        marks = frozenset(MARKS[tag] for tag in self._open if tag in MARKS)
        self._gathered.runs.append(Run(data, marks))

    def _tell(self, block: TableBlock | FigureBlock) -> None:
        """Add a table or a figure; its name holds for it alone."""
        self.blocks.append(block)
        self._gathered, self._is_caption, self._is_told = _Gathered(), False, True
        self._table, self._figure = "", ("", "")

    @property
    def _is_skipped(self) -> bool:
        return self._skipping > 0

    def _style_of(self, tag: str, classes: list[str]) -> Style:
        if tag == "li":
            return "number" if "ol" in self._open else "bullet"
        if tag == "pre" or (tag == "p" and "formula" in classes):
            return "code"
        if tag == "dt":
            return "term"
        return next((CLASSES[name] for name in classes if name in CLASSES), "plain")

    def _finish(self) -> None:
        """Close the paragraph being read, if there is one."""
        if self._is_skipped:
            return
        runs = tidied(self._gathered.runs, self._gathered.is_verbatim)
        if plain_text(runs).strip():
            self.blocks.append(Paragraph(runs, self._gathered.style))
        self._gathered = _Gathered()
