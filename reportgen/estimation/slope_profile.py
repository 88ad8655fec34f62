"""The profiled likelihood of a model with random slopes, for all groups at once, without forming any V_j.

V_j = sigma2 (I + Z_j G Z_j') with G = factor factor'. Let Q_j be an orthonormal basis of the q columns of Z_j, B_j = Q_j'Z_j
its triangular root (B_j'B_j = Z_j'Z_j) and F_j = Q_j'D_j. With W_j = (I + B_j G B_j')^-1, which is q x q,

    sigma2 D'V^-1 D = R + sum_j F_j'W_j F_j        Z_j'V_j^-1 D_j sigma2 = B_j'W_j F_j        |V_j| = sigma2^n_j / |W_j|

where R = sum_j (D_j'D_j - F_j'F_j) is what the groups' own regressions on Z_j leave over. All terms are sums of squares, so
nothing cancels; R, F and B come from the group moments and are made once. Arrays run over the groups along their last axis:
every step is a handful of long vector operations, whatever the number of groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.regressors import Regressors
from reportgen.estimation.rotation import mean_row, rotated_rows
from reportgen.estimation.stacks import forward, lower_root, product

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RotatedGroups:
    """Group moments in the basis of the random effects' columns.

    Attributes
    ----------
    inside : (p + 1, p + 1) array
        R, cross-products of D = [X, y] left over by the groups' own regressions on Z_j.
    rotated : (q, p + 1, J) array
        F_j = Q_j'D_j; rows of zeros where a group's columns of Z are dependent (few rows, no spread).
    root : (q, q, J) array
        B_j = Q_j'Z_j.
    n_rows : int
        Rows N.
    """

    inside: Array
    rotated: Array
    root: Array
    n_rows: int

    @classmethod
    def of(cls, reg: Regressors, design: Array) -> RotatedGroups:
        """Rotate the groups of `reg`.

        Parameters
        ----------
        reg : Regressors
            Columns D = [1, X, y] of one variant.
        design : (p + 1, q) array
            Z_j = D_j design. If the first column is the intercept's, the centred cross-products are used as they stand.
        """
        starts_with_mean = bool(np.count_nonzero(design[:, 0]) == 1 and design[0, 0] == 1.0)
        rows = rotated_rows(reg, design[:, int(starts_with_mean) :], about_mean=starts_with_mean)
        inside = (reg.S_W if starts_with_mean else reg.total) - sum(row @ row.T for row in rows)
        rotated = np.stack([mean_row(reg), *rows] if starts_with_mean else rows)
        return cls(inside, rotated, np.einsum("kaj,aq->kqj", rotated, design), reg.n_rows)

    @property
    def n_terms(self) -> int:
        """Fixed coefficients p."""
        return len(self.inside) - 1

    @property
    def n_effects(self) -> int:
        """Random effects q."""
        return len(self.root)

    @property
    def n_groups(self) -> int:
        """Groups J."""
        return int(self.root.shape[2])

    @cached_property
    def stacked(self) -> Array:
        """(q, p + 1 + q, J) F and B side by side."""
        return np.concatenate([self.rotated, self.root], axis=1)


@dataclass(frozen=True, eq=False)
class SlopeProfile:
    """The likelihood at one G = factor factor', coefficients and residual variance profiled out, in scaled units.

    Attributes
    ----------
    groups : RotatedGroups
        The data.
    factor : (q, r) array
        Square root of psi / sigma2; r < q makes it singular.
    """

    groups: RotatedGroups
    factor: Array

    @cached_property
    def triangle(self) -> Array:
        """(q, q, J) lower Cholesky factors of I + B G B'."""
        return lower_root(np.matmul(self.factor.T, self.groups.root))

    @cached_property
    def whitened(self) -> Array:
        """(q, p + 1 + q, J) C_j^-1 [F_j, B_j] with C_j C_j' = I + B_j G B_j'."""
        return forward(self.triangle, self.groups.stacked)

    @cached_property
    def log_determinant(self) -> float:
        """sum_j log|V_j| - N log sigma2."""
        return float(2.0 * sum(np.log(self.triangle[k, k]).sum() for k in range(self.groups.n_effects)))

    @cached_property
    def gram(self) -> Array:
        """(p + 1, p + 1) sigma2 D'V^-1 D."""
        own = self.whitened[:, : self.groups.n_terms + 1]
        return np.asarray(self.groups.inside + sum(block @ block.T for block in own))

    @cached_property
    def _solved(self) -> tuple[Array, Array, float]:
        normal = self.gram[:-1, :-1]
        size = np.sqrt(np.diag(normal))
        scaled = normal / np.outer(size, size)
        beta = np.linalg.solve(scaled, self.gram[:-1, -1] / size)
        beta += np.linalg.solve(scaled, self.gram[:-1, -1] / size - scaled @ beta)
        inverse = np.linalg.inv(scaled) / np.outer(size, size)
        log_det = float(np.linalg.slogdet(scaled)[1] + 2.0 * np.log(size).sum())
        return beta / size, 0.5 * (inverse + inverse.T), log_det

    @property
    def beta(self) -> Array:
        """(p,) generalised least squares coefficients."""
        return self._solved[0]

    @property
    def inverse(self) -> Array:
        """(p, p) (X'V^-1X)^-1 / sigma2."""
        return self._solved[1]

    @property
    def contrast(self) -> Array:
        """(p + 1,) u = (-beta, 1): D u is the residual."""
        return np.append(-self.beta, 1.0)

    @cached_property
    def rss(self) -> float:
        """Weighted residual sum of squares."""
        return float(self.contrast @ self.gram @ self.contrast)

    def divisor(self, restricted: bool) -> int:
        """Of the residual sum of squares: N - p under REML, N under maximum likelihood."""
        return self.groups.n_rows - (self.groups.n_terms if restricted else 0)

    def sigma2(self, restricted: bool) -> float:
        """Residual variance."""
        return self.rss / self.divisor(restricted)

    def deviance(self, restricted: bool) -> float:
        """-2 log-likelihood, restricted or not."""
        n = self.divisor(restricted)
        value = self.log_determinant + n * (1.0 + np.log(2.0 * np.pi * self.rss / n))
        return float(value + self._solved[2] if restricted else value)

    @property
    def deviances(self) -> tuple[float, float]:
        """The deviance at this point, not restricted and restricted; nothing else is kept."""
        return self.deviance(restricted=False), self.deviance(restricted=True)

    @cached_property
    def effects_gram(self) -> Array:
        """(q, q) sigma2 sum_j Z_j'V_j^-1 Z_j."""
        own = self.whitened[:, self.groups.n_terms + 1 :]
        return np.asarray(sum(block @ block.T for block in own))

    @cached_property
    def crossed(self) -> Array:
        """(q, p + 1, J) sigma2 Z_j'V_j^-1 D_j."""
        p1 = self.groups.n_terms + 1
        return product(self.whitened[:, p1:], self.whitened[:, :p1])

    @cached_property
    def crossed_gram(self) -> Array:
        """(q, p + 1, q, p + 1) sum over groups of the products of the entries of `crossed`."""
        q, p1, n = self.crossed.shape
        flat = self.crossed.reshape(q * p1, n)
        return np.asarray((flat @ flat.T).reshape(q, p1, q, p1))

    def score(self, restricted: bool) -> Array:
        """(q, q) derivative E of the deviance by G: the deviance changes by tr(E dG)."""
        return self.score_at(self.sigma2(restricted), restricted)

    def score_at(self, sigma2: float, restricted: bool) -> Array:
        """(q, q) the same at another residual variance than the one that goes with G."""
        u = self.contrast
        value = self.effects_gram - (self.crossed_gram @ u).transpose(0, 2, 1) @ u / sigma2
        if restricted:
            value = value - np.tensordot(self.crossed_gram[:, :-1, :, :-1], self.inverse, axes=([1, 3], [0, 1]))
        return np.asarray(0.5 * (value + value.T))
