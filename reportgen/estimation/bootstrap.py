"""Parametric bootstrap of mixed models: samples of the fitted model, drawn as group moments and fitted again by REML."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.choices import SEED
from reportgen.estimation.absent import absent
from reportgen.estimation.intervals import EffectCorrelation, Interval
from reportgen.estimation.many_intercepts import optimise_many
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.regressors import INTERCEPT, Regressors, regressors
from reportgen.estimation.simulated import InterceptModel, SimulatedIntercepts
from reportgen.estimation.slope_bootstrap import refit_slopes
from reportgen.fits import LEVEL, Fit, Issue, MixedFit, Role, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]

N_SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class CoefficientInterval:
    """Bootstrap interval of one coefficient, in units of the response per unit of the column."""

    column: str
    role: Role
    interval: Interval


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Percentile intervals of one mixed model.

    Attributes
    ----------
    variant : str
        Id in the catalogue.
    n_samples, seed : int
        Samples drawn, and where the random numbers started.
    coefficients : tuple of CoefficientInterval
        Of the p coefficients.
    terms : tuple of str
        The q random effects.
    deviations : tuple of Interval
        Of their standard deviations.
    correlations : tuple of EffectCorrelation
        Of their correlations, over the samples in which both vary.
    residual : Interval
        Of the residual standard deviation.
    icc : Interval or Undefined
        Of the intraclass correlation; undefined with random slopes.
    singular_share : float
        Share of the samples whose fit is singular.
    """

    variant: str
    n_samples: int
    seed: int
    coefficients: tuple[CoefficientInterval, ...]
    terms: tuple[str, ...]
    deviations: tuple[Interval, ...]
    correlations: tuple[EffectCorrelation, ...]
    residual: Interval
    icc: Interval | Undefined
    singular_share: float


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Estimates of R samples in the data's units: `beta` (R, p), `sigma2` (R,), `psi` (R, q, q)."""

    beta: Array
    sigma2: Array
    psi: Array


def bootstrap(
    moments: GroupMoments, fit: Fit, effects: RandomEffects, n_samples: int = N_SAMPLES, seed: int = SEED
) -> Bootstrap | Undefined:
    """Percentile intervals of the coefficients and variances of a mixed variant.

    Parameters
    ----------
    moments : GroupMoments
        The data it was fitted to.
    fit : Fit
        A mixed variant; its REML estimates are the model that is sampled.
    effects : RandomEffects
        What varies between groups in the variants with random slopes.
    n_samples : int
        Samples.
    seed : int
        Of the random numbers; the same seed gives the same intervals.
    """
    if not isinstance(fit, MixedFit):
        return absent(fit)
    reg = regressors(moments, tuple((c.column, c.role) for c in fit.coefficients))
    if fit.group_covariance.terms == (INTERCEPT,):
        found = _intercepts(reg, fit, n_samples, seed)
    else:
        found = Replicates(*refit_slopes(reg, fit, effects, n_samples, seed))
    return _summary(fit, found, seed)


def _intercepts(reg: Regressors, fit: MixedFit, n_samples: int, seed: int) -> Replicates:
    unit = float(reg.scale[-1])
    tau2 = float(fit.group_covariance.psi[0, 0])
    home = np.array([c.estimate for c in fit.coefficients])
    model = InterceptModel(np.asarray(np.linalg.solve(reg.back, home - reg.offset)), fit.sigma2 / unit**2, tau2 / unit**2)
    solved = [optimise_many(samples) for samples in SimulatedIntercepts.draw(reg, model, n_samples, seed)]
    beta = np.concatenate([part.beta for part in solved]) @ reg.back.T + reg.offset
    sigma2 = np.concatenate([part.sigma2 for part in solved]) * unit**2
    gamma = np.concatenate([part.gamma for part in solved])
    return Replicates(beta, sigma2, (gamma * sigma2)[:, None, None])


def _summary(fit: MixedFit, found: Replicates, seed: int) -> Bootstrap:
    names = fit.group_covariance.terms
    variances = np.diagonal(found.psi, axis1=1, axis2=2)
    deviations = np.sqrt(np.maximum(variances, 0.0))
    icc: Interval | Undefined = Undefined(Issue("icc_with_slopes"))
    if names == (INTERCEPT,):
        icc = percentile(variances[:, 0] / (variances[:, 0] + found.sigma2))
    pairs = [(a, b) for b in range(len(names)) for a in range(b) if np.any(found.psi[:, a, b])]
    return Bootstrap(
        variant=fit.variant,
        n_samples=len(found.sigma2),
        seed=seed,
        coefficients=tuple(
            CoefficientInterval(c.column, c.role, percentile(values))
            for c, values in zip(fit.coefficients, found.beta.T, strict=True)
        ),
        terms=names,
        deviations=tuple(percentile(values) for values in deviations.T),
        correlations=tuple(EffectCorrelation(names[a], names[b], _correlation(found.psi, a, b)) for a, b in pairs),
        residual=percentile(np.sqrt(found.sigma2)),
        icc=icc,
        singular_share=float(np.mean(_is_singular(found.psi))),
    )


def percentile(values: Array) -> Interval:
    """The central share ``LEVEL`` of some replicates."""
    tail = 0.5 * (1.0 - LEVEL)
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(float(low), float(high), LEVEL, "bootstrap")


def _correlation(psi: Array, a: int, b: int) -> Interval:
    both = psi[:, a, a] * psi[:, b, b]
    live = both > 0.0
    return percentile(np.clip(psi[live, a, b] / np.sqrt(both[live]), -1.0, 1.0))


def _is_singular(psi: Array) -> NDArray[np.bool_]:
    """(R,) whether a covariance has a variance of zero or a correlation of one."""
    size = np.sqrt(np.maximum(np.diagonal(psi, axis1=1, axis2=2), 0.0))
    live = np.where(size > 0, size, 1.0)
    least = np.linalg.eigvalsh(psi / (live[:, :, None] * live[:, None, :]))[:, 0]
    return np.asarray((least < 1e-8) | np.any(size == 0.0, axis=1))
