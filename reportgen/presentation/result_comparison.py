"""The comparison in the result file: slopes through the variants, tests, influence of single groups."""

from __future__ import annotations

from collections.abc import Callable

from reportgen.blends import Blend
from reportgen.comparison import BetweenSlopes, Comparison, SlopeComparison
from reportgen.conditional_slopes import ConditionalSlope
from reportgen.fits import Issue, Undefined
from reportgen.hausman import HausmanTable
from reportgen.hypothesis_tests import FTest, GroupVarianceTest, WaldTest
from reportgen.influence import SlopesWithout
from reportgen.influence_moves import Kind, Move, strongest_moves
from reportgen.pair_influence import SlopesWithoutPairs
from reportgen.presentation.collector import Collector, Json
from reportgen.slope_variance_tests import SlopeVarianceTest

Name = Callable[[int], str | None]
"""From the index of a group to its name, or to nothing where none may be named."""


def slope_entry(slope: SlopeComparison, top: Collector) -> dict[str, Json]:
    """The slopes of one predictor within and between groups, their difference, and what each model makes of them."""
    contextual = slope.contextual
    entry: dict[str, Json] = {
        "column": slope.column,
        "within": top.estimate(slope.within),
        "between": top.estimate(slope.between),
        "contextual": {
            key: top.number(contextual if isinstance(contextual, Undefined) else getattr(contextual, key))
            for key in ("estimate", "std_error", "df", "p_value")
        },
        "weight_on_between": {name: top.number(blend.weight_on_between) for name, blend in slope.blends.items()},
        "blends": {name: _blend(blend, top) for name, blend in slope.blends.items()},
    }
    for name in ("pooled", "random_intercept"):
        found = slope.by_variant.get(name)
        entry[name] = top.estimate(found or Undefined(Issue("not_in_model", {"column": slope.column, "variant": name})))
    return entry


INFERENCE = ("std_error", "statistic", "df", "p_value", "conf_low", "conf_high")


def conditional_entry(item: ConditionalSlope, top: Collector) -> dict[str, Json]:
    """A slope within groups at a level of a factor that multiplies it; `robust`: the same with its cluster-robust error."""
    robust: dict[str, Json] | None = None
    if isinstance(item.robust, Undefined):
        top.note(item.robust.reason)
    else:
        robust = {"method": "CR2", **{key: top.number(getattr(item.robust, key)) for key in INFERENCE}}
    return {
        "product": item.product,
        "column": item.slope.column,
        "variant": "no_pooling",
        "estimate": top.number(item.slope.estimate),
        **{key: top.number(getattr(item.slope, key)) for key in INFERENCE},
        "robust": robust,
    }


def _blend(blend: Blend, top: Collector) -> dict[str, Json]:
    return {
        "within": blend.within,
        "between": top.number(blend.between),
        "own_weight": blend.own_weight,
        "pulls": [{"column": pull.column, "amount": pull.amount} for pull in blend.pulls],
        "is_outside": blend.is_outside,
    }


def tests_entry(comparison: Comparison, top: Collector) -> dict[str, Json]:
    """Every test of the comparison with statistic, degrees of freedom and p value."""
    return {
        "mundlak": _wald(comparison.contextual_test, top),
        "hausman": _hausman(comparison.hausman, top),
        "swamy_arora": _swamy_arora(comparison.hausman, top),
        "group_variance": _group_variance(comparison.group_variance, top),
        "slope_variance": [_slope_variance(test, top) for test in comparison.slope_variance],
    }


def _wald(test: WaldTest | Undefined, top: Collector) -> dict[str, Json] | None:
    if isinstance(test, Undefined):
        top.note(test.reason)
        return None
    return {
        "columns": list(test.columns),
        "chi2": top.number(test.chi2),
        "df": test.df,
        "p_value": top.number(test.p_value),
        "f": top.number(test.f),
        "f_df": [top.number(df) for df in test.f_df],
        "f_p_value": top.number(test.f_p_value),
    }


def _group_variance(test: GroupVarianceTest, top: Collector) -> dict[str, Json]:
    dummies = _f_test(test.dummies, top)
    return {
        "f": dummies["f"],
        "f_df": dummies["f_df"],
        "f_p_value": dummies["f_p_value"],
        "beyond_group_level": _f_test(test.beyond, top),
        "lrt": top.number(test.lrt),
        "lrt_p_value": top.number(test.lrt_p_value),
    }


def _slope_variance(test: SlopeVarianceTest, top: Collector) -> dict[str, Json]:
    """`df`: of the two chi-squared distributions whose equal mixture gives the p value."""
    return {
        "variant": test.variant,
        "against": test.against,
        "columns": list(test.columns),
        "lrt": top.number(test.lrt),
        "df": list(test.df),
        "p_value": top.number(test.p_value),
    }


def _f_test(test: FTest | Undefined, top: Collector) -> dict[str, Json]:
    if isinstance(test, Undefined):
        top.note(test.reason)
        return {"f": None, "f_df": None, "f_p_value": None}
    return {"f": top.number(test.f), "f_df": [top.number(df) for df in test.f_df], "f_p_value": top.number(test.p_value)}


def _hausman(table: HausmanTable | Undefined, top: Collector) -> list[Json]:
    if isinstance(table, Undefined):
        top.note(table.reason)
        return []
    return [
        {
            "form": form.form,
            "columns": list(table.columns),
            "statistic": top.number(form.statistic),
            "df": list(form.df) if len(form.df) > 1 else form.df[0],
            "p_value": top.number(form.p_value),
            "note": top.words[f"hausman_note.{form.note_code}"],
        }
        for form in table.forms
    ]


def _swamy_arora(table: HausmanTable | Undefined, top: Collector) -> dict[str, Json] | None:
    if isinstance(table, Undefined):
        return None
    found = table.swamy_arora
    if isinstance(found, Undefined):
        top.note(found.reason)
        return None
    return {
        "terms": [
            {"column": column, "role": role, "estimate": top.number(float(value))}
            for (column, role), value in zip(found.terms, found.estimates, strict=True)
        ],
        "sigma2_residual": top.number(found.sigma2),
        "group_variance": top.number(found.tau2),
    }


def between_entry(slopes: tuple[BetweenSlopes, ...] | Undefined, top: Collector) -> list[Json]:
    """The slopes between groups under three weightings of the group means."""
    if isinstance(slopes, Undefined):
        top.note(slopes.reason)
        return []
    return [
        {
            "column": slope.column,
            **{
                name: {"estimate": top.number(item.estimate), "std_error": top.number(item.std_error)}
                for name, item in (("equal", slope.equal), ("by_size", slope.by_size), ("by_precision", slope.by_precision))
            },
        }
        for slope in slopes
    ]


def influence_entry(comparison: Comparison, name: Name, top: Collector) -> dict[str, Json]:
    """For each kind of slope and column the group whose absence moves it most, and the range over all groups."""
    influence = comparison.influence
    kinds: dict[Kind, SlopesWithout | Undefined] = {
        "within": influence.within,
        "between": influence.between,
        "contextual": influence.contextual,
        "random_intercept": influence.random_intercept,
    }
    moves = {(move.kind, move.column): move for move in strongest_moves(influence)}
    entries: dict[str, Json] = {}
    for kind, found in kinds.items():
        if isinstance(found, Undefined):
            top.note(found.reason)
        columns = () if isinstance(found, Undefined) else found.columns
        lowest = () if isinstance(found, Undefined) else found.estimates.min(axis=0)
        highest = () if isinstance(found, Undefined) else found.estimates.max(axis=0)
        entries[kind] = [
            _moved(moves[kind, column], name, (float(low), float(high)), top)
            for column, low, high in zip(columns, lowest, highest, strict=True)
        ]
    return entries | {"between_without_pairs": _pairs(influence.between_pairs, name, top)}


def _moved(move: Move, name: Name, span: tuple[float, float], top: Collector) -> Json:
    return {
        "column": move.column,
        "all_groups": top.number(move.full),
        "lowest": top.number(span[0]),
        "highest": top.number(span[1]),
        "strongest_group": name(move.group),
        "without_it": top.number(move.without),
        "std_error_without_it": top.number(move.error),
        "moved_by_standard_errors": top.number(move.size),
        "changes_sign": move.changes_sign,
        "groups_that_change_sign": move.n_turned,
        "groups_that_change_covering": move.n_crossed,
        "sign_changes_without": _listed(move.turned, name),
        "covering_changes_without": _listed(move.crossed, name),
        "interval_covers_zero": move.covered,
        "interval_covers_zero_without_it": move.covers,
    }


def _listed(groups: tuple[int, ...], name: Name) -> list[Json]:
    """Names of groups; none where no group may be named."""
    return [label for label in map(name, groups) if label is not None]


def _pairs(found: SlopesWithoutPairs | Undefined, name: Name, top: Collector) -> list[Json]:
    if isinstance(found, Undefined):
        top.note(found.reason)
        return []
    return [
        {
            "column": column,
            "all_groups": top.number(float(found.full[c])),
            "lowest": top.number(float(found.estimates[:, c].min())),
            "highest": top.number(float(found.estimates[:, c].max())),
            "strongest_pair": [name(j) for j in found.pairs[place].tolist()],
            "without_them": top.number(float(found.estimates[place, c])),
            "std_error_without_them": top.number(float(found.errors[place, c])),
        }
        for c, (column, place) in enumerate(zip(found.columns, found.strongest.tolist(), strict=True))
    ]
