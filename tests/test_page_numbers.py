"""Every number in a sentence of the page stands in the result file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from situations import document

from reportgen.presentation.data_tables import MAX_GROUPS
from reportgen.presentation.figures.panels import MAX_PANELS
from reportgen.presentation.html import render_html
from reportgen.presentation.languages import languages

ROOT = Path(__file__).resolve().parent.parent
SENTENCES = {"p", "li", "figcaption"}
NO_SENTENCES = {"code", "i", "pre", "table", "math", "nav", "sub"}
VOID = {"meta", "img", "br", "link", "hr", "input"}
NUMBER = re.compile(
    r"(?<![\w.\u2009\u202f-])\u2212?(?:[0-9]+(?:\u202f[0-9]{3})*)?(?:\.[0-9]+|(?<=[0-9]))(?P<percent>%)?(?!\.?[0-9]|[\w.]*[A-Za-z_])"
)
OWN_WORDS = {"references", "checklist", "author"}


class Sentences(HTMLParser):
    """Text of sentences: no names of the data, no code, no tables, no list of works."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.parts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = set((dict(attrs).get("class") or "").split())
        if tag not in VOID:
            self.open.append((tag, tag in NO_SENTENCES or bool(classes & OWN_WORDS)))

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()
        if tag in SENTENCES:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        is_left_out = any(left_out for _, left_out in self.open)
        if any(tag in SENTENCES for tag, _ in self.open):
            self.parts.append(" " if is_left_out else data)

    @property
    def text(self) -> str:
        return "".join(self.parts)


def numbers_in(text: str) -> Iterator[tuple[str, float, float]]:
    """Each number with its size and half a unit of its last digit."""
    for match in NUMBER.finditer(text):
        plain = match[0].strip("\u2212%").replace("\u202f", "")
        scale = 0.01 if match["percent"] else 1.0
        decimals = len(plain.partition(".")[2])
        yield match[0], float(plain) * scale, 0.5 * 10.0**-decimals * scale


def values_of(node: object, key: str = "") -> Iterator[float]:
    """Every number of the result file but the effects of single groups."""
    if isinstance(node, bool):
        return
    if isinstance(node, int | float):
        yield abs(float(node))
    elif isinstance(node, str) and key in ("message", "reason"):
        yield from (value for _, value, _ in numbers_in(node))
    elif isinstance(node, list):
        for item in node:
            yield from values_of(item, key)
    elif isinstance(node, dict):
        for name, item in node.items():
            if name not in ("random_effects", "provenance"):
                yield from values_of(item, name)


def pool_of(result: dict[str, object]) -> list[float]:
    """The numbers, what is left of shares, and square roots of variances."""
    pool = set(values_of(result))
    variants = result["variants"]
    assert isinstance(variants, dict)
    variances = set(values_of([v.get(k) for v in variants.values() for k in ("sigma2_residual", "group_covariance")]))
    return sorted(pool | {1.0 - x for x in pool if x <= 1.0} | {math.sqrt(x) for x in variances})


def written_in_templates() -> set[str]:
    """Numbers that are words of the templates (the level, three standard deviations, years), and limits of what is shown."""
    root = ROOT / "templates"
    paths = (path for path in root.rglob("*.j2") if path.relative_to(root).parts[0] not in languages())
    texts = [path.read_text(encoding="utf-8") for path in paths]
    bare = " ".join(re.sub(r"\{[{%].*?[}%]\}", " ", text, flags=re.DOTALL) for text in texts)
    return {match[0] for match in NUMBER.finditer(bare)} | {"95%", ".001", str(MAX_PANELS), str(MAX_GROUPS)}


def strangers(text: str, pool: list[float]) -> list[str]:
    """Numbers of a text that no value in the pool would be written as."""
    own = written_in_templates()
    return [
        shown
        for shown, value, half in numbers_in(text)
        if shown not in own and not any(abs(x - value) <= half * (1 + 1e-9) for x in pool)
    ]


@pytest.mark.parametrize(
    "situation",
    ["example", "several", "unbalanced", "random_slopes", "missing", "many_groups", "two_groups", "growth", "trial"],
)
def test_every_number_of_a_sentence_is_in_the_result_file(situation: str) -> None:
    made = document(situation)
    text = Sentences(render_html(made)).text
    found = [shown for shown, _, _ in numbers_in(text)]
    assert len(found) > 40
    assert strangers(text, pool_of(json.loads(made.result))) == []


def test_a_wrong_number_is_seen() -> None:
    made = document("example")
    pool = pool_of(json.loads(made.result))
    text = Sentences(render_html(made)).text
    assert "0.02723" in text
    assert strangers(text.replace("0.02723", "0.02732"), pool)
    assert strangers(text.replace("339.7", "337.9"), pool)
    assert strangers(text.replace("12.41 higher", "14.21 higher"), pool)
