"""Every variant refitted with statsmodels: estimates and variances agree."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from constructed import INTERCEPT_ONLY, UNBALANCED, Rows, grouped_rows

from reportgen.choices import CROSS_CHECK_ROWS
from reportgen.estimation.cross_check import Agreement, cross_check
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.runner import fit_variants
from reportgen.fits import Undefined
from reportgen.points import Points

CLOSE = {"estimate": 2e-4, "sigma2": 2e-4, "psi": 2e-3}  # MixedLM stops where its gradient is small, not zero


def checked(rows: Rows, effects: RandomEffects = INTERCEPT_ONLY) -> tuple[Agreement, ...]:
    fits = fit_variants(rows.moments, rows.levels, effects)
    found = cross_check(Points(rows.codes, rows.values, len(rows.codes)), rows.columns, fits)
    assert not isinstance(found, Undefined)
    return found


@pytest.mark.parametrize("within", [(0.5,), (0.5, -1.0, 0.2)])
def test_estimates_and_variances_agree(within: tuple[float, ...]) -> None:
    rows = grouped_rows(UNBALANCED, within, tuple(w + 1.0 for w in within))
    found = checked(rows)
    assert {item.variant for item in found} == {
        "pooled",
        "no_pooling",
        "between",
        "random_intercept",
        "mundlak",
        "within_between",
    }
    for item in found:
        if item.quantity in CLOSE:
            assert item.gap < CLOSE[item.quantity], item


def test_standard_errors_of_least_squares_agree() -> None:
    for item in checked(grouped_rows(UNBALANCED)):
        if item.quantity == "std_error" and item.variant in ("pooled", "no_pooling", "between"):
            assert item.gap < 1e-9, item


def test_random_slopes_agree() -> None:
    rows = grouped_rows((8,) * 25, seed=4)
    random = np.random.default_rng(9)
    slopes = random.normal(size=rows.n_groups)[rows.codes]
    values = rows.values.copy()
    values[:, 1] += slopes * values[:, 0]
    found = checked(Rows(rows.columns, rows.codes, values), RandomEffects(True, ("x1",), True))
    assert {"random_slope", "within_between_slope"} <= {item.variant for item in found}
    for item in found:
        if item.quantity in CLOSE:
            assert item.gap < CLOSE[item.quantity], item


def test_the_standard_error_of_the_blended_slope_is_where_they_differ() -> None:
    """MixedLM inverts the joint Hessian; with a slope that depends on the variances the two must part."""
    rows = grouped_rows((60,) * 8, (0.2,), (12.0,), tau=16.0, sigma=15.0)
    gaps = {(item.variant, item.name): item.gap for item in checked(rows) if item.quantity == "std_error"}
    assert gaps[("random_intercept", "x1 (raw)")] > 1e-4
    assert gaps[("mundlak", "x1 (raw)")] < 1e-4


def test_too_many_rows_are_refused_with_a_reason() -> None:
    rows = grouped_rows(UNBALANCED)
    fits = fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY)
    drawn = Points(rows.codes, rows.values, CROSS_CHECK_ROWS + 1)
    found = cross_check(drawn, rows.columns, fits)
    assert isinstance(found, Undefined)
    assert found.reason.code == "too_many_rows_to_cross_check"


def test_it_is_quiet() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checked(grouped_rows((5,) * 6, (), (), tau=0.0))
