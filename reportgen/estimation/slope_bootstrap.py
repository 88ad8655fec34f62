"""Samples of a random slope model, drawn in the basis of the random effects' columns, and fitted again.

With Q_j an orthonormal basis of Z_j and B_j = Q_j'Z_j, the coordinates Q_j'y_j are normal around Q_j'X_j beta with covariance
sigma2 I + B_j psi B_j'; what the groups' own regressions on Z_j leave over is free of the random effects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.random_slopes import EffectsDesign, RandomEffects
from reportgen.estimation.regressors import Regressors
from reportgen.estimation.simulated import draw_cross_products
from reportgen.estimation.slope_profile import RotatedGroups, SlopeProfile
from reportgen.fits import MixedFit

Array = NDArray[np.float64]

OPENED = 0.05  # a zero on the diagonal of the starting factor, opened so that the search can leave the boundary
NEAR = 0.02  # size of an entry of the factor below which zero is tried in its place
AS_GOOD = 1e-6  # deviance that zero may cost


@dataclass(frozen=True, slots=True, eq=False)
class SlopeModel:
    """A random slope model in scaled units: `beta` (p,), `sigma2`, `relative` (q, q) = psi / sigma2."""

    beta: Array
    sigma2: float
    relative: Array


def refit_slopes(
    reg: Regressors, fit: MixedFit, effects: RandomEffects, n_samples: int, seed: int
) -> tuple[Array, Array, Array]:
    """Draw samples of a fitted random slope model and fit each by REML, starting from the model that was sampled.

    Parameters
    ----------
    reg : Regressors
        Columns of the model.
    fit : MixedFit
        The model.
    effects : RandomEffects
        What varies between groups.
    n_samples, seed : int
        Samples R, and where the random numbers start.

    Returns
    -------
    beta, sigma2, psi : (R, p), (R,), (R, q, q) array
        In the data's units.
    """
    design = EffectsDesign.of(reg, effects)
    groups = RotatedGroups.of(reg, design.columns)
    unit = float(reg.scale[-1])
    home = np.array([c.estimate for c in fit.coefficients])
    away = np.linalg.inv(design.home)
    relative = away @ (fit.group_covariance.psi / fit.sigma2) @ away.T
    model = SlopeModel(np.asarray(np.linalg.solve(reg.back, home - reg.offset)), fit.sigma2 / unit**2, relative)
    start = _factor(relative, effects.correlated)
    found_beta, found_sigma2, found_psi = [], [], []
    for sample in draw_slopes(groups, model, n_samples, seed):
        factor = _search(sample, start, effects.correlated)
        profile = SlopeProfile(sample, factor)
        sigma2 = profile.sigma2(restricted=True) * unit**2
        found_beta.append(reg.home(profile.beta))
        found_sigma2.append(sigma2)
        found_psi.append(sigma2 * design.home @ factor @ factor.T @ design.home.T)
    return np.array(found_beta), np.array(found_sigma2), np.array(found_psi)


def draw_slopes(groups: RotatedGroups, model: SlopeModel, n_samples: int, seed: int) -> Iterator[RotatedGroups]:
    """Draw samples of a random slope model, one after the other; the same seed gives the same samples.

    Parameters
    ----------
    groups : RotatedGroups
        The data: the predictors' part is kept, the response's is drawn.
    model : SlopeModel
        What is sampled.
    n_samples, seed : int
        Samples, and where the random numbers start.
    """
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2)]
    used = np.einsum("kkj->kj", groups.root) > 0.0  # a group with few rows or no spread has fewer coordinates
    normal, df = groups.inside[:-1, :-1], groups.n_rows - int(used.sum())
    inside = draw_cross_products(normal, model.beta, model.sigma2, df, n_samples, streams[0])
    spread = np.einsum("kaj,ab,lbj->jkl", groups.root, model.relative, groups.root) + np.eye(groups.n_effects)
    lower = np.linalg.cholesky(model.sigma2 * spread)
    centre = np.einsum("kpj,p->kj", groups.rotated[:, :-1], model.beta)
    for response in inside:
        noise = streams[1].standard_normal((groups.n_groups, groups.n_effects))
        coordinates = (centre + np.einsum("jkl,jl->kj", lower, noise)) * used
        yield replace(groups, inside=_with_response(groups.inside, response), rotated=_with_last(groups.rotated, coordinates))


def _with_response(gram: Array, response: Array) -> Array:
    new = gram.copy()
    new[:, -1] = response
    new[-1, :] = response
    return new


def _with_last(rotated: Array, response: Array) -> Array:
    new = rotated.copy()
    new[:, -1] = response
    return new


def _factor(relative: Array, correlated: bool) -> Array:
    """Lower triangle of a covariance, zeros on the diagonal opened."""
    if not correlated:
        return np.diag(np.maximum(np.sqrt(np.maximum(np.diag(relative), 0.0)), OPENED))
    values, vectors = np.linalg.eigh(relative)
    triangle = np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0.0))).T).R.T
    triangle = triangle * np.where(np.diag(triangle) < 0, -1.0, 1.0)
    np.fill_diagonal(triangle, np.maximum(np.diag(triangle), OPENED))
    return np.asarray(np.tril(triangle))


def _search(groups: RotatedGroups, start: Array, correlated: bool) -> Array:
    """Factor of the least REML deviance, by quasi-Newton from the start; what it presses against zero is put there."""
    from scipy.optimize import minimize  # slow to load, and needed for random slopes only

    free = np.tril(np.ones(start.shape, dtype=bool)) if correlated else np.eye(len(start), dtype=bool)
    size = np.broadcast_to(np.abs(start).max(axis=1)[:, None], start.shape)[free]

    def objective(values: Array) -> tuple[float, Array]:
        factor = np.zeros_like(start)
        factor[free] = values * size
        profile = SlopeProfile(groups, factor)
        return profile.deviance(restricted=True), 2.0 * (profile.score(restricted=True) @ factor)[free] * size

    end = minimize(objective, start[free] / size, jac=True, method="BFGS", options={"gtol": 1e-4, "maxiter": 100})
    factor = np.zeros_like(start)
    factor[free] = end.x * size
    return _snapped(groups, factor)


def _snapped(groups: RotatedGroups, factor: Array) -> Array:
    """The factor with diagonal entries, or whole rows, of zero where the likelihood is as good."""
    best = SlopeProfile(groups, factor).deviance(restricted=True)
    for k in range(len(factor)):
        for columns in (slice(k, k + 1), slice(None)):  # a correlation of one, then no variance at all
            if np.abs(factor[k, columns]).max() < NEAR * max(1.0, float(np.linalg.norm(factor[k]))):
                trial = factor.copy()
                trial[k, columns] = 0.0
                if SlopeProfile(groups, trial).deviance(restricted=True) < best + AS_GOOD:
                    factor = trial
    return factor
