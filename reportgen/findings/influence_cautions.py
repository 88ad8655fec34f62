"""What to be careful about because single groups, or two together, decide a slope."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.records import Evidence, Finding, Rule
from reportgen.fits import Undefined
from reportgen.influence import SlopesWithout
from reportgen.influence_moves import strongest_moves
from reportgen.pair_influence import SlopesWithoutPairs

Array = NDArray[np.float64]

MAX_MOVES = 4  # moves told in the caution; all stand in the table of influence
PAIR_MOVES = 2.0  # standard errors beyond which a pair of groups moves a slope, where no single group does
PAIR_TURNS = 1.0  # the same where the pair changes the sign: a slope near zero changes it at every touch


def driving_groups(evidence: Evidence) -> Iterator[Finding]:
    """Single groups that slopes rest on, the largest moves first."""
    moves = [move for move in strongest_moves(evidence.comparison.influence) if move.is_notable]
    if not moves:
        return
    position = {level.column: i for i, level in enumerate(evidence.predictors)}
    told = sorted(moves, key=lambda move: -move.size)[:MAX_MOVES]
    listed = [
        {
            "column": move.column,
            "position": position[move.column],
            "kind": move.kind,
            "group": evidence.groups[move.group],
            "full": move.full,
            "without": move.without,
            "standard_errors": move.size,
            "changes_sign": move.changes_sign,
            "covered_zero": move.covered,
            "covers_zero": move.covers,
        }
        for move in told
    ]
    yield Finding("driving_groups", "caution", {"moves": listed, "n": len(moves)})


def driving_pair(evidence: Evidence) -> Iterator[Finding]:
    """Two groups that together decide a slope between groups, while no single group does."""
    single, pairs = evidence.comparison.influence.between, evidence.comparison.influence.between_pairs
    if isinstance(single, Undefined) or isinstance(pairs, Undefined):
        return
    for c, column in enumerate(pairs.columns):
        place = _deciding_pair(single, pairs, c)
        if place < 0:
            continue
        first, second = (int(j) for j in pairs.pairs[place])
        i = evidence.moments.columns.index(column)
        means = evidence.moments.means[:, i] + evidence.moments.origin[i]
        values = {
            "column": column,
            "groups": [evidence.groups[first], evidence.groups[second]],
            "means": [float(means[first]), float(means[second])],
            "full": float(pairs.full[c]),
            "without": float(pairs.estimates[place, c]),
            "std_error_without": float(pairs.errors[place, c]),
            "changes_sign": _turns(pairs.estimates[place, c], single.estimates[:, c], float(pairs.full[c])),
        }
        yield Finding("driving_pair", "caution", values)


def _turns(without: float, alone: Array, full: float) -> bool:
    """Whether the pair changes the sign of the slope, while no single group does."""
    return bool(full * without < 0) and not bool((alone * full < 0).any())


def _deciding_pair(single: SlopesWithout, pairs: SlopesWithoutPairs, c: int) -> int:
    """Position of the pair that decides a slope, -1 where none does or a single group does already."""
    error, full = float(pairs.full_errors[c]), float(pairs.full[c])
    if not error > 0:
        return -1
    alone, moved = single.estimates[:, c], np.abs(pairs.change[:, c])
    turned = np.flatnonzero((pairs.estimates[:, c] * full < 0) & (moved >= PAIR_TURNS * error))
    if len(turned) and not (alone * full < 0).any():
        return int(turned[np.argmax(moved[turned])])
    strongest = int(pairs.strongest[c])
    return strongest if moved[strongest] > PAIR_MOVES * error and np.abs(alone - full).max() <= PAIR_MOVES * error else -1


INFLUENCE_RULES: tuple[Rule, ...] = (driving_groups, driving_pair)
