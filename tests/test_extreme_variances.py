"""Variances at the ends of what is possible: next to none between groups, next to none within, flat and two-peaked profiles."""

from __future__ import annotations

import html
import re

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from reportgen import Analysis, analyze
from reportgen.findings.data_cautions import DATA_RULES
from reportgen.fits import MixedFit, UnfitVariant

N_GROUPS, SIZE = 20, 10
GROUP = np.repeat(np.arange(N_GROUPS), SIZE)


def data(noise: float, between: float = 1.0, seed: int = 3) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    x = random.normal(size=len(GROUP)) + random.normal(size=N_GROUPS)[GROUP]
    effect = between * random.normal(size=N_GROUPS)[GROUP]
    return pd.DataFrame({"y": 0.5 * x + effect + noise * random.normal(size=len(GROUP)), "x": x, "g": GROUP})


def centred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deviations from the group means."""
    return values - (np.bincount(GROUP, values) / SIZE)[GROUP]


def text(analysis: Analysis) -> str:
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", analysis.to_html())).split())


def kinds(analysis: Analysis) -> dict[str, str]:
    return {finding.kind: finding.severity for finding in analysis.findings}


@pytest.mark.parametrize("noise", [1e-6, 1e-5, 1e-4, 1e-3, 1e-2])
def test_next_to_no_variance_within(noise: float) -> None:
    fit = analyze("y ~ x + (1 | g)", data(noise)).fits["random_intercept"]
    assert isinstance(fit, MixedFit)
    deviations = centred(data(1.0).y.to_numpy() - data(0.0).y.to_numpy())
    x = centred(data(1.0).x.to_numpy())
    residual = deviations - x * (x @ deviations) / (x @ x)
    assert fit.sigma2 == pytest.approx(noise**2 * (residual @ residual) / (len(GROUP) - N_GROUPS - 1), rel=1e-3)
    assert 1 - float(fit.icc) == pytest.approx(noise**2, rel=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("noise", [0.0, 1e-12, 1e-9])
def test_no_variance_within_is_said(noise: float) -> None:
    found = analyze("y ~ x + (1 | g)", data(noise))
    assert isinstance(found.fits["random_intercept"], UnfitVariant)
    assert kinds(found)["perfect_fit"] == "problem"
    assert "No residual variance is left" in text(found)


@pytest.mark.parametrize("noise", [1e2, 1e6, 1e12])
def test_no_variance_between_gives_pooled_regression_exactly(noise: float) -> None:
    frame = data(noise)
    frame["y"] = centred(frame.y.to_numpy())
    found = analyze("y ~ x + (1 | g)", frame)
    pooled, mixed = (found.fitted(variant).coefficients for variant in ("pooled", "random_intercept"))
    assert [c.estimate for c in mixed] == pytest.approx([c.estimate for c in pooled], rel=1e-12)
    assert [c.std_error for c in mixed] == pytest.approx([c.std_error for c in pooled], rel=1e-10)
    assert kinds(found)["zero_group_variance"] == "caution"


def test_as_many_coefficients_as_groups_leave_nothing_to_estimate() -> None:
    """The restricted likelihood of the Mundlak model is flat: any variance between groups fits two groups as well."""
    frame = data(1.0)
    found = analyze("y ~ x + (1 | g)", frame[frame.g < 2])
    for variant in ("mundlak", "within_between"):
        fit = found.fits[variant]
        assert isinstance(fit, UnfitVariant)
        assert fit.reason.code == "no_group_left_over"
    assert isinstance(found.fits["random_intercept"], MixedFit)
    assert kinds(found)["gap_unknown"] == "caution"
    three = analyze("y ~ x + (1 | g)", frame[frame.g < 3])
    assert isinstance(three.fits["mundlak"], MixedFit)
    assert "gap_unknown" not in kinds(three)


def two_peaks() -> pd.DataFrame:
    """A predictor that says one thing within groups and another between: the profile falls on both sides of a hill."""
    random = np.random.default_rng(26)
    sizes = np.array([3] * 6)
    g = np.repeat(np.arange(6), sizes)
    m = random.normal(size=6) * 3
    x = m[g] + 0.05 * random.normal(size=len(g))
    y = m[g] + 8.0 * (x - m[g]) + 0.1 * random.normal(size=len(g))
    return pd.DataFrame({"y": y, "x": x, "g": g})


def test_a_second_peak_is_said() -> None:
    found = analyze("y ~ x + (1 | g)", two_peaks())
    assert kinds(found)["several_optima"] == "caution"
    assert "more than one peak" in text(found)


def test_a_search_that_did_not_come_to_rest_is_said() -> None:
    found = analyze("y ~ x + (x | g)", data(1e-6))
    fit = found.fits["random_slope"]
    assert isinstance(fit, MixedFit)
    assert "not_converged" in {issue.code for issue in fit.issues}
    assert kinds(found)["not_converged"] == "problem"
    assert "did not come to rest" in text(found)
    assert "not_converged" not in kinds(analyze("y ~ x + (x | g)", data(1.0)))


def test_every_rule_about_the_data_is_listed_once() -> None:
    names = [rule.__name__ for rule in DATA_RULES]
    assert len(set(names)) == len(names)


def test_calm_data_set_off_no_rule_about_the_data() -> None:
    quiet = {rule.__name__ for rule in DATA_RULES} & set(kinds(analyze("y ~ x + (1 | g)", data(1.0))))
    assert quiet == set()


def test_lost_groups_are_counted_and_named() -> None:
    frame = data(1.0)
    frame.loc[frame.g.isin([3, 7]), "x"] = np.nan
    found = analyze("y ~ x + (1 | g)", frame)
    (finding,) = (finding for finding in found.findings if finding.kind == "groups_lost")
    assert dict(finding.values) == {"n": 2, "examples": ["3", "7"]}
    assert "2 groups are missing altogether" in text(found)


@pytest.mark.parametrize(("shift", "digits"), [(1e9, None), (1e10, 5), (1e12, 3)])
def test_digits_that_are_left(shift: float, digits: int | None) -> None:
    frame = data(1.0)
    frame["x"] += shift
    found = {finding.kind: finding.values for finding in analyze("y ~ x + (1 | g)", frame).findings}
    assert ("few_digits" in found) == (digits is not None)
    if digits is not None:
        assert found["few_digits"]["digits"] == digits
        assert found["few_digits"]["size"] == pytest.approx(shift, rel=1e-6)


@pytest.mark.parametrize(("levels", "is_said"), [(2, False), (3, True), (6, True), (7, False)])
def test_few_values_of_the_response(levels: int, is_said: bool) -> None:
    frame = data(1.0)
    frame["y"] = pd.qcut(frame.y, levels, labels=False)
    assert ("few_values" in kinds(analyze("y ~ x + (1 | g)", frame))) == is_said


def test_a_column_that_is_another_ones_mean() -> None:
    frame = data(1.0)
    frame["z"] = 3 - 2 * (frame.x.to_numpy() - centred(frame.x.to_numpy()))
    found = analyze("y ~ x + z + (1 | g)", frame)
    (finding,) = (finding for finding in found.findings if finding.kind == "derived_mean")
    assert dict(finding.values) == {"column": "z", "predictor": "x"}
    assert isinstance(found.fits["mundlak"], UnfitVariant)
    plain = analyze("y ~ x + (1 | g)", frame)
    within = {c.column: c.estimate for c in found.fitted("random_intercept").coefficients}["x"]
    assert within == pytest.approx({c.column: c.estimate for c in plain.fitted("no_pooling").coefficients}["x"], rel=1e-9)
    frame["z"] += np.random.default_rng(1).normal(size=N_GROUPS)[GROUP] * 0.01
    assert "derived_mean" not in kinds(analyze("y ~ x + z + (1 | g)", frame))
