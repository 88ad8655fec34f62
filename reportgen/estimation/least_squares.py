"""Least squares from group moments: pooled, with absorbed group dummies, and of the group means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.independence import rank_problem
from reportgen.estimation.inference import PERFECT, coefficients
from reportgen.estimation.regressors import INTERCEPT, Regressors, Term, regressors
from reportgen.estimation.robust import no_robust_errors, robust_errors, working_model
from reportgen.fits import (
    Coefficient,
    Fit,
    Issue,
    LeastSquaresFit,
    Likelihood,
    Number,
    RobustErrors,
    Undefined,
    UnfitVariant,
)
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]

PERFECT_FIT = 1e-13  # residual share of the response's sum of squares that is nothing but rounding


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Solved normal equations, in scaled units.

    `beta` (p,), `inverse` (p, p) = (X'X)^-1, `rss` residual sum of squares, `df` residual degrees of freedom, `n_units`
    observations of this regression (rows, or group means).
    """

    beta: Array
    inverse: Array
    rss: float
    df: int
    n_units: int

    @property
    def sigma2(self) -> float:
        """Residual variance."""
        return self.rss / self.df


def fit_pooled(variant: str, reg: Regressors) -> Fit:
    """Complete pooling: one regression of all rows, groups ignored. df = N - p.

    Parameters
    ----------
    variant : str
        Id in the catalogue.
    reg : Regressors
        Its columns.
    """
    gram = reg.total
    df = reg.n_rows - reg.n_terms
    problem = rank_problem(variant, reg.terms, gram[1:-1, 1:-1]) or too_few(variant, df)
    if problem:
        return problem
    fit = Solution(*solve(gram), df=df, n_units=reg.n_rows)
    explained = 1.0 - fit.rss / gram[-1, -1]
    r2: dict[str, Number] = {"r2": explained, "adjusted": 1.0 - (1.0 - explained) * (reg.n_rows - 1) / df}
    return _record(variant, reg, fit, r2, reg.at_means(np.append(fit.beta, 0.0)), _robust(reg, fit))


def fit_absorbed(variant: str, reg: Regressors) -> Fit:
    """No pooling: an intercept for every group, absorbed (Frisch, Waugh & Lovell). df = N - J - k_w.

    Parameters and result as in :func:`fit_pooled`; the group intercepts are no coefficients of the record.
    """
    gram = reg.S_W[1:, 1:]
    df = reg.n_rows - reg.n_groups - (reg.n_terms - 1)
    problem = rank_problem(variant, reg.terms, gram[:-1, :-1]) or too_few(variant, df)
    if problem:
        return problem
    fit = Solution(*solve(gram), df=df, n_units=reg.n_rows)
    own = gram[-1, -1]
    r2: dict[str, Number] = {
        "within": 1.0 - fit.rss / own if own > 0 else Undefined(Issue("no_within_variation")),
        "r2": 1.0 - fit.rss / reg.total[-1, -1],
    }
    return _record(variant, reg, fit, r2, reg.means[:, -1], _robust(reg, fit))


def fit_group_means(variant: str, reg: Regressors) -> Fit:
    """Between: regression of the J group means, each with the same weight. df = J - p.

    Parameters and result as in :func:`fit_pooled`; the likelihood and R-squared are those of the J means.
    """
    gram = reg.means.T @ reg.means
    df = reg.n_groups - reg.n_terms
    centred = reg.means - reg.means.mean(axis=0)
    spread = centred.T @ centred
    problem = too_few(variant, df) or rank_problem(variant, reg.terms, spread[1:-1, 1:-1])
    if problem:
        return problem
    fit = Solution(*solve(gram), df=df, n_units=reg.n_groups)
    total = spread[-1, -1]
    explained: Number = 1.0 - fit.rss / total if total > 0 else Undefined(Issue("no_between_variation"))
    r2: dict[str, Number] = {"r2": explained}
    if not isinstance(explained, Undefined):
        r2["adjusted"] = 1.0 - (1.0 - explained) * (reg.n_groups - 1) / df
    return _record(variant, reg, fit, r2, reg.at_means(np.append(fit.beta, 0.0)), ())


def solve(gram: Array) -> tuple[Array, Array, float]:
    """Solve the normal equations of D = [X, y].

    Parameters
    ----------
    gram : (p + 1, p + 1) array
        Cross-products D'D, of full rank in its first p columns.

    Returns
    -------
    beta : (p,) array
        (X'X)^-1 X'y, refined once against the residual of the equations.
    inverse : (p, p) array
        (X'X)^-1.
    rss : float
        Residual sum of squares; what is rounding counts as 0.
    """
    p = len(gram) - 1
    if p == 0:
        return np.zeros(0), np.zeros((0, 0)), float(gram[0, 0])
    size = np.sqrt(np.diag(gram)[:-1])
    normal = gram[:-1, :-1] / np.outer(size, size)
    rhs = gram[:-1, -1] / size
    root = np.linalg.inv(np.linalg.cholesky(normal))
    inverse = root.T @ root
    beta = inverse @ rhs
    beta += inverse @ (rhs - normal @ beta)
    beta /= size
    return beta, inverse / np.outer(size, size), residual_square(gram, beta)


def residual_square(gram: Array, beta: Array) -> float:
    """Residual sum of squares u'Gu with u = (-beta, 1), symmetric in rounding; below ``PERFECT_FIT`` of y'y it is 0."""
    u = np.append(-beta, 1.0)
    rss = float(u @ gram @ u)
    return rss if rss > PERFECT_FIT * gram[-1, -1] else 0.0


def gaussian_likelihood(rss: float, n: int, n_coefficients: int, log_weight: float = 0.0) -> Likelihood:
    """Gaussian likelihood of a regression at its maximum-likelihood variance rss / n.

    Parameters
    ----------
    rss : float
        Residual sum of squares in squared units of the response; positive.
    n : int
        Observations.
    n_coefficients : int
        Coefficients, group intercepts included; the variance counts as one parameter more.
    log_weight : float
        Sum of the logarithms of the prior weights.
    """
    value = -0.5 * n * (1.0 + np.log(2.0 * np.pi * rss / n)) + 0.5 * log_weight
    return Likelihood(float(value), n_coefficients + 1, n)


def too_few(variant: str, df: int) -> UnfitVariant | None:
    """The variant as unfit if no residual degree of freedom is left, else None."""
    return UnfitVariant(variant, Issue("no_degrees_of_freedom", {"df": df})) if df < 1 else None


def robust_contrasts(
    moments: GroupMoments, fit: LeastSquaresFit, names: Sequence[str], contrasts: Array
) -> tuple[Coefficient | Undefined, ...]:
    """Linear combinations of the slopes of a model with group dummies, with their cluster-robust errors CR2.

    Parameters
    ----------
    moments : GroupMoments
        The data it was fitted to.
    fit : LeastSquaresFit
        The model, of variant ``no_pooling``.
    names : sequence of m str
        What the combinations are called as coefficients, each by another name.
    contrasts : (m, k) array
        Combinations of its k coefficients, in the data's units.
    """
    listed = next((errors for errors in fit.robust if errors.method == "CR2"), None)
    if listed is None:
        return (Undefined(PERFECT),) * len(contrasts)
    if not listed.coefficients and listed.issues:
        return (Undefined(listed.issues[0]),) * len(contrasts)
    terms = tuple((item.column, item.role) for item in fit.coefficients)
    reg = regressors(moments, ((INTERCEPT, "intercept"), *terms))
    beta, inverse, _ = solve(reg.S_W[1:, 1:])
    wanted: tuple[Term, ...] = tuple((name, "within") for name in names)
    estimates = contrasts @ np.array([item.estimate for item in fit.coefficients])
    found = robust_errors(working_model(reg, beta, inverse), wanted, estimates, contrasts @ reg.back[1:, 1:])
    known = {item.column: item for errors in found if errors.method == "CR2" for item in errors.coefficients}
    return tuple(known.get(name, Undefined(Issue("one_group_decides", {"columns": (name,)}))) for name in names)


def _robust(reg: Regressors, solution: Solution) -> tuple[RobustErrors, ...]:
    if not (solution.rss > 0 and len(solution.beta)):
        return ()
    if not reg.keeps_products:
        return no_robust_errors(reg)
    skip = reg.n_terms - len(solution.beta)
    back = reg.back[skip:, skip:]
    model = working_model(reg, solution.beta, solution.inverse)
    return robust_errors(model, reg.terms[skip:], back @ solution.beta + reg.offset[skip:], back)


def _record(
    variant: str,
    reg: Regressors,
    solution: Solution,
    r2: dict[str, Number],
    levels: Array,
    robust: tuple[RobustErrors, ...],
) -> LeastSquaresFit:
    unit, skip = reg.scale[-1], reg.n_terms - len(solution.beta)
    back = reg.back[skip:, skip:]
    covariance = back @ (solution.inverse * solution.sigma2) @ back.T
    likelihood: Likelihood | Undefined = Undefined(PERFECT)
    if solution.rss > 0:
        log_weight = reg.log_weight if solution.n_units == reg.n_rows else 0.0
        n_coefficients = solution.n_units - solution.df
        likelihood = gaussian_likelihood(solution.rss * unit**2, solution.n_units, n_coefficients, log_weight)
    return LeastSquaresFit(
        variant=variant,
        coefficients=coefficients(
            reg.terms[skip:],
            back @ solution.beta + reg.offset[skip:],
            np.sqrt(np.diag(covariance)),
            np.full(len(solution.beta), float(solution.df)),
            "residual",
        ),
        covariance=covariance,
        sigma2=float(solution.sigma2 * unit**2),
        df_residual=float(solution.df),
        r2=r2,
        likelihood=likelihood,
        n_obs=reg.n_rows,
        n_groups=reg.n_groups,
        group_levels=levels * unit + reg.centre[-1],
        robust=robust,
    )
