"""Leave one group out: every slope without each group, from the moments minus that group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.column_levels import ColumnLevel
from reportgen.estimation.absent import absent
from reportgen.estimation.independence import RANK_TOLERANCE
from reportgen.estimation.least_squares import PERFECT_FIT, solve
from reportgen.estimation.left_out import Deletions, LeftOut, delete
from reportgen.estimation.many_intercepts import Solutions, estimable, has_residuals, optimise_many, solve_at
from reportgen.estimation.mixed import mixed_problem, random_intercept_df
from reportgen.estimation.random_intercept import Profile, SizeClasses
from reportgen.estimation.regressors import Regressors, Term, products_not_kept, regressors
from reportgen.fits import Fit, Issue, LeastSquaresFit, MixedFit, Role, Undefined
from reportgen.moments import GroupMoments
from reportgen.pair_influence import SlopesWithoutPairs, between_without_pairs

Array = NDArray[np.float64]

MAX_EXAMINED = 5_000  # groups left out; with more groups those with the largest first-order influence on a slope
LEAST_EXAMINED, MAX_CUBES = 50, 2e8  # fewer are, but so many, where groups times cubed coefficients exceed this
MAX_REFITS = 400  # groups for which a mixed model is fitted again; with more groups those of the largest one-step influence

LEAST_REFITS, MAX_WORK = 20, 4_000_000  # only so many where refits times distinct sizes, or the groups, exceed their limit

SLOPES: tuple[Role, ...] = ("raw", "within", "between", "group_level")


@dataclass(frozen=True, slots=True, eq=False)
class SlopesWithout:
    """Slopes of one model without each group.

    Attributes
    ----------
    variant : str
        Id in the catalogue.
    columns : tuple of str
        The m design columns.
    full, full_errors, full_df : (m,) array
        Slopes, standard errors and their degrees of freedom with all groups.
    groups : (L,) array of int
        The groups left out, by index, in ascending order: all of them up to ``MAX_EXAMINED`` (fewer with many columns),
        apart from `lost`.
    estimates, errors, df : (L, m) array
        Slopes and standard errors without the group, and their degrees of freedom; of mixed models their own for the group
        whose absence moves the slope most (up to ``MAX_REFITS`` groups), for the others those with all groups.
    refitted : (L,) array of bool
        Whether the variances were estimated again; where not (beyond ``MAX_REFITS`` groups) the slope and its standard
        error hold at the ratio tau2 / sigma2 of all groups. Always true for models without random effects.
    lost : tuple of int
        Groups without which the model cannot be fitted.
    """

    variant: str
    columns: tuple[str, ...]
    full: Array
    full_errors: Array
    full_df: Array
    groups: NDArray[np.int64]
    estimates: Array
    errors: Array
    df: Array
    refitted: NDArray[np.bool_]
    lost: tuple[int, ...]

    @property
    def change(self) -> Array:
        """(L, m) slope without the group minus slope with all groups."""
        return self.estimates - self.full

    @property
    def strongest(self) -> NDArray[np.int64]:
        """(m,) index of the group whose absence moves each slope most; the first of equals."""
        return np.asarray(self.groups[np.argmax(np.abs(self.change), axis=0)])

    def without(self, column: str, group: int) -> tuple[float, float] | Undefined:
        """Slope and standard error of `column` without a group."""
        place = int(np.searchsorted(self.groups, group))
        if place == len(self.groups) or self.groups[place] != group:
            return Undefined(Issue("not_estimable_without_group", {"group": group}))
        c = self.columns.index(column)
        return float(self.estimates[place, c]), float(self.errors[place, c])


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """Influence of single groups.

    Attributes
    ----------
    within : SlopesWithout or Undefined
        Slopes of the model with group dummies.
    between : SlopesWithout or Undefined
        Slopes of the regression of the group means.
    contextual : SlopesWithout or Undefined
        Coefficients of the group means beside the raw predictors (Mundlak model).
    random_intercept : SlopesWithout or Undefined
        Slopes of the random intercept model.
    between_pairs : SlopesWithoutPairs or Undefined
        Slopes of the regression of the group means without each pair of groups.
    """

    within: SlopesWithout | Undefined
    between: SlopesWithout | Undefined
    contextual: SlopesWithout | Undefined
    random_intercept: SlopesWithout | Undefined
    between_pairs: SlopesWithoutPairs | Undefined


def leave_one_group_out(moments: GroupMoments, levels: tuple[ColumnLevel, ...], fits: Mapping[str, Fit]) -> Influence:
    """Slopes without each group in turn.

    Parameters
    ----------
    moments : GroupMoments
        The data the variants were fitted to.
    levels : tuple of ColumnLevel
        The predictors, without the response.
    fits : mapping
        Variant id to fit.
    """
    both = tuple(level.column for level in levels if level.is_split)
    if not moments.keeps_products:
        absent_products = Undefined(products_not_kept(moments))
        between, pairs = _between(moments, fits["between"]), between_without_pairs(moments, fits["between"])
        return Influence(absent_products, between, absent_products, absent_products, pairs)
    contextual = _mixed(moments, fits["mundlak"], ("contextual",)) if both else _nothing("no_column_at_both_levels")
    return Influence(
        within=_within(moments, fits["no_pooling"]),
        between=_between(moments, fits["between"]),
        contextual=contextual,
        random_intercept=_mixed(moments, fits["random_intercept"], SLOPES),
        between_pairs=between_without_pairs(moments, fits["between"]),
    )


def _nothing(code: str) -> Undefined:
    return Undefined(Issue(code))


def _terms(fit: LeastSquaresFit | MixedFit) -> tuple[Term, ...]:
    terms: tuple[Term, ...] = tuple((c.column, c.role) for c in fit.coefficients)
    return terms if terms and terms[0][1] == "intercept" else (("(Intercept)", "intercept"), *terms)


def _within(moments: GroupMoments, fit: Fit) -> SlopesWithout | Undefined:
    if not isinstance(fit, LeastSquaresFit):
        return absent(fit)
    if not fit.coefficients:
        return _nothing("no_column_varies_within")
    reg = regressors(moments, _terms(fit))
    df = (reg.n_rows - reg.rows) - (reg.n_groups - 1) - (reg.n_terms - 1)
    beta, inverse, _ = solve(reg.S_W[1:, 1:])
    residual = np.concatenate([[0.0], -beta, [1.0]])
    groups = _most_influential(np.hstack([inverse @ reg.cross_row(residual, some)[1:-1] for some in reg.pieces()]))
    found = delete(reg.S_W[1:, 1:], reg.cross_of(groups)[:, 1:, 1:], df[groups].astype(float)).among(groups)
    return _record(fit, reg, found, (np.ones(len(found.groups), dtype=bool), df[found.groups].astype(float)), SLOPES)


def _between(moments: GroupMoments, fit: Fit) -> SlopesWithout | Undefined:
    if not isinstance(fit, LeastSquaresFit):
        return absent(fit)
    if len(fit.coefficients) < 2:
        return _nothing("no_column_varies_between")
    reg = regressors(moments, _terms(fit))
    n = reg.n_groups
    centred = reg.means[:, 1:] - reg.means[:, 1:].mean(axis=0)
    gram = centred.T @ centred
    beta, inverse, _ = solve(gram)
    groups = _most_influential(inverse @ (centred[:, :-1] * (centred @ np.append(-beta, 1.0))[:, None]).T)
    own = centred[groups]
    removed = n / (n - 1) * own[:, :, None] * own[:, None, :]  # the mean of the others moves away as well
    left = np.full(n, float(n - 1 - reg.n_terms))
    found = delete(gram, removed, left[groups]).among(groups)
    return _record(fit, reg, found, (np.ones(len(found.groups), dtype=bool), left[found.groups]), SLOPES)


def _mixed(moments: GroupMoments, fit: Fit, roles: tuple[Role, ...]) -> SlopesWithout | Undefined:
    if not isinstance(fit, MixedFit):
        return absent(fit)
    if not any(c.role in roles for c in fit.coefficients):
        return _nothing("no_predictor")
    reg = regressors(moments, _terms(fit))
    n_between = sum(role in ("intercept", "contextual", "group_level") for _, role in reg.terms)
    if reg.n_groups - 1 <= n_between:
        return Undefined(Issue("no_degrees_of_freedom", {"df": reg.n_groups - 1 - n_between}))
    ratio = float(fit.group_covariance.psi[0, 0] / fit.sigma2)
    profile = Profile(SizeClasses.of(reg), np.array([ratio]), restricted=True)
    residual, turned = profile.contrast[0], profile.inverse[0, 1:]
    groups = _most_influential(np.hstack([turned @ reg.weighted_row(residual, ratio, some)[:-1] for some in reg.pieces()]))
    problems = LeftOut.of(reg, groups)
    fine = estimable(problems, np.arange(len(groups)), RANK_TOLERANCE)
    fine[fine] = has_residuals(problems.only(np.flatnonzero(fine)), PERFECT_FIT)
    problems = problems.only(np.flatnonzero(fine))
    solved = solve_at(problems, np.arange(problems.n_problems), np.full(problems.n_problems, ratio))
    affordable = int(min(MAX_WORK // len(problems.classes.size), MAX_CUBES / 50 // reg.n_terms**3))  # fifty evaluations each
    if reg.n_groups > MAX_EXAMINED:
        affordable = 0
    chosen = _largest(solved.beta, min(MAX_REFITS, max(LEAST_REFITS, affordable)))
    again = optimise_many(problems.only(chosen))
    found = _merged(problems.groups, solved, chosen, again, tuple(int(j) for j in groups[~fine]))
    refitted = np.isin(problems.groups, problems.groups[chosen])
    slopes = _record(fit, reg, found, (refitted, np.zeros(len(found.groups))), roles)
    if not isinstance(slopes, Undefined) and reg.n_groups <= MAX_REFITS:
        ratios, known = np.full(problems.n_problems, ratio), np.ones(problems.n_problems, dtype=bool)
        ratios[chosen], known[chosen] = again.gamma, ~again.at_upper_end
        _own_degrees_of_freedom(slopes, reg, roles, ratios, known)
    return slopes


def _own_degrees_of_freedom(
    slopes: SlopesWithout, reg: Regressors, roles: tuple[Role, ...], ratios: Array, known: NDArray[np.bool_]
) -> None:
    """Put those of the model without each slope's strongest group in the place of those with all groups.

    `ratios` (L,) are tau2 / sigma2 at which the slopes without each group hold, where such a ratio is `known` (L,).
    """
    places = [i for i, (_, role) in enumerate(reg.terms) if role in roles]
    for i in np.flatnonzero(np.isin(slopes.groups, slopes.strongest) & known):
        others = regressors(reg.moments.take(np.arange(reg.n_groups) != slopes.groups[i]), reg.terms)
        if mixed_problem(slopes.variant, others) is None:
            slopes.df[i] = random_intercept_df(others, float(ratios[i]))[places]


def _most_influential(moves: Array) -> NDArray[np.int64]:
    """Groups to be left out, in ascending order: all, or those whose (m, J) first-order moves of the slopes are largest."""
    examined = int(min(MAX_EXAMINED, max(LEAST_EXAMINED, MAX_CUBES // (len(moves) + 1) ** 3)))
    if moves.shape[1] <= examined:
        return np.arange(moves.shape[1])
    largest = np.zeros(moves.shape[1])
    for size in map(np.abs, moves):
        np.maximum(largest, size / (size.max() or 1.0), out=largest)
    return np.sort(np.argpartition(-largest, examined)[:examined])


def _largest(beta: Array, n_refits: int) -> NDArray[np.int64]:
    """Positions to refit: all, or those whose one-step slopes lie farthest from the middle, any slope counting."""
    if len(beta) <= n_refits:
        return np.arange(len(beta))
    away = np.abs(beta[:, 1:] - np.median(beta[:, 1:], axis=0))
    spread = np.where(away.max(axis=0) > 0, away.max(axis=0), 1.0)
    far = np.argsort(-(away / spread).max(axis=1), kind="stable")[:n_refits]
    return np.sort(far)


def _merged(
    groups: NDArray[np.int64], solved: Solutions, chosen: NDArray[np.int64], again: Solutions, lost: tuple[int, ...]
) -> Deletions:
    estimates = solved.beta.copy()
    errors = np.sqrt(np.diagonal(solved.covariance, axis1=1, axis2=2))
    estimates[chosen] = again.beta
    errors[chosen] = np.sqrt(np.diagonal(again.covariance, axis1=1, axis2=2))
    return Deletions(groups, estimates[:, 1:], errors[:, 1:], lost)


def _record(
    fit: LeastSquaresFit | MixedFit,
    reg: Regressors,
    found: Deletions,
    state: tuple[NDArray[np.bool_], Array],
    roles: tuple[Role, ...],
) -> SlopesWithout | Undefined:
    """Deletions in scaled units and without the intercept, as a record in the data's units.

    `state` says which were refitted, and the residual degrees of freedom left without the group (of least squares).
    """
    if not len(found.groups):
        return _nothing("no_group_can_be_left_out")
    places = [i for i, (_, role) in enumerate(reg.terms[1:]) if role in roles]
    unit = (reg.scale[-1] / reg.scale[1:-1])[places]
    all_groups = [c for c in fit.coefficients if c.role in roles]
    full_df = np.array([c.df for c in all_groups])
    return SlopesWithout(
        variant=fit.variant,
        columns=tuple(c.column for c in all_groups),
        full=np.array([c.estimate for c in all_groups]),
        full_errors=np.array([c.std_error for c in all_groups]),
        full_df=full_df,
        groups=found.groups,
        estimates=found.estimates[:, places] * unit,
        errors=found.errors[:, places] * unit,
        df=np.tile(full_df, (len(found.groups), 1))
        if isinstance(fit, MixedFit)
        else np.tile(state[1][:, None], (1, len(places))),
        refitted=state[0],
        lost=found.lost,
    )
