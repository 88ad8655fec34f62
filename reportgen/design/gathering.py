"""What functions of all rows need to know of them, gathered value by value: means and spreads, orthogonal polynomials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = Mapping[str, object]

EXACT_PASSES = 2  # Gram matrices of a polynomial basis: in Chebyshev's, then in the one found, whose matrix is all but unity


class Gatherer(Protocol):
    """Gathers the state of one function in one or more passes over its argument."""

    @property
    def is_done(self) -> bool:
        """Whether no further pass is needed."""

    def add(self, values: Array) -> None:
        """Take (n,) finite values."""

    def end_pass(self) -> None:
        """All values have been given once."""

    def state(self) -> State:
        """The state as the formula library keeps it."""


@dataclass(slots=True)
class MeanSpread:
    """Mean and sum of squares, for ``center`` and ``scale``.

    Attributes
    ----------
    centers, scales : bool
        What the function does.
    ddof : int
        What the number of values is lessened by in the standard deviation.
    """

    centers: bool
    scales: bool
    ddof: int
    is_done: bool = False
    _n: int = 0
    _mean: float = 0.0
    _squares: float = 0.0

    def add(self, values: Array) -> None:
        """Take (n,) finite values."""
        if not len(values):
            return
        mean = float(values.mean())
        gap, total = mean - self._mean, self._n + len(values)
        self._squares += float(((values - mean) ** 2).sum()) + gap**2 * self._n * len(values) / total
        self._mean += gap * len(values) / total
        self._n = total

    def end_pass(self) -> None:
        """One pass is enough."""
        self.is_done = True

    def state(self) -> State:
        """Center and scale."""
        squares = self._squares + (0.0 if self.centers else self._n * self._mean**2)
        return {
            "ddof": self.ddof,
            "center": np.float64(self._mean) if self.centers else None,
            "scale": np.sqrt(np.float64(squares) / (self._n - self.ddof)) if self.scales else None,
        }


@dataclass(slots=True)
class Extent:
    """Least and greatest value."""

    low: float = np.inf
    high: float = -np.inf

    def add(self, values: Array) -> None:
        """Take (n,) finite values."""
        if len(values):
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))


@dataclass(slots=True)
class Recurrence:
    """Three-term recurrence of the polynomials that are orthogonal over all values, for ``poly``.

    The first pass finds the extent. The second gathers the Gram matrix of Chebyshev's polynomials on it, from whose Cholesky
    factor the orthogonal ones follow (the idea of the modified Chebyshev algorithm: Sack & Donovan 1972); the third does so
    in the basis found, which takes away the rounding that the second left.

    Attributes
    ----------
    degree : int
        Highest degree d.
    n_passes : int
        Passes finished.
    """

    degree: int
    n_passes: int = 0
    _extent: Extent = field(default_factory=Extent)
    _alpha: Array = field(default_factory=lambda: np.zeros(0))
    _beta: Array = field(default_factory=lambda: np.zeros(0))
    _gram: Array = field(default_factory=lambda: np.zeros((0, 0)))
    _shifted: Array = field(default_factory=lambda: np.zeros((0, 0)))
    _norms2: Array = field(default_factory=lambda: np.zeros(0))

    @property
    def is_done(self) -> bool:
        """Whether no further pass is needed."""
        return self.n_passes == 1 + EXACT_PASSES

    def add(self, values: Array) -> None:
        """Take (n,) finite values."""
        if self.n_passes == 0:
            self._extent.add(values)
            return
        t = (values - self._middle) / self._half
        basis = self._basis(t)
        self._gram += basis @ basis.T
        self._shifted += (basis * t) @ basis.T

    def end_pass(self) -> None:
        """Begin with Chebyshev's polynomials, then turn to those the Gram matrix makes orthogonal."""
        d = self.degree
        if self.n_passes == 0:
            self._alpha = np.zeros(d)
            self._beta = np.concatenate([[0.5], np.full(max(d - 1, 1), 0.25)])
        else:
            root = np.linalg.cholesky(self._gram)  # raises where fewer values than degrees are distinct
            turned = np.linalg.solve(root, np.linalg.solve(root, self._shifted).T)
            self._alpha = np.diag(turned)[:d].copy()
            scale = np.cumprod(np.concatenate([[1.0], np.sqrt(self._beta[:d])]))  # of the monic polynomials of the basis
            self._norms2 = (np.diag(root) * scale) ** 2
            self._beta = self._norms2[1:] / self._norms2[:-1]
        self._gram, self._shifted = np.zeros((d + 1, d + 1)), np.zeros((d + 1, d + 1))
        self.n_passes += 1

    def state(self) -> State:
        """Recurrence of the monic polynomials and their squared norms, in units of the values."""
        powers = self._half ** (2 * np.arange(self.degree + 1))
        return {
            "alpha": {k: np.float64(a) for k, a in enumerate(self._middle + self._half * self._alpha)},
            "norms2": {k: np.float64(n) for k, n in enumerate(self._norms2 * powers)},
        }

    @property
    def _middle(self) -> float:
        return 0.5 * (self._extent.low + self._extent.high)

    @property
    def _half(self) -> float:
        return 0.5 * (self._extent.high - self._extent.low) or 1.0

    def _basis(self, t: Array) -> Array:
        """(d + 1, n) polynomials of the recurrence, normalised by its own beta."""
        basis = np.empty((self.degree + 1, len(t)))
        basis[0] = 1.0
        size = np.sqrt(self._beta)
        for k in range(self.degree):
            basis[k + 1] = (t - self._alpha[k]) * basis[k]
            if k:
                basis[k + 1] -= size[k - 1] * basis[k - 1]
            basis[k + 1] /= size[k]
        return basis
