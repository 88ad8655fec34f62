"""Cluster-robust standard errors, from the group moments alone.

The coefficients are (generalised) least squares with a working covariance V_j in the groups: sigma2 I for the least-squares
variants, the model's own V_j for the mixed ones. With M = (X'V^-1X)^-1 and residuals e_j the sandwich is

    M [sum_j s_j s_j'] M,        s_j = X_j'V_j^-1 A_j e_j

CR1  A_j = I; times J/(J - 1) (N - 1)/(N - p), the factor known as CR1S or Stata's. t with J - 1 degrees of freedom.
CR2  A_j = D_j'[D_j (V_j - X_j M X_j') D_j']^(-1/2) D_j with D_j'D_j = V_j, which is unbiased if V_j is right (Bell & McCaffrey
     2002; Pustejovsky & Tipton 2018). No factor. t with Satterthwaite's degrees of freedom under the working covariance.
CR3  A_j = (I - X_j M X_j'V_j^-1)^-1, the leave-one-group-out form; times the factor of CR1. t with J - 1 degrees of freedom.
     Without a factor it is the CR3 of clubSandwich, times (J - 1)/J the jackknife about the estimate (CV3 in MacKinnon,
     Nielsen & Webb 2023); with the factor of CR1 it is the most cautious of the three.

Rows with a prior weight are multiplied by its root first: the working covariance then is the identity (plus the group effects).
p counts the coefficients and, for absorbed dummies, one intercept; J and N count the groups in which some column is not zero.

X_j'V_j^-1 A_j e_j only sees the projections of the rows on an orthonormal basis Q_j of [1, X_j], and Q_j'[X_j, y_j] follows
from the moments (:mod:`reportgen.estimation.rotation`). With C_j C_j' = Q_j'V_j Q_j, R_j = Q_j'X_j, f_j = Q_j'e_j and
B_j = C_j'(C_j C_j' - R_j M R_j')C_j, the three s_j are R'C^-T C^-1 f, R'C^-T B^(-1/2) C'f and R'C B^-1 C'f: small matrices,
one per group, and nothing of the size of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.inference import coefficients
from reportgen.estimation.regressors import Regressors, Term
from reportgen.estimation.rotation import mean_row, rotated_rows
from reportgen.fits import Issue, RobustErrors

Array = NDArray[np.float64]

MAX_WORK = 3e8  # groups times cubed columns beyond which CR2 and CR3 are not tried
SINGULAR = 1e-12  # relative eigenvalue of B_j that is rounding: the group alone decides a coefficient
DECIDED = 1e-5  # share of a coefficient's standard deviation in such a direction that is not rounding


@dataclass(frozen=True, eq=False)
class WorkingModel:
    """A fitted linear model, group by group, in an orthonormal basis of each group's columns; units of sigma2 = 1.

    Attributes
    ----------
    x : (J, r, p) array
        R_j.
    residual : (J, r) array
        f_j.
    root : (J, r, r) array
        C_j.
    inverse : (p, p) array
        M.
    n_rows : int
        Rows N of these groups.
    n_counted : int
        Coefficients p counted in the small-sample factor.
    """

    x: Array
    residual: Array
    root: Array
    inverse: Array
    n_rows: int
    n_counted: int

    @classmethod
    def of(cls, reg: Regressors, beta: Array, inverse: Array, effects: tuple[Array, Array] | None = None) -> WorkingModel:
        """From the moments and a solution of the normal equations.

        Parameters
        ----------
        reg : Regressors
            Columns D = [1, X, y] of the variant.
        beta : (p,) or (p - 1,) array
            Coefficients in scaled units; one less than terms if the intercept is absorbed in group dummies.
        inverse : array
            M for these coefficients.
        effects : ((p + 1, q), (q, q)) arrays, optional
            Random effects: Z_j = D_j times the first, covariance over sigma2 the second.
        """
        skip = reg.n_terms - len(beta)
        varying = np.flatnonzero(np.diag(reg.S_W)[:-1] > 0)
        rows = rotated_rows(reg, np.eye(reg.n_terms + 1)[:, varying], about_mean=True)
        basis = np.ascontiguousarray(np.stack(rows if skip else [mean_row(reg), *rows]).transpose(2, 0, 1))
        keep = np.any(basis[:, :, skip:-1] != 0.0, axis=(1, 2))
        basis, r = basis[keep], basis.shape[1]
        root = np.broadcast_to(np.eye(r), (len(basis), r, r))
        if effects is not None:
            design, ratio = effects
            z = basis @ design
            root = np.asarray(np.linalg.cholesky(np.eye(r) + z @ ratio @ z.transpose(0, 2, 1)), dtype=np.float64)
        x = np.ascontiguousarray(basis[:, :, skip:-1])
        n_rows = int(reg.rows[keep].sum())
        return cls(x, basis[:, :, -1] - x @ beta, root, inverse, n_rows, len(beta) + skip)

    @property
    def n_groups(self) -> int:
        """Groups J that take part."""
        return len(self.x)

    @property
    def factor(self) -> float:
        """J/(J - 1) (N - 1)/(N - p)."""
        n, groups = self.n_rows, self.n_groups
        return groups / (groups - 1) * (n - 1) / (n - self.n_counted)

    @property
    def work(self) -> float:
        """Groups times cubed columns: what the eigenvalues cost."""
        return float(self.n_groups * self.x.shape[1] ** 3)

    @cached_property
    def whitened(self) -> Array:
        """(J, r, p) C^-1 R."""
        return np.asarray(np.linalg.solve(self.root, self.x), dtype=np.float64)

    @cached_property
    def inner(self) -> Array:
        """(J, r, r) C'C."""
        return np.asarray(self.root.transpose(0, 2, 1) @ self.root)

    @cached_property
    def spectrum(self) -> tuple[Array, Array]:
        """(J, r) eigenvalues and (J, r, r) eigenvectors of B."""
        middle = np.eye(self.x.shape[1]) - _times(self.whitened, self.inverse) @ self.whitened.transpose(0, 2, 1)
        values, vectors = np.linalg.eigh(self.inner @ middle @ self.inner)
        return np.asarray(values, dtype=np.float64), np.asarray(vectors, dtype=np.float64)

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """(J, r) whether an eigenvalue of B is more than rounding."""
        values = self.spectrum[0]
        return np.asarray(values > SINGULAR * values[:, -1:])

    @cached_property
    def half_inverse(self) -> Array:
        """(J, r, r) B^(-1/2), on the directions with usable eigenvalues."""
        values, vectors = self.spectrum
        raised = np.where(self.usable, np.where(self.usable, values, 1.0) ** -0.5, 0.0)
        return np.asarray((vectors * raised[:, None, :]) @ vectors.transpose(0, 2, 1))

    @cached_property
    def evened(self) -> Array:
        """(J, r, 1) B^(-1/2) C'f."""
        return np.asarray(self.half_inverse @ (self.root.transpose(0, 2, 1) @ self.residual[:, :, None]))

    def decided(self, contrasts: Array) -> NDArray[np.bool_]:
        """(m,) contrasts that some group decides alone, so that its residual says nothing about their errors."""
        rows, columns = np.nonzero(~self.usable)
        if not len(rows):
            return np.zeros(len(contrasts), dtype=bool)
        direction = np.einsum("nab,nb->na", self.inner[rows], self.spectrum[1][rows, :, columns])
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        share = np.einsum("na,nap,pm->nm", direction, self.whitened[rows], self.inverse @ contrasts.T)
        spread = np.sqrt(np.einsum("mp,pk,mk->m", contrasts, self.inverse, contrasts))
        return np.asarray(np.abs(share).max(axis=0) > DECIDED * spread)

    @property
    def plain_scores(self) -> Array:
        """(J, p) s_j of CR1."""
        return _applied(self.whitened, np.asarray(np.linalg.solve(self.root, self.residual[:, :, None]), dtype=np.float64))

    @property
    def unbiased_scores(self) -> Array:
        """(J, p) s_j of CR2."""
        return _applied(self.whitened, self.evened)

    @property
    def left_out_scores(self) -> Array:
        """(J, p) s_j of CR3."""
        return _applied(self.x, self.root @ (self.half_inverse @ self.evened))

    def errors(self, scores: Array, contrasts: Array) -> Array:
        """(m,) standard errors of contrasts from (J, p) scores."""
        return np.asarray(np.linalg.norm(scores @ (self.inverse @ contrasts.T), axis=0))

    def bell_mccaffrey(self, contrasts: Array) -> Array:
        """(m,) Satterthwaite degrees of freedom of the CR2 variance of m contrasts, under the working covariance.

        The variance is sum_j (p_j'(I - H)_j eps)^2 with p_j = A_j V_j^-1 X_j M c; its matrix has the entries
        [j = k] d_j - h_j'h_k, with d_j = p_j'V_j p_j and h_j = L'X_j'p_j, M = L L'.
        """
        half = np.asarray(np.linalg.cholesky(self.inverse), dtype=np.float64)
        evened = self.half_inverse @ _times(self.whitened, self.inverse @ contrasts.T)
        d = ((self.inner @ evened) ** 2).sum(axis=1)
        h = _times(self.x, half).transpose(0, 2, 1) @ (self.root @ evened)
        shared = (h**2).sum(axis=1)
        crossed = np.stack([h[:, :, m].T @ h[:, :, m] for m in range(len(contrasts))])
        trace = (d - shared).sum(axis=0)
        square = (d**2 - 2.0 * d * shared).sum(axis=0) + np.einsum("mpk,mpk->m", crossed, crossed)
        return np.asarray(trace**2 / np.where(square > 0, square, 1.0))


def _times(stack: Array, matrix: Array) -> Array:
    """(J, r, m) products of a (J, r, p) stack with one (p, m) matrix, as one long product."""
    return np.asarray((stack.reshape(-1, stack.shape[2]) @ matrix).reshape(*stack.shape[:2], -1))


def _applied(columns: Array, vectors: Array) -> Array:
    """(J, p) products of the transposed (J, r, p) columns with (J, r, 1) vectors."""
    return np.asarray((columns.transpose(0, 2, 1) @ vectors)[:, :, 0], dtype=np.float64)


def robust_errors(model: WorkingModel, terms: tuple[Term, ...], estimates: Array, contrasts: Array) -> tuple[RobustErrors, ...]:
    """CR1, CR2 and CR3 errors of a model's coefficients.

    Parameters
    ----------
    model : WorkingModel
        The fitted model.
    terms : tuple of (column, role)
        The m coefficients to be reported.
    estimates : (m,) array
        In the data's units.
    contrasts : (m, p) array
        Turn scaled coefficients into these.
    """
    if model.n_groups < 2:
        issue = Issue("one_group_with_variation")
        return tuple(RobustErrors(method, (), (issue,)) for method in ("CR1", "CR2", "CR3"))
    grow = np.sqrt(model.factor)
    groups = np.full(len(terms), model.n_groups - 1.0)
    found = {"CR1": (grow * model.errors(model.plain_scores, contrasts), groups, "groups")}
    if model.work > MAX_WORK:
        sizes = {"n_groups": model.n_groups, "n_columns": model.x.shape[1]}
        absent = tuple(RobustErrors(method, (), (Issue("too_many_columns_for_robust", sizes),)) for method in ("CR2", "CR3"))
        return (*_records(found, terms, estimates, np.zeros(len(terms), dtype=bool)), *absent)
    found["CR2"] = (model.errors(model.unbiased_scores, contrasts), model.bell_mccaffrey(contrasts), "bell_mccaffrey")
    found["CR3"] = (grow * model.errors(model.left_out_scores, contrasts), groups, "groups")
    return _records(found, terms, estimates, model.decided(contrasts))


def _records(
    found: Mapping[str, tuple[Array, Array, str]], terms: tuple[Term, ...], estimates: Array, decided: NDArray[np.bool_]
) -> tuple[RobustErrors, ...]:
    keep = np.flatnonzero(~decided)
    kept = tuple(terms[i] for i in keep)
    lost = tuple(dict.fromkeys(terms[i][0] for i in np.flatnonzero(decided)))
    issues = (Issue("one_group_decides", {"columns": lost}),) if lost else ()
    return tuple(
        RobustErrors(method, coefficients(kept, estimates[keep], errors[keep], df[keep], df_method), issues)
        for method, (errors, df, df_method) in found.items()
    )
