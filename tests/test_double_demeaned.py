"""Interactions demeaned twice, held against the same done with rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reportgen import analyze
from reportgen.errors import OptionError
from reportgen.fits import LeastSquaresFit, UnfitVariant
from reportgen.variants import within_products

FORMULA = "y ~ x * z + (1 | g)"


def frame(seed: int = 1) -> pd.DataFrame:
    """Groups whose levels of z change how much x varies the product."""
    random = np.random.default_rng(seed)
    codes = np.repeat(np.arange(15), random.integers(3, 14, size=15))
    level = random.normal(size=(2, 15))
    x, z = level[0][codes] + random.normal(size=len(codes)), level[1][codes] + random.normal(size=len(codes))
    y = x + 0.5 * x * z + random.normal(size=15)[codes] + random.normal(size=len(codes))
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": codes})


def by_rows(data: pd.DataFrame) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], float]:
    """Slopes of the dummies model on x, z and (x - xbar)(z - zbar), and its residual sum of squares."""
    own = data[["x", "z"]] - data.groupby("g")[["x", "z"]].transform("mean")
    design = np.column_stack([data.x, data.z, own.x * own.z, pd.get_dummies(data.g).to_numpy(float)])
    slopes, rss, *_ = np.linalg.lstsq(design, data.y.to_numpy(), rcond=None)
    return slopes[:3], float(rss[0])


def test_it_is_the_regression_with_the_product_of_the_deviations() -> None:
    data = frame()
    fit = analyze(FORMULA, data, interactions="double-demeaned").fits["double_demeaned"]
    assert isinstance(fit, LeastSquaresFit)
    slopes, rss = by_rows(data)
    assert [c.column for c in fit.coefficients] == ["x", "z", "x:z"]
    np.testing.assert_allclose([c.estimate for c in fit.coefficients], slopes, rtol=1e-9)
    assert fit.sigma2 * fit.df_residual == pytest.approx(rss, rel=1e-9)


def test_the_product_itself_gives_something_else() -> None:
    fits = analyze(FORMULA, frame(), interactions="double-demeaned").fits
    plain, twice = fits["no_pooling"], fits["double_demeaned"]
    assert isinstance(plain, LeastSquaresFit)
    assert isinstance(twice, LeastSquaresFit)
    assert abs(plain.coefficients[2].estimate - twice.coefficients[2].estimate) > 1e-3


def test_predictions_add_up() -> None:
    data = frame()
    analysis = analyze(FORMULA, data, interactions="double-demeaned")
    residual = analysis.augment("double_demeaned").residual
    assert (residual**2).sum() == pytest.approx(by_rows(data)[1], rel=1e-9)


def test_it_is_fitted_by_choice_only() -> None:
    assert "double_demeaned" not in analyze(FORMULA, frame()).fits
    without = analyze("y ~ x + z + (1 | g)", frame(), interactions="double-demeaned").fits["double_demeaned"]
    assert isinstance(without, UnfitVariant)
    assert without.reason.code == "no_interaction_within"
    with pytest.raises(OptionError, match="double-demeaned"):
        analyze(FORMULA, frame(), interactions="twice")  # type: ignore[arg-type]


def test_products_are_known_by_their_names() -> None:
    columns = ("x", "z[T.a:b]", "x:z[T.a:b]", "q", "x:w")
    assert within_products(columns) == {"x:z[T.a:b]": ("x", "z[T.a:b]")}


def test_it_is_in_every_output(tmp_path: object) -> None:
    analysis = analyze(FORMULA, frame(), interactions="double-demeaned")
    assert '"double_demeaned"' in analysis.to_json()
    assert "demeaned twice" in analysis.to_html()
