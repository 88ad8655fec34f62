"""Rules about groups that decide a slope, and about slopes that vary, on records made for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from evidence import ABSENT, base, compared, fitted, said

from reportgen.findings import Evidence, influence_cautions, summary
from reportgen.fits import Coefficient, GroupCovariance, MixedFit
from reportgen.influence import SlopesWithout
from reportgen.influence_moves import Move
from reportgen.pair_influence import SlopesWithoutPairs


def without_pairs(alone: list[float], pairs: list[float], *, full: float = 3.0, error: float = 1.0) -> Evidence:
    """Slopes between groups without single groups, and without the pairs (0, 1), (0, 2), (0, 3), ..."""
    n = len(pairs)
    single = SlopesWithout(
        variant="between",
        columns=("x",),
        full=np.array([full]),
        full_errors=np.array([error]),
        full_df=np.array([9.0]),
        groups=np.arange(len(alone)),
        estimates=np.array(alone)[:, None],
        errors=np.ones((len(alone), 1)),
        df=np.full((len(alone), 1), 8.0),
        refitted=np.ones(len(alone), dtype=bool),
        lost=(),
    )
    together = SlopesWithoutPairs(
        columns=("x",),
        full=np.array([full]),
        full_errors=np.array([error]),
        pairs=np.array([[0, 1 + i] for i in range(n)]),
        estimates=np.array(pairs)[:, None],
        errors=np.arange(1.0, n + 1.0)[:, None],
    )
    return compared(influence=replace(base().comparison.influence, between=single, between_pairs=together))


def values(place: int, without: float, *, full: float = 3.0, turns: bool = False) -> dict[str, Any]:
    moments = base().moments
    means = moments.means[:, 0] + moments.origin[0]
    return {
        "column": "x",
        "groups": ["g00", f"g{1 + place:02d}"],
        "means": [float(means[0]), float(means[1 + place])],
        "full": full,
        "without": without,
        "std_error_without": 1.0 + place,
        "changes_sign": turns,
    }


@pytest.mark.parametrize(
    ("alone", "pairs", "place"),
    [
        ([3.0, 3.0], [3.0, 5.0], -1),  # two standard errors are not beyond two
        ([3.0, 3.0], [3.0, 5.125], 1),
        ([3.0, 3.0], [0.75, 3.0], 0),
        ([3.0, 3.0], [0.25, 3.0], 0),
        ([3.0, 3.0], [0.0, 3.0], 0),
        ([3.0, 5.0], [5.125, 3.0], 0),  # a single group moves it by two at most
        ([3.0, 5.125], [5.5, 3.0], -1),  # a single group does already
        ([3.0, 0.875], [0.75, 3.0], -1),
    ],
)
def test_a_pair_that_moves_a_slope(alone: list[float], pairs: list[float], place: int) -> None:
    expected = [("driving_pair", "caution", values(place, pairs[place]))] if place >= 0 else []
    assert said(influence_cautions.driving_pair, without_pairs(alone, pairs)) == expected


@pytest.mark.parametrize(
    ("alone", "pairs", "place"),
    [
        ([0.5, 0.5], [0.5, -0.5], 1),  # one standard error, to the other side
        ([0.5, 0.5], [0.5, -0.375], -1),  # less
        ([0.5, 0.5], [-0.5, -1.25, 2.25], 1),  # the one that moves it most among those that turn it
        ([0.5, -0.125], [0.5, -0.75], -1),  # a single group turns it already
        ([0.5, 0.0], [0.5, -0.75], 1),  # zero is not the other side
        ([0.5, 0.5], [0.5, 0.0], -1),
        ([0.5, 0.5], [2.625, -0.25], 0),  # moved without a turn
        ([0.5, -0.125], [0.5, -1.75], 1),  # moved far, and a single group turns it already
    ],
)
def test_a_pair_that_turns_a_slope(alone: list[float], pairs: list[float], place: int) -> None:
    evidence = without_pairs(alone, pairs, full=0.5)
    turns = place >= 0 and pairs[place] < 0 and min(alone) >= 0
    expected = [("driving_pair", "caution", values(place, pairs[place], full=0.5, turns=turns))] if place >= 0 else []
    assert said(influence_cautions.driving_pair, evidence) == expected


def test_a_slope_of_zero_is_turned_by_nothing() -> None:
    assert said(influence_cautions.driving_pair, without_pairs([0.0, 0.0], [0.0, 1.5], full=0.0)) == []


def test_each_slope_is_looked_at() -> None:
    evidence = base("y ~ x + z + (1 | g)")
    found = without_pairs([3.0, 3.0], [3.0, 5.5]).comparison.influence
    single, pairs = found.between, found.between_pairs
    assert isinstance(single, SlopesWithout)
    assert isinstance(pairs, SlopesWithoutPairs)

    def twice(array: Any, first: float) -> Any:
        return np.concatenate([np.full_like(array, first), array], axis=-1)

    single = replace(single, columns=("x", "z"), estimates=twice(single.estimates, 3.0), full=twice(single.full, 3.0))
    pairs = replace(
        pairs,
        columns=("x", "z"),
        full=twice(pairs.full, 3.0),
        full_errors=twice(pairs.full_errors, 1.0),
        estimates=twice(pairs.estimates, 3.0),
        errors=twice(pairs.errors, 1.0),
    )
    influence = replace(found, between=single, between_pairs=pairs)
    both = replace(evidence, comparison=replace(evidence.comparison, influence=influence))
    assert [told["column"] for _, _, told in said(influence_cautions.driving_pair, both)] == ["z"]


def test_errors_count() -> None:
    assert said(influence_cautions.driving_pair, without_pairs([3.0, 3.0], [3.0, 5.5], error=2.0)) == []
    assert len(said(influence_cautions.driving_pair, without_pairs([3.0, 3.0], [3.0, 7.5], error=2.0))) == 1
    assert said(influence_cautions.driving_pair, without_pairs([0.5, 0.5], [0.5, -1.25], full=0.5, error=2.0)) == []
    assert said(influence_cautions.driving_pair, without_pairs([3.0, 3.0], [3.0, 5.5], error=0.0)) == []


def test_a_pair_needs_both_to_have_been_left_out() -> None:
    found = without_pairs([3.0, 3.0], [3.0, 5.5]).comparison.influence
    for part in ("between", "between_pairs"):
        missing: dict[str, Any] = {part: ABSENT}
        assert said(influence_cautions.driving_pair, compared(influence=replace(found, **missing))) == []


def moves(*sizes: float) -> tuple[Move, ...]:
    return tuple(Move("x", "between", 2 + i, 1.0, 1.0 + size, 1.0, 1.5, True, False) for i, size in enumerate(sizes))


def test_groups_that_slopes_rest_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influence_cautions, "strongest_moves", lambda _influence: moves(1.5, 0.25, 2.0, 1.25, 3.0, 1.75))
    ((kind, severity, told),) = said(influence_cautions.driving_groups, base())
    assert (kind, severity, told["n"]) == ("driving_groups", "caution", 5)
    assert [(move["group"], move["standard_errors"]) for move in told["moves"]] == [
        ("g06", 3.0),
        ("g04", 2.0),
        ("g07", 1.75),
        ("g02", 1.5),
    ]
    assert told["moves"][0] == {
        "column": "x",
        "position": 0,
        "kind": "between",
        "group": "g06",
        "full": 1.0,
        "without": 4.0,
        "standard_errors": 3.0,
        "changes_sign": False,
        "covered_zero": True,
        "covers_zero": False,
    }
    monkeypatch.setattr(influence_cautions, "strongest_moves", lambda _influence: moves(0.25))
    assert said(influence_cautions.driving_groups, base()) == []


# --- slopes in other units, and slopes that vary


def test_the_size_of_a_unit() -> None:
    (slope,), level = base().comparison.slopes, base().levels[0]
    assert isinstance(slope.within, Coefficient)
    assert isinstance(slope.between, Coefficient)
    expected = {
        "column": "x",
        "sd_within": level.sd_within,
        "sd_between": level.sd_between,
        "within_per_sd": slope.within.estimate * level.sd_within,
        "between_per_sd": slope.between.estimate * level.sd_between,
    }
    assert said(summary.unit_size, base()) == [("unit_size", "info", expected)]
    for part in ("within", "between"):
        missing: dict[str, Any] = {part: ABSENT}
        found = said(summary.unit_size, compared(slopes=(replace(slope, **missing),)))
        assert found == [("unit_size", "info", {**expected, f"{part}_per_sd": None})]


def with_slopes(variant: str, source: str, variance: float = 0.25) -> MixedFit:
    """A model whose slopes vary with this variance, its coefficients those of another."""
    fit = base().fits[source]
    assert isinstance(fit, MixedFit)
    psi = np.array([[1.0, 0.0], [0.0, variance]])
    return replace(fit, variant=variant, group_covariance=GroupCovariance(("(Intercept)", "x"), psi, False))


def test_slopes_that_vary() -> None:
    assert said(summary.varying_slopes, base()) == []
    both = fitted(
        within_between_slope=with_slopes("within_between_slope", "within_between"),
        random_slope=with_slopes("random_slope", "random_intercept", 4.0),
    )
    ((kind, severity, told),) = said(summary.varying_slopes, both)
    assert (kind, severity) == ("varying_slopes", "info")
    within = base().fits["within_between"]
    assert isinstance(within, MixedFit)
    (item,) = [c for c in within.coefficients if c.role == "within"]
    assert (told["variant"], told["role"], told["sd"], told["estimate"]) == (
        "within_between_slope",
        "within",
        0.5,
        item.estimate,
    )
    x, y = both.levels
    one_level = replace(both, levels=(replace(x, varies_between=False), y))
    ((_, _, told),) = said(summary.varying_slopes, one_level)
    assert (told["variant"], told["role"], told["sd"]) == ("random_slope", "raw", 2.0)
    only = fitted(random_slope=with_slopes("random_slope", "random_intercept", -1e-12))
    ((_, _, told),) = said(summary.varying_slopes, only)
    assert (told["variant"], told["sd"]) == ("random_slope", 0.0)
    constant = fitted(
        random_slope=replace(with_slopes("random_slope", "random_intercept"), group_covariance=within.group_covariance)
    )
    assert said(summary.varying_slopes, constant) == []


def test_each_slope_that_varies_is_told() -> None:
    evidence = base("y ~ x + z + (1 | g)")
    fit = evidence.fits["random_intercept"]
    assert isinstance(fit, MixedFit)
    covariance = GroupCovariance(("(Intercept)", "x", "z"), np.diag([1.0, 4.0, 9.0]), False)
    random_slope = replace(fit, variant="random_slope", group_covariance=covariance)
    found = said(summary.varying_slopes, replace(evidence, fits={**evidence.fits, "random_slope": random_slope}))
    assert [(told["column"], told["sd"]) for _, _, told in found] == [("x", 2.0), ("z", 3.0)]
