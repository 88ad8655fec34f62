"""Slopes within groups where a factor is at another level, against least squares in which that level is the reference."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dense import DenseSandwich
from scipy.stats import t as student
from situations import EXAMPLE, FRAMES, document

from reportgen.analysis import walk
from reportgen.conditional_slopes import conditional_slopes
from reportgen.fits import Coefficient, Issue, LeastSquaresFit, Undefined, UnfitVariant

REFERENCE = Path(__file__).resolve().parent / "reference"
DATA = REFERENCE / "data"
CLUSTER_ROBUST = json.loads((REFERENCE / "cluster_robust.json").read_text(encoding="utf-8"))


def frame() -> pd.DataFrame:
    random = np.random.Generator(np.random.PCG64(11))
    g = np.repeat(np.arange(12), 9)
    x, z = random.normal(size=(2, 108)) + random.normal(size=(2, 12))[:, g]
    kind = random.choice(["low", "mid", "top"], 108)
    y = 0.4 * x + (kind == "top") * (1.0 - 0.7 * x) + random.normal(size=108) + random.normal(size=12)[g]
    return pd.DataFrame({"y": y, "x": x, "z": z, "kind": kind, "g": g})


def with_dummies(data: pd.DataFrame, at: str) -> tuple[float, float, int]:
    """Slope of x, its standard error and residual df where `at` is the level that the others are compared with."""
    others = [kind for kind in ("low", "mid", "top") if kind != at]
    columns = [data["x"], data["z"], *((data["kind"] == kind) * 1.0 for kind in others)]
    columns += [data["x"] * (data["kind"] == kind) for kind in others]
    design = np.column_stack([*columns, pd.get_dummies(data["g"]).to_numpy(dtype=float)])
    beta, *_ = np.linalg.lstsq(design, data["y"], rcond=None)
    df = len(data) - design.shape[1]
    sigma2 = float(((data["y"] - design @ beta) ** 2).sum()) / df
    return float(beta[0]), float(np.sqrt(sigma2 * np.linalg.inv(design.T @ design)[0, 0])), df


def test_each_level_has_the_slope_that_it_has_as_the_reference() -> None:
    data = frame()
    found = walk("y ~ x * kind + z + (1 | g)", data).conditional_slopes
    assert [item.product for item in found] == ["x:kind[T.mid]", "x:kind[T.top]"]
    for item, level in zip(found, ("mid", "top"), strict=True):
        estimate, std_error, df = with_dummies(data, level)
        slope = item.slope
        assert (slope.column, slope.role, slope.df) == ("x", "within", df)
        assert slope.estimate == pytest.approx(estimate, rel=1e-9)
        assert slope.std_error == pytest.approx(std_error, rel=1e-9)
        assert slope.p_value == pytest.approx(2 * student.sf(abs(estimate / std_error), df), rel=1e-9)
        reach = student.ppf(0.975, df) * std_error
        assert (slope.conf_low, slope.conf_high) == pytest.approx((estimate - reach, estimate + reach), rel=1e-9)


def test_cluster_robust_errors_are_those_with_dummies_written_out() -> None:
    data = frame()
    dummies = pd.get_dummies(data["g"]).to_numpy(dtype=float)
    found = walk("y ~ x * kind + z + (1 | g)", data).conditional_slopes
    for item, level in zip(found, ("mid", "top"), strict=True):
        others = [kind for kind in ("low", "mid", "top") if kind != level]
        columns = [data["x"], data["z"], *((data["kind"] == kind) * 1.0 for kind in others)]
        columns += [data["x"] * (data["kind"] == kind) for kind in others]
        design = np.column_stack(columns)
        design -= dummies @ np.linalg.lstsq(dummies, design, rcond=None)[0]  # dummies absorbed
        own = data["y"].to_numpy() - dummies @ np.linalg.lstsq(dummies, data["y"].to_numpy(), rcond=None)[0]
        residual = own - design @ np.linalg.lstsq(design, own, rcond=None)[0]
        dense = DenseSandwich(design, residual, np.eye(len(data)), data["g"].to_numpy())
        contrast = np.eye(design.shape[1])[0]
        robust = item.robust
        assert isinstance(robust, Coefficient)
        assert (robust.column, robust.role, robust.df_method) == ("x", "within", "bell_mccaffrey")
        assert robust.estimate == item.slope.estimate
        assert robust.std_error == pytest.approx(dense.error("CR2", contrast), rel=1e-8)
        assert robust.df == pytest.approx(dense.df(contrast), rel=1e-7)
        reach = student.ppf(0.975, robust.df) * robust.std_error
        assert (robust.conf_low, robust.conf_high) == pytest.approx(
            (robust.estimate - reach, robust.estimate + reach), rel=1e-9
        )


@pytest.mark.parametrize("entry", CLUSTER_ROBUST, ids=lambda entry: str(entry["case"]))
def test_cluster_robust_intervals_are_those_of_clubsandwich(entry: dict[str, object]) -> None:
    """To the ten digits that are printed."""
    path = EXAMPLE if entry["case"] == "dragons" else DATA / f"{entry['case']}.csv"
    result = walk(str(entry["formula"]), path)
    fit = result.fits["no_pooling"]
    assert isinstance(fit, LeastSquaresFit)
    cr2 = next(errors for errors in fit.robust if errors.method == "CR2")
    found = {("column", item.column): item for item in cr2.coefficients}
    found |= {("at", item.product): item.robust for item in result.conditional_slopes if not isinstance(item.robust, Undefined)}
    slopes = entry["slopes"]
    assert isinstance(slopes, list)
    for theirs in slopes:
        key = next(kind for kind in ("column", "at") if kind in theirs)
        ours = found[key, theirs[key]]
        for name in ("estimate", "std_error", "df", "conf_low", "conf_high"):
            assert getattr(ours, name) == pytest.approx(theirs[name], rel=1e-8), (theirs[key], name)


def test_without_a_cluster_robust_error_the_reason_stands_there() -> None:
    """A level that rows of one group only have, and a fit without residuals."""
    data = frame()
    data.loc[(data["kind"] == "top") & (data["g"] != 3), "kind"] = "mid"
    data.loc[data["g"] == 3, "kind"] = ["low", "low", "low", *["top"] * 6]
    found = {item.product: item.robust for item in walk("y ~ x * kind + (1 | g)", data).conditional_slopes}
    assert isinstance(found["x:kind[T.mid]"], Coefficient)
    lost = found["x:kind[T.top]"]
    assert isinstance(lost, Undefined)
    assert (lost.reason.code, lost.reason.values) == ("one_group_decides", {"columns": ("x:kind[T.top]",)})
    perfect = data.assign(y=data["x"] * (1.0 + (data["kind"] == "mid")) + data["g"])
    (first, *_) = walk("y ~ x * kind + (1 | g)", perfect).conditional_slopes
    assert isinstance(first.robust, Undefined)
    assert first.robust.reason.code == "no_residual_variance"


def test_the_result_file_has_both() -> None:
    made = document("trial")
    (entry,) = json.loads(made.result)["conditional_slopes"]
    (item,) = walk(*FRAMES["trial"]).conditional_slopes
    assert isinstance(item.robust, Coefficient)
    assert entry["conf_high"] == pytest.approx(item.slope.conf_high, rel=1e-12)
    assert entry["robust"] == {
        "method": "CR2",
        **{key: pytest.approx(getattr(item.robust, key), rel=1e-12) for key in ("std_error", "df", "p_value", "statistic")},
        **{key: pytest.approx(getattr(item.robust, key), rel=1e-12) for key in ("conf_low", "conf_high")},
    }


@pytest.mark.parametrize(
    ("formula", "products"),
    [
        ("y ~ x * z + (1 | g)", []),
        ("y ~ x * z * kind + (1 | g)", ["x:kind[T.mid]", "x:kind[T.top]", "z:kind[T.mid]", "z:kind[T.top]"]),
        ("y ~ z + x:kind + (1 | g)", []),
        ("y ~ x + kind + (1 | g)", []),
    ],
)
def test_what_has_none(formula: str, products: list[str]) -> None:
    assert [item.product for item in walk(formula, frame()).conditional_slopes] == products


def test_a_factor_of_the_groups_turns_slopes_as_well() -> None:
    (found,) = walk("distance ~ age * Sex + (1 | Subject)", DATA / "orthodont.csv").conditional_slopes
    boys = pd.read_csv(DATA / "orthodont.csv").query("Sex == 'Male'")
    alone = walk("distance ~ age + (1 | Subject)", boys).comparison.slopes[0].by_variant["no_pooling"]
    assert found.slope.estimate == pytest.approx(alone.estimate, rel=1e-12)


def test_without_the_model_there_is_none() -> None:
    found, unfit = walk("y ~ x * kind + (1 | g)", frame()), UnfitVariant("no_pooling", Issue("no_column_varies_within"))
    assert conditional_slopes(found.moments, found.design.parts_of, unfit) == ()
