"""Residuals: spread by group from the moments, the caution about it, and what the page and the result file say."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from situations import analysis, document

from reportgen.analysis import Analysis, walk
from reportgen.choices import Options
from reportgen.fits import LeastSquaresFit, MixedFit, SeparateFit, Undefined
from reportgen.presentation.curve_points import slope_if
from reportgen.presentation.document import build_document
from reportgen.presentation.exports import results
from reportgen.presentation.html import render_html
from reportgen.presentation.residual_checks import residuals_of

FORMULA = "y ~ x + (1 | g)"


def rows(spreads: list[float], size: int = 30, seed: int = 4) -> pd.DataFrame:
    """Groups whose residuals have the standard deviations given."""
    random = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(spreads)), size)
    x = random.normal(size=len(codes)) + 0.5 * codes % 3
    y = x + random.normal(size=len(spreads))[codes] + np.array(spreads)[codes] * random.normal(size=len(codes))
    return pd.DataFrame({"x": x, "y": y, "g": [f"g{code:02d}" for code in codes]})


def kinds(found: Analysis) -> set[str]:
    return {finding.kind for finding in found.findings}


def test_spread_by_group_is_that_of_the_rows() -> None:
    data = rows([1.0, 2.0, 0.5, 1.5])
    found = walk(FORMULA, data)
    fit, spread = found.fits["no_pooling"], found.comparison.residual_spread
    assert isinstance(fit, LeastSquaresFit)
    assert not isinstance(spread, Undefined)
    left = data["y"] - fit.coefficients[0].estimate * data["x"]
    by_hand = left.groupby(data["g"]).std(ddof=1).to_numpy()
    np.testing.assert_allclose(spread.deviations, by_hand, rtol=1e-9)
    assert (spread.lowest, spread.highest) == (int(by_hand.argmin()), int(by_hand.argmax()))


def test_unequal_spread_is_a_caution_that_names_the_groups() -> None:
    found = walk(FORMULA, rows([1.0, 1.0, 1.0, 4.0, 1.0, 0.3]))
    (finding,) = (f for f in found.findings if f.kind == "unequal_residual_spread")
    assert finding.severity == "caution"
    assert (finding.values["lowest_group"], finding.values["highest_group"]) == ("g05", "g03")
    page = render_html(build_document(found))
    assert "Residuals scatter more in some groups than in others" in page
    within = found.fits["no_pooling"]
    assert isinstance(within, LeastSquaresFit)
    robust = next(errors for errors in within.robust if errors.method == "CR2").coefficients[0]
    interval = f"{robust.conf_low:.2f} to {robust.conf_high:.2f}".replace("-", "\u2212")
    assert f'the slope within groups has the 95% interval <span class="number">{interval}' in page
    assert "Read the robust form (CR2) here" in page
    assert "Read the Kenward-Roger form." not in page


def test_groups_that_differ_in_their_slopes_are_a_caution_unless_slopes_may_vary() -> None:
    data = rows([1.0] * 6)
    data["y"] += data["x"] * data["g"].map({f"g{j:02d}": float(j) for j in range(6)})
    found = walk(FORMULA, data)
    (finding,) = (f for f in found.findings if f.kind == "slopes_differ")
    own = found.fits["separate"]
    assert isinstance(own, SeparateFit)
    assert dict(finding.values) == {
        "f": own.f,
        "df1": 5.0,
        "df2": own.df_residual,
        "p_value": own.p_value,
        "n": 6,
        "left_out": [],
    }
    assert "over 6 groups that can carry a regression of their own" in render_html(build_document(found))
    assert "slopes_differ" not in kinds(walk("y ~ x + (1 + x | g)", data))
    assert "slopes_differ" not in kinds(walk(FORMULA, rows([1.0] * 6)))


@pytest.mark.parametrize("seed", range(5))
def test_equal_spread_is_no_caution(seed: int) -> None:
    assert "unequal_residual_spread" not in kinds(walk(FORMULA, rows([1.0] * 12, size=6, seed=seed)))


def test_too_few_groups_of_some_size_are_not_compared() -> None:
    spread = walk(FORMULA, rows([1.0] * 9, size=4)).comparison.residual_spread
    assert isinstance(spread, Undefined)
    assert spread.reason.code == "too_few_groups_for_spread"


def test_residuals_are_the_response_less_the_model() -> None:
    found = analysis("example")
    shown = residuals_of(found)
    assert not isinstance(shown, Undefined)
    assert shown.fit.variant == "mundlak"
    np.testing.assert_allclose(shown.fitted + shown.values, found.points.values[:, -1], rtol=1e-12)
    by_group = np.bincount(found.points.codes, shown.values) / np.bincount(found.points.codes)
    fit = found.fits["mundlak"]
    assert isinstance(fit, MixedFit)
    left_over = fit.random_effects[:, 0] * fit.sigma2 / (60 * fit.group_covariance.psi[0, 0])
    np.testing.assert_allclose(by_group, left_over, atol=1e-8)
    entry = json.loads(document("example").result)["residuals"]
    assert entry["std_dev"] == pytest.approx(shown.values.std())
    assert entry["skewness"] == pytest.approx(pd.Series(shown.values).skew(), abs=0.01)
    assert entry["excess_kurtosis"] == pytest.approx(pd.Series(shown.values).kurt(), abs=0.05)


def test_without_residuals_the_page_says_so() -> None:
    assert isinstance(residuals_of(analysis("perfect")), Undefined)
    assert "No model leaves residuals" in render_html(document("perfect"))


@pytest.mark.parametrize(("inference", "name"), [("auto", "Kenward-Roger"), ("satterthwaite", "Satterthwaite")])
def test_the_figures_shown_are_those_asked_for(inference: str, name: str) -> None:
    base = analysis("unbalanced")
    found = replace(base, options=replace(base.options, inference=inference))  # type: ignore[arg-type]
    made = build_document(found)
    last = made.tables["models"].rows[-1]
    place = [column.label for column in made.tables["models"].columns].index("Mundlak")
    assert last.cells[place].text == name
    fit = found.fits["mundlak"]
    assert isinstance(fit, MixedFit)
    wanted = {"Kenward-Roger": fit.kenward_roger, "Satterthwaite": fit.coefficients}[name]
    error = next(c.std_error for c in wanted if c.role == "contextual")
    shown = made.context["predictors"][0]["contextual"]["std_error"]  # type: ignore[index]
    assert float(shown) == pytest.approx(error, rel=0.06)


def test_many_groups_are_shown_with_satterthwaite() -> None:
    last = document("many_groups").tables["models"].rows[-1]
    assert {cell.text for cell in last.cells} == {"residual", "Satterthwaite"}


def test_what_was_asked_for_stands_on_the_page() -> None:
    found = walk(FORMULA, rows([1.0] * 8), Options(cross_check=True, bootstrap=60))
    made = build_document(found)
    assert len(made.tables["bootstrap"].rows) == 8
    assert len(made.tables["agreement"].rows) == 6
    page = render_html(made)
    assert "60 samples of each fitted mixed model" in page
    assert "The same models from statsmodels" in page
    assert 'id="bootstrap"' not in render_html(document("example"))


def test_twice_the_rows_give_the_slope_the_curve_told() -> None:
    found = walk(FORMULA, rows([1.0, 1.2, 0.8, 1.0, 1.1]))
    curve = found.comparison.curve
    assert not isinstance(curve, Undefined)
    share = curve.fitted_share
    assert not isinstance(share, Undefined)
    gamma = 2 * share / (1 - share)
    moments = found.moments
    psi = 1 / (1 + moments.weight * gamma)
    within, between = moments.S_W, (moments.means - moments.grand_mean) * (moments.weight * psi)[:, None]
    both = within + between.T @ (moments.means - moments.grand_mean)
    told = slope_if(curve, "x", 2.0)
    assert told == pytest.approx(both[0, 1] / both[0, 0], rel=1e-3)
    entry = results(found)["curve"][0]  # type: ignore[index]
    assert entry["slope_with_twice_the_rows"] == told


def test_the_questions_have_their_answers() -> None:
    table = document("example").tables["questions"]
    answers = [row.cells[1].text for row in table.rows]
    assert answers == ["0.21", "12.41", "12.20", "9.00", "0.54"]
    assert len(document("many_predictors").tables["questions"].columns) == 1


def test_groups_of_different_size_have_two_slopes_between_them_and_the_page_adds_up() -> None:
    made = document("unbalanced")
    table = made.tables["questions"]
    answers = {row.cells[0].text: row.cells[1].text for row in table.rows}
    assert answers["Between"] != answers["Within-between"]
    page = render_html(made)
    assert (
        f'the slope between groups of the within-between model (<span class="number">{answers["Within-between"]}</span>)'
        in page
    )
    assert "the difference of the two, was" not in page


def test_the_pooled_slope_has_its_cluster_robust_interval() -> None:
    fit = analysis("example").fits["pooled"]
    assert isinstance(fit, LeastSquaresFit)
    robust = next(errors for errors in fit.robust if errors.method == "CR2").coefficients[-1]
    (row,) = (row for row in document("example").tables["questions"].rows if row.cells[0].text == "Pooled")
    assert row.cells[1].details == (f"CR2: {robust.conf_low:.2f} to {robust.conf_high:.2f}".replace("-", "\u2212"),)
