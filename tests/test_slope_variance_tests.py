"""The test that a slope is the same in all groups: when it is made, by which distribution, and what the page says."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from situations import FRAMES, analysis, document

from reportgen.analysis import walk
from reportgen.fits import GroupCovariance, Issue, MixedFit, Undefined
from reportgen.presentation import explanation_tables
from reportgen.presentation.html import render_html
from reportgen.presentation.wording import wording
from reportgen.slope_variance_tests import SlopeVarianceTest, mixture_p_value, slope_variance_tests


def reason(test: SlopeVarianceTest) -> str:
    assert isinstance(test.lrt, Undefined)
    assert isinstance(test.p_value, Undefined)
    return test.lrt.reason.code


def test_it_is_twice_the_difference_of_the_restricted_likelihoods() -> None:
    fits = analysis("random_slopes").fits
    for test, (full, null) in zip(
        slope_variance_tests(fits),
        (("random_slope", "random_intercept"), ("within_between_slope", "within_between")),
        strict=True,
    ):
        one, other = fits[full], fits[null]
        assert isinstance(one, MixedFit)
        assert isinstance(other, MixedFit)
        assert (test.variant, test.against, test.columns, test.df) == (full, null, ("x",), (1, 2))
        assert test.lrt == max(0.0, 2 * (one.reml_log_likelihood - other.reml_log_likelihood))


@pytest.mark.parametrize("lrt", [0.3, 2.7, 11.0])
def test_the_mixture_has_equal_parts(lrt: float) -> None:
    assert mixture_p_value(lrt, (1, 2)) == pytest.approx(0.5 * chi2.sf(lrt, 1) + 0.5 * chi2.sf(lrt, 2), rel=1e-12)
    assert mixture_p_value(lrt, (0, 1)) == pytest.approx(0.5 * chi2.sf(lrt, 1), rel=1e-12)


@pytest.mark.parametrize("df", [(0, 1), (1, 2)])
def test_nothing_gained_is_a_p_value_of_one(df: tuple[int, int]) -> None:
    assert mixture_p_value(0.0, df) == 1.0


def test_a_slope_apart_from_the_intercept_adds_one_parameter() -> None:
    assert slope_variance_tests(analysis("separate_slopes").fits)[0].df == (0, 1)


def test_no_random_slope_no_test() -> None:
    assert slope_variance_tests(analysis("several").fits) == ()
    assert "restricted likelihoods" not in render_html(document("several"))


def test_what_has_no_known_distribution_has_a_reason() -> None:
    base = analysis("random_slopes")
    frame = FRAMES["random_slopes"][1]
    assert reason(slope_variance_tests(walk("y ~ x + z + (1 + x + z | g)", frame).fits)[0]) == "several_slopes_tested"
    assert reason(slope_variance_tests(walk("y ~ x + (0 + x | g)", frame).fits)[0]) == "slopes_without_intercept"
    null = base.fits["random_intercept"]
    assert isinstance(null, MixedFit)
    at_zero = replace(null, group_covariance=GroupCovariance(("(Intercept)",), np.zeros((1, 1)), is_singular=True))
    assert reason(slope_variance_tests({**base.fits, "random_intercept": at_zero})[0]) == "slope_test_on_boundary"
    restless = replace(null, issues=(Issue("not_converged"),))
    assert reason(slope_variance_tests({**base.fits, "random_intercept": restless})[0]) == "not_converged"


def test_page_and_result_file_have_it() -> None:
    made = document("random_slopes")
    entries = json.loads(made.result)["tests"]["slope_variance"]
    assert [entry["df"] for entry in entries] == [[1, 2], [1, 2]]
    shown = [
        row for row in explanation_tables.tests_table(analysis("random_slopes"), wording()).rows if "slopes of x" in row.header
    ]
    assert [row.cells[0].text for row in shown] == [f"χ² = {entry['lrt']:.2f}" for entry in entries]
    assert "equal mixture of chi-squared distributions with 1 and 2 degrees of freedom" in " ".join(render_html(made).split())
