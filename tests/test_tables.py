"""Tables as data: what stands in which cell, and that nothing is missing without a reason."""

from __future__ import annotations

import numpy as np
import pytest
from situations import FRAMES, SITUATIONS, analysis, document

from reportgen.fits import MixedFit
from reportgen.presentation.explanation_tables import blend_table, pulls_table
from reportgen.presentation.tables import Cell, Column, Row, Table
from reportgen.presentation.wording import wording


def cells(table: Table, header: str) -> tuple[str, ...]:
    row = next(row for row in table.rows if row.header == header)
    return tuple(cell.text for cell in row.cells)


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="has 1 cells, not 2"):
        Table("t", "", (Column("a"), Column("b")), (Row("r", (Cell("1"),)),))


def test_the_blend_of_the_example_is_the_published_arithmetic() -> None:
    table = blend_table(analysis("example").comparison.slopes[0], wording())
    assert cells(table, "Random intercept") == ("0.97277", "0.2055", "0.02723", "12.4070", "0.5377")
    assert cells(table, "Pooled") == ("0.27959", "0.2055", "0.72041", "12.4070", "8.9956")
    assert cells(table, "No pooling (group dummies)") == ("1", "0.2055", "0", "–", "0.2055")


def test_models_that_keep_the_slopes_apart_have_their_own_between_groups() -> None:
    """Where groups differ in size it is not that of the regression of the group means."""
    found = analysis("unbalanced")
    (slope,) = found.comparison.slopes
    fit = found.fits["within_between"]
    assert isinstance(fit, MixedFit)
    own = next(item.estimate for item in fit.coefficients if (item.column, item.role) == ("x", "between"))
    table = blend_table(slope, wording())
    printed = [cells(table, header)[3] for header in ("Mundlak, within-between: keep them apart", "Between (group means)")]
    assert float(printed[0].replace("−", "-")) == pytest.approx(own, abs=1e-4)
    assert printed[0] != printed[1]


@pytest.mark.parametrize(("situation", "is_told"), [("many_groups", True), ("within_only", True), ("unbalanced", False)])
def test_mixed_slopes_are_told_with_cluster_robust_intervals_where_these_are_to_be_reported(
    situation: str, is_told: bool
) -> None:
    """With many groups, and where rows of the same group alone are compared."""
    row = next(row for row in document(situation).tables["questions"].rows if row.header.startswith("What is the one slope"))
    assert any(line.startswith("CR2: ") for line in row.cells[1].details) == is_told


def test_parts_of_a_slope_add_up_as_printed() -> None:
    for slope in analysis("several").comparison.slopes[:2]:
        table = pulls_table(slope, wording())
        assert len(table.rows) == 2
        for row in table.rows:
            within, own, others, total = (float(cell.text.replace("−", "-")) for cell in row.cells)
            assert within + own + others == pytest.approx(total, abs=2e-5)


def test_models_side_by_side() -> None:
    table = document("example").tables["models"]
    assert [column.label for column in table.columns][:3] == ["Pooled", "No pooling", "Between"]
    slope = next(row for row in table.rows if row.header == "bodyLength2")
    assert slope.cells[0].text == "9.00"
    assert slope.cells[0].details == ("(0.97)", "7.09 to 10.90", "p < .001", "raw")
    assert slope.cells[2].text == ""
    mean = next(row for row in table.rows if row.header == "group mean of bodyLength2")
    assert [cell.details[-1] for cell in mean.cells if cell.text] == ["between", "contextual", "between"]
    assert cells(table, "AIC (ML)")[2] == ""


def test_standard_errors_by_method() -> None:
    table = document("example").tables["inference"]
    assert [column.label for column in table.columns][:2] == ["Model-based", "Kenward-Roger"]
    assert cells(table, "Random intercept: bodyLength2")[:2] == ("1.275", "1.285")


def test_levels_and_ledger() -> None:
    levels = document("several").tables["levels"]
    assert cells(levels, "w")[0] == "between groups only"
    assert cells(levels, "w")[1] == "0"
    ledger = document("missing").tables["ledger"]
    assert [row.header for row in ledger.rows][1:3] == ["left out: no value in x", "left out: no group in g"]
    assert int(cells(ledger, "used in every model")[0]) == 75


def test_a_long_list_of_groups_is_cut_and_says_so() -> None:
    table = document("many_groups").tables["groups"]
    assert len(table.rows) == 200
    assert table.n_left_out == 60


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_dash_has_a_reason_or_is_arithmetic(situation: str) -> None:
    for name, table in document(situation).tables.items():
        for row in table.rows:
            for cell in row.cells:
                assert "nan" not in cell.text
                assert "None" not in cell.text
                if cell.text == "–" and not name.endswith("blend"):
                    assert cell.note, (name, row.header)


def test_likelihoods_stand_where_they_can_be_compared() -> None:
    table = document("example").tables["models"]
    heads = [column.label for column in table.columns]
    for header in ("log-likelihood (ML)", "AIC (ML)", "BIC (ML)"):
        shown = dict(zip(heads, cells(table, header), strict=True))
        assert shown["No pooling"] == "\N{EN DASH}"
        assert shown["Between"] == ""
        assert len(shown["Pooled"]) > 3 < len(shown["Mundlak"])
    assert any("not comparable" in note for note in table.notes)


def test_groups_show_their_own_slopes() -> None:
    for situation in ("two_levels", "unbalanced"):
        frame = FRAMES[situation][1]
        table = document(situation).tables["groups"]
        place = [column.label for column in table.columns].index("own slope of x (SE)")
        alone = {label: rows for label, rows in frame.groupby("g") if len(rows) > 1}
        slopes = {label: np.polyfit(rows.x, rows.y, 1)[0] for label, rows in alone.items()}
        left = sum(((rows.y - np.poly1d(np.polyfit(rows.x, rows.y, 1))(rows.x)) ** 2).sum() for rows in alone.values())
        sigma2 = left / sum(len(rows) - 2 for rows in alone.values())
        for row in table.rows:
            text = row.cells[place].text.replace("\N{MINUS SIGN}", "-")
            if row.header not in slopes:
                assert text == ""
                continue
            slope, error = (float(part) for part in text.rstrip(")").split(" ("))
            spread = ((alone[row.header].x - alone[row.header].x.mean()) ** 2).sum()
            assert slope == pytest.approx(slopes[row.header], abs=0.006)
            assert error == pytest.approx(np.sqrt(sigma2 / spread), abs=0.006)


def test_levels_show_the_reliability_of_group_means() -> None:
    table = document("two_levels").tables["levels"]
    frame = FRAMES["two_levels"][1]
    within = (frame.x - frame.groupby("g").x.transform("mean")).pow(2).sum() / (72 - 8)
    between = 9 * frame.groupby("g").x.mean().var()
    assert float(cells(table, "x")[-1]) == pytest.approx(1 - within / between, abs=6e-4)
    assert cells(document("several").tables["levels"], "w")[-1] == ""


def test_reliability_has_no_column_where_no_predictor_has_it() -> None:
    assert "Reliability of means" in [column.label for column in document("several").tables["levels"].columns]
    assert "Reliability of means" not in [column.label for column in document("within_only").tables["levels"].columns]
