"""Drawings in fewer bytes: a page holds a dozen of them, and a place is seen to a hundredth of a point at most."""

from __future__ import annotations

import re

_OUTLINE = re.compile(rb' d="[^"]*"')
_PLACE = re.compile(rb' [xy]="[^"]*"|translate\([^)]*\)')
_BREAK = re.compile(rb"\s*\n\s*")
_BEYOND_HUNDREDTHS = re.compile(rb"(\.\d\d)\d+")
_DOT = re.compile(rb"M (\S+ \S+) L \1(?=[ \"])")
_COMMAND = re.compile(rb" ?([A-Za-z]) ?")
_COUNTED = re.compile(rb' id="[a-z0-9.]+_\d+"')  # names of parts that nothing in the drawing points to
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_INDENT = re.compile(rb"\n\s+")
_UNTURNED = re.compile(rb' transform="rotate\(-?0 [^)]*\)"')
_GROUP = re.compile(rb"<(/?)g([^>]*)>\n?")
_FAMILY = b" font-family: 'DejaVu Sans';"
_RULES = b'<style type="text/css">'
FAMILIES = b"'Report Sans', 'DejaVu Sans', Verdana, sans-serif"  # the first is the PDF's own; Verdana is as wide


def shortened(svg: bytes) -> bytes:
    """The same drawing: places to hundredths of a point, a dot as one place, the font named once; no comments, no indentation,
    no unused names, no groups of nothing.
    """
    svg = _OUTLINE.sub(lambda found: _outline(found[0]), svg)
    svg = _PLACE.sub(lambda found: _BEYOND_HUNDREDTHS.sub(rb"\1", found[0]), svg)
    svg = _INDENT.sub(b"\n", _COUNTED.sub(b"", _COMMENT.sub(b"", svg)))
    if _FAMILY in svg:
        svg = svg.replace(_FAMILY, b"").replace(_RULES, _RULES + b"text{font-family: " + FAMILIES + b"}", 1)
    return _flat(_UNTURNED.sub(b"", svg))


def _outline(attribute: bytes) -> bytes:
    written = _BEYOND_HUNDREDTHS.sub(rb"\1", _BREAK.sub(b" ", attribute[4:-1]))
    return b' d="' + _COMMAND.sub(rb"\1", _DOT.sub(rb"M \1h0", written + b" ")).strip() + b'"'


def _flat(svg: bytes) -> bytes:
    """Without the groups that say nothing: a renderer takes as long over a group as over a line."""
    kept: list[bool] = []  # of the groups that are open

    def opens_or_closes(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return found[0] if kept.pop() else b""
        if found[2].endswith(b"/"):
            return found[0]
        kept.append(bool(found[2]))
        return found[0] if kept[-1] else b""

    return _GROUP.sub(opens_or_closes, svg)
