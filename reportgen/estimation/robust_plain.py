"""CR1 alone, for so many groups that nothing else is asked for: the scores straight from the moments, no basis of each group.

With a random intercept of ratio gamma = tau2 / sigma2, s_j = X_j'V_j^-1 e_j = X_j'V_j^-1 D_j u with u = (-beta, 1); gamma = 0
is least squares, and only the centred cross-products S_j u are left where dummies absorb the intercepts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.regressors import Regressors
from reportgen.fits import Issue

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the small-sample factor counts.

    Attributes
    ----------
    n_groups, n_rows : int
        Groups J in which some column is not zero, and their rows N.
    n_counted : int
        Coefficients p, one intercept among them where group dummies absorb it.
    """

    n_groups: int
    n_rows: int
    n_counted: int

    @classmethod
    def of(cls, reg: Regressors, taking_part: NDArray[np.bool_]) -> Counts:
        """Of the groups where the (J,) mask holds, and all terms."""
        return cls(int(taking_part.sum()), int(reg.rows[taking_part].sum()), reg.n_terms)

    @property
    def factor(self) -> float:
        """J/(J - 1) (N - 1)/(N - p), known as CR1S or Stata's."""
        return self.n_groups / (self.n_groups - 1) * (self.n_rows - 1) / (self.n_rows - self.n_counted)


@dataclass(frozen=True, slots=True, eq=False)
class PlainModel:
    """What CR1 needs of a fitted model, in units of sigma2 = 1.

    Attributes
    ----------
    inverse : (p, p) array
        M = (X'V^-1X)^-1.
    counts : Counts
        Groups, rows and coefficients.
    reg : Regressors
        Columns D = [1, X, y] of the variant.
    residual : (p + 1,) array
        u, with zero for the intercept where it is absorbed.
    ratio : float or None
        gamma; None where dummies absorb the intercepts.
    """

    inverse: Array
    counts: Counts
    reg: Regressors
    residual: Array
    ratio: float | None

    @classmethod
    def of(cls, reg: Regressors, beta: Array, inverse: Array, ratio: float = 0.0) -> PlainModel:
        """From the moments and a solution of the normal equations.

        Parameters
        ----------
        reg : Regressors
            Columns D = [1, X, y] of the variant.
        beta : (p,) or (p - 1,) array
            Coefficients in scaled units; one less than terms if the intercept is absorbed in group dummies.
        inverse : array
            M for these coefficients.
        ratio : float
            gamma of a random intercept.
        """
        skip = reg.n_terms - len(beta)
        taking_part = reg.varying_groups() if skip else np.ones(reg.n_groups, dtype=bool)
        u = np.concatenate([np.zeros(skip), -beta, [1.0]])
        return cls(inverse, Counts.of(reg, taking_part), reg, u, None if skip else ratio)

    @property
    def too_large(self) -> tuple[Issue, ...]:
        """Why CR2 and CR3 are not computed."""
        return (Issue("enough_groups_for_cr1", {"n_groups": self.counts.n_groups}),)

    def scores(self, groups: slice) -> Array:
        """(p, L) s_j of some groups."""
        if self.ratio is None:
            return self.reg.cross_row(self.residual, groups)[1:-1]
        return self.reg.weighted_row(self.residual, self.ratio, groups)[:-1]

    def plain_errors(self, contrasts: Array) -> Array:
        """(m,) standard errors of contrasts by CR1, without its factor."""
        turned, squares = contrasts @ self.inverse, np.zeros(len(contrasts))
        for groups in self.reg.pieces():
            squares += ((turned @ self.scores(groups)) ** 2).sum(axis=1)
        return np.sqrt(squares)


def sandwich_errors(inverse: Array, scores: Array, contrasts: Array) -> Array:
    """(m,) roots of the diagonal of C M [sum_j s_j s_j'] M C'."""
    return np.asarray(np.linalg.norm(contrasts @ inverse @ scores, axis=1))
