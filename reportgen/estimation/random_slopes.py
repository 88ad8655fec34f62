"""Random slopes: a model's intercept and some of its slopes vary between groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.independence import dependent_columns
from reportgen.estimation.least_squares import PERFECT_FIT, residual_square
from reportgen.estimation.mixed import MixedEstimate, mixed_problem, mixed_record
from reportgen.estimation.regressors import INTERCEPT, Regressors
from reportgen.estimation.slope_derivatives import slope_derivatives
from reportgen.estimation.slope_profile import RotatedGroups, SlopeProfile
from reportgen.estimation.slope_search import SlopeOptimum, find_optima
from reportgen.estimation.stacks import forward, product
from reportgen.fits import Fit, Issue, Number, Undefined, UnfitVariant

Array = NDArray[np.float64]

# Standard deviation of an effect, in residual ones, from which a search far from rest (in deviance) follows a likelihood
# without a maximum: where one group alone has a slope, its variance may be any.
RUNAWAY, FAR_FROM_REST = 1e5, 1.0


@dataclass(frozen=True, slots=True)
class RandomEffects:
    """What varies between groups: the grouping term of a formula.

    Attributes
    ----------
    intercept : bool
        Whether the intercept does.
    columns : tuple of str
        Design columns whose slopes do.
    correlated : bool
        ``(x | g)`` if true, ``(x || g)`` if not. The latter depends on where a column's zero lies, the former does not.
    """

    intercept: bool
    columns: tuple[str, ...]
    correlated: bool

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the q random effects, the intercept first."""
        return ((INTERCEPT,) if self.intercept else ()) + self.columns


@dataclass(frozen=True, slots=True, eq=False)
class EffectsDesign:
    """How the random effects' columns are made: Z_j = D_j `columns`, (p + 1, q); `home` (q, q) carries the effects back.

    A random intercept that is free to correlate with the slopes makes the centring of a column harmless: Z then is the
    centred column, which the numbers like better. Otherwise the column's own zero matters and is put back.
    """

    columns: Array
    home: Array

    @classmethod
    def of(cls, reg: Regressors, effects: RandomEffects) -> EffectsDesign:
        """The design of `effects` within the columns of `reg`."""
        first = int(effects.intercept)
        keeps_centre = effects.intercept and effects.correlated
        columns = np.zeros((reg.n_terms + 1, len(effects.terms)))
        home = np.eye(len(effects.terms))
        columns[0, :first] = 1.0
        for i, name in enumerate(effects.columns, start=first):
            at = slope_position(reg, name)
            columns[at, i] = 1.0
            home[i, i] = 1.0 / reg.scale[at]
            if keeps_centre:
                home[0, i] = -reg.centre[at] / reg.scale[at]
            else:
                columns[0, i] = reg.centre[at] / reg.scale[at]
        return cls(columns, home)


def slope_position(reg: Regressors, column: str) -> int:
    """Where the part of a column that a random slope multiplies (raw or within) stands in D; 0 if nowhere."""
    for i, (name, role) in enumerate(reg.terms):
        if name == column and role in ("raw", "within"):
            return i
    return 0


def fit_random_slopes(variant: str, reg: Regressors, effects: RandomEffects) -> Fit:
    """Random slope model by REML, with its maximum-likelihood refit.

    Parameters
    ----------
    variant : str
        Id in the catalogue.
    reg : Regressors
        Its columns.
    effects : RandomEffects
        What varies between groups; a slope multiplies the raw column or its within part, as `reg` has it.
    """
    problem = mixed_problem(variant, reg) or _slopes_problem(variant, reg, effects)
    if problem:
        return problem
    design = EffectsDesign.of(reg, effects)
    groups = RotatedGroups.of(reg, design.columns)
    problem = _groups_problem(variant, reg, groups)
    if problem:
        return problem
    try:
        ends = find_optima(groups, effects.correlated)
    except np.linalg.LinAlgError:
        return UnfitVariant(variant, Issue("not_finite"))
    if any(end.gain_left > FAR_FROM_REST and np.any(np.abs(end.factor) > RUNAWAY) for end in ends):
        return UnfitVariant(variant, Issue("not_finite"))
    return mixed_record(variant, reg, _estimate(reg, effects, design, groups, ends))


def _slopes_problem(variant: str, reg: Regressors, effects: RandomEffects) -> UnfitVariant | None:
    places = [slope_position(reg, name) for name in effects.columns]
    absent = tuple(name for name, place in zip(effects.columns, places, strict=True) if not place)
    if absent:
        return UnfitVariant(variant, Issue("no_slope_within_groups", {"columns": absent}))
    within = reg.S_W[np.ix_(places, places)]
    bad = dependent_columns(within)
    if bad:
        return UnfitVariant(variant, Issue("dependent_columns", {"columns": tuple(effects.columns[i] for i in bad)}))
    return None


def _groups_problem(variant: str, reg: Regressors, groups: RotatedGroups) -> UnfitVariant | None:
    own = (np.einsum("kkj->kj", groups.root) > 0).sum(axis=0)
    if not (reg.rows > own).any():
        return UnfitVariant(variant, Issue("groups_too_small_for_slopes", {"n_effects": groups.n_effects}))
    inside = groups.inside
    live = [i for i in range(groups.n_terms) if inside[i, i] > PERFECT_FIT * reg.total[i, i]]
    free = [live[i] for i in range(len(live)) if i not in dependent_columns(inside[np.ix_(live, live)])]
    gram = inside[np.ix_([*free, -1], [*free, -1])]
    beta = np.asarray(np.linalg.solve(gram[:-1, :-1], gram[:-1, -1]), dtype=np.float64)
    if residual_square(gram, beta) <= PERFECT_FIT * reg.total[-1, -1]:
        return UnfitVariant(variant, Issue("no_residual_variance"))
    return None


def _estimate(
    reg: Regressors,
    effects: RandomEffects,
    design: EffectsDesign,
    groups: RotatedGroups,
    ends: tuple[SlopeOptimum, SlopeOptimum],
) -> MixedEstimate:
    reml, ml = ends
    profile, ml_profile = SlopeProfile(groups, reml.factor), SlopeProfile(groups, ml.factor)
    sigma2, ml_sigma2 = profile.sigma2(restricted=True), ml_profile.sigma2(restricted=False)
    psi = sigma2 * (reml.factor @ reml.factor.T)
    modes = np.tensordot(profile.crossed.transpose(2, 0, 1) @ profile.contrast, psi / sigma2, axes=1)
    q = len(psi)
    is_singular = bool(np.linalg.matrix_rank(reml.factor) < q) if reml.factor.size else True
    spread = design.columns.T @ reg.total @ design.columns / reg.weight.sum()
    variance = float(np.sum(psi * spread))
    icc: Number = Undefined(Issue("icc_with_slopes")) if effects.columns else variance / (variance + sigma2)
    return MixedEstimate(
        effect_terms=effects.terms,
        effects_design=design.columns,
        effects_home=design.home,
        beta=profile.beta,
        sigma2=sigma2,
        psi=psi,
        deviance=profile.deviance(restricted=True),
        ml_sigma2=ml_sigma2,
        ml_psi=ml_sigma2 * (ml.factor @ ml.factor.T),
        ml_deviance=ml_profile.deviance(restricted=False),
        n_covariance_parameters=q * (q + 1) // 2 if effects.correlated else q,
        is_singular=is_singular,
        derivatives=slope_derivatives(profile, effects.correlated),
        mean_variance=variance,
        effects=modes,
        effect_factors=_conditional_factors(groups, reml.factor) * np.sqrt(sigma2),
        lift=np.einsum("ja,aq,jq->j", reg.means, design.columns, modes),
        icc=icc,
        issues=_issues(psi, is_singular, reml, ml),
    )


def _issues(psi: Array, is_singular: bool, reml: SlopeOptimum, ml: SlopeOptimum) -> tuple[Issue, ...]:
    issues = []
    if is_singular:
        issues.append(Issue("singular_fit") if np.any(psi) else Issue("zero_group_variance"))
    if not (reml.has_converged and ml.has_converged):
        issues.append(Issue("not_converged"))
    if reml.n_minima > 1:
        issues.append(Issue("several_optima", {"n": reml.n_minima}))
    return tuple(issues)


def _conditional_factors(groups: RotatedGroups, factor: Array) -> Array:
    """(J, q, r) square roots of the conditional covariances of the random effects, over sigma.

    G - G Z'V^-1Z G sigma2 = factor (I + factor' B'B factor)^-1 factor', here from the Cholesky factor of the inner matrix.
    """
    rank = factor.shape[1]
    if not rank:
        return np.zeros((groups.n_groups, groups.n_effects, 1))
    seen = np.einsum("kaj,ar->krj", groups.root, factor)
    inner = np.asarray(np.linalg.cholesky(np.eye(rank) + product(seen, seen).transpose(2, 0, 1)), dtype=np.float64)
    right = np.broadcast_to(factor.T[:, :, None], (rank, groups.n_effects, groups.n_groups))
    return np.asarray(forward(inner.transpose(1, 2, 0), right).transpose(2, 1, 0))
