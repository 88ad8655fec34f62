"""Reports in other languages: nothing is missing, numbers and structure are the same as in English, machines get the same."""

from __future__ import annotations

import io
import json
import re
import tomllib
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from pypdf import PdfReader
from situations import EXAMPLE, EXAMPLE_FORMULA, SITUATIONS, analysis, document
from test_document import Page
from test_page_numbers import Sentences, numbers_in, pool_of, strangers

from reportgen import analyze
from reportgen.cli import main
from reportgen.errors import InputError, OptionError
from reportgen.findings import Finding
from reportgen.fits import Issue
from reportgen.presentation.attachments import attachments
from reportgen.presentation.document import Document, build_document
from reportgen.presentation.formatting import P_STYLES, count, fixed, p_style, p_value, percent, scientific
from reportgen.presentation.html import render_html
from reportgen.presentation.languages import ENGLISH, LABELS, languages
from reportgen.presentation.layers import Layers
from reportgen.presentation.material import Material
from reportgen.presentation.number_style import number_style
from reportgen.presentation.options import PLAIN, Presentation
from reportgen.presentation.own_templates import OwnTemplates, copy_templates, read_templates
from reportgen.presentation.rendering import WRITERS
from reportgen.presentation.wording import flattened, wording

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
OTHERS = tuple(language for language in languages() if language != ENGLISH)
EVERYWHERE = ("example", *SITUATIONS)

# Files that hold no words: what they show comes from labels and from the files they include.
FRAMES = {
    "report.html.j2",
    "macros.html.j2",
    "sections/cautions.html.j2",
    "sections/contents.html.j2",
    "batch/index.html.j2",
}
SHARED = {LABELS, "batch/labels.toml", "references.toml"}

GERMAN = re.compile(r"(?<=[0-9]),(?=[0-9])")
ENGLISH_WORDS = re.compile(
    r"(?<![\w-])(the|of|and|is|are|were|with|which|that|this|these|slope|slopes|within|between|groups?|rows?|mean|means|model|"
    r"models|every|from|to|by|for|not|only|has|have|its|their|more|than|it|on|at|no|but|because|where|report|value|values)"
    r"(?![\w-])"
)
NAMES = {"code", "i", "pre", "math", "em", "style"}


def presentation(language: str) -> Presentation:
    return replace(PLAIN, lang=language)


@cache
def translated(situation: str, language: str) -> Document:
    return build_document(analysis(situation), presentation(language))


@cache
def html(situation: str, language: str) -> str:
    return render_html(document(situation) if language == ENGLISH else translated(situation, language))


def words_of(template: str) -> str:
    """Letters of a template outside of its tags and of what it computes."""
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)
    return " ".join(re.findall(r"[A-Za-z]{2,}", re.sub(r"<style>.*?</style>|<[^>]*>|&\w+;", " ", bare, flags=re.DOTALL)))


def macros_of(template: str) -> set[str]:
    return set(re.findall(r"\{%-? macro (\w+)\(", template))


# Nothing is missing.


def test_the_languages_are_the_folders_that_say_so() -> None:
    assert languages() == ("en", "de")
    assert wording(Layers("de"))["language.code"] == "de"


@pytest.mark.parametrize("language", OTHERS)
def test_every_file_with_words_has_its_counterpart(language: str) -> None:
    english = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.j2")}
    english = {name for name in english if name.split("/")[0] not in languages()}
    folder = TEMPLATES / language
    theirs = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert english - theirs == FRAMES
    assert theirs - english == {LABELS, "batch/labels.toml"}
    for name in FRAMES:
        assert words_of((TEMPLATES / name).read_text(encoding="utf-8")) == "", name


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", [LABELS, "batch/labels.toml"])
def test_every_label_is_there_with_the_same_places(language: str, name: str) -> None:
    english = flattened(tomllib.loads((TEMPLATES / name).read_text(encoding="utf-8")))
    theirs = flattened(tomllib.loads((TEMPLATES / language / name).read_text(encoding="utf-8")))
    assert set(theirs) == set(english)
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w*\}", theirs[key])) == sorted(re.findall(r"\{\w*\}", text)), key


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_what_could_not_be_computed_is_there(language: str) -> None:
    english = (TEMPLATES / "issues.j2").read_text(encoding="utf-8")
    theirs = (TEMPLATES / language / "issues.j2").read_text(encoding="utf-8")
    assert macros_of(theirs) == macros_of(english)
    signature = re.compile(r"\{%-? macro (\w+\([^)]*\))")
    assert set(signature.findall(theirs)) == set(signature.findall(english))


@pytest.mark.parametrize("language", OTHERS)
def test_every_value_that_an_english_sentence_shows_is_shown_in_the_other(language: str) -> None:
    """Also in those sentences that no situation brings up."""
    shown = re.compile(r"\b((?:f|p|data|mixed|residuals|s|e|comparison|test|w|r|o|blend|options)\.[a-z_.]+[A-Za-z_])")
    for path in sorted((TEMPLATES / language).rglob("*.html.j2")):
        name = path.relative_to(TEMPLATES / language).as_posix()
        english = set(shown.findall((TEMPLATES / name).read_text(encoding="utf-8")))
        missing = english - set(shown.findall(path.read_text(encoding="utf-8")))
        assert {value for value in missing if not value.endswith((".low", ".high"))} == set(), name


# The same report in other words.


def skeleton(page: Page) -> list[tuple[str, str]]:
    """Elements that carry the structure, with what they are called or lead to."""
    kept = ("h1", "h2", "h3", "section", "table", "figure", "img", "nav", "th", "td", "a", "dt", "li", "math")
    return [
        (tag, attrs.get("id") or attrs.get("href") or attrs.get("scope") or "") for tag, attrs in page.attributes if tag in kept
    ]


def links_sorted(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Links stand where the sentence of a language wants them; everything else in one order."""
    return [item for item in found if item[0] != "a"] + sorted(item for item in found if item[0] == "a")


def plain_numbers(text: str, language: str) -> Counter[float]:
    """Each number of a text and how often it stands there."""
    if language != ENGLISH:
        text = GERMAN.sub(".", text.replace("\u202f%", "%"))
    return Counter(
        float(match.replace("\u202f", "")) for match in re.findall(r"[0-9]+(?:\u202f[0-9]{3})*(?:\.[0-9]+)?|\.[0-9]+", text)
    )


def assert_alike(english: Page, other: Page, language: str) -> None:
    """The same elements, and the same numbers in text and in alternative texts."""
    assert other.faults == other.open == []
    assert links_sorted(skeleton(other)) == links_sorted(skeleton(english))
    alternatives = [" ".join(page.values("alt")) for page in (english, other)]
    assert plain_numbers(alternatives[1], language) == plain_numbers(alternatives[0], ENGLISH)
    assert plain_numbers(" ".join(other.words), language) == plain_numbers(" ".join(english.words), ENGLISH)
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b|Undefined|\{\}|\{\{", other.text)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("situation", EVERYWHERE)
def test_the_same_structure_and_the_same_numbers(situation: str, language: str) -> None:
    assert_alike(Page(html(situation, ENGLISH)), Page(html(situation, language)), language)


def rare_findings(n: int) -> tuple[Finding, ...]:
    """What no situation brings up, about one or several of something."""
    some, x = {"n": n, "examples": ["q1", "q2"][:n]}, {"column": "x"}
    values: dict[str, dict[str, object]] = {
        "derived_mean": {**x, "predictor": "z"},
        "extreme_rows": {**x, "n": n, "value": 987.6},
        "far_rows": {
            "n": n + 1,
            "bound": 3.66,
            "places": [{"group": f"q{i}", "n": i, "largest": 4.5 + i} for i in (1, 2)][2 - n :],
        },
        "few_digits": {**x, "spread": 0.0123, "size": 4567.0, "digits": n},
        "few_values": {"n": 4},
        "groups_lost": some,
        "groups_without_variation": {**x, **some},
        "identity_fails": {"identity": "pooled_is_a_blend", "discrepancy": 0.0321},
        "little_between_variation": {**x, "between_share": 0.0134},
        "little_within_variation": {**x, "between_share": 0.9834},
        "missing_labels": some,
        "missing_value_codes": {**x, "n": 6, "value": -999.0},
        "not_converged": {"variants": ["random_slope", "within_between_slope"][:n]},
        "numeric_group_predictor": {**x},
        "overlapping_predictors": {"columns": [{"column": "x", "vif": 17.3}, {"column": "z", "vif": 18.4}][:n]},
        "singular_fit": {"variants": ["random_slope", "within_between_slope"][:n]},
        "several_optima": {"variants": ["random_intercept", "mundlak"][:n]},
        "slopes_differ": {"f": 4.567, "df1": 7.0, "df2": 89.0, "p_value": 0.00123, "n": 8, "left_out": ["x:w", "z:w"][: n - 1]},
        "unequal_level_spread": {
            "factor": "arm",
            "lowest_level": "old",
            "lowest": 1.23,
            "highest_level": "new",
            "highest": 3.45,
            "ratio": 2.81,
        },
        "similar_labels": {"n": n, "examples": [["q1", "q2"], ["q3", "q4"]][:n]},
    }
    return tuple(Finding(kind, "caution", MappingProxyType(found)) for kind, found in values.items())


def test_every_finding_is_met() -> None:
    met = {finding.kind for situation in EVERYWHERE for finding in analysis(situation).findings}
    met |= {finding.kind for finding in rare_findings(2)}
    assert met == {path.name.removesuffix(".html.j2") for path in (TEMPLATES / "findings").iterdir()}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("n", [1, 2])
def test_rare_findings_say_the_same(n: int, language: str) -> None:
    rare = replace(analysis("two_levels"), findings=rare_findings(n))
    pages = [render_html(build_document(rare, presentation(name))) for name in (ENGLISH, language)]
    assert_alike(Page(pages[0]), Page(pages[1]), language)
    assert english_left(pages[1]) == []


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kept_back", [{"group_labels": "code"}, {"group_labels": "hide"}, {"min_cell": 3}, {"min_cell": 5}])
def test_what_is_kept_back_is_said_alike(kept_back: dict[str, Any], language: str) -> None:
    pages = [
        render_html(Material(analysis("unbalanced"), replace(presentation(name), **kept_back)).document)
        for name in (ENGLISH, language)
    ]
    assert pages[0] != html("unbalanced", ENGLISH)
    assert_alike(Page(pages[0]), Page(pages[1]), language)
    assert english_left(pages[1]) == []


SAMPLES = {"column": "Ua", "columns": ["Ub", "Uc"], "others": ["Ud", "Ue"], "group": "Uf", "variant": "pooled"}
ONE: dict[str, object] = {"columns": ["Ub"], "others": [], "n": 1}
SHOWN = re.compile(r"\b[0-9]+\b|U[a-f]\b")


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("samples", [SAMPLES, {**SAMPLES, **ONE}], ids=["several", "one"])
def test_sentences_of_what_could_not_be_computed_say_the_same(samples: Mapping[str, object], language: str) -> None:
    english, other = wording(), wording(Layers(language))
    for code, macro in english.sentences.items():
        if code == "names":
            continue
        values = {name: samples.get(name, 31 + place) for place, name in enumerate(macro.arguments)}
        texts = [words.issue(Issue(code, values)) for words in (english, other)]
        assert Counter(SHOWN.findall(texts[1])) == Counter(SHOWN.findall(texts[0])), code
        assert ENGLISH_WORDS.findall(texts[1]) == [], code
        assert texts[1].endswith("."), code


def test_a_number_that_drifts_is_seen() -> None:
    page = html("example", "de")
    assert "0,02723" in page
    drifted, english = Page(page.replace("0,02723", "0,02732", 1)), Page(html("example", ENGLISH))
    assert plain_numbers(" ".join(drifted.words), "de") != plain_numbers(" ".join(english.words), ENGLISH)


class Words(Page):
    """The words of a page without names of the data, code and literature."""

    def handle_data(self, data: str) -> None:
        if not set(self.open) & NAMES:
            self.words.append(data)


def english_left(page: str) -> list[str]:
    """English words in a page, with what stands around them; literature is left out."""
    found = Words(re.sub(r'<ul class="references"[^>]*>.*?</ul>', "", page, flags=re.DOTALL))
    text = " ".join([*found.words, *found.values("alt"), *found.values("aria-label"), *found.values("content")])
    return [text[max(0, m.start() - 30) : m.end() + 20] for m in ENGLISH_WORDS.finditer(text)]


@pytest.mark.parametrize("situation", [name for name in EVERYWHERE if name != "hostile"])
def test_no_english_is_left_in_german(situation: str) -> None:
    assert english_left(html(situation, "de")) == []
    assert len(ENGLISH_WORDS.findall(Page(html(situation, ENGLISH)).text)) > 300


@pytest.mark.parametrize(
    "situation", ["example", "several", "unbalanced", "random_slopes", "missing", "many_groups", "two_groups"]
)
def test_every_number_of_a_german_sentence_is_in_the_result_file(situation: str) -> None:
    text = GERMAN.sub(".", Sentences(html(situation, "de")).text.replace("\u202f%", "%"))
    text = text.replace("95\u2011%-", "95% ").replace("< 0.001", "< .001")  # as they are written in English
    assert len(list(numbers_in(text))) > 40
    assert strangers(text, pool_of(json.loads(translated(situation, "de").result))) == []


@pytest.mark.parametrize(
    ("situation", "sentence"),
    [
        ("example", "im Mittel um 0,21 höher (95\u2011%-Konfidenzintervall −2,33 bis 2,75"),
        ("example", "0,97277 × 0,2055 + 0,02723 × 12,4070 = 0,5377"),
        ("example", "F(1; 6,4) = 3,13, p = 0,124"),
        ("example", "testScore in 8 Gruppen nach mountainRange"),
        ("two_groups", "Nur 2 Gruppen."),
        ("binary", "lineare Wahrscheinlichkeitsmodelle"),
        ("missing", "3 von 78 Zeilen wurden weggelassen,"),
        ("no_predictor", "Die Formel enthält keinen Prädiktor"),
        ("factor", "bei kind = mid gegenüber low im Mittel um 0,45 niedriger"),
        ("example", "Die Modelle nebeneinander"),
    ],
)
def test_german_sentences(situation: str, sentence: str) -> None:
    assert sentence in Page(html(situation, "de")).text.replace("\u202f", " ")


# Numbers.


def test_marks_of_numbers() -> None:
    with number_style(wording(Layers("de")).numbers):
        assert fixed(-1234.5, 2) == "−1234,50"
        assert count(1234567) == "1\u202f234\u202f567"
        assert percent(0.726) == "73\u202f%"
        assert percent(1e-6) == "weniger als 0,01\u202f%"
        assert scientific(1.25e-9) == "1,25 × 10⁻⁹"
        for style in P_STYLES:
            with p_style(style):
                assert p_value(0.0342).endswith("0,03" if style == "ama" else "0,034")
                assert p_value(1e-9).endswith("< 0,001")
    assert fixed(-1234.5, 2) == "−1234.50"


def axis_texts(made: Document) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", figure.svg.decode()) for figure in made.figures.values())


@pytest.mark.parametrize("situation", ["several", "two_levels", "random_slopes"])
def test_decimal_commas_in_figures_and_tables(situation: str) -> None:
    made = translated(situation, "de")
    figures, english = axis_texts(made), axis_texts(document(situation))
    numbers = re.compile(r"(?<![\w.,])−?[0-9]+[.,][0-9]+(?![\w.,])")
    assert len(numbers.findall(english)) >= 4
    assert [shown.replace(".", ",") for shown in numbers.findall(english)] == numbers.findall(figures)
    for key in ("figure.share_of_variance", "figure.normal_quantile", "figure.group_left_out"):
        assert wording(Layers("de"))[key] in figures
        assert wording()[key] not in figures
    for name, table in made.tables.items():
        cells = " ".join(text for row in table.rows for cell in row.cells for text in (cell.text, *cell.details))
        assert not re.search(r"[0-9]\.[0-9]", cells), name


def test_files_for_machines_are_the_same_in_every_language() -> None:
    for situation in ("missing", "perfect"):
        materials = [Material(analysis(situation), presentation(language)) for language in ("en", "de")]
        for name in ("json", "xlsx", "tidy.csv", "glance.csv", "augment.csv"):
            assert WRITERS[name](materials[0]) == WRITERS[name](materials[1]), name
        inside = [attachments(analysis(situation), material.document.result) for material in materials]
        assert inside[0] == inside[1]


# Formats, command line, library, templates.


@pytest.mark.parametrize("language", languages())
def test_the_language_is_said_in_every_format(language: str, tmp_path: Path) -> None:
    material = Material(analysis("example"), presentation(language))
    assert f'<html lang="{language}">' in WRITERS["html"](material).decode()
    pdf = WRITERS["pdf"](material)
    assert str(PdfReader(io.BytesIO(pdf)).root_object["/Lang"]) == language
    book = docx.Document(io.BytesIO(WRITERS["docx"](material)))
    assert book.core_properties.language == language
    assert book.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:lang')}").get(qn("w:val")) == language
    assert WRITERS["md"](material).decode().count(wording(Layers(language))["text.figure"]) >= 5
    caption = wording(Layers(language))["latex.caption"].split("{}")[0]
    assert caption in WRITERS["tex"](material).decode()
    assert language != "de" or WRITERS["pdf"](Material(analysis("example"), presentation("de"))) == pdf


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["render", str(EXAMPLE), EXAMPLE_FORMULA, "--format", "html", "json", "--out"]
    for folder in ("one", "two"):
        assert main([*call, str(tmp_path / folder), "--lang", "de"]) == 0
    assert (tmp_path / "one" / "dragons.html").read_bytes() == (tmp_path / "two" / "dragons.html").read_bytes()
    assert "Zusammenfassung" in (tmp_path / "one" / "dragons.html").read_text(encoding="utf-8")
    assert main([*call, str(tmp_path / "en")]) == 0
    assert (tmp_path / "en" / "dragons.json").read_bytes() == (tmp_path / "one" / "dragons.json").read_bytes()
    capsys.readouterr()
    assert main([*call, str(tmp_path), "--lang", "dee"]) == 2
    assert "--lang: 'dee' is not allowed; did you mean 'de'? choose from" in capsys.readouterr().err


def test_in_python() -> None:
    shown = analyze(EXAMPLE_FORMULA, EXAMPLE).presented(lang="de")
    assert "Zusammenfassung" in shown.to_html()
    assert shown.presented(title="Drachen").presentation.lang == "de"
    with pytest.raises(OptionError, match="lang: 'fr' is not allowed"):
        shown.presented(lang="fr")


def test_templates_of_ones_own_lie_above_the_language(tmp_path: Path) -> None:
    own = OwnTemplates((("sections/data.html.j2", "<p>{{ labels['heading.data'] }}: unsere</p>"),))
    page = render_html(build_document(analysis("two_levels"), replace(PLAIN, templates=own, lang="de")))
    assert "<p>Daten und Gruppen: unsere</p>" in page
    assert "Die Modelle nebeneinander" in page
    base = '{% extends "!base/report.html.j2" %}{% block data %}{% include "!base/sections/data.html.j2" %}{% endblock %}'
    page = render_html(
        build_document(analysis("two_levels"), replace(PLAIN, templates=OwnTemplates((("report.html.j2", base),)), lang="de"))
    )
    assert page == html("two_levels", "de")


def test_a_copy_of_the_german_templates_makes_the_german_page(tmp_path: Path) -> None:
    n_files = copy_templates(tmp_path / "ours", "de")
    assert n_files == copy_templates(tmp_path / "english")
    own = read_templates(str(tmp_path / "ours"))
    made = build_document(analysis("example"), replace(PLAIN, templates=own))
    assert made.language == "de"
    assert render_html(made) == html("example", "de")
    assert main(["templates", "copy", str(tmp_path / "again"), "--lang", "de", "--quiet"]) == 0
    again = (tmp_path / "again" / "sections" / "summary.html.j2").read_bytes()
    assert again == (TEMPLATES / "de" / "sections" / "summary.html.j2").read_bytes()


def test_a_third_language_needs_only_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import shutil

    from reportgen.presentation import languages as module

    root = tmp_path / "templates"
    shutil.copytree(TEMPLATES, root)
    (root / "fr").mkdir()
    (root / "fr" / LABELS).write_text(
        '[language]\ncode = "fr"\nname = "français"\n[numbers]\ndecimal = ","\n[heading]\nsummary = "Résumé"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(module, "resource", lambda _name: root)
    module.languages.cache_clear()
    try:
        assert languages() == ("en", "de", "fr")
        page = render_html(build_document(analysis("two_levels"), presentation("fr")))
    finally:
        module.languages.cache_clear()
    assert '<html lang="fr">' in page
    assert ">Résumé</h2>" in page
    assert "Data and groups" in page  # what it has no words for is said in English
    assert re.search(r">0,[0-9]+<", page)


# Batch.


def write_batch(folder: Path, manifest: str) -> Path:
    (folder / "dragons.csv").write_bytes(EXAMPLE.read_bytes())
    path = folder / "manifest.toml"
    path.write_text(manifest, encoding="utf-8")
    return path


DEFAULTS = f'[defaults]\nformula = "{EXAMPLE_FORMULA}"\nformats = ["html", "json"]\n'
REPORTS = '[[report]]\nname = "a"\ndata = "dragons.csv"\n[[report]]\nname = "b"\ndata = "dragons.csv"\n'


def pages(folder: Path) -> Mapping[str, str]:
    return {name: (folder / f"{name}.html").read_text(encoding="utf-8") for name in ("a", "b", "index")}


def test_a_batch_in_german(tmp_path: Path) -> None:
    manifest = write_batch(tmp_path, DEFAULTS + REPORTS)
    assert main(["batch", str(manifest), "--out", str(tmp_path / "out"), "--lang", "de", "--jobs", "1", "--quiet"]) == 0
    found = pages(tmp_path / "out")
    assert all('<html lang="de">' in page for page in found.values())
    index = Words(found["index"])
    assert "Jeder der 2 Datensätze hat einen Bericht." in index.text
    assert "Viele Tests zugleich" in index.text
    assert re.search(r"[0-9],[0-9]", index.text)
    bare = re.sub(r"Python [0-9.]+|[a-z]+ [0-9.]+,", "", index.text)
    assert [m[0] for m in ENGLISH_WORDS.finditer(bare)] == []
    svg = re.findall(r"base64,([A-Za-z0-9+/=]+)", found["index"])
    assert "Steigung innerhalb der Gruppen" in b64decode(svg[0]).decode()


def test_a_manifest_gives_languages(tmp_path: Path) -> None:
    manifest = write_batch(tmp_path, DEFAULTS + 'lang = "de"\n' + REPORTS + 'lang = "en"\n')
    assert main(["batch", str(manifest), "--out", str(tmp_path / "out"), "--jobs", "1", "--quiet"]) == 0
    found = pages(tmp_path / "out")
    assert '<html lang="de">' in found["a"]
    assert '<html lang="en">' in found["b"]
    assert '<html lang="en">' in found["index"]


def test_a_language_that_is_not_there_is_said_before_anything_runs(tmp_path: Path) -> None:
    from reportgen.batch.manifest import read_manifest

    manifest = write_batch(tmp_path, DEFAULTS + REPORTS + 'lang = "dee"\n')
    with pytest.raises(InputError, match=r"report 2 \('b'\).*unknown language 'dee'; did you mean 'de'\? choose from"):
        read_manifest(manifest)
