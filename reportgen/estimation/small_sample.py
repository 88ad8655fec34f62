"""Satterthwaite and Kenward-Roger from the derivatives of the covariance of the data.

V = sum_a theta_a G_a is linear in its r parameters (sigma2, then the entries of psi). Everything needed are small matrices:
P_a = -X'V^-1 G_a V^-1 X, Q_ab = X'V^-1 G_a V^-1 G_b V^-1 X, tr_ab = tr(V^-1 G_a V^-1 G_b), and curvature_ab =
r'V^-1 G_a P G_b V^-1 r with the residual r = y - X beta and P the projection of REML. No N x N matrix is formed.

Sources: Satterthwaite 1946 as in Giesbrecht & Burns 1985; Kenward & Roger 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from reportgen.fits import Issue, Undefined

Array = NDArray[np.float64]

LEAST_DF = 0.1  # the quantiles of t still are 64-bit numbers there, and say as little as the data do


@dataclass(frozen=True, eq=False)
class CovarianceDerivatives:
    """Derivatives at the REML estimate, in scaled units.

    Attributes
    ----------
    Phi : (p, p) array
        (X'V^-1X)^-1, the model-based covariance of the coefficients.
    P : (r, p, p) array
    Q : (r, r, p, p) array
    trace : (r, r) array
    curvature : (r, r) array
        As in the module's docstring.
    """

    Phi: Array
    P: Array
    Q: Array
    trace: Array
    curvature: Array

    @classmethod
    def of(cls, first: Array, seconds: Array, thirds: Array, trace: Array, beta: Array) -> CovarianceDerivatives:
        """From the products of D = [X, y] with V^-1.

        Parameters
        ----------
        first : (p + 1, p + 1) array
            D'V^-1D.
        seconds : (r, p + 1, p + 1) array
            D'V^-1 G_a V^-1D.
        thirds : (r, r, p + 1, p + 1) array
            D'V^-1 G_a V^-1 G_b V^-1D.
        trace : (r, r) array
            tr(V^-1 G_a V^-1 G_b).
        beta : (p,) array
            Coefficients, so that D (-beta, 1) is the residual.
        """
        u = np.append(-beta, 1.0)
        Phi = np.linalg.inv(first[:-1, :-1])
        Phi = 0.5 * (Phi + Phi.T)
        bent = seconds[:, :-1] @ u
        return cls(
            Phi=Phi,
            P=-seconds[:, :-1, :-1],
            Q=thirds[:, :, :-1, :-1],
            trace=trace,
            curvature=np.einsum("i,abij,j->ab", u, thirds, u) - bent @ Phi @ bent.T,
        )

    @cached_property
    def _common(self) -> Array:
        """(r, r) tr_ab - 2 tr(Phi Q_ab) + tr(Phi P_a Phi P_b)."""
        spread = self.Phi @ self.P
        crossed = np.einsum("aij,bji->ab", spread, spread)
        return np.asarray(self.trace - 2.0 * np.einsum("ij,abji->ab", self.Phi, self.Q) + crossed)

    @property
    def expected_information(self) -> Array:
        """(r, r) expected REML information of the covariance parameters."""
        return 0.5 * self._common

    @property
    def observed_information(self) -> Array:
        """(r, r) minus the Hessian of the REML log-likelihood."""
        return self.curvature - 0.5 * self._common

    @cached_property
    def W(self) -> Array:
        """(r, r) asymptotic covariance of the covariance parameters, from the expected information."""
        information = self.expected_information
        size = np.sqrt(np.maximum(np.diag(information), 0.0))
        unit = np.outer(size, size) if np.all(size > 0) else np.ones_like(information)
        return np.asarray(np.linalg.pinv(information / unit, hermitian=True) / unit)

    @cached_property
    def Phi_adjusted(self) -> Array:
        """(p, p) Kenward-Roger covariance of the coefficients."""
        inner = self.Q - (self.P @ self.Phi)[:, None] @ self.P[None]
        weighted = np.einsum("ab,abij->ij", self.W, inner)
        adjusted = self.Phi + 2.0 * self.Phi @ weighted @ self.Phi
        return np.asarray(0.5 * (adjusted + adjusted.T))


def variance_gradients(derivatives: CovarianceDerivatives, contrasts: Array) -> tuple[Array, Array]:
    """Variance of each contrast and its derivatives by the covariance parameters.

    Parameters
    ----------
    derivatives : CovarianceDerivatives
    contrasts : (m, p) array

    Returns
    -------
    variance : (m,) array
        l'Phi l.
    gradient : (m, r) array
        -l'Phi P_a Phi l.
    """
    spread = contrasts @ derivatives.Phi
    variance = np.einsum("mi,mi->m", spread, contrasts)
    return variance, -np.einsum("ami,mi->ma", spread @ derivatives.P, spread)


def satterthwaite(derivatives: CovarianceDerivatives, contrasts: Array, at_boundary: bool = False) -> Array:
    """(m,) Satterthwaite degrees of freedom 2 v^2 / (g' H^-1 g) of m contrasts, H the observed information.

    On the boundary the likelihood has a slope, and its curvature says nothing about the precision of the variances; the
    expected information stands in for H there, and wherever H is not positive definite.
    """
    variance, gradient = variance_gradients(derivatives, contrasts)
    observed = derivatives.observed_information
    inverse = derivatives.W
    size = np.sqrt(np.abs(np.diag(observed)))
    if not at_boundary and np.all(size > 0) and np.linalg.eigvalsh(observed / np.outer(size, size))[0] > 1e-8:
        inverse = np.linalg.inv(observed / np.outer(size, size)) / np.outer(size, size)
    return _degrees_of_freedom(variance, np.einsum("ma,ab,mb->m", gradient, inverse, gradient))


def _degrees_of_freedom(variance: Array, spread: Array) -> Array:
    """(m,) 2 v^2 / spread, at least ``LEAST_DF``: where the data say nothing of a variance, its spread is rounding."""
    df = np.full_like(variance, LEAST_DF)
    known = spread > 0
    df[known] = np.maximum(2.0 * variance[known] ** 2 / spread[known], LEAST_DF)
    return df


def kenward_roger(derivatives: CovarianceDerivatives, contrasts: Array) -> tuple[Array, Array]:
    """Kenward-Roger variances (m,) and one-contrast degrees of freedom (m,).

    With few groups and variances that the data say little about, the correction can overshoot: a variance then is negative.
    """
    variance, gradient = variance_gradients(derivatives, contrasts)
    df = _degrees_of_freedom(variance, np.einsum("ma,ab,mb->m", gradient, derivatives.W, gradient))
    return np.einsum("mi,mi->m", contrasts @ derivatives.Phi_adjusted, contrasts), df


@dataclass(frozen=True, slots=True)
class ScaledF:
    """Kenward-Roger F test: `f` (scale factor included), numerator and denominator degrees of freedom, p value."""

    f: float
    df1: int
    df2: float
    p_value: float


def kenward_roger_f(derivatives: CovarianceDerivatives, contrasts: Array, values: Array) -> ScaledF | Undefined:
    """Joint test that m contrasts are zero (Kenward & Roger 1997, equations for F* and its degrees of freedom).

    Undefined where the approximation breaks down: few groups beside the contrasts, or columns that nearly depend on each other.

    Parameters
    ----------
    derivatives : CovarianceDerivatives
    contrasts : (m, p) array
        Of full row rank.
    values : (m,) array
        The contrasts' estimates, in the same units.
    """
    m = len(contrasts)
    Phi, P, W = derivatives.Phi, derivatives.P, derivatives.W
    theta = contrasts.T @ np.linalg.solve(contrasts @ Phi @ contrasts.T, contrasts)
    moved = (theta @ Phi) @ P @ Phi
    traces = np.einsum("aii->a", moved)
    a1 = float(traces @ W @ traces)
    a2 = float(np.einsum("ab,aij,bji->", W, moved, moved))
    b = (a1 + 6.0 * a2) / (2.0 * m)
    g = ((m + 1) * a1 - (m + 4) * a2) / ((m + 2) * a2)
    scale = 3.0 * m + 2.0 * (1.0 - g)
    c1, c2, c3 = g / scale, (m - g) / scale, (m + 2 - g) / scale
    mean = 1.0 / (1.0 - a2 / m)
    variance = 2.0 / m * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    ratio = variance / (2.0 * mean**2)
    df2 = 4.0 + (m + 2.0) / (m * ratio - 1.0)
    factor = df2 / (mean * (df2 - 2.0))
    adjusted = contrasts @ derivatives.Phi_adjusted @ contrasts.T
    f = float(factor / m * values @ np.linalg.solve(adjusted, values))
    if not (df2 > 0 and f >= 0):  # NaN fails too
        return Undefined(Issue("correction_breaks_down"))
    return ScaledF(f, m, float(df2), float(fdtrc(m, df2, f)))
