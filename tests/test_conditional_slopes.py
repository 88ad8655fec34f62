"""Slopes within groups where a factor is at another level, against least squares in which that level is the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from reportgen.analysis import walk
from reportgen.conditional_slopes import conditional_slopes
from reportgen.fits import Issue, UnfitVariant

DATA = Path(__file__).resolve().parent / "reference" / "data"


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
    found = walk("y ~ x * kind + (1 | g)", frame())
    assert conditional_slopes(found.design.parts_of, UnfitVariant("no_pooling", Issue("no_column_varies_within"))) == ()
