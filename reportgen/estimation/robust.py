"""Cluster-robust standard errors, from the group moments alone.

The coefficients are (generalised) least squares with a working covariance V_j in the groups: sigma2 I for the least-squares
variants, the model's own V_j for the mixed ones. With M = (X'V^-1X)^-1 and residuals e_j the sandwich is

    M [sum_j s_j s_j'] M,        s_j = X_j'V_j^-1 A_j e_j

CR1  A_j = I; times J/(J - 1) (N - 1)/(N - p), the factor known as CR1S or Stata's. t with J - 1 degrees of freedom.
CR2  A_j = D_j'[D_j (V_j - X_j M X_j') D_j']^(-1/2) D_j with D_j'D_j = V_j, which is unbiased if V_j is right (Bell & McCaffrey
     2002; Pustejovsky & Tipton 2018). No factor. t with Satterthwaite's degrees of freedom under the working covariance.
CR3  A_j = (I - X_j M X_j'V_j^-1)^-1, the leave-one-group-out form; times the factor of CR1. t with J - 1 degrees of freedom.
     Without a factor it is the CR3 of clubSandwich, times (J - 1)/J the jackknife about the estimate (CV3 in MacKinnon,
     Nielsen & Webb 2023); with the factor of CR1 its errors are the largest of the three as a rule.

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
from reportgen.estimation.regressors import Regressors, Term, products_not_kept
from reportgen.estimation.robust_plain import Counts, PlainModel, sandwich_errors
from reportgen.estimation.rotation import mean_row, rotated_rows
from reportgen.estimation.stacks import forward, lower_root, product
from reportgen.fits import Issue, RobustErrors

Array = NDArray[np.float64]

METHODS = ("CR1", "CR2", "CR3")
MAX_WORK = 3e8  # groups times cubed columns beyond which CR2 and CR3 are not tried
MAX_GROUPS = 10_000  # beyond, CR1 does: CR2 and CR3 are for few groups, and differ from it by shares of 1 / J
SINGULAR = 1e-12  # relative eigenvalue of B_j that is rounding: the group alone decides a coefficient
DECIDED = 1e-5  # share of a coefficient's standard deviation in such a direction that is not rounding


@dataclass(frozen=True, eq=False)
class WorkingModel:
    """A fitted linear model, group by group, in an orthonormal basis of each group's columns; units of sigma2 = 1.

    Attributes
    ----------
    x : (r, p, J) array
        R_j.
    residual : (r, 1, J) array
        f_j.
    root : (r, r, J) array
        C_j.
    inverse : (p, p) array
        M.
    counts : Counts
        Groups, rows and coefficients.
    """

    x: Array
    residual: Array
    root: Array
    inverse: Array
    counts: Counts

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
        basis = np.stack(rows if skip else [mean_row(reg), *rows])
        keep = np.any(basis[:, skip:-1] != 0.0, axis=(0, 1))
        if not keep.all():
            basis = basis[:, :, keep]
        x = basis[:, skip:-1]
        spread = np.zeros((len(basis), 0, basis.shape[2]))
        if effects is not None:
            design, ratio = effects
            spread = np.matmul(design.T, basis)
            values, vectors = np.linalg.eigh(ratio)
            spread = np.matmul((vectors * np.sqrt(np.maximum(values, 0.0))).T, spread)
        residual = (basis[:, -1] - np.matmul(beta, x))[:, None, :]
        return cls(x, residual, lower_root(spread), inverse, Counts.of(reg, keep))

    @property
    def n_columns(self) -> int:
        """Columns r of the bases."""
        return len(self.x)

    @property
    def work(self) -> float:
        """Groups times cubed columns: what the eigenvalues cost."""
        return float(self.counts.n_groups * self.n_columns**3)

    @property
    def too_large(self) -> tuple[Issue, ...]:
        """Why CR2 and CR3 are not computed; empty where they are."""
        if self.counts.n_groups > MAX_GROUPS:
            return (Issue("enough_groups_for_cr1", {"n_groups": self.counts.n_groups}),)
        if self.work > MAX_WORK:
            return (Issue("too_many_columns_for_robust", {"n_groups": self.counts.n_groups, "n_columns": self.n_columns}),)
        return ()

    @cached_property
    def whitened(self) -> Array:
        """(r, p, J) C^-1 R."""
        return forward(self.root, self.x)

    @cached_property
    def inner(self) -> Array:
        """(r, r, J) C'C."""
        return product(self.root, self.root)

    @cached_property
    def half(self) -> Array:
        """(p, p) L, with M = L L'."""
        return np.asarray(np.linalg.cholesky(self.inverse), dtype=np.float64)

    @cached_property
    def spectrum(self) -> tuple[Array, Array]:
        """(J, r) eigenvalues and (J, r, r) eigenvectors of B."""
        scaled = np.matmul(self.half.T, self.whitened).transpose(1, 0, 2)
        middle = np.eye(self.n_columns)[:, :, None] - product(scaled, scaled)
        full = product(self.inner, product(middle, self.inner))
        values, vectors = np.linalg.eigh(np.ascontiguousarray(full.transpose(2, 0, 1)))
        return np.asarray(values, dtype=np.float64), np.asarray(vectors, dtype=np.float64)

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """(J, r) whether an eigenvalue of B is more than rounding."""
        values = self.spectrum[0]
        return np.asarray(values > SINGULAR * values[:, -1:])

    @cached_property
    def half_inverse(self) -> Array:
        """(r, r, J) B^(-1/2), on the directions with usable eigenvalues."""
        values, vectors = self.spectrum
        raised = np.where(self.usable, np.where(self.usable, values, 1.0) ** -0.25, 0.0)
        quarter = np.ascontiguousarray((vectors * raised[:, None, :]).transpose(2, 1, 0))
        return product(quarter, quarter)

    @cached_property
    def evened(self) -> Array:
        """(r, 1, J) B^(-1/2) C'f."""
        return product(self.half_inverse, product(self.root, self.residual))

    def rooted(self, right: Array) -> Array:
        """(r, m, J) C times (r, m, J) matrices."""
        return product(self.root.transpose(1, 0, 2), right)

    def decided(self, contrasts: Array) -> NDArray[np.bool_]:
        """(m,) contrasts that some group decides alone, so that its residual says nothing about their errors."""
        rows, columns = np.nonzero(~self.usable)
        if not len(rows):
            return np.zeros(len(contrasts), dtype=bool)
        direction = np.einsum("abn,nb->na", self.inner[:, :, rows], self.spectrum[1][rows, :, columns])
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        share = np.einsum("na,apn,pm->nm", direction, self.whitened[:, :, rows], self.inverse @ contrasts.T, optimize=True)
        spread = np.sqrt(np.einsum("mp,pk,mk->m", contrasts, self.inverse, contrasts))
        return np.asarray(np.abs(share).max(axis=0) > DECIDED * spread)

    @property
    def plain_scores(self) -> Array:
        """(p, J) s_j of CR1."""
        return product(self.whitened, forward(self.root, self.residual))[:, 0]

    @property
    def unbiased_scores(self) -> Array:
        """(p, J) s_j of CR2."""
        return product(self.whitened, self.evened)[:, 0]

    @property
    def left_out_scores(self) -> Array:
        """(p, J) s_j of CR3."""
        return product(self.x, self.rooted(product(self.half_inverse, self.evened)))[:, 0]

    def errors(self, scores: Array, contrasts: Array) -> Array:
        """(m,) standard errors of contrasts from (p, J) scores."""
        return sandwich_errors(self.inverse, scores, contrasts)

    def plain_errors(self, contrasts: Array) -> Array:
        """(m,) standard errors of contrasts by CR1, without its factor."""
        return self.errors(self.plain_scores, contrasts)

    def leverages(self, contrasts: Array) -> tuple[Array, Array]:
        """(r, m, J) roots of p_j'V_j p_j, and (p, m, J) h_j = L'X_j'p_j, with p_j = A_j V_j^-1 X_j M c of CR2."""
        evened = product(self.half_inverse, np.matmul(contrasts @ self.inverse, self.whitened))
        scaled = np.matmul(self.half.T, self.x)
        return product(self.inner, evened), product(scaled, self.rooted(evened))

    def bell_mccaffrey(self, contrasts: Array) -> Array:
        """(m,) Satterthwaite degrees of freedom of the CR2 variance of m contrasts, under the working covariance.

        The variance is sum_j (p_j'(I - H)_j eps)^2; its matrix has the entries [j = k] d_j - h_j'h_k with d_j = p_j'V_j p_j.
        """
        own, h = self.leverages(contrasts)
        d, shared = (own**2).sum(axis=0), (h**2).sum(axis=0)
        crossed = np.stack([h[:, m] @ h[:, m].T for m in range(len(contrasts))])
        trace = (d - shared).sum(axis=1)
        square = (d**2 - 2.0 * d * shared).sum(axis=1) + np.einsum("mpk,mpk->m", crossed, crossed)
        return np.asarray(trace**2 / np.where(square > 0, square, 1.0))


def robust_errors(
    model: WorkingModel | PlainModel, terms: tuple[Term, ...], estimates: Array, contrasts: Array
) -> tuple[RobustErrors, ...]:
    """CR1, CR2 and CR3 errors of a model's coefficients.

    Parameters
    ----------
    model : WorkingModel or PlainModel
        The fitted model; the latter gives CR1 only.
    terms : tuple of (column, role)
        The m coefficients to be reported.
    estimates : (m,) array
        In the data's units.
    contrasts : (m, p) array
        Turn scaled coefficients into these.
    """
    if model.counts.n_groups < 2:
        issue = Issue("one_group_with_variation")
        return tuple(RobustErrors(method, (), (issue,)) for method in METHODS)
    grow = np.sqrt(model.counts.factor)
    groups = np.full(len(terms), model.counts.n_groups - 1.0)
    found = {"CR1": (grow * model.plain_errors(contrasts), groups, "groups")}
    issues = model.too_large
    if issues or isinstance(model, PlainModel):
        absent = tuple(RobustErrors(method, (), issues) for method in METHODS[1:])
        return (*_records(found, terms, estimates, np.zeros(len(terms), dtype=bool)), *absent)
    found["CR2"] = (model.errors(model.unbiased_scores, contrasts), model.bell_mccaffrey(contrasts), "bell_mccaffrey")
    found["CR3"] = (grow * model.errors(model.left_out_scores, contrasts), groups, "groups")
    return _records(found, terms, estimates, model.decided(contrasts))


def working_model(
    reg: Regressors, beta: Array, inverse: Array, effects: tuple[Array, Array] | None = None
) -> WorkingModel | PlainModel:
    """The working model, in the plain form where there are many groups and no random slopes; as :meth:`WorkingModel.of`."""
    if reg.n_groups <= MAX_GROUPS:
        return WorkingModel.of(reg, beta, inverse, effects)
    if effects is None:
        return PlainModel.of(reg, beta, inverse)
    design, ratio = effects
    if design.shape[1] == 1 and np.array_equal(design[:, 0], np.eye(len(design), 1)[:, 0]):
        return PlainModel.of(reg, beta, inverse, float(ratio[0, 0]))
    return WorkingModel.of(reg, beta, inverse, effects)


def no_robust_errors(reg: Regressors) -> tuple[RobustErrors, ...]:
    """The methods with the reason why none can be computed: the cross-products of single groups were not kept."""
    return tuple(RobustErrors(method, (), (products_not_kept(reg.moments),)) for method in METHODS)


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
