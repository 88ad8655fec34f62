"""What the page says of other standard errors: the p values of the table, and whether the intervals agree about zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from situations import analysis, document, grouped
from test_unfitted_report import text

from reportgen.analysis import walk
from reportgen.presentation.html import render_html
from reportgen.presentation.other_errors import error_values


def told(data: pd.DataFrame, formula: str = "y ~ x + (1 | g)") -> dict[str, Any]:
    return dict(error_values(walk(formula, data), "x"))


def test_the_p_values_are_those_of_the_table() -> None:
    found: dict[str, Any] = dict(error_values(analysis("example"), "bodyLength2"))
    rows = {(row.header, row.detail): row.cells for row in document("example").tables["inference"].rows}
    for kind, header, detail in (
        ("between", "Within-between: bodyLength2", "group mean"),
        ("within", "No pooling: bodyLength2", "deviation from the group mean"),
        ("pooled", "Pooled: bodyLength2", "raw predictor"),
        ("contextual", "Mundlak: bodyLength2", "group mean beside the raw predictor"),
    ):
        cells = rows[header, detail]
        shown = [cell.details[0].rpartition(", ")[2] for cell in cells if cell.text]
        assert found[kind]["model"] in shown
        assert shown[-3:] == found[kind]["robust"]


def test_slopes_of_the_model_with_random_slopes_are_among_them() -> None:
    found: dict[str, Any] = dict(error_values(analysis("random_slopes"), "x"))
    rows = {(row.header, row.detail): row.cells for row in document("random_slopes").tables["inference"].rows}
    for kind, detail in (("within_random", "deviation from the group mean"), ("between_random", "group mean")):
        shown = [cell.details[0].rpartition(", ")[2] for cell in rows["Within-between, random slope: x", detail] if cell.text]
        assert [found[kind]["model"], *found[kind]["robust"]] == [shown[1], *shown[-3:]]
    assert "pooled and within and between groups with random slopes" in text(analysis("random_slopes"))
    assert not error_values(analysis("example"), "bodyLength2")["within_random"]["defined"]


def test_what_intervals_do_not_allow_for_is_said_of_the_models_of_which_it_holds() -> None:
    assert "model-based intervals of the models with one slope for all groups do not allow" in text(analysis("random_slopes"))
    assert "model-based intervals of this report do not allow" in text(analysis("example"))


def test_few_groups_leave_the_choice_open_and_many_do_not() -> None:
    found: dict[str, Any] = dict(error_values(analysis("example"), "bodyLength2"))
    assert (found["within"]["all_cover"], found["within"]["none_covers"]) == (True, False)
    assert (found["between"]["all_cover"], found["between"]["none_covers"]) == (False, False)
    strong = told(grouped((10,) * 40, 3, tau=0.2, gap=3.0))
    assert all(strong[kind]["none_covers"] for kind in ("within", "between", "pooled"))


def test_a_predictor_of_one_level_has_one_of_the_two() -> None:
    constant = told(grouped((10,) * 20, 4).assign(x=lambda d: d.w))
    assert constant["between"]["defined"]
    assert not constant["within"]["defined"]
    within = told(grouped((10,) * 20, 4).assign(x=lambda d: np.tile(np.arange(10.0), 20)))
    assert within["within"]["defined"]
    assert not within["between"]["defined"]


@pytest.mark.parametrize(
    ("situation", "words"), [("example", "Which to believe with 8 groups"), ("many_groups", "260 groups: CR2")]
)
def test_the_advice_depends_on_the_number_of_groups(situation: str, words: str) -> None:
    assert words in render_html(document(situation))


def test_only_what_changes_is_told() -> None:
    strong = grouped((10,) * 40, 3, tau=0.2, gap=3.0)
    assert not told(strong)["depends"]
    whole = text(walk("y ~ x + (1 | g)", strong))
    assert (
        "whether an interval covers zero does not depend on the choice between the model’s own error, CR1, CR2 and CR3" in whole
    )
    assert "p < .001 with the model’s own error" not in whole
    found: dict[str, Any] = dict(error_values(analysis("example"), "bodyLength2"))
    shown = ", ".join(found["between"]["robust"][:2]) + " and " + found["between"]["robust"][2]
    assert f"between groups ({found['between']['model']} with the model’s own error, {shown} with CR1, CR2 and CR3)" in text(
        "example"
    )
    assert "the slope of bodyLength2 within groups (" not in text("example")
    assert "with CR1, CR2 and CR3); for no other of these." in text("example")
    contextual = found["contextual"]
    assert contextual["depends"]
    assert f"the contextual effect of bodyLength2 ({contextual['model']} with the model’s own error" in text("example")


def test_a_predictor_of_the_groups_is_told_by_the_model_whose_slope_the_summary_has() -> None:
    """Beside a product of it that of the random intercept model is another: where the other factor is zero."""
    found, made = analysis("growth"), document("growth")
    errors: dict[str, Any] = dict(error_values(found, "w"))
    assert errors["between"]["variant"] == "within_between"
    cells = {(row.header, row.detail): row.cells for row in made.tables["inference"].rows}
    assert errors["between"]["model"] in cells["Within-between: w", "group-level predictor"][1].details[0]
    assert "between groups (within-between model) and pooled:" in render_html(made)
