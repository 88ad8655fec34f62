"""More groups than small-sample corrections and influence are made for: what is left out, and that the rest is unchanged."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import INTERCEPT_ONLY, UNBALANCED, grouped_rows

from reportgen import hausman, influence
from reportgen.comparison import compare
from reportgen.estimation import robust
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.runner import fit_variants
from reportgen.fits import LeastSquaresFit, MixedFit, RobustErrors, Undefined

SIZES = (*UNBALANCED, 7, 1, 9, 1)


def robust_of(fit: object) -> dict[str, RobustErrors]:
    assert isinstance(fit, LeastSquaresFit | MixedFit)
    return {errors.method: errors for errors in fit.robust}


@pytest.mark.parametrize("slopes", [(), ("x1",)])
def test_the_plain_errors_are_those_of_few_groups(slopes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = grouped_rows(SIZES, (0.5, -1.0), (2.0, 0.0), seed=3)
    effects = RandomEffects(True, slopes, True)
    usual = fit_variants(rows.moments, rows.levels, effects)
    monkeypatch.setattr(robust, "MAX_GROUPS", 5)
    many = fit_variants(rows.moments, rows.levels, effects)
    names = ["pooled", "no_pooling", "random_intercept", "mundlak", "within_between"]
    for name in names + (["random_slope"] if slopes else []):
        expected, found = robust_of(usual[name]), robust_of(many[name])
        for a, b in zip(found["CR1"].coefficients, expected["CR1"].coefficients, strict=True):
            assert a.std_error == pytest.approx(b.std_error, rel=1e-9), name
            assert a.df == b.df
        for method in ("CR2", "CR3"):
            assert found[method].coefficients == ()
            assert found[method].issues[0].code == "enough_groups_for_cr1"


def test_only_the_most_influential_groups_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = grouped_rows(SIZES, seed=3)
    fits = fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY)
    whole = compare(rows.moments, rows.levels, fits).influence
    monkeypatch.setattr(influence, "MAX_EXAMINED", 4)
    monkeypatch.setattr(influence, "LEAST_EXAMINED", 4)
    some = compare(rows.moments, rows.levels, fits).influence
    for kind in ("within", "between", "contextual", "random_intercept"):
        all_of_them, few = getattr(whole, kind), getattr(some, kind)
        assert len(few.groups) == 4
        assert set(few.groups) < set(all_of_them.groups)
        np.testing.assert_array_equal(few.strongest, all_of_them.strongest)
        places = np.searchsorted(all_of_them.groups, few.groups)
        np.testing.assert_allclose(few.estimates, all_of_them.estimates[places], rtol=1e-9)


def test_the_robust_hausman_form_says_why_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = grouped_rows(SIZES)
    monkeypatch.setattr(hausman, "MAX_GROUPS", 5)
    fits = fit_variants(rows.moments, rows.levels, INTERCEPT_ONLY)
    table = compare(rows.moments, rows.levels, fits).hausman
    assert not isinstance(table, Undefined)
    form = next(form for form in table.forms if form.form == "mundlak_cr2")
    assert isinstance(form.statistic, Undefined)
    assert form.statistic.reason.code == "enough_groups_for_cr1"
