"""Rows far from the fit with group dummies: their studentised residuals, when it is a caution, and who is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from test_unfitted_report import text

from reportgen.analysis import Analysis, walk
from reportgen.choices import Options
from reportgen.disclosed import disclosed
from reportgen.estimation.outlying_rows import OutlyingRows, outlying_rows
from reportgen.findings import Evidence, Finding
from reportgen.findings.residual_cautions import far_rows
from reportgen.fits import Fit, Issue, LeastSquaresFit, UnfitVariant
from reportgen.points import CAPACITY
from reportgen.presentation.document import build_document
from reportgen.presentation.html import render_html

ORTHODONT = Path(__file__).resolve().parent / "reference" / "data" / "orthodont.csv"
FORMULA = "y ~ x + (1 | g)"


def rows(far: dict[int, float] | None = None, n_groups: int = 10) -> pd.DataFrame:
    """Groups of 3 to 7 rows with normal residuals, and amounts that are added to single rows."""
    random = np.random.Generator(np.random.PCG64(21))
    codes = np.repeat(np.arange(n_groups), 3 + np.arange(n_groups) % 5)
    x = random.normal(size=len(codes)) + codes % 3
    y = x + random.normal(0, 2, n_groups)[codes] + random.normal(size=len(codes))
    for row, amount in (far or {}).items():
        y[row] += amount
    return pd.DataFrame({"y": y, "x": x, "g": [f"g{j}" for j in codes]})


def found_in(result: Analysis) -> OutlyingRows:
    fit = result.fits["no_pooling"]
    assert isinstance(fit, LeastSquaresFit)
    found = outlying_rows(result.moments, result.points, fit)
    assert found is not None
    return found


def caution(result: Analysis) -> Finding | None:
    return next((finding for finding in result.findings if finding.kind == "far_rows"), None)


def test_each_is_the_residual_from_a_fit_without_the_row() -> None:
    """As a dummy for the row alone has it for its t value."""
    data = rows({4: 8.0, 30: -9.0})
    found = found_in(walk(FORMULA, data))
    dummies = pd.get_dummies(data["g"]).to_numpy(dtype=float)
    expected = []
    for row in range(len(data)):
        design = np.column_stack([np.arange(len(data)) == row, data["x"], dummies]).astype(float)
        beta, *_ = np.linalg.lstsq(design, data["y"].to_numpy())
        df = len(data) - design.shape[1]
        sigma2 = float(((data["y"] - design @ beta) ** 2).sum()) / df
        expected.append(float(beta[0] / np.sqrt(sigma2 * np.linalg.inv(design.T @ design)[0, 0])))
    bound = student.ppf(1 - 0.025 / len(data), df)
    assert found.bound == pytest.approx(bound, rel=1e-9)
    far = [row for row, value in enumerate(expected) if abs(value) > bound]
    assert far == [4, 30]
    np.testing.assert_allclose(found.values, [expected[row] for row in far], rtol=1e-9)
    assert [f"g{j}" for j in found.groups] == data["g"].iloc[far].tolist()


def test_growth_as_in_r() -> None:
    """rstudent(lm(distance ~ age + age:Sex + Subject)) and the bound of Bonferroni."""
    result = walk("distance ~ age * Sex + (1 | Subject)", ORTHODONT)
    found = found_in(result)
    assert found.bound == pytest.approx(3.65598231004, rel=1e-9)
    assert [result.groups[j] for j in found.groups] == ["M09", "M13"]
    np.testing.assert_allclose(found.values, [4.80653718804, -4.67357041975], rtol=1e-9)
    page = text(result)
    assert (
        "2 rows of 2 groups lie far from the fit with group dummies: M09 (1 row, studentised residual 4.81) and M13 (1 row, "
        "studentised residual \u22124.67). Of 108 normal residuals the largest would be beyond 3.66 in one case of twenty only."
    ) in page


def test_it_is_a_caution_in_up_to_four_groups() -> None:
    assert caution(walk(FORMULA, rows())) is None
    one = caution(walk(FORMULA, rows({4: 9.0})))
    assert one is not None
    assert one.severity == "caution"
    assert one.values["n"] == 1
    everywhere = rows(n_groups=40)
    first = everywhere.groupby("g", sort=False).head(1).index.to_numpy()[4:40:8]
    four, five = ({int(row): 12.0 for row in first[:n]} for n in (4, 5))
    found = caution(walk(FORMULA, rows(four, 40)))
    assert found is not None
    assert [place["n"] for place in found.values["places"]] == [1, 1, 1, 1]  # type: ignore[attr-defined]
    assert caution(walk(FORMULA, rows(five, 40))) is None


def test_the_farthest_of_a_group_is_told_whatever_its_sign() -> None:
    data = rows({46: -14.0, 48: 9.0})
    assert data["g"][46] == data["g"][48]
    found = caution(walk(FORMULA, data))
    assert found is not None
    places: Any = found.values["places"]
    (place,) = places
    assert (place["n"], place["largest"] < 0) == (2, True)


def test_nothing_is_told_where_the_model_with_dummies_is_not_fitted() -> None:
    found = walk(FORMULA, rows({4: 9.0}))
    unfit = UnfitVariant("no_pooling", Issue("no_degrees_of_freedom", {"df": 0}))
    fits: dict[str, Fit] = {**found.fits, "no_pooling": unfit}
    evidence = Evidence(
        found.formula, found.sample, found.groups, found.levels, found.moments, found.points, fits, found.comparison
    )
    assert list(far_rows(evidence)) == []


def test_of_two_rows_as_far_on_either_side_the_order_decides_nothing() -> None:
    """In a group of two the residuals are the same but for their sign, and for rounding."""
    pair = pd.DataFrame({"y": [9.0, -9.0], "x": [0.3, 0.1], "g": ["pair", "pair"]})
    data = pd.concat([rows(), pair], ignore_index=True)
    for order in (data.index, data.index[::-1], np.random.default_rng(3).permutation(len(data))):
        found = caution(walk(FORMULA, data.loc[order]))
        assert found is not None
        places: Any = found.values["places"]
        (place,) = places
        assert (place["group"], place["n"]) == ("pair", 2)
        assert place["largest"] > 0


def test_where_it_cannot_be_told_nothing_is_said() -> None:
    data = rows({4: 9.0})
    weighted = walk("y ~ x + (1 | g)", data.assign(w=1.0 + np.arange(len(data)) % 2), Options(weights="w"))
    assert caution(weighted) is None
    perfect = data.assign(y=data["x"] + data["g"].str[1:].astype(float))
    assert caution(walk(FORMULA, perfect)) is None
    # The only row that is off: measured by what is left without it, it is infinitely far.
    one_off = perfect.assign(y=perfect["y"] + (np.arange(len(perfect)) == 4))
    assert caution(walk(FORMULA, one_off)) is None
    many = pd.concat([data.assign(g=data["g"] + f"-{i}") for i in range(450)])
    assert len(many) > CAPACITY
    assert caution(walk(FORMULA, many)) is None


def test_groups_are_named_only_where_they_may_be() -> None:
    result = walk(FORMULA, rows({4: 9.0}))
    group = result.groups[int(found_in(result).groups[0])]
    assert f"{group} (1 row, studentised" in text(result)
    coded, hidden = disclosed(result, "code"), disclosed(result, "hide")
    assert "(1 row, studentised" in text(coded)
    page = render_html(build_document(hidden))
    assert "1 row of one group lies far from the fit" in page
    assert "studentised" not in page
    kept = caution(hidden)
    assert kept is not None
    assert kept.values["places"][0]["group"] is None  # type: ignore[index]
    size = int(result.moments.rows[found_in(result).groups[0]])
    assert caution(disclosed(result, "show", size)) is not None
    assert caution(disclosed(result, "show", size + 1)) is None
