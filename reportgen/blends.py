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
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reportgen.column_levels import ColumnLevel
from reportgen.estimation.independence import RANK_TOLERANCE, dependent_columns
from reportgen.estimation.many_intercepts import per_ratio
from reportgen.estimation.random_intercept import SizeClasses
from reportgen.estimation.regressors import INTERCEPT, Term, regressors
from reportgen.fits import Issue, Number, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]


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


@dataclass(frozen=True, eq=False)
class BlendSpace:
    """The cross-products from which every blend follows, in scaled units.

    Attributes
    ----------
    levels : tuple of ColumnLevel
        Of the k within-varying design columns.
    classes : SizeClasses
        Moments of [1, X, y] gathered by group size.
    x, fixed : (k,), (f,) array of int
        Positions of the within-varying columns; of the intercept and the group-level columns.
    unit : (k,) array
        Scaled slope to slope in the data's units.
    spread_unit : (k,) array
        Scaled sum of squares of a column to squared units of the column.
    """

    levels: tuple[ColumnLevel, ...]
    classes: SizeClasses
    x: NDArray[np.int64]
    fixed: NDArray[np.int64]
    unit: Array
    spread_unit: Array

    @classmethod
    def of(cls, moments: GroupMoments, levels: tuple[ColumnLevel, ...]) -> BlendSpace:
        """Gather the cross-products; `levels` are those of the predictors, without the response."""
        within = [level for level in levels if level.varies_within]
        predictors: list[Term] = [(v.column, "raw" if v.varies_within else "group_level") for v in levels]
        terms: tuple[Term, ...] = ((INTERCEPT, "intercept"), *predictors)
        reg = regressors(moments, terms)
        x = [i for i, (_, role) in enumerate(terms) if role == "raw"]
        fixed = [i for i, (_, role) in enumerate(terms) if role != "raw"]
        return cls(
            levels=tuple(within),
            classes=SizeClasses.of(reg),
            x=np.array(x, dtype=np.int64),
            fixed=np.array(fixed, dtype=np.int64),
            unit=reg.scale[-1] / reg.scale[x],
            spread_unit=reg.scale[x] ** 2,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The k within-varying design columns."""
        return tuple(level.column for level in self.levels)

    @property
    def between_defined(self) -> NDArray[np.bool_]:
        """(k,) which of the columns have group means of their own."""
        return np.array([level.has_means for level in self.levels], dtype=bool)

    @property
    def within_gram(self) -> Array:
        """(k + 1, k + 1) S_W of [X, y]."""
        index = np.append(self.x, self.classes.n_terms)
        return np.asarray(self.classes.within[np.ix_(index, index)])

    def between_grams(self, gamma: Array) -> Array:
        """(G, k + 1, k + 1) S_B(gamma) of [X, y] at each ratio, the intercept and the group-level columns partialled out."""
        index = np.append(self.x, self.classes.n_terms)
        whole = self.classes.gram_of_means(gamma)
        cross = whole[:, self.fixed[:, None], index]
        explained = cross.transpose(0, 2, 1) @ np.linalg.solve(whole[:, self.fixed[:, None], self.fixed], cross)
        return np.asarray(whole[:, index[:, None], index] - explained)

    def between_gram(self, gamma: float) -> Array:
        """(k + 1, k + 1) the same at one ratio."""
        return np.asarray(self.between_grams(np.array([gamma]))[0])

    @cached_property
    def within_slopes(self) -> Array:
        """(k,) b_W, scaled."""
        gram = self.within_gram
        return np.asarray(np.linalg.solve(gram[:-1, :-1], gram[:-1, -1]))

    def slopes(self, gamma: Array) -> Array:
        """(G, k) b(gamma) at each of G ratios, scaled: the within slopes plus the pull of the between part."""
        within, between = self.within_gram[:-1, :-1], per_ratio(self.between_grams, gamma, len(self.classes.size))
        gap = between[:, :-1, -1] - between[:, :-1, :-1] @ self.within_slopes
        return np.asarray(self.within_slopes + np.linalg.solve(within + between[:, :-1, :-1], gap[:, :, None])[:, :, 0])

    def _is_left(self, gamma: float, gram: Array, both: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(m, m) where both columns vary between groups beyond rounding, once the group-level columns are partialled out."""
        whole = self.classes.gram_of_means(np.array([gamma]))[0]
        own = self.x[both]
        about_mean = np.diag(whole)[own] - whole[0, own] ** 2 / whole[0, 0]
        left = np.diag(gram)[:-1] > RANK_TOLERANCE * about_mean
        return np.asarray(left[:, None] & left)

    def between_slopes(self, gamma: float) -> Array | Undefined:
        """(m,) b_B(gamma) of the columns that vary between groups, scaled; undefined where the groups are too few."""
        both = np.flatnonzero(self.between_defined)
        gram = self.between_gram(gamma)[np.ix_(np.append(both, len(self.x)), np.append(both, len(self.x)))]
        bad = dependent_columns(np.where(self._is_left(gamma, gram, both), gram[:-1, :-1], 0.0))
        if bad:
            columns = tuple(self.columns[both[i]] for i in bad)
            n_groups, n_coefficients = int(self.classes.count.sum()), len(self.fixed) + len(both)
            values = {"columns": columns, "n_groups": n_groups, "n_coefficients": n_coefficients}
            return Undefined(Issue("between_dependent", values))
        return np.asarray(np.linalg.solve(gram[:-1, :-1], gram[:-1, -1]))


def no_means(level: ColumnLevel) -> Undefined:
    """Why a column that varies within groups has no slope between them."""
    if level.means_aliased_with:
        return Undefined(Issue("group_means_aliased", {"column": level.column, "others": level.means_aliased_with}))
    return Undefined(Issue("no_between_variation", {"column": level.column}))


def blends(space: BlendSpace, variant: str, gamma: float) -> tuple[Blend, ...] | Undefined:
    """Take every slope of a variant apart.

    Parameters
    ----------
    space : BlendSpace
    variant : str
        Id for the records: ``pooled`` or ``random_intercept``.
    gamma : float
        Its variance ratio tau2 / sigma2; 0 for pooled regression.
    """
    between = space.between_slopes(gamma)
    if isinstance(between, Undefined):
        return between
    both = np.flatnonzero(space.between_defined)
    gram = space.between_gram(gamma)[:-1, :-1]
    omega = np.linalg.solve(space.within_gram[:-1, :-1] + gram, gram[:, both])
    moves = omega * (between - space.within_slopes[both]) * space.unit[:, None]
    within = space.within_slopes * space.unit
    records = []
    for c, column in enumerate(space.columns):
        own = int(np.searchsorted(both, c)) if space.between_defined[c] else None
        pulls = [Pull(space.columns[both[d]], float(moves[c, d])) for d in range(len(both)) if d != own]
        slope = float(within[c] + moves[c].sum())
        other: Number = no_means(space.levels[c])
        outside = False
        if own is not None:
            other = float(between[own] * space.unit[c])
            slack = 1e-9 * (abs(within[c]) + abs(other))
            outside = not min(within[c], other) - slack <= slope <= max(within[c], other) + slack
        records.append(
            Blend(
                variant=variant,
                column=column,
                within=float(within[c]),
                between=other,
                slope=slope,
                own_weight=float(omega[c, own]) if own is not None else 0.0,
                pulls=tuple(sorted(pulls, key=lambda p: (-abs(p.amount), p.column))),
                is_scalar=own is not None and not pulls,
                is_outside=outside,
            )
        )
    return tuple(records)


def curve(space: BlendSpace, fitted_gamma: Number, n_points: int = 121) -> Curve:
    """The slopes from pooled to no pooling, with more points near share 0, where they bend.

    Parameters
    ----------
    space : BlendSpace
    fitted_gamma : float or Undefined
        Ratio tau2 / sigma2 of the random intercept model.
    n_points : int
        Points G on the curve, both ends included.
    """
    share = np.linspace(0.0, 1.0, n_points) ** 2
    slopes = np.vstack([space.slopes(share[:-1] / (1.0 - share[:-1])), space.within_slopes]) * space.unit
    fitted = fitted_gamma if isinstance(fitted_gamma, Undefined) else fitted_gamma / (1.0 + fitted_gamma)
    return Curve(space.columns, share, slopes, fitted)


def ingredients(space: BlendSpace, gamma: float) -> Ingredients | Undefined:
    """W, B and psi behind the weight, where exactly one predictor varies within groups and its means differ."""
    if len(space.columns) != 1 or not space.between_defined.all():
        return Undefined(Issue("several_predictors"))
    size = space.classes.size
    mean = float(size @ space.classes.count / space.classes.count.sum())
    units = float(space.spread_unit[0])
    return Ingredients(
        W=float(space.within_gram[0, 0]) * units,
        B=float(space.between_gram(0.0)[0, 0]) * units,
        gamma=gamma,
        psi_at_smallest=1.0 / (1.0 + float(size[0]) * gamma),
        psi_at_mean=1.0 / (1.0 + mean * gamma),
        psi_at_largest=1.0 / (1.0 + float(size[-1]) * gamma),
        B_psi=float(space.between_gram(gamma)[0, 0]) * units,
    )
