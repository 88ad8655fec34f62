"""From an optimum of the likelihood to the record of a mixed model: coefficients, variances, group effects, R-squared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.inference import coefficients
from reportgen.estimation.least_squares import PERFECT_FIT, too_few
from reportgen.estimation.random_intercept import Optimum, Profile, SizeClasses, optimise
from reportgen.estimation.regressors import INTERCEPT, Regressors, rank_problem
from reportgen.estimation.small_sample import CovarianceDerivatives, kenward_roger, satterthwaite
from reportgen.fits import Coefficient, Fit, GroupCovariance, Issue, Likelihood, MixedFit, UnfitVariant

Array = NDArray[np.float64]


def fit_random_intercept(variant: str, reg: Regressors) -> Fit:
    """Random intercept model by REML, with its maximum-likelihood refit.

    Parameters
    ----------
    variant : str
        Id in the catalogue.
    reg : Regressors
        Its columns.
    """
    problem = _unfit(variant, reg)
    if problem:
        return problem
    classes = SizeClasses.of(reg)
    reml, ml = optimise(classes, restricted=True), optimise(classes, restricted=False)
    if reml.at_upper_end:
        return UnfitVariant(variant, Issue("no_residual_variance"))
    beta = Profile(classes, np.array([reml.gamma]), True).beta[0]
    derivatives = intercept_derivatives(reg, classes, reml, beta)
    return _record(variant, reg, reml, ml, beta, derivatives)


def _unfit(variant: str, reg: Regressors) -> UnfitVariant | None:
    between = reg.means[:, 1:] - reg.weight @ reg.means[:, 1:] / reg.weight.sum()
    between = (between * reg.weight[:, None]).T @ between
    within = reg.S_W[1:, 1:]
    total = within + between
    problem = too_few(variant, reg.n_rows - reg.n_terms) or rank_problem(variant, reg.terms, total[:-1, :-1])
    if problem:
        return problem
    if reg.n_rows == reg.n_groups:
        return UnfitVariant(variant, Issue("one_row_per_group"))
    if within[-1, -1] <= PERFECT_FIT * total[-1, -1]:
        return UnfitVariant(variant, Issue("no_residual_variance"))
    return None


def intercept_derivatives(reg: Regressors, classes: SizeClasses, at: Optimum, beta: Array) -> CovarianceDerivatives:
    """Derivatives by (sigma2, tau2) at an optimum, from sums over the distinct group sizes.

    With phi = 1 / (sigma2 + n tau2): S(c, a) = sum n^a phi^c M + [a = 0] S_W / sigma2^c, where M is the sum of n m m' of a size.
    """
    sigma2, tau2 = at.sigma2, at.gamma * at.sigma2
    n = classes.size
    phi = 1.0 / (sigma2 + n * tau2)

    def total(power: int, extra: int) -> Array:
        value = np.tensordot(n ** (1 + extra) * phi**power, classes.outer, axes=1)
        return np.asarray(value + classes.within / sigma2**power if extra == 0 else value)

    first = total(1, 0)
    seconds = [total(2, 0), total(2, 1)]
    thirds = [total(3, 0), total(3, 1), total(3, 2)]
    u = np.append(-beta, 1.0)
    Phi = np.linalg.inv(first[:-1, :-1])
    Phi = 0.5 * (Phi + Phi.T)
    bent = [second[:-1] @ u for second in seconds]
    trace, curvature = np.empty((2, 2)), np.empty((2, 2))
    for a in range(2):
        for b in range(2):
            trace[a, b] = (classes.count * n ** (a + b) * phi**2).sum()
            curvature[a, b] = u @ thirds[a + b] @ u - bent[a] @ Phi @ bent[b]
    trace[0, 0] += (reg.n_rows - reg.n_groups) / sigma2**2
    return CovarianceDerivatives(
        Phi=Phi,
        P=np.stack([-second[:-1, :-1] for second in seconds]),
        Q=np.stack([np.stack([thirds[a + b][:-1, :-1] for b in range(2)]) for a in range(2)]),
        trace=trace,
        curvature=curvature,
    )


def _record(
    variant: str, reg: Regressors, reml: Optimum, ml: Optimum, beta: Array, derivatives: CovarianceDerivatives
) -> MixedFit:
    unit = reg.scale[-1]
    sigma2, tau2 = reml.sigma2, reml.gamma * reml.sigma2
    shrinkage = reg.weight * reml.gamma / (1.0 + reg.weight * reml.gamma)
    effects = shrinkage * (reg.means @ np.append(-beta, 1.0))
    fixed = reg.means[:, :-1] @ beta
    issues: list[Issue] = [] if reml.gamma > 0 else [Issue("zero_group_variance")]
    if reml.n_minima > 1:
        issues.append(Issue("several_optima", {"n": reml.n_minima}))
    fitted, adjusted = _inference(reg, beta, derivatives, at_boundary=reml.gamma == 0.0)
    explained = np.append(beta, 0.0) @ _centred(reg) @ np.append(beta, 0.0) / (reg.n_rows - 1)
    whole = explained + tau2 + sigma2
    n_parameters = reg.n_terms + 2
    return MixedFit(
        variant=variant,
        coefficients=fitted,
        covariance=reg.home_covariance(derivatives.Phi),
        kenward_roger=adjusted,
        sigma2=sigma2 * unit**2,
        group_covariance=GroupCovariance((INTERCEPT,), np.array([[tau2 * unit**2]]), reml.gamma == 0.0),
        reml_log_likelihood=reml_log_likelihood(reg, reml.deviance),
        likelihood=Likelihood(ml_log_likelihood(reg, ml.deviance), n_parameters, reg.n_rows),
        ml_sigma2=ml.sigma2 * unit**2,
        ml_psi=np.array([[ml.gamma * ml.sigma2 * unit**2]]),
        r2={"marginal": float(explained / whole), "conditional": float((explained + tau2) / whole)},
        icc=float(tau2 / (tau2 + sigma2)),
        random_effects=(effects * unit)[:, None],
        random_effect_errors=(np.sqrt(tau2 * (1.0 - shrinkage)) * unit)[:, None],
        n_obs=reg.n_rows,
        n_groups=reg.n_groups,
        group_levels=(fixed + effects) * unit + reg.centre[-1],
        issues=tuple(issues),
    )


def _centred(reg: Regressors) -> Array:
    """(p + 1, p + 1) total cross-products of D about the grand mean."""
    mean = reg.weight @ reg.means / reg.weight.sum()
    return reg.total - reg.weight.sum() * np.outer(mean, mean)


def _inference(
    reg: Regressors, beta: Array, derivatives: CovarianceDerivatives, at_boundary: bool
) -> tuple[tuple[Coefficient, ...], tuple[Coefficient, ...]]:
    """Coefficient records with Satterthwaite and with Kenward-Roger degrees of freedom.

    Where the group variance is zero the model is pooled regression and its residual degrees of freedom, N - p, hold.
    """
    unit = reg.scale[-1]
    contrasts = reg.back / unit
    home = reg.home(beta)
    errors = np.sqrt(np.diag(reg.home_covariance(derivatives.Phi)))
    adjusted_errors, adjusted_df = kenward_roger(derivatives, contrasts)
    if at_boundary:
        pooled = np.full(reg.n_terms, float(reg.n_rows - reg.n_terms))
        return (
            coefficients(reg.terms, home, errors, pooled, "residual"),
            coefficients(reg.terms, home, adjusted_errors * unit, adjusted_df, "kenward_roger"),
        )
    df = satterthwaite(derivatives, contrasts)
    return (
        coefficients(reg.terms, home, errors, df, "satterthwaite"),
        coefficients(reg.terms, home, adjusted_errors * unit, adjusted_df, "kenward_roger"),
    )


def reml_log_likelihood(reg: Regressors, deviance: float) -> float:
    """REML log-likelihood in the data's units from a deviance in scaled units.

    Scaling column c by s_c changes log|X'V^-1X| by 2 log s_c, scaling the response changes N - p residual variances.
    """
    change = 2.0 * np.log(reg.scale[1:-1]).sum() + 2.0 * (reg.n_rows - reg.n_terms) * np.log(reg.scale[-1])
    return float(-0.5 * (deviance + change - reg.log_weight))


def ml_log_likelihood(reg: Regressors, deviance: float) -> float:
    """Log-likelihood in the data's units from a deviance in scaled units."""
    return float(-0.5 * (deviance + 2.0 * reg.n_rows * np.log(reg.scale[-1]) - reg.log_weight))
