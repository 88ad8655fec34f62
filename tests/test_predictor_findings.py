"""Rules on predictors, one at a time: evidence that just makes it speak, and evidence that just does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from evidence import base, derived, grouped, level, leveled, of_rows, said

from reportgen.findings import Evidence, cautions, data_cautions


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"between_share": 0.96}, "little_within_variation"),
        ({"between_share": 0.95}, ""),
        ({"between_share": 0.01}, ""),
        ({"between_share": 0.009}, "little_between_variation"),
        ({"between_share": 0.96, "varies_within": False}, ""),
        ({"between_share": 0.001, "varies_between": False}, ""),
    ],
)
def test_level_variation(changes: dict[str, Any], kind: str) -> None:
    expected = [(kind, "caution", {"column": "x", "between_share": changes["between_share"]})] if kind else []
    assert said(cautions.level_variation, leveled(level(**changes))) == expected


def test_level_variation_looks_at_all_predictors_and_not_at_the_response() -> None:
    evidence = replace(leveled(level(varies_within=False), level("z", between_share=0.99)), formula=base().formula)
    assert [finding[2]["column"] for finding in said(cautions.level_variation, evidence)] == ["z"]
    only_response = replace(base(), levels=(level(), level("y", between_share=0.99)))
    assert said(cautions.level_variation, only_response) == []


def test_one_level_predictors() -> None:
    follower = level("z:v", means_aliased_with=("z",))
    evidence = leveled(level("x"), level("z", varies_within=False), level("v", varies_between=False), follower)
    assert said(cautions.one_level_predictors, evidence) == [
        ("group_level_predictor", "info", {"column": "z"}),
        ("within_only_predictor", "info", {"column": "v"}),
        ("aliased_means", "info", {"column": "z:v", "predictors": ["z"]}),
    ]


@pytest.mark.parametrize(
    ("changes", "speaks"),
    [
        ({"icc": 0.36}, True),  # 0.36 / (0.36 + 0.64 / 4) = 0.692
        ({"icc": 0.37}, False),  # 0.37 / (0.37 + 0.63 / 4) = 0.701
        ({"icc": 0.1, "between_share": 0.01}, True),
        ({"icc": 0.1, "between_share": 0.0099}, False),
        ({"icc": 0.1, "varies_within": False}, False),
        ({"icc": 0.1, "varies_between": False}, False),
    ],
)
def test_unreliable_group_means(changes: dict[str, Any], speaks: bool) -> None:
    icc = changes["icc"]
    values = {"column": "x", "reliability": pytest.approx(4 * icc / (1 + 3 * icc), rel=1e-12), "group_size": 4.0}
    expected = [("unreliable_group_means", "caution", values)] if speaks else []
    assert said(cautions.unreliable_group_means, leveled(level(**changes))) == expected


def test_reliability_of_seven_tenths_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cautions, "RELIABLE", 0.8)
    assert said(cautions.unreliable_group_means, leveled(level(icc=0.5))) == []  # 0.5 / (0.5 + 0.5 / 4) is 0.8 exactly


def test_group_means_at_the_median_size() -> None:
    evidence = replace(grouped(1, 2, 9, 9, 90), levels=(level(icc=0.1), level("y")))
    ((_, _, values),) = said(cautions.unreliable_group_means, evidence)
    assert values["group_size"] == 9.0


def collinear(noise: float) -> Evidence:
    random = np.random.default_rng(8)
    codes = np.repeat(np.arange(10), 5)
    x, z, v = random.normal(size=(3, 50))
    return of_rows(x, 1000.0 * (x + noise * z), v, random.normal(size=50), codes=codes)


def inflation(evidence: Evidence) -> list[float]:
    """1 / (1 - R2) of each predictor on the others, by least squares."""
    factors = []
    x = evidence.points.values[:, :-1]
    for i in range(x.shape[1]):
        others = np.column_stack([np.ones(len(x)), np.delete(x, i, axis=1)])
        left = x[:, i] - others @ np.linalg.lstsq(others, x[:, i], rcond=None)[0]
        factors.append(float(((x[:, i] - x[:, i].mean()) ** 2).sum() / (left @ left)))
    return factors


def test_overlapping_predictors() -> None:
    evidence = collinear(0.1)
    factors = inflation(evidence)
    assert factors[0] > 10 > factors[2]
    ((kind, severity, values),) = said(cautions.overlapping_predictors, evidence)
    assert (kind, severity) == ("overlapping_predictors", "caution")
    assert values["columns"] == [
        {"column": "x", "vif": pytest.approx(factors[0], rel=1e-9)},
        {"column": "z", "vif": pytest.approx(factors[1], rel=1e-9)},
    ]


def test_a_factor_of_ten_is_not_yet_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    x, z = np.tile([1.0, -1, 1, -1], 4), np.tile([1.0, 1, -1, -1], 4)
    evidence = of_rows(x, z, np.arange(16.0), codes=np.repeat(np.arange(8), 2))
    monkeypatch.setattr(cautions, "COLLINEAR", 1.0)  # what it is exactly for predictors without any correlation
    assert said(cautions.overlapping_predictors, evidence) == []
    assert said(cautions.overlapping_predictors, base()) == []


def test_derived_mean() -> None:
    expected = [("derived_mean", "caution", {"column": "z", "predictor": "x"})]
    assert said(data_cautions.derived_mean, derived(-20)) == expected
    assert said(data_cautions.derived_mean, derived(-5.02)) == expected  # a share of 10**-10.04 of its variation is left
    assert said(data_cautions.derived_mean, derived(-4.98)) == []
    assert said(data_cautions.derived_mean, derived(-20, n_groups=3)) == expected
    assert said(data_cautions.derived_mean, derived(-20, n_groups=2)) == []
    assert said(data_cautions.derived_mean, base("y ~ x + z + (1 | g)")) == []


def test_a_mean_is_derived_from_predictors_of_both_levels_only() -> None:
    evidence = derived(-20)
    x, z, y = evidence.levels
    assert said(data_cautions.derived_mean, replace(evidence, levels=(replace(x, varies_between=False), z, y))) == []
    assert said(data_cautions.derived_mean, replace(evidence, levels=(replace(x, varies_within=False), z, y))) == []
    turned = of_rows(*evidence.points.values[:, [1, 0, 2]].T, codes=evidence.points.codes)
    assert said(data_cautions.derived_mean, turned) == [("derived_mean", "caution", {"column": "x", "predictor": "z"})]
