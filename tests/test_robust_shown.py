"""Where cluster-robust intervals (CR2) stand on the page: beside the model's, with their name and degrees of freedom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from situations import analysis, document, grouped
from test_unfitted_report import text

from reportgen.analysis import Analysis, walk
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, Role
from reportgen.presentation.document import build_document
from reportgen.presentation.figures.forest import forest_figure
from reportgen.presentation.shown import LEAST_DF, robust_coefficient
from reportgen.presentation.wording import wording

DATA = Path(__file__).resolve().parent / "reference" / "data"


def cr2(found: Analysis, variant: str, column: str, role: Role) -> Coefficient:
    fit = found.fits[variant]
    assert isinstance(fit, LeastSquaresFit | MixedFit)
    items = next(errors for errors in fit.robust if errors.method == "CR2").coefficients
    return next(item for item in items if (item.column, item.role) == (column, role))


def told(item: Coefficient, decimals: int = 2) -> str:
    ends = f"{item.conf_low:.{decimals}f} to {item.conf_high:.{decimals}f}".replace("-", "\u2212")
    df = f"{item.df:.1f}".removesuffix(".0")
    return f"cluster-robust, CR2: {ends} on {df} degrees of freedom"


def test_the_slope_within_groups_has_both_intervals() -> None:
    found, whole = analysis("example"), text("example")
    item = cr2(found, "no_pooling", "bodyLength2", "within")
    assert f"{told(item)}; both allow for lower as well as for higher values)" in whole
    assert "Of two intervals the cluster-robust one (CR2) is to be reported" in whole
    assert f"(cluster-robust, CR2: SE = {item.std_error:.2f}, 95% CI [" in whole
    assert "(Pustejovsky & Tipton, 2018)" in whole
    (row, *_) = document("example").tables["questions"].rows
    assert row.cells[1].details[1] == "CR2: " + told(item).removeprefix("cluster-robust, CR2: ").partition(" on ")[0]


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (0, "degrees of freedom)."),
        (1, "degrees of freedom; the first allows for lower as well as for higher values, the other does not)."),
        (3, "degrees of freedom; the second allows for lower as well as for higher values, the other does not)."),
        (5, "degrees of freedom; both allow for lower as well as for higher values)."),
    ],
)
def test_which_of_the_two_covers_zero(seed: int, words: str) -> None:
    data = grouped((7,) * 12, seed, gap=0.0)
    found = walk("y ~ x + (1 | g)", data.assign(y=data["y"] - 0.35 * data["x"]))
    (before, after) = text(found).split("cluster-robust, CR2: ", 1)
    assert after.partition(" on ")[2].split(" ", 1)[1].startswith(words)
    assert "Within the same g" in before


def test_few_degrees_of_freedom_give_no_interval_to_report() -> None:
    found = analysis("three_groups")
    assert cr2(found, "no_pooling", "x", "within").df < LEAST_DF
    whole = text("three_groups")
    assert "cluster-robust, CR2" not in whole
    assert "is to be reported" not in whole
    assert "(Pustejovsky & Tipton, 2018)" not in whole
    (row, *_) = document("three_groups").tables["questions"].rows
    assert len(row.cells[1].details) == 1


def test_a_slope_at_another_level_has_both_intervals() -> None:
    found = walk("distance ~ age * Sex + (1 | Subject)", DATA / "orthodont.csv")
    (item,) = found.conditional_slopes
    assert isinstance(item.robust, Coefficient)
    whole = text(found)
    assert f"it is {item.slope.estimate:.3f} there (95% interval" in whole
    assert told(item.robust, 3) + ")." in whole
    assert f"(cluster-robust, CR2: SE = {item.robust.std_error:.3f}, 95% CI [" in whole


def test_a_slope_at_another_level_on_few_degrees_of_freedom_has_one() -> None:
    (item,) = analysis("trial").conditional_slopes
    assert isinstance(item.robust, Coefficient)
    assert item.robust.df < LEAST_DF
    assert f"it is {item.slope.estimate:.3f} there (95% interval" in text("trial")
    assert f"SE = {item.robust.std_error:.3f}" not in text("trial")


def test_contextual_effects_and_mixed_slopes_have_both_with_many_groups_only() -> None:
    many, fewer = text("many_groups"), walk("y ~ x + (1 | g)", grouped((9,) * 15, 4))
    item = cr2(analysis("many_groups"), "mundlak", "x", "contextual")
    assert f"{told(item, 3)}, p" in many
    assert cr2(fewer, "mundlak", "x", "contextual").df >= LEAST_DF
    assert text(fewer).count("cluster-robust, CR2: ") == 2  # the slope within groups: in the summary and in the text to paste
    found = document("many_groups").tables["slopes"].rows[0].cells
    assert [len(cell.details) for cell in found] == [2, 1, 2, 1, 2]
    assert all(cell.details[-1].startswith("CR2: ") for cell in (found[0], found[2], found[3], found[4]))


def test_a_slope_between_many_groups_of_one_size_has_both() -> None:
    found = walk("distance ~ age * Sex + (1 | Subject)", DATA / "orthodont.csv")
    item = cr2(found, "within_between", "Sex[T.Male]", "group_level")
    whole = text(found)
    assert f"27 groups leave 25 degrees of freedom; {told(item)})." in whole
    assert f"(cluster-robust, CR2: SE = {item.std_error:.2f}, 95% CI [" in whole
    rows = {row.cells[0].text: row.cells for row in build_document(found).tables["questions"].rows}
    assert rows["Between, Within-between"][2].details[1:] == (
        "CR2: " + told(item).removeprefix("cluster-robust, CR2: ").partition(" on ")[0],
        "age at mean",
    )


def test_a_slope_between_groups_of_unequal_sizes_or_few_groups_has_one() -> None:
    """The two models have other slopes, or the model's own error is to be read."""
    assert cr2(analysis("many_groups"), "within_between", "x", "between").df >= LEAST_DF
    fewer = walk("y ~ x + (1 | g)", grouped((9,) * 15, 4))
    assert cr2(fewer, "within_between", "x", "between").df >= LEAST_DF
    for found in (analysis("many_groups"), fewer):
        sentence = text(found).partition("Between groups, y averages")[2].partition(")")[0]
        assert sentence.endswith("degrees of freedom")
        (cells, *_) = (row.cells for row in build_document(found).tables["slopes"].rows)
        assert len(cells[1].details) == 1


def test_the_forest_draws_both_and_says_so() -> None:
    found = analysis("example")
    figure = forest_figure(found, "bodyLength2", wording())
    canvas = Canvas()
    figure.paint(canvas)
    dashed = [line for line in canvas.axes[0].lines if line.get_linestyle() == "--"]
    expected = []
    for variant, fit in found.fits.items():
        if isinstance(fit, LeastSquaresFit | MixedFit):
            for c in found.shown(fit):
                robust = robust_coefficient(found, variant, c.column, c.role)
                if c.role in ("raw", "within", "between") and c.column == "bodyLength2" and isinstance(robust, Coefficient):
                    drawn = robust.df >= LEAST_DF or variant == "pooled"
                    expected += [(robust.conf_low, robust.conf_high)] if drawn else []
    assert len(expected) >= 4
    assert [tuple(np.asarray(line.get_xdata()).tolist()) for line in dashed] == expected
    whole = text("example")
    assert "and, dashed below it, the cluster-robust one (CR2): for pooled regression in any case, else where it has 4" in whole


def test_an_interval_on_few_degrees_of_freedom_does_not_push_the_others_together() -> None:
    found = analysis("two_groups")
    pooled = robust_coefficient(found, "pooled", "x", "raw")
    assert isinstance(pooled, Coefficient)
    assert pooled.df < 2.0
    canvas = Canvas()
    forest_figure(found, "x", wording()).paint(canvas)
    low, high = canvas.axes[0].get_xlim()
    others = [line.get_xdata() for line in canvas.axes[0].lines[1:] if line.get_linestyle() == "-"]
    ends = np.array([0.0, *(float(x) for line in others for x in np.atleast_1d(np.asarray(line)))])
    assert high - low <= 3.3 * (ends.max() - ends.min()) < pooled.conf_high - pooled.conf_low
