"""Drawings in fewer bytes are the same drawings."""

from __future__ import annotations

import re

import pytest
from situations import document

from reportgen.presentation.figures.shortening import shortened


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('<path d="M 1.23456 7 \nL 2.5 -0.999999 \nz\n"/>', '<path d="M1.23 7L2.5 -0.99z"/>'),
        ('<path d="M 1.2 3 \nL 1.2 3 \nM 4 5 \nL 4 5 \n"/>', '<path d="M1.2 3h0M4 5h0"/>'),
        ('<path d="M 1.2 3 \nL 1.2 34 \n"/>', '<path d="M1.2 3L1.2 34"/>'),
        ('<path d="M 1.2 3 L 2 3 "/>', '<path d="M1.2 3L2 3"/>'),
        ('<g transform="scale(0.01234567)"/>', '<g transform="scale(0.01234567)"/>'),
        ('<use x="1.23456" transform="translate(3.14159 0)"/>', '<use x="1.23" transform="translate(3.14 0)"/>'),
        ('<g id="line2d_12"><g id="m1"/></g>', '<g id="m1"/>'),
        ("<a>\n   <!-- a note -->\n   <g/>\n</a>", "<a>\n<g/>\n</a>"),
        ('<g><g clip-path="url(#p)"><g><path/></g></g><g/></g>', '<g clip-path="url(#p)"><path/></g><g/>'),
        ('<text x="1" transform="rotate(-0 1.2 3.4)">g</text>', '<text x="1">g</text>'),
        ('<text x="1" transform="rotate(-90 1.2 3.4)">g</text>', '<text x="1" transform="rotate(-90 1.2 3.4)">g</text>'),
    ],
)
def test_only_what_is_not_seen_goes(given: str, expected: str) -> None:
    assert re.sub("\n+", "\n", shortened(given.encode()).decode()) == re.sub("\n+", "\n", expected)


def test_figures_are_short() -> None:
    for figure in document("example").figures.values():
        assert shortened(figure.svg) == figure.svg
        named = set(re.findall(rb'id="([^"]+)"', figure.svg))
        assert set(re.findall(rb'(?:url\(|href=")#([^)"]+)', figure.svg)) <= named
