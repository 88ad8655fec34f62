"""Every rule on data made to set it off, and on data that must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reportgen.analysis import Analysis, walk
from reportgen.findings import Finding
from reportgen.findings.cautions import CAUTION_RULES
from reportgen.findings.summary import SUMMARY_RULES

FORMULA = "y ~ x + (1 | g)"


def table(n_groups: int = 30, size: int = 8, seed: int = 1, between: float = 2.0) -> pd.DataFrame:
    """Well-behaved data: many equal groups, a predictor that varies at both levels, group differences."""
    random = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_groups), size)
    mean = random.normal(size=n_groups)
    x = mean[codes] + random.normal(size=len(codes))
    y = 0.5 * (x - mean[codes]) + between * mean[codes] + random.normal(size=n_groups)[codes] + random.normal(size=len(codes))
    return pd.DataFrame({"y": y, "x": x, "g": [f"g{code:03d}" for code in codes]})


def found(data: pd.DataFrame, formula: str = FORMULA) -> dict[str, list[Finding]]:
    kinds: dict[str, list[Finding]] = {}
    for finding in walk(formula, data).findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return kinds


def values(data: pd.DataFrame, kind: str, formula: str = FORMULA) -> dict[str, Any]:
    """The values of the one finding of a kind."""
    (finding,) = found(data, formula)[kind]
    return dict(finding.values)


CALM = found(table())
SUMMARY = {"within_relation", "between_relation", "unit_size", "contextual_gap", "pooled_blend", "mixed_blend", "agreement"}


def test_well_behaved_data_give_the_summary_and_no_caution() -> None:
    assert CALM.keys() == SUMMARY
    assert {finding.severity for group in CALM.values() for finding in group} == {"info"}


def test_the_summary_tells_the_numbers_of_the_fits() -> None:
    analysis: Analysis = walk(FORMULA, table())
    slope = analysis.comparison.slopes[0]
    numbers = {finding.kind: finding.values for finding in analysis.findings}
    assert numbers["within_relation"]["estimate"] == slope.within.estimate  # type: ignore[union-attr]
    assert numbers["between_relation"]["estimate"] == slope.between.estimate  # type: ignore[union-attr]
    assert numbers["contextual_gap"]["estimate"] == slope.contextual.estimate  # type: ignore[union-attr]
    assert numbers["agreement"]["value"] == slope.within.estimate  # type: ignore[union-attr]
    for kind, variant in (("pooled_blend", "pooled"), ("mixed_blend", "random_intercept")):
        assert numbers[kind]["slope"] == pytest.approx(slope.by_variant[variant].estimate, rel=1e-9)
        assert numbers[kind]["weight_on_between"] == slope.blends[variant].own_weight


def test_several_predictors_have_pulls_instead_of_a_weight() -> None:
    data = table().assign(z=table(seed=2).x + table().x)
    for finding in found(data, "y ~ x + z + (1 | g)")["pooled_blend"]:
        assert finding.values["weight_on_between"] is None
        assert len(finding.values["pulls"]) == 1  # type: ignore[arg-type]


def few(n: int) -> pd.DataFrame:
    return table(n_groups=n, size=20)


def constant_code(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(x=np.where(np.arange(len(data)) % 50 == 0, -999.0, data.x))


def extreme(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(y=np.where(np.arange(len(data)) == 7, 400.0, data.y))


def still(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(x=np.where(data.g == "g003", 1.0, data.x))


def singles(data: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([data, pd.DataFrame({"y": [1.0, 2.0], "x": [0.0, 1.0], "g": ["alone", "lonely"]})])


def flat(data: pd.DataFrame) -> pd.DataFrame:
    """Group means of the residuals without any spread: the variance between groups is estimated as zero."""
    random = np.random.default_rng(5)
    y = random.normal(size=len(data))
    return data.assign(y=data.x + y - pd.Series(y).groupby(data.g.to_numpy()).transform("mean").to_numpy())


def group_level(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(z=data.g.str[1:].astype(float) ** 2)


def within_only(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(z=np.tile(np.arange(8.0), 30))


def little_within(data: pd.DataFrame) -> pd.DataFrame:
    mean = data.groupby("g").x.transform("mean")
    return data.assign(x=mean + 0.01 * (data.x - mean))


def little_between(data: pd.DataFrame) -> pd.DataFrame:
    mean = data.groupby("g").x.transform("mean")
    return data.assign(x=data.x - 0.99 * mean)


def noisy_means(data: pd.DataFrame) -> pd.DataFrame:
    mean = data.groupby("g").x.transform("mean")
    return data.assign(x=data.x - 0.75 * mean)


CASES: list[tuple[str, str, Callable[[], pd.DataFrame], str, dict[str, object]]] = [
    ("very_few_groups", "problem", lambda: few(4), FORMULA, {"n_groups": 4}),
    ("few_groups", "caution", lambda: few(5), FORMULA, {"n_groups": 5}),
    ("few_groups", "caution", lambda: few(9), FORMULA, {"n_groups": 9}),
    ("between_on_few_df", "caution", lambda: few(12), FORMULA, {"df": 10.0, "columns": ["x"]}),
    ("zero_group_variance", "caution", lambda: flat(table()), FORMULA, {}),
    ("little_within_variation", "caution", lambda: little_within(table()), FORMULA, {"column": "x"}),
    ("little_between_variation", "caution", lambda: little_between(table()), FORMULA, {"column": "x"}),
    ("unreliable_group_means", "caution", lambda: noisy_means(table()), FORMULA, {"column": "x", "group_size": 8.0}),
    ("group_level_predictor", "info", lambda: group_level(table()), "y ~ x + z + (1 | g)", {"column": "z"}),
    ("within_only_predictor", "info", lambda: within_only(table()), "y ~ x + z + (1 | g)", {"column": "z"}),
    ("singleton_groups", "caution", lambda: singles(table()), FORMULA, {"n": 2, "examples": ["alone", "lonely"]}),
    ("groups_without_variation", "caution", lambda: still(table()), FORMULA, {"column": "x", "n": 1, "examples": ["g003"]}),
    ("unbalanced_groups", "info", lambda: table().iloc[3:], FORMULA, {"smallest": 5, "largest": 8}),
    ("binary_response", "caution", lambda: table().assign(y=lambda d: (d.y > 0) * 1.0), FORMULA, {"low": 0.0, "high": 1.0}),
    ("missing_value_codes", "caution", lambda: constant_code(table()), FORMULA, {"column": "x", "value": -999.0, "n": 5}),
    ("extreme_rows", "caution", lambda: extreme(table()), FORMULA, {"column": "y", "n": 1, "value": 400.0}),
    ("perfect_fit", "problem", lambda: table().assign(y=lambda d: 3 * d.x), FORMULA, {}),
]


@pytest.mark.parametrize(("kind", "severity", "make", "formula", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_fires(
    kind: str, severity: str, make: Callable[[], pd.DataFrame], formula: str, expected: dict[str, object]
) -> None:
    (finding,) = found(make(), formula)[kind]
    assert finding.severity == severity
    assert expected.items() <= finding.values.items()


def test_eleven_df_are_not_few() -> None:
    assert "between_on_few_df" not in found(few(13))


def test_ten_groups_are_not_few() -> None:
    assert "few_groups" not in found(few(10))


def test_dropped_rows_are_told() -> None:
    data = table()
    data.loc[[3, 4], "x"] = np.nan
    assert values(data, "dropped_rows") == {"n_read": 240, "n_dropped": 2}


def test_labels_that_look_alike() -> None:
    data = table()
    data["g"] = data.g.replace({"g000": "North", "g001": "north ", "g002": "NORTH"})
    assert values(data, "similar_labels") == {"n": 1, "examples": [["NORTH", "North", "north "]]}


def test_a_group_number_as_predictor() -> None:
    data = table().assign(g=lambda d: d.g.str[1:].astype(int))
    assert values(data, "numeric_group_predictor", "y ~ x + g + (1 | g)") == {"column": "g"}


def test_overlapping_predictors() -> None:
    data = table()
    data["z"] = data.x + 0.05 * np.random.default_rng(4).normal(size=len(data))
    listed = values(data, "overlapping_predictors", "y ~ x + z + (1 | g)")["columns"]
    assert [entry["column"] for entry in listed] == ["x", "z"]
    r2 = np.corrcoef(data.x, data.z)[0, 1] ** 2
    assert listed[0]["vif"] == pytest.approx(1 / (1 - r2), rel=1e-9)


def test_a_slope_outside_its_own_parts_names_who_pulls() -> None:
    random = np.random.default_rng(5)
    codes = np.repeat(np.arange(20), 6)
    m = random.normal(size=20)
    x = m[codes] + random.normal(size=120)
    z = m[codes] + 0.4 * random.normal(size=20)[codes] + random.normal(size=120)
    data = pd.DataFrame({"x": x, "z": z, "g": [f"g{c:02d}" for c in codes]})
    data["y"] = x + 8.0 * data.groupby("g").z.transform("mean") + 0.01 * random.normal(size=120)
    for finding in found(data, "y ~ x + z + (1 | g)")["outside_parts"]:
        low, high = sorted([finding.values["within"], finding.values["between"]])  # type: ignore[type-var]
        assert not low <= finding.values["slope"] <= high  # type: ignore[operator]
        assert finding.values["puller"] != finding.values["column"]


def test_every_rule_is_listed_once() -> None:
    rules = [rule.__name__ for rule in (*SUMMARY_RULES, *CAUTION_RULES)]
    assert len(set(rules)) == len(rules)


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_findings_do_not_depend_on_units(factor: float) -> None:
    data = table()
    scaled = data.assign(x=data.x * factor, y=data.y / factor)
    assert found(scaled).keys() == CALM.keys()


def test_a_unit_is_told_in_standard_deviations() -> None:
    data = table()
    mean = data.groupby("g").x.transform("mean")
    told = values(data, "unit_size")
    within, between = data.x - mean, data.groupby("g").x.mean()
    assert told["sd_within"] == pytest.approx(np.sqrt((within**2).sum() / (240 - 30)), rel=1e-9)
    assert told["sd_between"] == pytest.approx(between.std(), rel=1e-9)
    slope = np.polyfit(within, data.y - data.groupby("g").y.transform("mean"), 1)[0]
    assert told["within_per_sd"] == pytest.approx(slope * told["sd_within"], rel=1e-9)
    assert told["between_per_sd"] == pytest.approx(
        np.polyfit(between, data.groupby("g").y.mean(), 1)[0] * between.std(), rel=1e-9
    )


def test_a_predictor_of_one_level_has_one_slope_per_standard_deviation() -> None:
    data = group_level(table())
    told = {finding.values["column"]: finding.values for finding in found(data, "y ~ x + z + (1 | g)")["unit_size"]}
    assert told["z"]["within_per_sd"] is None
    assert told["z"]["between_per_sd"] is not None


def turned(data: pd.DataFrame) -> pd.DataFrame:
    """One group with a slope of its own within, far steeper than that of the others."""
    mine = data.g == "g004"
    away = data.x - data.groupby("g").x.transform("mean")
    return data.assign(y=np.where(mine, data.y + 30.0 * away, data.y))


def test_a_group_that_moves_a_slope_is_named() -> None:
    data = turned(table())
    told = values(data, "driving_groups")
    moves = {move["kind"]: move for move in told["moves"]}
    assert moves["within"]["group"] == "g004"
    assert moves["within"]["position"] == 0
    left = data[data.g != "g004"]
    x, y = (left[c] - left.groupby("g")[c].transform("mean") for c in ("x", "y"))
    slope = np.polyfit(x, y, 1)[0]
    assert moves["within"]["without"] == pytest.approx(slope, rel=1e-9)
    assert moves["within"]["standard_errors"] > 1
    assert [move["standard_errors"] for move in told["moves"]] == sorted(
        (m["standard_errors"] for m in told["moves"]), reverse=True
    )


def test_variances_of_slopes_on_their_boundary_are_a_singular_fit() -> None:
    dragons = pd.read_csv(Path(__file__).resolve().parent.parent / "examples" / "dragons" / "dragons.csv")
    told = found(dragons, "testScore ~ bodyLength2 + (1 + bodyLength2 | mountainRange)")
    assert [(finding.severity, finding.values["variants"]) for finding in told["singular_fit"]] == [
        ("caution", ["random_slope"])
    ]
    assert told["varying_slopes"][0].values["is_singular"] is False  # of the model within and between
    assert "singular_fit" not in found(table(), "y ~ x + (1 + x | g)")


def hidden_pair(first: float, second: float, gap: float = 12.0) -> pd.DataFrame:
    """Ten groups without a relation between their means, and two far out whose levels make one."""
    random = np.random.default_rng(11)
    means = np.append(np.linspace(-1, 1, 10), [first, second])
    levels = np.append(-0.4 * means[:10] + 0.3 * np.resize([1.0, -1.0], 10), [gap, gap])
    codes = np.repeat(np.arange(12), 10)
    inside = np.tile(np.linspace(-1, 1, 10), 12)
    y = levels[codes] + 0.5 * inside + 0.2 * random.normal(size=120)
    return pd.DataFrame({"y": y, "x": means[codes] + inside, "g": [f"g{c:02d}" for c in codes]})


def test_two_groups_that_hide_each_other_are_named() -> None:
    data = hidden_pair(4.0, 4.1)
    told = values(data, "driving_pair")
    assert told["groups"] == ["g10", "g11"]
    means = data.groupby("g")[["x", "y"]].mean()
    assert told["full"] == pytest.approx(np.polyfit(means.x, means.y, 1)[0], rel=1e-9)
    assert told["without"] == pytest.approx(np.polyfit(means.x[:10], means.y[:10], 1)[0], rel=1e-9)
    assert told["means"] == pytest.approx([means.x.iloc[10], means.x.iloc[11]], rel=1e-9)
    assert told["changes_sign"]


def test_a_group_that_decides_alone_leaves_nothing_to_a_pair() -> None:
    data = hidden_pair(4.0, 0.0)
    data.loc[data.g == "g11", "y"] -= 12.0
    kinds = found(data)
    assert "driving_pair" not in kinds
    assert kinds["driving_groups"][0].values["moves"][0]["group"] == "g10"  # type: ignore[index]


def test_slopes_that_vary_are_told_with_their_spread() -> None:
    random = np.random.default_rng(3)
    data = table(n_groups=40, size=20)
    own = random.normal(size=40)
    away = data.x - data.groupby("g").x.transform("mean")
    data["y"] += own[data.g.str[1:].astype(int)] * away
    told = values(data, "varying_slopes", "y ~ x + (1 + x | g)")
    assert (told["variant"], told["role"]) == ("within_between_slope", "within")
    assert told["sd"] == pytest.approx(own.std(), rel=0.25)
    slopes = [np.polyfit(part.x, part.y, 1)[0] for _, part in data.groupby("g")]
    assert told["estimate"] == pytest.approx(np.mean(slopes), abs=0.1)
    assert told["conf_low"] < told["estimate"] < told["conf_high"]
    assert "varying_slopes" not in found(data)


def test_slopes_of_a_predictor_within_groups_only_are_those_of_the_random_slope_model() -> None:
    told = values(within_only(table()), "varying_slopes", "y ~ z + (1 + z | g)")
    assert (told["variant"], told["role"]) == ("random_slope", "raw")
