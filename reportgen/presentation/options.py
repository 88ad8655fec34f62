"""Choices of how a report looks and what travels with it: title, author, date, logo, style of p values, attached data."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import date
from numbers import Integral
from pathlib import Path

from reportgen.disclosure import GroupLabels
from reportgen.errors import OptionConflict, OptionError, printable_name, quoted
from reportgen.presentation.formatting import P_STYLES, PStyle
from reportgen.presentation.languages import ENGLISH
from reportgen.presentation.layers import Layers
from reportgen.presentation.own_templates import PROJECT, OwnTemplates

MAX_LOGO_BYTES = 2_000_000
MAX_LOGO_PIXELS = 16_000_000
LOGO_HEIGHT = 240  # pixels: three times the size at which it is shown
LOGO_KINDS = "give a PNG or JPEG image of at most 2 MB"


@dataclass(frozen=True, slots=True)
class Logo:
    """An image for the head of the report, as PNG; without content there is none."""

    png: bytes = b""

    @property
    def uri(self) -> str:
        """The image as a data URI; empty without."""
        return f"data:image/png;base64,{b64encode(self.png).decode()}" if self.png else ""


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a report is presented. None of it changes a number.

    Attributes
    ----------
    title : str
        Title of the report; empty for one made of the response and the group.
    author : str
        Who answers for it; empty to say nothing.
    date : str
        Date of the report, ``YYYY-MM-DD``; empty to say none. It also dates the PDF and what is attached to it.
    logo : Logo
        Image for the head of the report.
    p_style : PStyle
        ``apa`` (p = .034), ``ama`` (P = .03) or ``plain`` (p = 0.034).
    attach_data : bool
        Whether the analysed columns travel inside the PDF.
    templates : OwnTemplates
        Files that replace those of the project.
    lang : str
        Language, one of :func:`reportgen.presentation.languages.languages`.
    group_labels : GroupLabels
        ``show`` the labels of the groups, put a ``code`` in the place of each, or ``hide`` which group is which altogether.
    min_cell : int
        Rows a group must have for its own figures to be shown; 0 for any.
    """

    title: str = ""
    author: str = ""
    date: str = ""
    logo: Logo = Logo()
    p_style: PStyle = "apa"
    attach_data: bool = True
    templates: OwnTemplates = PROJECT
    lang: str = ENGLISH
    group_labels: GroupLabels = "show"
    min_cell: int = 0

    @property
    def layers(self) -> Layers:
        """What its words are made of."""
        return Layers(self.lang, self.templates)


PLAIN = Presentation()
"""Nothing chosen."""


def checked_p_style(given: str) -> PStyle:
    """The style of that name.

    Raises
    ------
    OptionError
        There is none.
    """
    for name in P_STYLES:
        if given == name:
            return name
    raise OptionError("--p-style", given, P_STYLES)


MAX_MIN_CELL = 10**9  # rows: more than any group has, and a number in every output format


def checked_min_cell(given: object, option: str = "min_cell") -> int:
    """A number of rows.

    Raises
    ------
    OptionConflict
        It is none.
    """
    if isinstance(given, bool) or not isinstance(given, Integral) or not 0 <= int(given) <= MAX_MIN_CELL:
        allowed = f"give a whole number from 0 (any) to {MAX_MIN_CELL}"
        raise OptionConflict(option, f"{quoted(given)} is not a number of rows", allowed)
    return int(given)


def checked_date(given: str | date | None) -> str:
    """A date as ``YYYY-MM-DD``; empty stays empty.

    Raises
    ------
    OptionConflict
        It is no such date.
    """
    given = given.isoformat() if isinstance(given, date) else given or ""
    try:
        found = date.fromisoformat(given) if given else None  # takes 2026-W01-1 and 20261231 too
        if found and (found.isoformat() != given or found.year < 1980):  # a zip archive knows no earlier year
            raise ValueError
    except (TypeError, ValueError):
        raise OptionConflict("--date", f"{quoted(given)} is not a date", "write it as 2026-12-31, from 1980 on") from None
    return given


def read_logo(path: str) -> Logo:
    """An image file as a logo; an empty path is none.

    The kind is told by the content, not by the name. The image is drawn anew and made small, so that nothing else that stands
    in the file (where a photograph was taken, comments, scripts) travels with the report.

    Raises
    ------
    OptionConflict
        No such file, or neither PNG nor JPEG, or too large. SVG is refused: it can hold scripts and requests.
    """
    if not path:
        return Logo()
    name = printable_name(Path(path))
    if Path(path).is_fifo():  # opening it would wait for ever for somebody to write
        raise OptionConflict("--logo", f"{quoted(name)} is a pipe", LOGO_KINDS)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_LOGO_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "not a path"
        raise OptionConflict("--logo", f"{quoted(name)} cannot be read ({why})", LOGO_KINDS) from error
    if len(content) > MAX_LOGO_BYTES:
        raise OptionConflict("--logo", f"{quoted(name)} is too large", LOGO_KINDS)
    if not content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        kind = "is an SVG image" if b"<svg" in content[:4096] else "is neither PNG nor JPEG"
        raise OptionConflict("--logo", f"{quoted(name)} {kind}", LOGO_KINDS)
    return Logo(_redrawn(content, name))


def _redrawn(content: bytes, name: str) -> bytes:
    """The image as a small PNG without anything but its pixels."""
    import warnings
    from io import BytesIO

    from PIL import Image

    try:
        with warnings.catch_warnings(), Image.open(BytesIO(content), formats=("PNG", "JPEG")) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > MAX_LOGO_PIXELS:
                raise OptionConflict("--logo", f"{quoted(name)} has too many pixels", LOGO_KINDS)
            drawn = image.convert("RGBA")
            drawn.thumbnail((8 * LOGO_HEIGHT, LOGO_HEIGHT))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise OptionConflict("--logo", f"{quoted(name)} is damaged", LOGO_KINDS) from error
    buffer = BytesIO()
    Image.frombytes("RGBA", drawn.size, drawn.tobytes()).save(buffer, "PNG")
    return buffer.getvalue()
