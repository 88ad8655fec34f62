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


def shortened(svg: bytes) -> bytes:
    """The same drawing: places to hundredths of a point, a dot as one place, no comments, no indentation, no unused names."""
    svg = _OUTLINE.sub(lambda found: _outline(found[0]), svg)
    svg = _PLACE.sub(lambda found: _BEYOND_HUNDREDTHS.sub(rb"\1", found[0]), svg)
    return _INDENT.sub(b"\n", _COUNTED.sub(b"", _COMMENT.sub(b"", svg)))


def _outline(attribute: bytes) -> bytes:
    written = _BEYOND_HUNDREDTHS.sub(rb"\1", _BREAK.sub(b" ", attribute[4:-1]))
    return b' d="' + _COMMAND.sub(rb"\1", _DOT.sub(rb"M \1h0", written + b" ")).strip() + b'"'
