"""What the report states of its own figures: how they are estimated, what they are given, and nothing that its tables deny."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure as Canvas
from situations import analysis, grouped
from test_document import Page

from reportgen.analysis import Analysis, walk
from reportgen.presentation.exports import result_file
from reportgen.presentation.figures.influence import influence_figure
from reportgen.presentation.html import render_html, render_page
from reportgen.presentation.layers import Layers
from reportgen.presentation.material import Material
from reportgen.presentation.options import Presentation
from reportgen.presentation.wording import wording

DATA = Path(__file__).resolve().parent / "reference" / "data"
IN_BOTH = pytest.mark.parametrize("language", ["en", "de"])


@cache
def orthodont() -> Analysis:
    return walk("distance ~ age * Sex + (1 | Subject)", DATA / "orthodont.csv")


def told(found: Analysis | str, language: str) -> str:
    shown = analysis(found) if isinstance(found, str) else found
    page = Page(render_html(Material(shown, Presentation(lang=language)).document)).text
    return re.sub(r"\s+", " ", page)


@IN_BOTH
def test_intervals_of_variances_are_those_of_the_restricted_likelihood(language: str) -> None:
    whole = told("example", language)
    assert {i.residual.method for i in analysis("example").variance.intervals.values()} == {"profile_reml"}
    assert {"en": "profile intervals of the restricted likelihood", "de": "Profil-Intervalle der restringierten Likelihood"}[
        language
    ] in whole
    assert whole.count("confint()") == 1
    assert not re.search(r"from the profile likelihood|aus der Profil-Likelihood", whole)


@IN_BOTH
def test_unreliable_means_pull_a_slope_to_another_and_a_difference_to_zero(language: str) -> None:
    data = grouped((9, 9, 9, 9, 9, 9, 9, 12), 1)
    data["x"] -= 0.9 * data.groupby("g")["x"].transform("mean")
    found = walk("y ~ x + (1 | g)", data)
    (values,) = [item.values for item in found.findings if item.kind == "unreliable_group_means"]
    whole, share = told(found, language), float(str(values["reliability"]))
    assert share == 0.0
    assert {"en": "the contextual effect toward zero; if", "de": "der Kontexteffekt zur Null;"}[language] in whole
    assert {"en": "so their reliability cannot be estimated.", "de": "deshalb nicht schätzen."}[language] in whole
    assert not re.search(r"\((reliability|Reliabilität) 0 ", whole)


@IN_BOTH
def test_the_size_of_groups_at_which_means_are_unreliable_is_the_median(language: str) -> None:
    for sizes, words in (((9,) * 8, {"en": " at 9 rows", "de": " bei 9 Zeilen"}), ((9,) * 7 + (12,), {})):
        data = grouped(sizes, 1)
        data["x"] -= 0.55 * data.groupby("g")["x"].transform("mean")
        found = walk("y ~ x + (1 | g)", data)
        assert any(item.kind == "unreliable_group_means" for item in found.findings)
        either = words or {"en": "at the median of 9 rows a group)", "de": "bei 9 Zeilen je Gruppe im Median)"}
        assert either[language] in told(found, language)


@IN_BOTH
def test_no_errors_are_said_to_be_the_most_cautious(language: str) -> None:
    whole = told("example", language)
    assert not re.search("most cautious|am vorsichtigsten", whole)
    assert (
        whole.count({"en": "the largest standard errors as a rule", "de": "in der Regel die größten Standardfehler"}[language])
        == 2
    )


@IN_BOTH
def test_columns_that_vary_at_both_levels_need_not_have_two_slopes(language: str) -> None:
    whole = told(orthodont(), language)
    assert any(level.varies_within and level.varies_between for level in orthodont().levels[:-1])
    assert not re.search("No predictor varies both|Kein Prädiktor variiert sowohl", whole)
    own = {
        "en": "No predictor has a slope of its own within groups and another",
        "de": "Kein Prädiktor hat eine eigene Steigung",
    }
    assert whole.count(own[language]) >= 2


@IN_BOTH
def test_where_groups_are_compared_is_named(language: str) -> None:
    words = {
        "en": "models with the product as it stands compare them where age is zero, the regression of the group means and the "
        "within-between model where it is at its mean.",
        "de": "Modelle mit dem Produkt, wie es ist, vergleichen sie dort, wo age null ist, die Regression der Gruppenmittel "
        "und das Within-Between-Modell dort, wo es bei seinem Mittel liegt.",
    }
    assert told(orthodont(), language).count(words[language]) == 2


@IN_BOTH
def test_two_intraclass_correlations_are_told_apart(language: str) -> None:
    whole = told("unbalanced", language)
    assert {"en": "from mean squares (one-way", "de": "aus mittleren Quadraten (einfaktorielle"}[language] in whole
    assert {"en": "in the text above by REML.", "de": "im Text darüber mit REML."}[language] in whole


@IN_BOTH
def test_slopes_that_depend_on_the_errors_are_listed_as_a_sentence(language: str) -> None:
    words = {
        "en": r"with CR1, CR2 and CR3\) and the contextual effect of bodyLength2 \(",
        "de": r"mit CR1, CR2 und CR3\) und dem Kontexteffekt von bodyLength2 \(",
    }
    assert re.search(words[language], told("example", language))
    assert {"en": "); for no other of these.", "de": "); bei keiner anderen dieser Größen."}[language] in told(
        "example", language
    )


@IN_BOTH
def test_shares_between_groups_say_what_they_are_given(language: str) -> None:
    given = {"en": "share of variance between groups, given the predictors (ICC)", "de": "gegeben die Prädiktoren (ICC)"}
    null = {"en": "In a model without predictors, 61% of the variance of", "de": "In einem Modell ohne Prädiktoren lagen 61"}
    whole = told("example", language)
    assert given[language] in whole
    assert null[language] in whole
    alone = told("no_predictor", language)
    assert given[language] not in alone
    assert {"en": "In a model without predictors, ", "de": "In einem Modell ohne Prädiktoren lagen"}[language] not in alone


@IN_BOTH
def test_the_fixed_part_is_told_from_fixed_effects(language: str) -> None:
    words = {"en": "“Fixed part” is the part of the predictors.", "de": "„Fester Teil“ ist der Teil der Prädiktoren."}
    assert words[language] in told("example", language)


@IN_BOTH
def test_what_the_code_needs_is_said_for_each_program(language: str) -> None:
    made = Material(analysis("example"), Presentation(lang=language)).document
    whole = re.sub(r"\s+", " ", Page(render_page(made, "screen", attached={"data.csv": ""})).text)
    for words in (
        "pbkrtest",
        'd <- read.csv("data.csv", check.names = FALSE)',
        'import pandas; d = pandas.read_csv("data.csv")',
        "import delimited data.csv, case(preserve) clear",
    ):
        assert words in whole
    assert "pandas.read_csv" not in told("example", language)


@IN_BOTH
def test_the_axis_of_the_contextual_effect_says_so(language: str) -> None:
    words = wording(Layers(language))
    canvas = Canvas()
    influence_figure(analysis("example"), "bodyLength2", words).paint(canvas)
    labels = [axes.get_xlabel() for axes in canvas.axes]
    slope, effect = {"en": ("Slope of ", "Contextual effect of "), "de": ("Steigung von ", "Kontexteffekt von ")}[language]
    assert [label.startswith(slope) for label in labels] == [True, True, False]
    assert labels[2].startswith(effect)


def moved_within(material: Material) -> dict[str, Any]:
    (found,) = json.loads(result_file(material.analysis))["influence"]["within"]
    return dict(found)


@IN_BOTH
def test_groups_that_turn_a_slope_are_named_where_they_are_few_and_may_be(language: str) -> None:
    material = Material(analysis("example"), Presentation(lang=language))
    within = moved_within(material)
    names = within["sign_changes_without"]
    assert len(names) == within["groups_that_change_sign"] == 2
    either = {"en": "any one of 2 groups left out ({} and {}).", "de": "irgendeine von 2 Gruppen ({} und {}), so"}[language]
    assert either.format(*names) in told("example", language)
    hidden = Material(analysis("example"), Presentation(lang=language, group_labels="hide"))
    kept = moved_within(hidden)
    assert (kept["groups_that_change_sign"], kept["sign_changes_without"], kept["covering_changes_without"]) == (2, [], [])
    whole = re.sub(r"\s+", " ", Page(render_html(hidden.document)).text)
    assert {"en": "any one of 2 groups left out.", "de": "irgendeine von 2 Gruppen, so"}[language] in whole
    coded = Material(analysis("example"), Presentation(lang=language, group_labels="code"))
    codes = moved_within(coded)
    assert [bool(re.fullmatch(r"G\d+", code)) for code in codes["sign_changes_without"]] == [True, True]
