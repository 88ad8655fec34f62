"""Drawings in fewer bytes are the same drawings."""

from __future__ import annotations

import re

import pytest
from situations import document

from reportgen.presentation.figures.shortening import shortened


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('<path d="M 1.23456 7 \nL 2.5 -0.999999 \nz\n"/>', '<path d="M 1.23 7 L 2.5 -0.99 z "/>'),
        ('<path d="M 1.2 3 \nL 1.2 3 \nM 4 5 \nL 4 5 \n"/>', '<path d="M 1.2 3h0 M 4 5h0 "/>'),
        ('<path d="M 1.2 3 \nL 1.2 34 \n"/>', '<path d="M 1.2 3 L 1.2 34 "/>'),
        ('<g transform="scale(0.01234567)"/>', '<g transform="scale(0.01234567)"/>'),
        ("<g>\n   <!-- a note -->\n   <g/>\n</g>", "<g>\n\n<g/>\n</g>"),
    ],
)
def test_only_what_is_not_seen_goes(given: str, expected: str) -> None:
    assert re.sub("\n+", "\n", shortened(given.encode()).decode()) == re.sub("\n+", "\n", expected)


def test_figures_are_short() -> None:
    for figure in document("example").figures.values():
        assert shortened(figure.svg) == figure.svg
        assert figure.svg.startswith(b"<?xml")
