"""Predictions of every variant, for known groups and for new ones."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows

from reportgen.errors import GroupNotFitted
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.runner import fit_variants
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, ModelFit
from reportgen.prediction import NewRows, predict

ROWS = grouped_rows(UNBALANCED)
FITS = fit_variants(ROWS.moments, ROWS.levels, RandomEffects(True, ("x1",), True))
OWN = NewRows(("x1",), ROWS.values[:, :1], ROWS.codes)


def fitted(name: str) -> ModelFit:
    fit = FITS[name]
    assert isinstance(fit, LeastSquaresFit | MixedFit)
    return fit


def value(fit: ModelFit, role: str) -> float:
    found = [c for c in fit.coefficients if c.role == role]
    assert isinstance(found[0], Coefficient)
    return found[0].estimate


@pytest.mark.parametrize("name", [name for name, fit in FITS.items() if isinstance(fit, LeastSquaresFit | MixedFit)])
def test_group_means_of_the_predictions_are_the_group_levels(name: str) -> None:
    fit = fitted(name)
    values = predict(fit, ROWS.moments, OWN).values
    means = np.bincount(ROWS.codes, values) / np.bincount(ROWS.codes)
    np.testing.assert_allclose(means, fit.group_levels, rtol=1e-9)


def test_residuals_of_the_dummies_sum_to_zero_in_every_group() -> None:
    residuals = ROWS.values[:, 1] - predict(fitted("no_pooling"), ROWS.moments, OWN).values
    np.testing.assert_allclose(np.bincount(ROWS.codes, residuals), 0.0, atol=1e-10)
    rss = fitted("no_pooling").sigma2 * (len(ROWS.codes) - ROWS.n_groups - 1)
    assert (residuals**2).sum() == pytest.approx(rss, rel=1e-10)


def test_equal_models_predict_equally() -> None:
    left = predict(fitted("mundlak"), ROWS.moments, OWN)
    right = predict(fitted("within_between"), ROWS.moments, OWN)
    np.testing.assert_allclose(left.values, right.values, rtol=1e-9)


def test_without_group_effects_it_is_the_fixed_part() -> None:
    fit = fitted("random_intercept")
    values = predict(fit, ROWS.moments, OWN, group_effects=False).values
    np.testing.assert_allclose(values, value(fit, "intercept") + value(fit, "raw") * ROWS.values[:, 0], rtol=1e-12)


def test_new_rows_of_a_known_group_are_compared_with_its_mean_in_the_fit() -> None:
    new = NewRows(("x1",), np.array([[10.0], [12.0]]), np.array([3, 3]))
    fit = fitted("within_between")
    mean = ROWS.values[ROWS.codes == 3, 0].mean()
    values = predict(fit, ROWS.moments, new, group_effects=False).values
    expected = value(fit, "intercept") + value(fit, "within") * (new.values[:, 0] - mean) + value(fit, "between") * mean
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_a_new_group_gets_the_population_value_with_its_own_mean_and_says_so() -> None:
    new = NewRows(("x1",), np.array([[10.0], [12.0], [1.0]]), np.array([ROWS.n_groups, ROWS.n_groups, 0]), ("new",))
    fit = fitted("within_between")
    found = predict(fit, ROWS.moments, new)
    assert found.is_new_group.tolist() == [True, True, False]
    expected = value(fit, "intercept") + value(fit, "within") * np.array([-1.0, 1.0]) + value(fit, "between") * 11.0
    np.testing.assert_allclose(found.values[:2], expected, rtol=1e-12)


def test_dummies_have_nothing_for_a_new_group() -> None:
    new = NewRows(("x1",), np.array([[1.0]]), np.array([ROWS.n_groups]), ("new",))
    with pytest.raises(GroupNotFitted, match="'new'"):
        predict(fitted("no_pooling"), ROWS.moments, new)


def test_without_predictors() -> None:
    alone = Rows(("y",), ROWS.codes, ROWS.values[:, 1:])
    fits = fit_variants(alone.moments, (), RandomEffects(True, (), True))
    fit = fits["pooled"]
    assert isinstance(fit, LeastSquaresFit)
    values = predict(fit, alone.moments, NewRows((), np.empty((len(ROWS.codes), 0)), ROWS.codes)).values
    np.testing.assert_allclose(values, ROWS.values[:, 1].mean(), rtol=1e-12)
