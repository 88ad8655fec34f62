"""The page: what it says in each situation, that text of the data stays text, and that it needs nothing else."""

from __future__ import annotations

import ast
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from situations import FRAMES, HOSTILE, SITUATIONS, analysis, document

from reportgen.analysis import walk
from reportgen.findings import Finding
from reportgen.presentation.context import cleaned
from reportgen.presentation.document import build_document
from reportgen.presentation.html import page_environment, render_html, render_page
from reportgen.presentation.wording import wording
from reportgen.variants import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """What a test asks of a page: well-formed nesting, its text, elements, ids."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: Counter[str] = Counter()
        self.headings: list[int] = []
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.append((tag, {key: value or "" for key, value in attrs}))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        """Visible text, blanks collapsed."""
        return " ".join("".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return [attrs[attribute] for _, attrs in self.attributes if attribute in attrs]


def page(situation: str) -> Page:
    return Page(render_html(document(situation)))


@pytest.mark.parametrize("situation", ["example", *SITUATIONS])
def test_every_situation_makes_a_sound_page(situation: str) -> None:
    html = render_html(document(situation))
    found = Page(html)
    assert found.faults == []
    assert found.open == []
    assert found.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    ids = found.values("id")
    assert len(ids) == len(set(ids))
    targets = {value[1:] for value in found.values("href")}
    assert targets <= set(ids)
    assert set(found.values("aria-labelledby")) <= set(ids)
    for attrs in (attrs for tag, attrs in found.attributes if tag == "img"):
        assert attrs["src"].startswith("data:image/svg+xml;base64,")
        assert len(attrs["alt"]) > 20
    assert found.tags["script"] == found.tags["link"] == 0
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in found.attributes if tag == "th")
    assert found.tags["caption"] == found.tags["table"]
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b|Undefined|-0\.0|\{\{|\}\}", found.text)
    assert len(html) < 1_000_000


@pytest.mark.parametrize("situation", ["example", "several", "no_predictor", "hostile", "random_slopes"])
def test_no_sentence_has_a_blank_in_the_wrong_place(situation: str) -> None:
    text = page(situation).text
    for fault in re.findall(r".{20} [,.;:)](?!\w).{5}|\( .{20}|\.\.(?!\.).{5}|[a-z]\.[A-Z].{10}", text):
        assert "=" in fault or "$" in fault or "(" in fault, fault


def test_the_summary_of_the_example() -> None:
    text = page("example").text
    summary = text[text.index("Summary Within") : text.index("Contents 1" if "Contents 1" in text else "Contents Summary")]
    for part in (
        "testScore is 0.21 higher on average for each unit more of bodyLength2 (95% interval −2.33 to 2.75",
        "averages 12.41 higher for each unit more in the group's mean of bodyLength2 (95% interval −4.17 to 28.99",
        "8 groups leave 6 degrees of freedom",
        "because 72% of its weight lies on the comparison between groups",
        "says 0.54, because 2.7% of its weight lies there",
        "report 0.21: no pooling, Mundlak and within-between agree",
        "Neither 0.54 nor 9.00 is a slope within groups or between them",
    ):
        assert part in summary
    assert "significant" not in summary


def test_the_arithmetic_of_the_example() -> None:
    text = page("example").text
    for part in (
        "0.97277 × 0.2055 + 0.02723 × 12.4070 = 0.5377",
        "0.27959 × 0.2055 + 0.72041 × 12.4070 = 8.9956",
        "W = 133.9 within groups and B = 345.1",
        "ψ = 1/(1 + 60 × 339.7/223.8) = 0.0109",
        "7.72 at 1%, 3.27 at 10%, 1.90 at 20% and 0.54 at 60% (the fitted share)",
        "F(1, 6.4) = 3.13, p = .124",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("situation", "sentence"),
    [
        (
            "example",
            "With fewer than 4 degrees of freedom, as for bodyLength2 here, that of a pooled slope is not to be relied on",
        ),
        ("no_predictor", "The formula has no predictor, so there is no slope to compare."),
        ("no_predictor_no_group_variance", "the random intercept model and pooled regression are the same model"),
        ("group_level_only", "w is the same for all rows of a g, so only groups can be compared"),
        ("within_only", "t has the same mean in every group."),
        ("factor", "where kind is mid than where it is low"),
        ("factor", "in groups in which kind is mid throughout than in groups in which it never is"),
        ("product", "for each unit more of the product x:z"),
        ("product", "the slope of each factor holds where the other factors are zero"),
        ("no_group_variance", "because the variance between groups is estimated as zero"),
        ("missing", "3 of 78 rows were left out"),
        ("binary", "linear probability models"),
        ("many_predictors", "The model has 8 predictors."),
        ("many_groups", "The first 200 groups are listed"),
        ("unbalanced", "The groups have 1 to 30 rows."),
        ("several", "With several predictors the weights are a matrix."),
        ("random_slopes", "SD of the group slopes of x"),
        ("two_groups", "Only 2 groups."),
        ("two_groups", "report 0.84, the slope with group dummies"),
        ("two_groups", "none is left over to tell the variance between groups by"),
        ("three_groups", "So there is no test of the difference between the two slopes."),
        ("perfect", "No residual variance is left"),
    ],
)
def test_each_situation_finds_its_words(situation: str, sentence: str) -> None:
    assert sentence in page(situation).text


def test_a_pooled_interval_on_enough_degrees_of_freedom_is_not_doubted() -> None:
    assert "not to be relied on either" not in page("many_groups").text


def test_with_several_predictors_no_weight_is_shown_that_is_not_one() -> None:
    text = page("several").text
    assert "of its weight lies" not in text
    assert "weight on between" not in text.lower()


def test_an_overlap_of_a_product_with_its_factors_is_told_from_one_of_the_data() -> None:
    _, frame = FRAMES["growth"]
    alike = frame.assign(t=frame["t"] + 50.0, z=frame["x"] + 0.1 * frame["z"])
    told, formulas = [], ("y ~ t * w + (1 | g)", "y ~ center(t) * w + (1 | g)", "y ~ t * w + x + z + (1 | g)")
    for formula in formulas:
        text = Page(render_html(build_document(walk(formula, alike)))).text
        told.append(("at the mean instead of at zero" in text, "differences that hardly occur in the data" in text))
    assert told == [(True, False), (False, False), (False, True)]


def test_text_of_the_data_is_never_markup() -> None:
    html = render_html(document("hostile"))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\u202e" not in html
    assert "alert(&#39;x&#39;)" in html


def test_the_page_asks_for_nothing() -> None:
    html = render_html(document("example"))
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert not re.search(r"https?://(?!www\.w3\.org)", html)
    assert "url(" not in html


def test_both_media_say_the_same() -> None:
    screen = Page(render_page(document("several"), "screen")).text
    paper = Page(render_page(document("several"), "print")).text
    start, end = "Within the same", "Row i belongs to group j"
    assert screen[screen.index(start) : screen.rindex(end)] == paper[paper.index(start) : paper.rindex(end)]
    assert "<math" not in render_page(document("several"), "print")
    assert "<math" in render_page(document("several"), "screen")


def test_the_same_document_gives_the_same_page() -> None:
    assert render_html(document("example")) == render_html(document("example"))


def test_the_context_holds_plain_values_only() -> None:
    def check(value: object) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                assert isinstance(key, str)
                check(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                check(item)
        else:
            assert value is None or isinstance(value, str | int | float | bool)

    for situation in ("example", "several", "hostile"):
        check(dict(document(situation).context))


def kinds_of_findings() -> set[str]:
    """Every kind that the rules can give, read from their source."""
    kinds = set()
    for path in (ROOT / "reportgen" / "findings").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Finding", "_blend"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    kinds.add(first.value)
    return kinds


def test_every_finding_has_its_sentence() -> None:
    kinds = kinds_of_findings()
    assert len(kinds) > 20
    written = {path.name.removesuffix(".html.j2") for path in (ROOT / "templates" / "findings").iterdir()}
    assert kinds <= written


def test_every_issue_has_its_sentence() -> None:
    codes = set()
    for path in (ROOT / "reportgen").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Issue":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    codes.add(first.value)
    assert len(codes) > 10
    assert codes <= set(wording().sentences)


def test_every_variant_has_its_words() -> None:
    for variant in CATALOGUE:
        assert wording().variant(variant.id)
        assert wording()[f"variant_short.{variant.id}"]
        assert (ROOT / "templates" / "variants" / f"{variant.id}.html.j2").exists()


def test_a_sentence_with_a_missing_number_stops_the_build() -> None:
    template = page_environment().get_template("findings/few_groups.html.j2")
    with pytest.raises(UndefinedError):
        template.render(f={})


def test_names_in_findings_are_made_printable() -> None:
    finding = Finding("singleton_groups", "caution", {"n": 1, "examples": ["a\x00b", HOSTILE]})
    values = cleaned(finding.values)
    assert isinstance(values, dict)
    assert values["examples"][0] == "ab"
    assert values["n"] == 1


def test_sentences_about_numbers_use_the_text_of_the_table() -> None:
    entry = document("example").context["predictors"][0]  # type: ignore[index]
    row = next(row for row in document("example").tables["models"].rows if row.header == "bodyLength2")
    assert entry["within"]["value"] == row.cells[1].text
    assert entry["models"]["pooled"]["raw"]["value"] == row.cells[0].text
    assert analysis("example").comparison.slopes[0].column == entry["column"]
