"""Many random intercept models at once: leave-one-group-out fits and bootstrap samples, all in step.

Each problem has its own cross-products, of the same p + 1 columns. As in :mod:`reportgen.estimation.random_intercept` the
derivative of the profiled deviance is bracketed on a grid over the whole range of gamma = tau2 / sigma2 and every root is
polished; here one array operation serves all problems, so that a thousand fits cost little more than one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.independence import well_conditioned
from reportgen.estimation.random_intercept import LOG_GAMMA, SNAP, log_range
from reportgen.estimation.roots import bracketed_roots

Array = NDArray[np.float64]
Index = NDArray[np.int64]

PER_DECADE = 2  # grid of the search; coarser than for a single fit, whose deviance may be inspected
BLOCK = 4_000_000  # ratios times group sizes evaluated at a time
GRID_CELLS = 200_000  # ratios times problems times the numbers of a matrix of cross-products
CLOSE = 1e-12  # width in log gamma at which a root counts as found


class Problems(Protocol):
    """Cross-products of R problems in p + 1 columns [1, X, y].

    Every method takes `index` (G,), the problems asked for, and `gamma` (G,), the ratio of each.
    """

    @property
    def n_problems(self) -> int:
        """Number of problems R."""

    @property
    def n_terms(self) -> int:
        """Coefficients p."""

    @property
    def n_rows(self) -> Array:
        """(R,) rows of each problem."""

    def gram(self, index: Index, gamma: Array) -> Array:
        """(G, p + 1, p + 1) sigma2 D'V^-1 D."""

    def gram_slope(self, index: Index, gamma: Array) -> Array:
        """(G, p + 1, p + 1) its derivative by gamma."""

    def log_determinant(self, index: Index, gamma: Array) -> Array:
        """(G,) sum_j log(1 + n_j gamma)."""

    def log_determinant_slope(self, index: Index, gamma: Array) -> Array:
        """(G,) its derivative by gamma."""


def per_ratio(function: Callable[[Array], Array], gamma: Array, n_sizes: int) -> Array:
    """Values of a function of the ratio that is the same for all problems, at the ratio of each.

    Evaluated once for every run of equal ratios (as on a grid), in blocks that fit into memory.

    Parameters
    ----------
    function : callable
        (G,) ratios to a (G, ...) array.
    gamma : (G,) array
        The ratios.
    n_sizes : int
        Distinct group sizes: what one ratio costs.
    """
    starts = np.flatnonzero(np.append(True, gamma[1:] != gamma[:-1])[: len(gamma)])
    if 2 * len(starts) <= len(gamma):
        once = per_ratio(function, gamma[starts], n_sizes)
        return np.repeat(once, np.diff(starts, append=len(gamma)), axis=0)
    block = max(1, BLOCK // n_sizes)
    if len(gamma) <= block:
        return function(gamma)
    return np.concatenate([function(gamma[first : first + block]) for first in range(0, len(gamma), block)])


@dataclass(frozen=True, slots=True, eq=False)
class Solutions:
    """REML solutions of R problems, in scaled units.

    Attributes
    ----------
    gamma, sigma2 : (R,) array
        Ratio tau2 / sigma2 and residual variance.
    beta : (R, p) array
        Coefficients.
    covariance : (R, p, p) array
        Their model-based covariance sigma2 (X'V^-1X)^-1.
    at_upper_end : (R,) array of bool
        Whether the deviance still falls at the largest ratio searched.
    """

    gamma: Array
    sigma2: Array
    beta: Array
    covariance: Array
    at_upper_end: NDArray[np.bool_]


def estimable(problems: Problems, index: Index, tolerance: float) -> NDArray[np.bool_]:
    """(G,) whether the columns of each problem are independent and rows are left over, judged at gamma = 0."""
    normal = problems.gram(index, np.zeros(len(index)))[:, :-1, :-1]
    size = np.sqrt(np.maximum(np.diagonal(normal, axis1=1, axis2=2), 0.0))
    live = np.where(size > 0, size, 1.0)
    fine = well_conditioned(normal / (live[:, :, None] * live[:, None, :]), tolerance)
    return np.asarray(fine & np.all(size > 0, axis=1) & (problems.n_rows[index] > problems.n_terms))


def has_residuals(problems: Problems, tolerance: float) -> NDArray[np.bool_]:
    """(R,) whether more than rounding of the response is left by each estimable problem where groups are free to differ.

    Without it the residual variance is 0, and the likelihood has no maximum.
    """
    everyone = np.arange(problems.n_problems)
    if not len(everyone):
        return np.ones(0, dtype=bool)
    _, high = log_range(problems.gram(everyone, np.full(len(everyone), 10.0 ** LOG_GAMMA[1])))
    rss = _solve(problems.gram(everyone, np.full(len(everyone), 10.0**high)))[2]
    total = problems.gram(everyone, np.zeros(len(everyone)))[:, -1, -1]
    return np.asarray(rss > tolerance * total)


def solve_at(problems: Problems, index: Index, gamma: Array) -> Solutions:
    """Generalised least squares at known ratios.

    Parameters
    ----------
    problems : Problems
    index, gamma : (G,) array
        Problems and the ratio of each.
    """
    beta, inverse, rss = _solve(problems.gram(index, gamma))
    sigma2 = rss / (problems.n_rows[index] - problems.n_terms)
    return Solutions(gamma, sigma2, beta, inverse * sigma2[:, None, None], np.zeros(len(index), dtype=bool))


def optimise_many(problems: Problems) -> Solutions:
    """REML of every problem: the least of all minima of its profiled deviance over gamma >= 0.

    Parameters
    ----------
    problems : Problems
        All of them estimable.
    """
    everyone = np.arange(problems.n_problems)
    low, high = log_range(problems.gram(everyone, np.full(len(everyone), 10.0 ** LOG_GAMMA[1])))
    grid = np.concatenate([[0.0], np.logspace(low, high, int((high - low) * PER_DECADE) + 1)])
    slopes = _slopes_on(problems, grid)
    owner, place = np.nonzero((slopes[:, 1:-1] < 0.0) & (slopes[:, 2:] >= 0.0))

    def derivative(log_gamma: Array) -> Array:
        gamma = np.exp(log_gamma)
        return _slope(problems, owner, gamma) * gamma

    ends = np.log(grid[place + 1]), np.log(grid[place + 2])
    roots = np.exp(bracketed_roots(derivative, *ends, CLOSE))
    falling = np.flatnonzero(slopes[:, -1] < 0.0)
    index = np.concatenate([everyone, owner, falling])
    gamma = np.concatenate([np.zeros(len(everyone)), roots, np.full(len(falling), grid[-1])])
    deviance = _deviance(problems, index, gamma)
    deviance[: len(everyone)] -= SNAP  # zero wins where it is as good
    order = np.lexsort((deviance, index))
    best = order[np.searchsorted(index[order], everyone)]
    return replace(solve_at(problems, everyone, gamma[best]), at_upper_end=best >= len(everyone) + len(owner))


def _slopes_on(problems: Problems, grid: Array) -> Array:
    """(R, G) derivative of every problem's deviance at the same ratios, as many of them at a time as fit into memory."""
    everyone = np.arange(problems.n_problems)
    step = max(1, GRID_CELLS // (max(1, len(everyone)) * (problems.n_terms + 1) ** 2))
    parts = [grid[first : first + step] for first in range(0, len(grid), step)]
    found = [_slope(problems, np.tile(everyone, len(part)), np.repeat(part, len(everyone))) for part in parts]
    return np.concatenate(found).reshape(len(grid), -1).T


def _scaled(gram: Array) -> tuple[Array, Array]:
    """(G, p) sizes of the columns and (G, p, p) normal matrices in units of them."""
    normal = gram[:, :-1, :-1]
    size = np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
    return size, normal / (size[:, :, None] * size[:, None, :])


def _solve(gram: Array) -> tuple[Array, Array, Array]:
    """(G, p) coefficients, (G, p, p) inverse of the normal matrix, (G,) residual squares."""
    size, scaled = _scaled(gram)
    inverse = np.linalg.inv(scaled)
    rhs = (gram[:, :-1, -1] / size)[:, :, None]
    beta = inverse @ rhs
    beta += inverse @ (rhs - scaled @ beta)
    contrast = np.concatenate([-beta[:, :, 0] / size, np.ones((len(gram), 1))], axis=1)
    rss = np.einsum("gi,gij,gj->g", contrast, gram, contrast)
    return -contrast[:, :-1], inverse / (size[:, :, None] * size[:, None, :]), rss


def _deviance(problems: Problems, index: Index, gamma: Array) -> Array:
    """(G,) profiled REML deviance, up to a constant of the problem."""
    gram = problems.gram(index, gamma)
    size, scaled = _scaled(gram)
    log_det = np.linalg.slogdet(scaled)[1] + 2.0 * np.log(size).sum(axis=1)
    divisor = problems.n_rows[index] - problems.n_terms
    return np.asarray(problems.log_determinant(index, gamma) + divisor * np.log(_solve(gram)[2]) + log_det)


def _slope(problems: Problems, index: Index, gamma: Array) -> Array:
    """(G,) derivative of the profiled REML deviance by gamma."""
    beta, inverse, rss = _solve(problems.gram(index, gamma))
    change = problems.gram_slope(index, gamma)
    contrast = np.concatenate([-beta, np.ones((len(beta), 1))], axis=1)
    bent = np.einsum("gi,gij,gj->g", contrast, change, contrast)
    divisor = problems.n_rows[index] - problems.n_terms
    trace = np.einsum("gij,gij->g", inverse, change[:, :-1, :-1])
    return np.asarray(problems.log_determinant_slope(index, gamma) + divisor * bent / rss + trace)
