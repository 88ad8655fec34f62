"""Mixed models the long way: explicit N x N matrices, numerical derivatives. Slow, plain, and independent of the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class DenseModel:
    """y = X beta + Z_j b_j + e by explicit matrices.

    Attributes
    ----------
    y : (N,) array
    x : (N, p) array
        Intercept column included.
    z : (N, q) array
        Columns of the random effects.
    codes : (N,) array of int
        Groups.
    free : tuple of (int, int)
        Entries of psi that are parameters (row >= column).
    weights : (N,) array
        Prior weights; the errors have variance sigma2 / weight.
    """

    y: Array
    x: Array
    z: Array
    codes: Codes
    free: tuple[tuple[int, int], ...]
    weights: Array

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def p(self) -> int:
        return int(self.x.shape[1])

    def parameters(self, sigma2: float, psi: Array) -> Array:
        return np.array([sigma2, *(psi[i, k] for i, k in self.free)])

    def derivative(self, a: int) -> Array:
        """(N, N) derivative of V by parameter a."""
        if a == 0:
            return np.diag(1.0 / self.weights)
        i, k = self.free[a - 1]
        unit = np.zeros((self.z.shape[1],) * 2)
        unit[i, k] = unit[k, i] = 1.0
        same = self.codes[:, None] == self.codes[None, :]
        return np.where(same, self.z @ unit @ self.z.T, 0.0)

    def covariance(self, parameters: Array) -> Array:
        value = np.zeros((self.n, self.n))
        for a, parameter in enumerate(parameters):
            value += parameter * self.derivative(a)
        return value

    def gls(self, parameters: Array) -> tuple[Array, Array]:
        """Coefficients and their covariance."""
        inverse = np.linalg.inv(self.covariance(parameters))
        phi = np.asarray(np.linalg.inv(self.x.T @ inverse @ self.x), dtype=np.float64)
        return phi @ self.x.T @ inverse @ self.y, phi

    def log_likelihood(self, parameters: Array, restricted: bool) -> float:
        v = self.covariance(parameters)
        beta, phi = self.gls(parameters)
        r = self.y - self.x @ beta
        value = np.linalg.slogdet(v)[1] + r @ np.linalg.solve(v, r)
        if restricted:
            return float(-0.5 * (value - np.linalg.slogdet(phi)[1] + (self.n - self.p) * np.log(2.0 * np.pi)))
        return float(-0.5 * (value + self.n * np.log(2.0 * np.pi)))

    def score(self, parameters: Array, restricted: bool) -> Array:
        """Numerical derivatives of the log-likelihood, each times its parameter's scale."""
        return gradient(lambda q: self.log_likelihood(q, restricted), parameters) * scale(parameters)

    def satterthwaite(self, parameters: Array, contrast: Array) -> float:
        """2 v^2 / (g' H^-1 g) with numerical derivatives throughout."""
        information = -hessian(lambda q: self.log_likelihood(q, True), parameters)
        g = gradient(lambda q: float(contrast @ self.gls(q)[1] @ contrast), parameters)
        variance = contrast @ self.gls(parameters)[1] @ contrast
        return float(2.0 * variance**2 / (g @ np.linalg.solve(information, g)))

    def kenward_roger(self, parameters: Array, contrast: Array) -> tuple[float, float]:
        """Standard error and degrees of freedom of one contrast, written out as in Kenward & Roger (1997)."""
        inverse = np.linalg.inv(self.covariance(parameters))
        _, phi = self.gls(parameters)
        moved = [inverse @ self.derivative(a) @ inverse for a in range(len(parameters))]
        count = range(len(parameters))
        projection = inverse - inverse @ self.x @ phi @ self.x.T @ inverse
        touched = [projection @ self.derivative(a) for a in count]
        information = np.array([[0.5 * np.trace(touched[a] @ touched[b]) for b in count] for a in count])
        w = np.linalg.inv(information)
        p = [-self.x.T @ m @ self.x for m in moved]
        inner = np.zeros_like(phi)
        for a in count:
            for b in count:
                q = self.x.T @ moved[a] @ self.derivative(b) @ inverse @ self.x
                inner += w[a, b] * (q - p[a] @ phi @ p[b])
        adjusted = phi + 2.0 * phi @ (0.5 * (inner + inner.T)) @ phi
        g = np.array([-contrast @ phi @ p[a] @ phi @ contrast for a in count])
        variance = contrast @ phi @ contrast
        return float(np.sqrt(contrast @ adjusted @ contrast)), float(2.0 * variance**2 / (g @ w @ g))

    def modes(self, parameters: Array, psi: Array) -> tuple[Array, Array]:
        """(J, q) conditional modes and their conditional standard deviations."""
        v = self.covariance(parameters)
        r = self.y - self.x @ self.gls(parameters)[0]
        found, errors = [], []
        for j in range(int(self.codes.max()) + 1):
            own = self.codes == j
            lifted = psi @ self.z[own].T @ np.linalg.inv(v[np.ix_(own, own)])
            found.append(lifted @ r[own])
            errors.append(np.sqrt(np.maximum(np.diag(psi - lifted @ self.z[own] @ psi), 0.0)))
        return np.array(found), np.array(errors)


def scale(parameters: Array) -> Array:
    """What counts as a unit step of each parameter."""
    return np.asarray(np.maximum(np.abs(parameters), 0.05 * np.abs(parameters).max()))


def gradient(fun: Callable[[Array], float], at: Array, step: float = 1e-4) -> Array:
    """Central differences of fourth order."""
    found = []
    for i, size in enumerate(step * scale(at)):
        e = np.zeros(len(at))
        e[i] = size
        found.append((8.0 * (fun(at + e) - fun(at - e)) - (fun(at + 2 * e) - fun(at - 2 * e))) / (12.0 * size))
    return np.array(found)


def hessian(fun: Callable[[Array], float], at: Array, step: float = 3e-3) -> Array:
    """Central differences of central differences."""
    columns = []
    for i, size in enumerate(step * scale(at)):
        e = np.zeros(len(at))
        e[i] = size
        ahead = 8.0 * (gradient(fun, at + e) - gradient(fun, at - e))
        columns.append((ahead - (gradient(fun, at + 2 * e) - gradient(fun, at - 2 * e))) / (12.0 * size))
    value = np.stack(columns)
    return np.asarray(0.5 * (value + value.T))


@dataclass(frozen=True, slots=True, eq=False)
class DenseSandwich:
    """Cluster-robust errors with the adjustment matrices written out, as clubSandwich computes them.

    `x` (N, p), `residual` (N,), `v` (N, N) working covariance, `codes` (N,) groups.
    """

    x: Array
    residual: Array
    v: Array
    codes: Codes

    @property
    def m(self) -> Array:
        return np.asarray(np.linalg.inv(self.x.T @ np.linalg.solve(self.v, self.x)), dtype=np.float64)

    def groups(self) -> list[NDArray[np.bool_]]:
        return [self.codes == j for j in np.unique(self.codes)]

    def adjustment(self, own: NDArray[np.bool_], method: str) -> Array:
        """A_j."""
        x, v = self.x[own], self.v[np.ix_(own, own)]
        if method == "CR1":
            return np.eye(len(x))
        if method == "CR3":
            return np.asarray(np.linalg.inv(np.eye(len(x)) - x @ self.m @ x.T @ np.linalg.inv(v)), dtype=np.float64)
        d = np.linalg.cholesky(v).T
        values, vectors = np.linalg.eigh(d @ (v - x @ self.m @ x.T) @ d.T)
        power = np.where(values > 1e-10, np.abs(values) ** -0.5, 0.0)
        return np.asarray(d.T @ (vectors * power) @ vectors.T @ d)

    def influence(self, method: str, contrast: Array) -> list[Array]:
        """For each group, the row vector that multiplies e_j."""
        return [
            contrast @ self.m @ self.x[own].T @ np.linalg.inv(self.v[np.ix_(own, own)]) @ self.adjustment(own, method)
            for own in self.groups()
        ]

    def error(self, method: str, contrast: Array) -> float:
        parts = zip(self.influence(method, contrast), self.groups(), strict=True)
        return float(np.sqrt(sum((row @ self.residual[own]) ** 2 for row, own in parts)))

    def df(self, contrast: Array) -> float:
        """Satterthwaite's degrees of freedom of the CR2 variance as a quadratic form in the errors."""
        hat = self.x @ self.m @ self.x.T @ np.linalg.inv(self.v)
        keep = np.eye(len(self.x)) - hat
        g = np.stack([row @ keep[own] for row, own in zip(self.influence("CR2", contrast), self.groups(), strict=True)])
        gram = g @ self.v @ g.T
        return float(np.trace(gram) ** 2 / np.trace(gram @ gram))
