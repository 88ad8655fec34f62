"""Certified and exact figures: NIST's reference sets, and rational arithmetic on columns that nearly depend on each other."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exact import fractions, least_squares
from numpy.typing import NDArray

from reportgen import analyze
from reportgen.estimation import refinement
from reportgen.fits import LeastSquaresFit
from reportgen.hypothesis_tests import FTest


def reference_sets() -> Path:
    """The folder of NIST's Statistical Reference Datasets that comes with scipy."""
    spec = find_spec("scipy")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "stats" / "tests" / "data"


ANOVA = sorted(path.stem for path in (reference_sets() / "nist_anova").glob("*.dat"))
needs_sets = pytest.mark.skipif(not ANOVA, reason="scipy is installed without its own test data")

# Significant digits of NIST's figures that the data carry once they are stored as 64-bit numbers (exact arithmetic on them).
DIGITS = {**dict.fromkeys(("SmLs07", "SmLs08", "SmLs09"), 4.0)}


def anova(name: str) -> tuple[pd.DataFrame, dict[str, float]]:
    lines = (reference_sets() / "nist_anova" / f"{name}.dat").read_text().splitlines()
    head = "\n".join(lines[:60])
    place = re.search(r"Data\s+\(lines (\d+) to (\d+)\)", head)
    between = re.search(r"Between \S+\s+(\d+)\s+\S+\s+\S+\s+(\S+)", head)
    within = re.search(r"Within \S+\s+(\d+)\s+(\S+)\s+(\S+)", head)
    assert place is not None
    assert between is not None
    assert within is not None
    rows = [line.split() for line in lines[int(place[1]) - 1 : int(place[2])] if line.strip()]
    figures = {
        "f": float(between[2]),
        "df1": float(between[1]),
        "df2": float(within[1]),
        "sigma": math.sqrt(float(within[3])),
    }
    return pd.DataFrame({"g": [row[0] for row in rows], "y": [float(row[1]) for row in rows]}), figures


def exact_f(data: pd.DataFrame) -> float:
    """F of the one-way analysis of variance on the numbers as stored."""
    groups = [[Fraction(value) for value in part.tolist()] for _, part in data.groupby("g")["y"]]
    n, mean = len(data), sum(map(sum, groups)) / len(data)
    between = sum(len(part) * (sum(part) / len(part) - mean) ** 2 for part in groups)
    within = sum((value - own) ** 2 for part in groups for own in [sum(part) / len(part)] for value in part)
    return float(between / (len(groups) - 1) / (within / (n - len(groups))))


@needs_sets
@pytest.mark.parametrize("name", ANOVA)
def test_analysis_of_variance(name: str) -> None:
    data, certified = anova(name)
    found = analyze("y ~ 1 + (1 | g)", data)
    test, fit = found.comparison.group_variance.dummies, found.fits["no_pooling"]
    assert isinstance(test, FTest)
    assert isinstance(fit, LeastSquaresFit)
    assert test.f_df == (certified["df1"], certified["df2"])
    assert test.f == pytest.approx(exact_f(data), rel=1e-12)
    digits = DIGITS.get(name, 9.0)
    assert test.f == pytest.approx(certified["f"], rel=10**-digits)
    assert math.sqrt(fit.sigma2) == pytest.approx(certified["sigma"], rel=10**-digits)
    assert ("few_digits" in {finding.kind for finding in found.findings}) == (digits < 9)  # where digits are lost it is said


def check_pooled(data: pd.DataFrame, formula: str, columns: list[str]) -> None:
    """Pooled regression beside a grouping that says nothing, against exact arithmetic: 9 digits."""
    grouped = data.assign(g=["a", "b"] * (len(data) // 2) + ["a"] * (len(data) % 2))
    fit = analyze(f"{formula} + (1 | g)", grouped).fits["pooled"]
    assert isinstance(fit, LeastSquaresFit)
    design = fractions([np.ones(len(data)), *(data[column].to_numpy(float) for column in columns)])
    beta, errors = least_squares(design, [Fraction(float(value)) for value in data["y"]])
    assert [c.estimate for c in fit.coefficients] == pytest.approx(beta, rel=1e-9, abs=0)
    if any(errors) and fit.sigma2 > 0:
        assert [c.std_error for c in fit.coefficients] == pytest.approx(errors, rel=1e-9)


X = np.arange(21.0)
BENT = [759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048]
DELTA = np.array([*BENT, *BENT[-2::-1]], dtype=float)


def polynomial(*coefficients: float) -> NDArray[np.float64]:
    return np.asarray(sum(c * X**power for power, c in enumerate(coefficients)))


WAMPLER = {
    "Wampler1": polynomial(*[1.0] * 6),
    "Wampler2": polynomial(*[0.1**power for power in range(6)]),
    "Wampler3": polynomial(*[1.0] * 6) + DELTA,
    "Wampler4": polynomial(*[1.0] * 6) + 100 * DELTA,
    "Wampler5": polynomial(*[1.0] * 6) + 10000 * DELTA,
}


@pytest.mark.parametrize("name", WAMPLER)
def test_wampler(name: str) -> None:
    data = pd.DataFrame({"y": WAMPLER[name], "x": X, **{f"x{power}": X**power for power in range(2, 6)}})
    formula = "y ~ x + I(x**2) + I(x**3) + I(x**4) + I(x**5)"
    check_pooled(data, formula, ["x", "x2", "x3", "x4", "x5"])
    certified = [0.1**power if name == "Wampler2" else 1.0 for power in range(6)]
    fit = analyze(f"{formula} + (1 | g)", data.assign(g=["a", "b", "c"] * 7)).fits["pooled"]
    assert isinstance(fit, LeastSquaresFit)
    assert [c.estimate for c in fit.coefficients] == pytest.approx(certified, rel=1e-9)


@needs_sets
def test_norris() -> None:
    lines = (reference_sets() / "nist_linregress" / "Norris.dat").read_text().splitlines()
    data = pd.DataFrame([list(map(float, line.split())) for line in lines[60:96]], columns=["y", "x"])
    check_pooled(data, "y ~ x", ["x"])
    fit = analyze("y ~ x + (1 | g)", data.assign(g=["a", "b", "c"] * 12)).fits["pooled"]
    assert isinstance(fit, LeastSquaresFit)
    assert [c.estimate for c in fit.coefficients] == pytest.approx([-0.262323073774029, 1.00211681802045], rel=1e-9)
    assert [c.std_error for c in fit.coefficients] == pytest.approx([0.232818234301152, 0.429796848199937e-03], rel=1e-9)
    assert math.sqrt(fit.sigma2) == pytest.approx(0.884796396144373, rel=1e-9)


def test_longley() -> None:
    from statsmodels.datasets import longley

    data = longley.load_pandas().data.rename(columns={"TOTEMP": "y"})
    columns = [column for column in data.columns if column != "y"]
    check_pooled(data, "y ~ " + " + ".join(columns), columns)


def nearly_dependent() -> pd.DataFrame:
    random = np.random.default_rng(7)
    g = np.repeat(np.arange(14), 7)[:90]
    x = np.round(random.normal(size=90) + g / 3, 6)
    z = np.round(x + 1e-3 * random.normal(size=90), 9)
    return pd.DataFrame({"y": np.round(x - z + random.normal(size=90) + g % 3, 6), "x": x, "z": z, "g": g})


@pytest.mark.parametrize("variant", ["pooled", "no_pooling", "between"])
def test_columns_that_nearly_depend_on_each_other(variant: str) -> None:
    data = nearly_dependent()
    fit = analyze("y ~ x + z + (1 | g)", data).fits[variant]
    assert isinstance(fit, LeastSquaresFit)
    y, *columns = fractions([data.y, data.x, data.z])
    members = [np.flatnonzero(data.g == group).tolist() for group in range(13)]
    means = [[sum((column[i] for i in rows), Fraction(0)) / len(rows) for rows in members] for column in (y, *columns)]
    if variant == "pooled":
        beta, _ = least_squares([[Fraction(1)] * len(y), *columns], y)
    elif variant == "between":
        beta, _ = least_squares([[Fraction(1)] * len(members), *means[1:]], means[0])
    else:
        group = data.g.tolist()
        own = [[v - mean[group[i]] for i, v in enumerate(column)] for column, mean in zip((y, *columns), means, strict=True)]
        beta, _ = least_squares(own[1:], own[0], lost=len(members))
    assert [c.estimate for c in fit.coefficients] == pytest.approx(beta, rel=1e-9)


def test_generalised_least_squares_of_nearly_dependent_columns() -> None:
    data = nearly_dependent()
    fit = analyze("y ~ x + z + (1 | g)", data).fits["random_intercept"]
    assert not isinstance(fit, LeastSquaresFit)
    ratio = fit.group_covariance.psi[0, 0] / fit.sigma2  # type: ignore[union-attr]
    y, *columns = fractions([data.y, data.x, data.z])
    turned = []
    for column in ([Fraction(1)] * len(y), *columns, y):
        changed = list(column)
        for group in range(13):
            rows = np.flatnonzero(data.g == group).tolist()
            share = Fraction(1 - 1 / math.sqrt(1 + len(rows) * ratio))
            mean = sum((column[i] for i in rows), Fraction(0)) / len(rows)
            for i in rows:
                changed[i] = column[i] - share * mean
        turned.append(changed)
    beta, _ = least_squares(turned[:-1], turned[-1])
    assert [c.estimate for c in fit.coefficients] == pytest.approx(beta, rel=1e-9)  # type: ignore[union-attr]


def test_group_means_of_more_predictors_than_groups_call_for_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """They always depend on each other; no variant has slopes of them, and the other columns are far from doing so."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame(random.normal(size=(90, 5)), columns=["y", "a", "b", "c", "d"])
    frame["g"] = [f"g{i % 3}" for i in range(90)]

    def asked(*_: object) -> None:
        raise AssertionError("solved again from the rows")

    monkeypatch.setattr(refinement.GroupedRows, "of", asked)
    analyze("y ~ a + b + c + d + (1 | g)", frame)
    frame["b"] = frame["a"] + 1e-4 * frame["b"]
    with pytest.raises(AssertionError, match="solved again"):
        analyze("y ~ a + b + c + d + (1 | g)", frame)
