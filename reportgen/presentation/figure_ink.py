"""Figures put into the PDF as what they are made of: outlines as they stand, each text in one piece.

The renderer's own way with drawings is one for everything that SVG may say: it reads every number of an outline and lays out
each letter by itself. A drawing made here says little, and in few words. One that says more, as one with an image of many
points, is left to the renderer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from reportgen.presentation.figures.shortening import FAMILIES

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
RULES = f"text{{font-family: {FAMILIES.decode()}}}*{{stroke-linejoin: round; stroke-linecap: butt}}"
BEGINNING = b"[] 0 d 0 J 1 j 4 M"  # what the rules say, and no dashes
CAPS = {"butt": b"0 J", "round": b"1 J", "square": b"2 J"}
JOINS = {"miter": b"0 j", "round": b"1 j", "bevel": b"2 j"}
PAINT = {(True, True): b"B", (True, False): b"f", (False, True): b"S", (False, False): b"n"}
LINES = {"M": "m", "L": "l", "C": "c"}
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}

_SHOWN = re.compile(r"0 0 ([\d.]+) [\d.]+")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_CLIP = re.compile(r"url\(#(\w+)\)")
_COMMAND = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_TURNED = re.compile(r"(?:translate\((\S+) (\S+)\) )?rotate\(-90(?: (\S+) (\S+))?\)")


class NotUnderstood(Exception):
    """A drawing says something that is left to the renderer."""


@dataclass(frozen=True, slots=True)
class Pen:
    """How an outline is drawn: the operators before it, the one behind it, and how much is seen of area and line."""

    before: bytes
    behind: bytes
    area: float
    line: float


@dataclass(frozen=True, slots=True)
class Outline:
    """Something to be drawn with a pen."""

    pen: Pen
    path: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """An outline that is drawn at several places, with what it says of its style itself."""

    path: bytes
    style: str


@dataclass(frozen=True, slots=True)
class Words:
    """A text: which part of its width lies before (x, y), and whether it is read upwards."""

    text: str
    size: float
    weight: int
    before: float
    colour: bytes
    place: tuple[float, float]
    is_turned: bool


Step = bytes | Outline | Words
"""Operators of PDF as they stand, or something to be drawn."""


@dataclass(frozen=True, slots=True)
class Ink:
    """A drawing: its width in its own units, and the steps that draw it."""

    width: float
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, svg: bytes) -> Ink:
        """From an SVG drawn here.

        Raises
        ------
        NotUnderstood
            There is more in it than outlines, marks and texts.
        """
        tree = ElementTree.fromstring(svg)  # noqa: S314 - drawn here
        clips: dict[str, bytes] = {}
        marks: dict[str, Mark] = {}
        for definition in (item for defs in tree.iter(f"{SVG}defs") for item in defs):
            if definition.tag == f"{SVG}clipPath":
                clips[definition.attrib["id"]] = _rectangle(definition)
            elif definition.tag == f"{SVG}path":
                marks[definition.attrib["id"]] = Mark(_path(definition.attrib["d"]), definition.get("style", ""))
            elif definition.tag != f"{SVG}style" or definition.text != RULES:
                raise NotUnderstood(definition.tag)
        shown = _match(_SHOWN, tree.get("viewBox", ""))
        return cls(float(shown[1]), (BEGINNING, *_steps(tree, clips, marks)))


def _rectangle(definition: ElementTree.Element) -> bytes:
    if [item.tag for item in definition] != [f"{SVG}rect"]:
        raise NotUnderstood("clipPath")
    return " ".join([*(definition[0].attrib[name] for name in ("x", "y", "width", "height")), "re W n"]).encode()


def _steps(parent: ElementTree.Element, clips: Mapping[str, bytes], marks: Mapping[str, Mark]) -> Iterator[Step]:
    for item in parent:
        given = dict(item.attrib)
        clip = given.pop("clip-path", None)
        if clip is not None:
            yield from (b"q", clips[_match(_CLIP, clip)[1]])
        kind = item.tag.removeprefix(SVG)
        if kind == "g":
            given.pop("id", None)
            yield from _steps(item, clips, marks)
        elif kind == "path":
            yield Outline(_pen(given.pop("style", "")), _path(given.pop("d")))
        elif kind == "use":
            mark = marks[given.pop(LINK).removeprefix("#")]
            place = f"1 0 0 1 {given.pop('x')} {given.pop('y')} cm"
            yield from (b"q", place.encode(), Outline(_pen(given.pop("style", ""), mark.style), mark.path), b"Q")
        elif kind == "text" and not len(item):
            yield _words(item.text or "", given)
        elif kind != "defs":
            raise NotUnderstood(kind)
        if given:
            raise NotUnderstood(" ".join(given))
        if clip is not None:
            yield b"Q"


def _path(outline: str) -> bytes:
    operators, at = [], ""
    for command, numbers in _COMMAND.findall(outline):
        if command in LINES:
            at = numbers
            operators.append(f"{numbers} {LINES[command]}")
        elif command == "Q":
            operators.append(_quadratic(at, numbers))
            at = numbers
        elif command == "h" and numbers.strip() == "0":
            operators.append(f"{at} l")
        elif command == "z":
            operators.append("h")
        else:
            raise NotUnderstood(command)
    return " ".join(operators).encode()


def _quadratic(before: str, numbers: str) -> str:
    """The cubic curve that a quadratic one is."""
    x0, y0 = map(float, before.split()[-2:])
    x1, y1, x2, y2 = map(float, numbers.split())
    bent = (x0 + 2 * (x1 - x0) / 3, y0 + 2 * (y1 - y0) / 3, x2 + 2 * (x1 - x2) / 3, y2 + 2 * (y1 - y2) / 3, x2, y2)
    return " ".join([*(f"{place:.4f}" for place in bent), "c"])


@lru_cache(maxsize=512)
def _pen(style: str, own: str = "") -> Pen:
    """The pen of a style; what an outline says itself goes before what the mark says that it is part of."""
    given = _declared(style) | _declared(own)
    seen = float(given.pop("opacity", 1))
    area, line = float(given.pop("fill-opacity", 1)), float(given.pop("stroke-opacity", 1))
    fill, stroke = given.pop("fill", "#000000"), given.pop("stroke", "none")
    width = given.pop("stroke-width", "1")
    is_filled, is_stroked = fill != "none" and area > 0, stroke != "none" and line > 0
    if seen < 1 and is_filled and is_stroked:
        raise NotUnderstood("opacity of what overlaps")
    before = [_colour(fill) + b" rg"] if is_filled else []
    if is_stroked:
        before += [_colour(stroke) + b" RG", width.encode() + b" w"]
    dashes, start = given.pop("stroke-dasharray", "none"), given.pop("stroke-dashoffset", "0")
    if dashes != "none":
        before.append(f"[{dashes.replace(',', ' ')}] {start} d".encode())
    for table, name in ((CAPS, "stroke-linecap"), (JOINS, "stroke-linejoin")):
        if name in given:
            before.append(table[given.pop(name)])
    if given:
        raise NotUnderstood(" ".join(given))
    return Pen(b" ".join(before), PAINT[is_filled, is_stroked], area * seen, line * seen)


def _declared(style: str) -> dict[str, str]:
    return dict(part.split(": ", 1) for part in style.split("; ") if part)


@lru_cache(maxsize=512)
def _colour(text: str) -> bytes:
    _match(_COLOUR, text)
    return " ".join(f"{int(text[i : i + 2], 16) / 255:.4g}" for i in (1, 3, 5)).encode()


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise NotUnderstood(text)
    return found


def _words(text: str, given: dict[str, str]) -> Words:
    """A text; takes what it understands out of `given`."""
    style = _declared(given.pop("style", ""))
    size = style.pop("font-size", "").removesuffix("px")
    before, weight = style.pop("text-anchor", "start"), style.pop("font-weight", "400")
    fill = style.pop("fill", "#000000")
    if style or not size or before not in ANCHORS or not weight.isdigit():
        raise NotUnderstood("text")
    turned = given.pop("transform", None)
    place = (float(given.pop("x", "0")), float(given.pop("y", "0")))
    if turned is not None:
        place = _upwards(_match(_TURNED, turned), *place)
    shown = " ".join(word for word in text.split(" ") if word)
    return Words(shown, float(size), int(weight), ANCHORS[before], _colour(fill), place, turned is not None)


def _upwards(turned: re.Match[str], x: float, y: float) -> tuple[float, float]:
    """Where (x, y) comes to lie when all is turned to be read upwards: around a place, and moved."""
    move_x, move_y, around_x, around_y = (float(number or 0) for number in turned.groups())
    return move_x + around_x + (y - around_y), move_y + around_y - (x - around_x)


class Drawing:
    """A drawing as the renderer wants it: something with a method that draws.

    Parameters
    ----------
    ink : Ink
        What to draw.
    fonts : object
        The renderer's fonts of the document.
    """

    def __init__(self, ink: Ink, fonts: object) -> None:
        self._ink, self._fonts = ink, fonts
        self._styles: dict[tuple[float, int], Any] = {}

    def draw(self, stream: Any, width: float, _height: float, _style: object) -> None:
        """Draw on a page of the renderer's, `width` units wide."""
        scale = width / self._ink.width
        stream.push_state()
        stream.transform(a=scale, d=scale)
        stream.set_alpha(1, stroke=True, fill=True)
        for step in self._ink.steps:
            if isinstance(step, bytes):
                stream.stream.append(step)
            elif isinstance(step, Outline):
                _draw_outline(stream, step)
            elif step.text:
                self._write(stream, step)
        stream.pop_state()

    def _write(self, stream: Any, words: Words) -> None:
        from weasyprint.draw.text import draw_first_line
        from weasyprint.matrix import Matrix
        from weasyprint.svg.text import TextBox
        from weasyprint.text.line_break import create_layout, line_size

        style = self._style(words.size, words.weight)
        layout = create_layout(words.text, style, None, None, 0)
        line, _ = layout.get_first_line()
        shift = -words.before * line_size(line, style)[0]
        x, y = words.place
        matrix = Matrix(0, -1, -1, 0, x, y - shift) if words.is_turned else Matrix(1, 0, 0, -1, x + shift, y)
        stream.stream.append(words.colour + b" rg")
        stream.begin_text()
        draw_first_line(stream, TextBox(layout, style), "none", "none", matrix)
        stream.end_text()

    def _style(self, size: float, weight: int) -> Any:
        """The renderer's style of a text."""
        from weasyprint.css.properties import INITIAL_VALUES
        from weasyprint.svg.text import Style

        if (size, weight) not in self._styles:
            style = self._styles[size, weight] = Style(INITIAL_VALUES)
            style.font_config = self._fonts
            families = [name.strip(" '") for name in FAMILIES.decode().split(",")]
            style.update(font_family=families, font_style="normal", font_weight=weight, font_size=size)
        return self._styles[size, weight]


def _draw_outline(stream: Any, outline: Outline) -> None:
    pen = outline.pen
    if pen.area == pen.line == 1:
        stream.stream.append(b" ".join((b"q", pen.before, outline.path, pen.behind, b"Q")))
        return
    stream.push_state()
    stream.set_alpha(pen.area)
    stream.set_alpha(pen.line, stroke=True)
    stream.stream.append(b" ".join((pen.before, outline.path, pen.behind)))
    stream.pop_state()
