"""Parts of the variance, design effects and reliabilities: against sums over rows and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from constructed import UNBALANCED, Rows, grouped_rows
from reference_moments import dragons, fit_all, panel_moments

from reportgen.column_levels import column_levels
from reportgen.comparison import null_icc
from reportgen.fits import MixedFit, Undefined
from reportgen.moments import GroupMoments
from reportgen.variance_parts import (
    MeanDesign,
    VarianceParts,
    mean_design,
    mean_reliabilities,
    slope_designs,
    variance_parts,
)

ROWS = grouped_rows(UNBALANCED, (0.5, -1.0), (2.0, 0.0), seed=41)


@pytest.mark.parametrize(
    ("moments", "slopes"),
    [
        (dragons(), ("bodyLength2",)),
        (ROWS.moments, ("x1",)),
        (grouped_rows((7,) * 9, tau=0.0, seed=2).moments, ("x1",)),
        (panel_moments("produc"), ()),
    ],
)
def test_the_parts_add_up_to_the_r_squared_of_every_mixed_fit(moments: GroupMoments, slopes: tuple[str, ...]) -> None:
    fits = fit_all(moments, column_levels(moments)[:-1], slopes)
    mixed = [fit for fit in fits.values() if isinstance(fit, MixedFit)]
    assert len(mixed) == 3 + 2 * len(slopes)
    for fit in mixed:
        parts = variance_parts(moments, fit)
        assert isinstance(parts, VarianceParts)
        assert parts.marginal == pytest.approx(fit.r2["marginal"], abs=1e-12)
        assert parts.conditional == pytest.approx(fit.r2["conditional"], abs=1e-12)
        assert sum(parts.shares.values()) == pytest.approx(1.0, abs=1e-12)
        assert min(parts.shares.values()) >= 0.0


def test_figures_of_the_founding_example() -> None:
    """performance 0.15 r2() of lme4 fits; the random slope fit is singular and has its figures all the same."""
    moments = dragons()
    fits = fit_all(moments, column_levels(moments)[:-1], ("bodyLength2",))
    expected = {
        "random_intercept": (0.0005127893232038, 0.6030071706403),
        "mundlak": (0.186397855285, 0.623877767303),
        "within_between_slope": (0.09414439700498, 0.5859630262263),
    }
    for variant, (marginal, conditional) in expected.items():
        parts = variance_parts(moments, fits[variant])
        assert isinstance(parts, VarianceParts)
        assert parts.marginal == pytest.approx(marginal, rel=1e-5)
        assert parts.conditional == pytest.approx(conditional, rel=1e-5)
    singular = fits["random_slope"]
    assert isinstance(singular, MixedFit)
    assert singular.group_covariance.is_singular
    parts = variance_parts(moments, singular)
    assert isinstance(parts, VarianceParts)
    assert parts.slope_variation > 0.0


@pytest.mark.parametrize("variant", ["random_slope", "within_between_slope"])
def test_the_parts_are_variances_over_the_rows(variant: str) -> None:
    moments, rows = ROWS.moments, ROWS
    fit = fit_all(moments, rows.levels, ("x1",))[variant]
    assert isinstance(fit, MixedFit)
    x = rows.values[:, :2]
    means = np.array([x[rows.codes == j].mean(axis=0) for j in range(rows.n_groups)])[rows.codes]
    made = {"raw": x, "within": x - means, "between": means, "contextual": means}
    fixed = sum(c.estimate * made[c.role][:, int(c.column[1]) - 1] for c in fit.coefficients[1:])
    group_mean = np.array([fixed[rows.codes == j].mean() for j in range(rows.n_groups)])[rows.codes]
    z = np.column_stack([np.ones(len(x)), made["within" if variant.startswith("within") else "raw"][:, 0]])
    psi = fit.group_covariance.psi
    parts = variance_parts(moments, fit)
    assert isinstance(parts, VarianceParts)
    assert parts.fixed_within == pytest.approx(((fixed - group_mean) ** 2).sum() / (len(x) - 1), rel=1e-9)
    assert parts.fixed_between == pytest.approx(((group_mean - fixed.mean()) ** 2).sum() / (len(x) - 1), rel=1e-9)
    assert parts.slope_variation == pytest.approx(psi[1, 1] * z[:, 1].var(), rel=1e-9)
    whole = np.einsum("ia,ab,ib->i", z, psi, z).mean()
    assert parts.slope_variation + parts.intercept_variation == pytest.approx(whole, rel=1e-9)
    if variant.startswith("within"):
        assert parts.intercept_variation == pytest.approx(psi[0, 0], rel=1e-9)


def test_a_model_without_random_effects_has_no_such_parts() -> None:
    fits = fit_all(ROWS.moments, ROWS.levels)
    assert isinstance(variance_parts(ROWS.moments, fits["pooled"]), Undefined)


def test_design_effect_of_a_mean() -> None:
    moments = dragons()
    found = mean_design(moments, null_icc(moments))
    assert isinstance(found, MeanDesign)
    assert found.effect == pytest.approx(36.98, abs=5e-3)
    assert found.effective_rows == pytest.approx(12.98, abs=5e-3)
    assert found.group_size == 60.0


def test_the_design_effect_of_a_mean_is_the_variance_of_the_mean_of_all_rows() -> None:
    icc = 0.3
    same = ROWS.codes[:, None] == ROWS.codes[None, :]
    correlation = np.where(same, icc, 0.0) + (1 - icc) * np.eye(len(ROWS.codes))
    found = mean_design(ROWS.moments, icc)
    assert isinstance(found, MeanDesign)
    assert found.effect == pytest.approx(correlation.sum() / len(ROWS.codes), rel=1e-12)


def test_the_design_effect_of_a_slope_is_moultons() -> None:
    """With errors of equal correlation in groups of one size the ratio of the variances is exact."""
    rows = grouped_rows((6,) * 10, (0.5, -1.0), (2.0, 0.0), seed=43)
    found = slope_designs(rows.moments)
    assert isinstance(found, tuple)
    design = np.column_stack([np.ones(60), rows.values[:, :2]])
    bread = np.linalg.inv(design.T @ design)
    residual = rows.values[:, 2] - design @ bread @ design.T @ rows.values[:, 2]
    same = (rows.codes[:, None] == rows.codes[None, :]) & ~np.eye(60, dtype=bool)
    rho = (np.outer(residual, residual) * same).sum() / (residual @ residual / 60 * same.sum())
    clustered = bread @ design.T @ (np.eye(60) + rho * same) @ design @ bread
    for c, record in enumerate(found):
        assert record.icc_residual == pytest.approx(rho, rel=1e-9)
        assert record.effect == pytest.approx(clustered[c + 1, c + 1] / bread[c + 1, c + 1], rel=1e-9)


def test_pair_correlations_with_unequal_groups() -> None:
    rows = grouped_rows(UNBALANCED, seed=44)
    found = slope_designs(rows.moments)
    assert isinstance(found, tuple)
    x = rows.values[:, 0] - rows.values[:, 0].mean()
    same = (rows.codes[:, None] == rows.codes[None, :]) & ~np.eye(len(x), dtype=bool)
    assert found[0].icc_column == pytest.approx((np.outer(x, x) * same).sum() / (x.var() * same.sum()), rel=1e-10)


def test_a_predictor_constant_within_groups_has_correlation_one() -> None:
    base = grouped_rows((4,) * 9, seed=45)
    z = np.random.default_rng(1).normal(size=9)[base.codes]
    rows = Rows(("z", "y"), base.codes, np.column_stack([z, base.values[:, 1]]))
    found = slope_designs(rows.moments)
    assert isinstance(found, tuple)
    assert found[0].icc_column == pytest.approx(1.0, abs=1e-12)


def test_one_row_a_group_has_no_pairs() -> None:
    rows = grouped_rows((1,) * 12, seed=46)
    assert isinstance(slope_designs(rows.moments), Undefined)


def test_reliability_of_group_means() -> None:
    """The founding example: ICC .742205, lambda .994244."""
    moments = dragons()
    levels = column_levels(moments)[:-1]
    (found,) = mean_reliabilities(moments, levels, fit_all(moments, levels)["mundlak"])
    assert found.icc == pytest.approx(0.742205, abs=1e-6)
    assert found.at_mean_size == pytest.approx(0.994244, abs=1e-6)
    np.testing.assert_allclose(found.by_group, 0.994244, atol=1e-6)
    assert found.corrected == pytest.approx(12.201585784086 / 0.994244, rel=1e-6)


def test_correcting_by_the_reliability_takes_the_attenuation_away() -> None:
    """Many groups of few members: the contextual effect of the true group means is 2, of the manifest ones about 2 lambda."""
    random = np.random.default_rng(7)
    n_groups, n = 3000, 5
    codes = np.repeat(np.arange(n_groups), n)
    truth = random.normal(size=n_groups)
    x = truth[codes] + 1.5 * random.normal(size=len(codes))
    y = 1.0 * x + 2.0 * truth[codes] + random.normal(size=n_groups)[codes] + random.normal(size=len(codes))
    rows = Rows(("x1", "y"), codes, np.column_stack([x, y]))
    (found,) = mean_reliabilities(rows.moments, rows.levels, fit_all(rows.moments, rows.levels)["mundlak"])
    assert found.at_mean_size == pytest.approx(1 / (1 + 2.25 / 5), abs=0.02)
    assert found.contextual == pytest.approx(2.0 * found.at_mean_size, abs=0.1)
    assert found.corrected == pytest.approx(2.0, abs=0.15)


def test_without_reliability_there_is_no_correction() -> None:
    rows = grouped_rows((4,) * 8, seed=47)
    values = rows.values.copy()
    means = np.array([values[rows.codes == j, 0].mean() for j in range(8)])
    values[:, 0] -= 0.99 * means[rows.codes]
    moments = GroupMoments.from_rows(rows.columns, rows.codes, values, 8)
    levels = column_levels(moments)[:-1]
    (found,) = mean_reliabilities(moments, levels, fit_all(moments, levels)["mundlak"])
    assert found.icc == 0.0
    assert isinstance(found.corrected, Undefined)
    assert not isinstance(found.contextual, Undefined)
