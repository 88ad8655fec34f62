"""Samples of a random intercept model, drawn as group moments instead of rows.

Given the predictors, a model with normal errors determines the distribution of the response's moments exactly:

    mean of y in group j          normal, xbar_j'beta, variance tau2 + sigma2 / n_j
    within cross-products of X, y normal, S_XX beta, covariance sigma2 S_XX
    within square sum of y        what these explain, plus sigma2 chi-squared with N - J - rank(S_XX) degrees of freedom

all independent. A sample of any number of rows costs as much as there are groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.independence import RANK_TOLERANCE
from reportgen.estimation.many_intercepts import per_ratio
from reportgen.estimation.random_intercept import SizeClasses
from reportgen.estimation.regressors import Regressors

Array = NDArray[np.float64]
Index = NDArray[np.int64]

BLOCK = 2_000_000  # numbers drawn at a time


@dataclass(frozen=True, slots=True)
class InterceptModel:
    """A random intercept model in scaled units: `beta` (p,), `sigma2`, `tau2`."""

    beta: Array
    sigma2: float
    tau2: float


@dataclass(frozen=True, eq=False)
class SimulatedIntercepts:
    """R samples of one model, as :class:`reportgen.estimation.many_intercepts.Problems`; the predictors are common.

    Attributes
    ----------
    classes : SizeClasses
        Of the data: the predictors' part is used, the response's is replaced.
    within : (R, p + 1) array
        Within cross-products of [1, X, y] with y.
    between : (R, D, p + 1) array
        Sums over the groups of a size of the products of the means of [1, X, y] with the mean of y.
    """

    classes: SizeClasses
    within: Array
    between: Array

    @classmethod
    def draw(cls, reg: Regressors, model: InterceptModel, n_samples: int, seed: int) -> Iterator[SimulatedIntercepts]:
        """Draw `n_samples` samples, in blocks that fit into memory; the same seed gives the same samples."""
        streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2)]
        classes = SizeClasses.of(reg)
        df = reg.n_rows - reg.n_groups
        within = draw_cross_products(reg.S_W[:-1, :-1], model.beta, model.sigma2, df, n_samples, streams[0])
        block = max(1, BLOCK // max(reg.n_groups, len(classes.size) * (reg.n_terms + 1)))
        for first in range(0, n_samples, block):
            part = within[first : first + block]
            yield cls(classes, part, _draw_means(reg, model, len(part), streams[1]))

    @property
    def n_problems(self) -> int:
        """Number of samples R."""
        return len(self.within)

    @property
    def n_terms(self) -> int:
        """Coefficients p."""
        return self.classes.n_terms

    @property
    def n_rows(self) -> Array:
        """(R,) rows of each sample."""
        return np.full(self.n_problems, float(self.classes.n_rows))

    def gram(self, index: Index, gamma: Array) -> Array:
        """(G, p + 1, p + 1) sigma2 D'V^-1 D."""
        share = self._share(gamma)
        return self._with_response(
            per_ratio(self.classes.gram, gamma, len(self.classes.size)), self.within[index] + self._summed(share, index)
        )

    def gram_slope(self, index: Index, gamma: Array) -> Array:
        """(G, p + 1, p + 1) derivative of :meth:`gram` by gamma."""
        return self._with_response(
            per_ratio(self.classes.gram_slope, gamma, len(self.classes.size)), -self._summed(self._share(gamma) ** 2, index)
        )

    def log_determinant(self, index: Index, gamma: Array) -> Array:  # noqa: ARG002 - the same groups in every sample
        """(G,) sum_j log(1 + n_j gamma)."""
        return per_ratio(self.classes.log_determinant, gamma, len(self.classes.size))

    def log_determinant_slope(self, index: Index, gamma: Array) -> Array:  # noqa: ARG002
        """(G,) derivative of :meth:`log_determinant` by gamma."""
        return per_ratio(self.classes.log_determinant_slope, gamma, len(self.classes.size))

    def _share(self, gamma: Array) -> Array:
        return np.asarray(self.classes.size / (1.0 + np.multiply.outer(gamma, self.classes.size)))

    def _summed(self, share: Array, index: Index) -> Array:
        between = self.between if np.array_equal(index, np.arange(self.n_problems)) else self.between[index]
        return np.asarray((share[:, None, :] @ between)[:, 0, :])

    @staticmethod
    def _with_response(gram: Array, response: Array) -> Array:
        whole = gram.copy()
        whole[:, :, -1] = response
        whole[:, -1, :] = response
        return whole


def draw_cross_products(
    normal: Array, beta: Array, sigma2: float, df: int, n_samples: int, stream: np.random.Generator
) -> Array:
    """Cross-products of [X, y] with y where y = X beta + error, given X'X.

    Parameters
    ----------
    normal : (p, p) array
        X'X, possibly singular.
    beta : (p,) array
        Coefficients.
    sigma2 : float
        Error variance.
    df : int
        Dimensions of y: rows minus what was projected out.
    n_samples : int
        Samples R.
    stream : Generator
        Source of the random numbers.

    Returns
    -------
    (R, p + 1) array
    """
    size = np.sqrt(np.where(np.diag(normal) > 0, np.diag(normal), 1.0))
    values, vectors = np.linalg.eigh(normal / np.outer(size, size))
    kept = values > RANK_TOLERANCE
    root = size[:, None] * vectors[:, kept] * np.sqrt(values[kept])
    coordinates = root.T @ beta + np.sqrt(sigma2) * stream.standard_normal((n_samples, root.shape[1]))
    rest = df - root.shape[1]
    square = (coordinates**2).sum(axis=1) + (sigma2 * stream.chisquare(rest, n_samples) if rest > 0 else 0.0)
    return np.column_stack([coordinates @ root.T, square])


def _draw_means(reg: Regressors, model: InterceptModel, n_samples: int, stream: np.random.Generator) -> Array:
    """(R, D, p + 1) products of the group means with the mean of y, summed by group size."""
    size, class_of = np.unique(reg.weight, return_inverse=True)
    order = np.argsort(class_of, kind="stable")
    starts = np.searchsorted(class_of[order], np.arange(len(size)))
    means = reg.means[order, :-1]
    centre = means @ model.beta
    spread = np.sqrt(model.tau2 + model.sigma2 / reg.weight[order])
    response = centre + spread * stream.standard_normal((n_samples, reg.n_groups))
    found = np.empty((n_samples, len(size), reg.n_terms + 1))
    for a in range(reg.n_terms):
        found[:, :, a] = np.add.reduceat(response * means[:, a], starts, axis=1)
    found[:, :, -1] = np.add.reduceat(response**2, starts, axis=1)
    return found
