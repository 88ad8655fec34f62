"""What the report says where models could not be fitted, and where there is nothing to mix: nothing of what is not there."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from situations import analysis, document, grouped
from test_document import Page

from reportgen.analysis import Analysis, walk
from reportgen.blends import Curve
from reportgen.disclosed import disclosed
from reportgen.fits import Coefficient, Issue
from reportgen.presentation.curve_points import is_flat
from reportgen.presentation.document import build_document
from reportgen.presentation.html import render_html
from reportgen.presentation.layers import Layers
from reportgen.presentation.material import Material
from reportgen.presentation.options import PLAIN
from reportgen.presentation.wording import wording

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def text(found: Analysis | str) -> str:
    made = document(found) if isinstance(found, str) else build_document(found)
    return Page(render_html(made)).text


def section(found: Analysis | str, start: str, end: str) -> str:
    whole = text(found)
    return whole[whole.rindex(start) : whole.rindex(end)]


# The same slope in every model.


def test_flat_is_what_rounding_moves_and_nothing_more() -> None:
    slope = Coefficient("x", "within", 0.5, 0.01, 9.0, "residual", 50.0, 0.0, 0.4, 0.6)

    def curve(move: float) -> Curve:
        return Curve(("z", "x"), np.array([0.0, 1.0]), np.array([[1.0, 0.5 + move], [2.0, 0.5]]), 0.5)

    assert is_flat(curve(0.9e-8), slope)
    assert not is_flat(curve(1.2e-8), slope)
    assert is_flat(curve(4e-10), replace(slope, std_error=0.0))
    assert not is_flat(curve(6e-10), replace(slope, std_error=0.0))


def test_where_every_model_gives_the_same_slope_there_is_no_curve_and_nothing_to_weigh() -> None:
    made, whole = document("mean_in_formula"), text("mean_in_formula")
    assert "predictor-1.curve" not in made.figures
    assert "predictor-1.curve" in document("example").figures
    entry = made.context["predictors"][0]  # type: ignore[index]
    assert entry["is_flat"]
    assert entry["curve"] == []
    assert not entry["changed"]["defined"]
    assert "whatever share of the variance is assumed to lie between groups" in whole
    assert "its slope does not depend on how a model weighs the two comparisons" in whole
    for untrue in (
        "Were every group twice as large",
        "so it has two slopes",
        "each has two slopes",
        "Where the weights come from",
    ):
        assert untrue not in whole
    assert "The random intercept slope" not in section(
        "mean_in_formula", "Why the slopes differ A predictor", "Is the gap real"
    )


def test_one_predictor_is_not_each() -> None:
    base = document("several")
    predictors = [entry for entry in base.context["predictors"] if entry["column"] == "x"]  # type: ignore[attr-defined]
    tables = {name: table for name, table in base.tables.items() if not name.endswith((".blend", ".pulls"))}
    page = Page(
        render_html(
            replace(base, context={**base.context, "predictors": predictors, "cautions": [], "summary": []}, tables=tables)
        )
    ).text
    assert "x varies within groups and between them, so it has two slopes that need not agree." in page
    assert "With several predictors it also takes up" not in page


# Predictors without a finding.


def test_every_predictor_of_the_summary_has_a_sentence() -> None:
    for situation in ("mean_in_formula", "too_few_groups", "two_groups", "three_groups", "growth"):
        html = render_html(document(situation))
        summary = html[html.index('id="h-summary"') : html.index("</section>")]
        for paragraph in re.findall(r"<p>(.*?)</p>", summary, flags=re.DOTALL):
            assert len(re.sub(r'<b class="run-in">.*?</b>|<[^>]*>', "", paragraph).split()) > 6, (situation, paragraph)


def test_a_predictor_of_the_groups_has_the_slope_of_the_random_intercept_model_where_the_means_have_none() -> None:
    for situation, column in (("mean_in_formula", "m"), ("too_few_groups", "w")):
        fit = analysis(situation).fits["random_intercept"]
        entries = document(situation).context["predictors"]
        entry = next(entry for entry in entries if entry["column"] == column)  # type: ignore[attr-defined]
        told = entry["models"]["random_intercept"]["group_level"]
        assert not entry["between"]["defined"]
        shown = next(c.estimate for c in analysis(situation).shown(fit) if c.column == column)  # type: ignore[arg-type]
        assert (shown < 0) == (told["sign"] < 0)
        summary = section(situation, "Summary Every slope", "Why in short")
        assert f"In the random intercept model y averages {told['magnitude']}" in summary
        assert f"(95% interval {told['interval']})" in summary
        assert "From the regression of the group means there is none." in summary


def test_pooled_and_random_intercept_slopes_are_told_where_they_cannot_be_taken_apart() -> None:
    assert "Pooled regression and the random intercept model give the same." in text("mean_in_formula")


# Models that were not fitted.


def test_the_methods_name_the_models_that_were_fitted_and_no_others() -> None:
    fitted = section("several", "Methods We analysed", "How the figures are computed")
    assert "by adding group means to a linear mixed model" in fitted
    assert (
        "pooled regression, group dummies, the regression of the group means and the random intercept model without" in fitted
    )
    assert "In the random intercept model without group means the standard deviation" in fitted
    for situation in ("mean_in_formula", "too_few_groups"):
        told = section(situation, "Methods We analysed", "How the figures are computed")
        assert (
            "group means could not be added to a linear mixed model here, so we used pooled regression, group dummies" in told
        )
        assert "regression of the group means" not in told
        assert "without group means" not in told
        assert "Mundlak" not in told
        assert "In the random intercept model the standard deviation" in told
    within = section("growth", "Methods We analysed", "How the figures are computed")
    assert (
        "in a linear mixed model with random intercepts, in pooled regression, with group dummies and in the regression"
        in within
    )
    level = section("group_level_only", "Methods We analysed", "How the figures are computed")
    assert "group dummies" not in level
    assert "restricted maximum likelihood" in level


def test_models_that_were_not_fitted_answer_no_question() -> None:
    for situation, expected in (("example", "No pooling, Mundlak, Within-between"), ("mean_in_formula", "No pooling")):
        assert document(situation).tables["questions"].rows[0].cells[0].text == expected
    for situation in ("mean_in_formula", "too_few_groups"):
        assert "Mundlak and within-between keep" not in text(situation)
        assert "the Mundlak and the within-between model keep" not in text(situation)


def test_other_errors_name_the_model_of_the_slope_between_groups() -> None:
    for situation, told in (
        ("example", "between groups (within-between model) and pooled, and for contextual effects:"),
        ("several", "between groups (within-between model) and pooled, and for contextual effects:"),
        ("mean_in_formula", "For the slopes within groups, between groups (random intercept model) and pooled:"),
        ("two_groups", "For the slopes within groups and pooled:"),
    ):
        assert told in text(situation), situation
    assert "and for contextual effects:" not in text("mean_in_formula")


def test_the_checklist_ticks_what_the_report_has() -> None:
    kept = "Slopes within and between groups kept apart"
    assert f"✓ {kept}" in text("example")
    assert "This report lacks" not in text("example")
    assert f"☐ {kept}" in text("mean_in_formula")
    assert "✓ Estimates of all coefficients with intervals, under every model that could be fitted" in text("mean_in_formula")
    german = Page(render_html(build_document(analysis("mean_in_formula"), replace(PLAIN, lang="de")))).text
    assert "☐ Steigungen innerhalb und zwischen den Gruppen getrennt" in german
    assert "Diesem Bericht fehlt, weil die Daten es nicht zulassen" in german


def test_the_gap_of_several_predictors_is_judged_in_one_caution() -> None:
    whole = text("three_groups")
    assert "Whether x and z have the same slopes between groups as within them cannot be judged." in whole
    assert whole.count("cannot be judged") == 1


# Sentences.


def test_a_column_that_follows_the_means_is_not_called_the_mean() -> None:
    whole = text("mean_in_formula")
    assert "m follows the group means of x exactly." in whole
    assert "A formula without m shows all variants." in whole
    assert "is the group mean of" not in whole


def test_a_factor_that_follows_the_means_of_its_product_is_no_fault_of_the_formula() -> None:
    made = document("growth")
    finding = {"kind": "derived_mean", "severity": "caution", "values": {"column": "w", "predictor": "t:w"}, "predictor": {}}
    whole = Page(render_html(replace(made, context={**made.context, "cautions": [finding]}))).text
    assert "w follows the group means of t:w exactly." in whole
    assert "no fault of the formula" in whole
    assert "A formula without" not in whole


@pytest.mark.parametrize(
    ("code", "values", "english", "german"),
    [
        ("dependent_columns", {"columns": ["a"]}, "so its coefficient is not defined", "der Koeffizient ist"),
        ("dependent_columns", {"columns": ["a", "b"]}, "so their coefficients are not", "die Koeffizienten sind"),
        (
            "between_dependent",
            {"columns": ["a"], "n_groups": 4, "n_coefficients": 4},
            "a combination of those of the other columns, so its slope",
            "eine Kombination derer der anderen Spalten; die Steigung",
        ),
        (
            "between_dependent",
            {"columns": ["a"], "n_groups": 3, "n_coefficients": 4},
            "takes 4 coefficients, and there are 3 groups",
            "braucht 4 Koeffizienten, und es gibt 3 Gruppen",
        ),
        ("too_few_groups_for_spread", {"n": 0, "rows": 5}, "here there is none.", "hier gibt es keine."),
        ("too_few_groups_for_spread", {"n": 1, "rows": 5}, "there is only 1.", "gibt es nur 1."),
        ("too_few_groups_for_spread", {"n": 2, "rows": 5}, "there are only 2.", "gibt es nur 2."),
        ("no_group_carries_all_slopes", {"columns": ["a"]}, "in which a varies; there is", "in der a variiert; eine"),
        ("no_group_carries_all_slopes", {"columns": ["a", "b"]}, "a and b vary, and none as", "a und b variieren, und keine"),
    ],
)
def test_reasons(code: str, values: dict[str, object], english: str, german: str) -> None:
    for language, part in (("en", english), ("de", german)):
        told = wording(Layers(language)).issue(Issue(code, values))
        assert part in told
        assert "leave" not in told
        assert "weglassen" not in told


def test_too_few_groups_are_named_only_where_they_are_the_reason() -> None:
    whole = text(walk("y ~ x + z + (1 | g)", grouped((9, 8), 5)))
    assert "The comparison between groups takes 3 coefficients, and there are 2 groups" in whole
    assert "There is no slope of the group means of x here. The model has as many coefficients" in whole


def test_no_template_defines_a_macro_twice() -> None:
    """The first of two would be dead, whatever it says."""
    for path in TEMPLATES.rglob("*.j2"):
        names = re.findall(r"\{%-? *macro (\w+)\(", path.read_text(encoding="utf-8"))
        assert len(names) == len(set(names)), path


def test_without_a_random_intercept_model_a_predictor_of_the_groups_has_the_pooled_slope() -> None:
    """Two groups and one predictor of them leave no group over to tell the variance between groups by."""
    for formula in ("y ~ x + w + (1 | g)", "y ~ x * w + (1 | g)"):
        found = walk(formula, grouped((9, 8), 5))
        assert found.fits["random_intercept"].variant not in {
            f.variant for f in found.fits.values() if hasattr(f, "coefficients")
        }
        summary = section(found, "Summary Every slope", "Why in short")
        assert "w. It is the same for all rows of a g, so only groups can be compared. Pooled regression says" in summary
        assert "random intercept model" not in section(found, "Methods We analysed", "How the figures are computed")
        assert "☐ Variance of every random effect, with interval" in text(found)


def test_with_many_predictors_too_it_is_said_where_the_slope_of_a_factor_of_a_product_holds() -> None:
    told = "the slope of each factor holds where the other factors are zero or at their reference level"
    assert told in text(walk("y ~ x * z + w + (1 | g)", grouped((9,) * 8, 1)))
    assert told not in text("many_predictors")


def test_columns_of_one_curve_are_not_to_be_read_one_by_one() -> None:
    data = grouped((9,) * 8, 1)
    told = "Several columns are computed from x; together they describe a curve"
    for formula in ("poly(x, 2)", "x + I(x**2)", "bs(x, df=4) + z"):
        assert told in text(walk(f"y ~ {formula} + (1 | g)", data)), formula
    for formula in ("x * z", "x + C(kind) + w", "log(abs(x)) + z"):
        assert "describe a curve" not in text(walk(f"y ~ {formula} + (1 | g)", data)), formula


def test_columns_that_stand_still_in_the_same_groups_are_told_once() -> None:
    data = grouped((9,) * 8, 1)
    odd = data["g"].str[1:].astype(int) % 2 == 1
    means = data.groupby("g")[["x", "z"]].transform("mean")
    data[["x", "z"]] = data[["x", "z"]].where(~odd, means)
    found = walk("y ~ x + z + (1 | g)", data)
    whole = text(found)
    assert "x and z do not vary within 4 groups of several rows (g01, g03, g05 and g07)." in whole
    assert whole.count("of several rows") == 1
    hidden = Page(render_html(Material(found, replace(PLAIN, group_labels="hide")).document)).text
    assert hidden.count("does not vary within 4 groups of several rows.") == 2


def test_columns_of_one_factor_are_told_once() -> None:
    data = grouped((9,) * 9, 1)
    data["third"] = data["g"].str[1:].astype(int) % 3
    data["turn"] = np.tile(["a", "b", "c"], 27)
    whole = text(walk("y ~ x + C(third) + turn + (1 | g)", data))
    assert "C(third)[T.1] and C(third)[T.2] are the same for all rows of a group. Group dummies absorb them" in whole
    assert "turn[T.b] and turn[T.c] have the same mean in every group." in whole
    assert whole.count("for all rows of a group. Group") == whole.count("the same mean in every group") == 1


def test_a_product_stands_still_where_its_factor_is_zero_which_is_no_lack_of_groups() -> None:
    data = grouped((9,) * 8, 1)
    data["side"] = np.where(data["g"].str[1:].astype(int) % 2, "a", "b")
    found = walk("y ~ x * side + z * side + (1 | g)", data)
    assert "groups_without_variation" not in {finding.kind for finding in found.findings}
    hidden = disclosed(found, "hide")
    assert "groups_without_variation" not in {finding.kind for finding in hidden.findings}


def test_too_few_groups_are_the_reason_and_not_the_columns() -> None:
    found = walk("y ~ x * z + (1 | g)", grouped((9, 8, 7), 5))
    reason = found.fits["mundlak"].reason  # type: ignore[union-attr]
    assert (reason.code, reason.values) == ("no_group_left_over", {"n_groups": 3, "n_coefficients": 4})
    whole = text(found)
    assert "is a combination of the other columns" not in whole
    assert "Why the slopes differ says more." in whole


def test_where_groups_are_compared_is_said_where_models_differ_in_it() -> None:
    beside, alone = text("growth"), text("within_only")
    assert (
        "and, for w, in where they compare groups: models with the product as it stands compare them where t is zero, "
        in beside
    )
    assert "not in the question they answer" not in beside
    assert "they differ in their standard errors, not in the question they answer." in alone


def test_the_caption_of_the_groups_names_the_columns_that_are_there() -> None:
    for situation, caption in (
        (
            "two_levels",
            "Groups: rows, means, slopes of a regression of their own (separate regressions, with one residual variance",
        ),
        ("two_levels", "where a group cannot carry one), and what the random intercept model makes of them"),
        ("too_few_groups", "without x:w, which is a combination of the others inside a group"),
        ("perfect", "Groups: rows, means and slopes of a regression of their own"),
    ):
        assert caption in text(situation), situation


def test_a_product_of_two_says_whose_slope_it_changes() -> None:
    data = grouped((9,) * 8, 1)
    value = document("product").context["predictors"][2]["within"]["value"]  # type: ignore[index]
    assert f"In other words, the slope of x changes by {value} for each unit more of z." in text("product")
    level = text(walk("y ~ kind * x + (1 | g)", data.assign(kind=data["kind"].replace("top", "mid"))))
    assert re.search(
        r"In other words, the slope of x changes by \S+ where kind is mid instead of low; it is \S+ there \(95% interval", level
    )
    for formula in ("y ~ x:z + x + (1 | g)", "y ~ x + z + (1 | g)"):
        assert "In other words" not in text(walk(formula, data)), formula
    german = Page(render_html(build_document(analysis("product"), replace(PLAIN, lang="de")))).text
    assert re.search(r"Anders gesagt ändert sich die Steigung von x um \S+ je Einheit mehr von z\.", german)
