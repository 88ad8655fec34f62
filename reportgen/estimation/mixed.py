"""From an optimum of the likelihood to the record of a mixed model: coefficients, variances, group effects, R-squared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.independence import dependent_columns, rank_problem
from reportgen.estimation.inference import coefficients
from reportgen.estimation.least_squares import PERFECT_FIT, too_few
from reportgen.estimation.random_intercept import Optimum, Profile, SizeClasses, at_ratio, optimise
from reportgen.estimation.regressors import INTERCEPT, Regressors
from reportgen.estimation.robust import no_robust_errors, robust_errors, working_model
from reportgen.estimation.small_sample import CovarianceDerivatives, kenward_roger, satterthwaite
from reportgen.fits import (
    Coefficient,
    Fit,
    GroupCovariance,
    Issue,
    Likelihood,
    MixedFit,
    Number,
    RobustErrors,
    UnfitVariant,
)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MixedEstimate:
    """What an estimator of a mixed model found, in scaled units.

    Attributes
    ----------
    effect_terms : tuple of str
        Names of the q random effects.
    effects_design : (p + 1, q) array
        Columns of the random effects: Z_j = D_j `effects_design`.
    effects_home : (q, q) array
        Turns random effects of the scaled columns into effects in the data's columns (but not units of the response).
    beta : (p,) array
        Coefficients (REML).
    sigma2, psi, deviance : float, (q, q) array, float
        Residual variance, covariance of the random effects, -2 log-likelihood: REML.
    ml_sigma2, ml_psi, ml_deviance
        The same of the maximum-likelihood refit.
    n_covariance_parameters : int
        Free entries of psi.
    is_singular : bool
        psi has not full rank.
    derivatives : CovarianceDerivatives
        At the REML estimate.
    mean_variance : float
        Variance of Z b averaged over the rows.
    effects, effect_factors : (J, q), (J, q, q) array
        Conditional modes, and square roots of their conditional covariances.
    lift : (J,) array
        Z b at the groups' mean rows.
    icc : float or Undefined
    issues : tuple of Issue
    """

    effect_terms: tuple[str, ...]
    effects_design: Array
    effects_home: Array
    beta: Array
    sigma2: float
    psi: Array
    deviance: float
    ml_sigma2: float
    ml_psi: Array
    ml_deviance: float
    n_covariance_parameters: int
    is_singular: bool
    derivatives: CovarianceDerivatives
    mean_variance: float
    effects: Array
    effect_factors: Array
    lift: Array
    icc: Number
    issues: tuple[Issue, ...]

    @property
    def is_pooled(self) -> bool:
        """Whether the groups do not vary at all, so that the model is pooled regression."""
        return not np.any(self.psi)


def fit_random_intercept(variant: str, reg: Regressors, *, with_robust: bool = True) -> Fit:
    """Random intercept model by REML, with its maximum-likelihood refit.

    Parameters
    ----------
    variant : str
        Id in the catalogue.
    reg : Regressors
        Its columns.
    with_robust : bool
        Compute cluster-robust errors too, which with hundreds of columns take most of the time.
    """
    problem = mixed_problem(variant, reg)
    if problem:
        return problem
    classes = SizeClasses.of(reg)
    reml, ml = optimise(classes, restricted=True), optimise(classes, restricted=False)
    if reml.at_upper_end:
        return UnfitVariant(variant, Issue("no_residual_variance"))
    beta = Profile(classes, np.array([reml.gamma]), True).beta[0]
    tau2 = reml.gamma * reml.sigma2
    shrinkage = reg.weight * reml.gamma / (1.0 + reg.weight * reml.gamma)
    effects = shrinkage * reg.at_means(np.append(-beta, 1.0))
    issues = [] if reml.gamma > 0 else [Issue("zero_group_variance")]
    if reml.n_minima > 1:
        issues.append(Issue("several_optima", {"n": reml.n_minima}))
    estimate = MixedEstimate(
        effect_terms=(INTERCEPT,),
        effects_design=np.eye(reg.n_terms + 1, 1),
        effects_home=np.eye(1),
        beta=beta,
        sigma2=reml.sigma2,
        psi=np.array([[tau2]]),
        deviance=reml.deviance,
        ml_sigma2=ml.sigma2,
        ml_psi=np.array([[ml.gamma * ml.sigma2]]),
        ml_deviance=ml.deviance,
        n_covariance_parameters=1,
        is_singular=reml.gamma == 0.0,
        derivatives=intercept_derivatives(reg, classes, reml, beta),
        mean_variance=tau2,
        effects=effects[:, None],
        effect_factors=np.sqrt(tau2 * (1.0 - shrinkage))[:, None, None],
        lift=effects,
        icc=tau2 / (tau2 + reml.sigma2),
        issues=tuple(issues),
    )
    return mixed_record(variant, reg, estimate, with_robust=with_robust)


def mixed_problem(variant: str, reg: Regressors) -> UnfitVariant | None:
    """The variant as unfit if its data cannot carry a mixed model, else None."""
    within, between = reg.S_W[1:, 1:], reg.S_B[1:, 1:]
    total = within + between
    n_between = 1 + len(dependent_columns(within[:-1, :-1]))
    none_left = UnfitVariant(variant, Issue("no_group_left_over", {"n_groups": reg.n_groups, "n_coefficients": n_between}))
    problem = too_few(variant, reg.n_rows - reg.n_terms)
    if problem is None and n_between > reg.n_groups:  # whatever the columns are, they depend on each other between groups
        return none_left
    problem = problem or rank_problem(variant, reg.terms, total[:-1, :-1])
    if problem:
        return problem
    if reg.n_rows == reg.n_groups:
        return UnfitVariant(variant, Issue("one_row_per_group"))
    if n_between == reg.n_groups:  # the likelihood is the same whatever the variance between groups is
        return none_left
    if _residual_within(within) <= PERFECT_FIT * total[-1, -1]:
        return UnfitVariant(variant, Issue("no_residual_variance"))
    return None


def _residual_within(within: Array) -> float:
    """Sum of squares of the response that no within part explains: the least a mixed model can leave."""
    live = np.flatnonzero(np.diag(within)[:-1] > 0)
    size = np.sqrt(np.diag(within)[live])
    scaled = within[np.ix_(live, live)] / np.outer(size, size)
    beta = np.linalg.lstsq(scaled, within[live, -1] / size, rcond=None)[0] / size
    u = np.append(-beta, 1.0)
    index = np.append(live, len(within) - 1)
    return float(u @ within[np.ix_(index, index)] @ u)


def intercept_derivatives(reg: Regressors, classes: SizeClasses, at: Optimum, beta: Array) -> CovarianceDerivatives:
    """Derivatives by (sigma2, tau2) at an optimum, from sums over the distinct group sizes.

    With phi = 1 / (sigma2 + n tau2): S(c, a) = sum n^a phi^c M + [a = 0] S_W / sigma2^c, where M is the sum of n m m'
    over the groups of a size.
    """
    sigma2, tau2 = at.sigma2, at.gamma * at.sigma2
    n = classes.size
    phi = 1.0 / (sigma2 + n * tau2)

    def total(power: int, extra: int) -> Array:
        value = np.tensordot(n ** (1 + extra) * phi**power, classes.outer, axes=1)
        return np.asarray(value + classes.within / sigma2**power if extra == 0 else value)

    both = range(2)
    trace = np.array([[(classes.count * n ** (a + b) * phi**2).sum() for b in both] for a in both])
    trace[0, 0] += (reg.n_rows - reg.n_groups) / sigma2**2
    return CovarianceDerivatives.of(
        first=total(1, 0),
        seconds=np.stack([total(2, a) for a in both]),
        thirds=np.stack([np.stack([total(3, a + b) for b in both]) for a in both]),
        trace=trace,
        beta=beta,
    )


def _carried(psi: Array, home: Array) -> Array:
    """``home @ psi @ home.T`` by way of a root, so that no variance comes out negative where effects depend on each other."""
    if len(psi) == 1:
        return np.asarray(home @ psi @ home.T)
    values, vectors = np.linalg.eigh(psi)
    root = home @ (vectors * np.sqrt(np.maximum(values, 0.0)))
    return np.asarray(root @ root.T)


def mixed_record(variant: str, reg: Regressors, found: MixedEstimate, *, with_robust: bool = True) -> MixedFit:
    """The record of a mixed model, in the data's units.

    Parameters
    ----------
    variant : str
        Id in the catalogue.
    reg : Regressors
        Its columns.
    found : MixedEstimate
        What the estimator found.
    with_robust : bool
        Compute cluster-robust errors too.
    """
    unit = reg.scale[-1]
    home = found.effects_home * unit
    fitted, adjusted = _inference(reg, found)
    explained = np.append(found.beta, 0.0) @ (reg.S_W + reg.S_B) @ np.append(found.beta, 0.0) / (reg.n_rows - 1)
    whole = explained + found.mean_variance + found.sigma2
    n_parameters = reg.n_terms + found.n_covariance_parameters + 1
    spread = home @ found.effect_factors
    return MixedFit(
        variant=variant,
        coefficients=fitted,
        covariance=reg.home_covariance(found.derivatives.Phi),
        kenward_roger=adjusted,
        sigma2=float(found.sigma2 * unit**2),
        group_covariance=GroupCovariance(found.effect_terms, _carried(found.psi, home), found.is_singular),
        reml_log_likelihood=reml_log_likelihood(reg, found.deviance),
        likelihood=Likelihood(ml_log_likelihood(reg, found.ml_deviance), n_parameters, reg.n_rows),
        ml_sigma2=float(found.ml_sigma2 * unit**2),
        ml_psi=_carried(found.ml_psi, home),
        r2={
            "marginal": float(explained / whole),
            "conditional": float((explained + found.mean_variance) / whole),
        },
        icc=found.icc,
        random_effects=found.effects @ home.T,
        random_effect_errors=np.sqrt(np.einsum("jab,jab->ja", spread, spread)),
        n_obs=reg.n_rows,
        n_groups=reg.n_groups,
        group_levels=(reg.at_means(np.append(found.beta, 0.0)) + found.lift) * unit + reg.centre[-1],
        robust=_robust(reg, found) if with_robust else (),
        issues=found.issues + _left_out(fitted, adjusted),
    )


def _left_out(fitted: tuple[Coefficient, ...], adjusted: tuple[Coefficient, ...]) -> tuple[Issue, ...]:
    """Which coefficients have no Kenward-Roger standard error, because the corrected variance is not positive."""
    known = {(c.column, c.role) for c in adjusted}
    missing = tuple(dict.fromkeys(c.column for c in fitted if (c.column, c.role) not in known))
    return (Issue("no_kenward_roger", {"columns": missing}),) if missing else ()


def _robust(reg: Regressors, found: MixedEstimate) -> tuple[RobustErrors, ...]:
    """Cluster-robust errors with the fitted model as the working model."""
    if not reg.keeps_products:
        return no_robust_errors(reg)
    effects = (found.effects_design, found.psi / found.sigma2)
    model = working_model(reg, found.beta, found.derivatives.Phi / found.sigma2, effects)
    return robust_errors(model, reg.terms, reg.home(found.beta), reg.back)


def _inference(reg: Regressors, found: MixedEstimate) -> tuple[tuple[Coefficient, ...], tuple[Coefficient, ...]]:
    """Coefficient records with Satterthwaite and with Kenward-Roger degrees of freedom, the latter as far as they exist.

    Where the groups do not vary the model is pooled regression and its residual degrees of freedom, N - p, hold.
    """
    contrasts = reg.back / reg.scale[-1]
    home = reg.home(found.beta)
    errors = np.sqrt(np.diag(reg.home_covariance(found.derivatives.Phi)))
    if found.is_pooled:
        df, method = residual_df(reg), "residual"
    else:
        df, method = satterthwaite(found.derivatives, contrasts, at_boundary=found.is_singular), "satterthwaite"
    variances, adjusted_df = kenward_roger(found.derivatives, contrasts)
    keep = np.flatnonzero(variances > 0)
    kept = tuple(reg.terms[i] for i in keep)
    adjusted_errors = np.sqrt(variances[keep]) * reg.scale[-1]
    return (
        coefficients(reg.terms, home, errors, df, method),
        coefficients(kept, home[keep], adjusted_errors, adjusted_df[keep], "kenward_roger"),
    )


def residual_df(reg: Regressors) -> Array:
    """(p,) N - p, for each coefficient."""
    return np.full(reg.n_terms, float(reg.n_rows - reg.n_terms))


def random_intercept_df(reg: Regressors, gamma: float) -> Array:
    """(p,) degrees of freedom of the coefficients of a random intercept model, as :func:`fit_random_intercept` has them.

    Parameters
    ----------
    reg : Regressors
        Its columns.
    gamma : float
        Its ratio tau2 / sigma2 by REML.
    """
    if gamma == 0.0:
        return residual_df(reg)
    classes = SizeClasses.of(reg)
    optimum, beta = at_ratio(classes, gamma)
    return satterthwaite(intercept_derivatives(reg, classes, optimum, beta), reg.back / reg.scale[-1])


def reml_log_likelihood(reg: Regressors, deviance: float) -> float:
    """REML log-likelihood in the data's units from a deviance in scaled units.

    Scaling column c by s_c changes log|X'V^-1X| by 2 log s_c, scaling the response changes N - p residual variances.
    """
    change = 2.0 * np.log(reg.scale[1:-1]).sum() + 2.0 * (reg.n_rows - reg.n_terms) * np.log(reg.scale[-1])
    return float(-0.5 * (deviance + change - reg.log_weight))


def ml_log_likelihood(reg: Regressors, deviance: float) -> float:
    """Log-likelihood in the data's units from a deviance in scaled units."""
    return float(-0.5 * (deviance + 2.0 * reg.n_rows * np.log(reg.scale[-1]) - reg.log_weight))
