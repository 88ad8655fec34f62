"""Every pooled or partially pooled slope as a blend of the within and the between slope.

With within cross-products S_W and between cross-products S_B(gamma) of the predictors (group-level predictors and the
intercept partialled out, group j counted with weight n_j / (1 + n_j gamma)), a model with the variance ratio
gamma = tau2 / sigma2 has the slopes

    b(gamma) = (S_W + S_B)^-1 (S_W b_W + S_B b_B) = b_W + Omega (b_B - b_W),   Omega = (S_W + S_B)^-1 S_B.

gamma = 0 is pooled regression, the fitted ratio the random intercept model, gamma -> infinity the model with group dummies
(Maddala 1971; Fuller & Battese 1974). With one predictor Omega is a number: the weight on the between slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.fits import Issue, Number, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]

RANK_TOLERANCE = 1e-9  # share of a column's between variation, given the others, below which it counts as none


@dataclass(frozen=True, slots=True)
class Pull:
    """How far another predictor's gap between its two slopes moves this coefficient: Omega[c, d] (b_B[d] - b_W[d])."""

    column: str
    amount: float


@dataclass(frozen=True, slots=True)
class Blend:
    """One slope of one variant taken apart.

    Attributes
    ----------
    variant, column : str
        Which model, which design column.
    within, between : float or Undefined
        The slope within groups, and the slope between groups with the weights this model gives the groups.
    slope : float
        ``within + own_weight (between - within) + sum of pulls``.
    own_weight : float
        Omega[c, c]. With one predictor the weight on the between slope, between 0 and 1.
    pulls : tuple of Pull
        Contributions of the other predictors, the largest first; empty with one predictor.
    is_scalar : bool
        There are no pulls: the slope is the weighted mean of its own two parts.
    is_outside : bool
        The slope lies outside the range of its own two parts, because others pull it.
    """

    variant: str
    column: str
    within: float
    between: Number
    slope: float
    own_weight: float
    pulls: tuple[Pull, ...]
    is_scalar: bool
    is_outside: bool

    @property
    def weight_on_between(self) -> Number:
        """The scalar weight on the between slope; undefined where other predictors take part in the blend."""
        if self.is_scalar:
            return self.own_weight
        return Undefined(Issue("matrix_weight", {"column": self.column, "others": [p.column for p in self.pulls]}))


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The slopes b(gamma) as the share of variance between groups, rho = gamma / (1 + gamma), goes from 0 to 1.

    Attributes
    ----------
    columns : tuple of str
        The k within-varying design columns.
    share : (G,) array
        Shares rho, 0 (pooled) to 1 (group dummies).
    slopes : (G, k) array
        The slopes at each share.
    fitted_share : float or Undefined
        Share at the REML estimate of the random intercept model.
    """

    columns: tuple[str, ...]
    share: Array
    slopes: Array
    fitted_share: Number


@dataclass(frozen=True, slots=True, eq=False)
class Ingredients:
    """What the weights are made of, for one predictor (only where there is exactly one).

    W within and B between sum of squares; psi = 1 / (1 + n gamma) the factor by which the mixed model counts a group's part
    of B, at the smallest, the mean and the largest group; B_psi what is left of B.
    """

    W: float
    B: float
    gamma: float
    psi_at_smallest: float
    psi_at_mean: float
    psi_at_largest: float
    B_psi: float
