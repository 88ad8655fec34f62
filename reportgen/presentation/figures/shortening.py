"""Drawings in fewer bytes: a page holds a dozen of them, and a place is seen to a hundredth of a point at most."""

from __future__ import annotations

import re

_OUTLINE = re.compile(rb' d="[^"]*"')
_BREAK = re.compile(rb"\s*\n\s*")
_BEYOND_HUNDREDTHS = re.compile(rb"(\.\d\d)\d+")
_DOT = re.compile(rb"M (\S+ \S+) L \1(?=[ \"])")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_INDENT = re.compile(rb"\n\s+")


def shortened(svg: bytes) -> bytes:
    """The same drawing: outlines to hundredths of a point, a dot as one place, no comments, no indentation."""
    svg = _OUTLINE.sub(lambda found: _outline(found[0]), svg)
    return _INDENT.sub(b"\n", _COMMENT.sub(b"", svg))


def _outline(written: bytes) -> bytes:
    hundredths = _BEYOND_HUNDREDTHS.sub(rb"\1", _BREAK.sub(b" ", written))
    return _DOT.sub(rb"M \1h0", hundredths)
