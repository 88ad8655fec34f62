"""What the absence of the strongest group does to each slope: from what to what, its sign, its interval and zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from reportgen.fits import LEVEL, Undefined
from reportgen.influence import Influence, SlopesWithout

Kind = Literal["within", "between", "contextual", "random_intercept"]

LARGE = 1.0  # standard errors from which a single group is said to move a slope
MAX_NAMED = 4  # groups that are told one by one where any of them turns a slope, or moves its interval over zero
HALF = 0.5  # the same where the sign changes, or whether the interval covers zero


@dataclass(frozen=True, slots=True)
class Move:
    """A slope with all groups and without the group whose absence moves it most.

    Attributes
    ----------
    column : str
        Design column.
    kind : Kind
        Which of its slopes.
    group : int
        The group left out, by index.
    full, without : float
        The slope with all groups and without that one.
    full_error, error : float
        Their standard errors.
    covered, covers : bool
        Whether the interval covers zero, with all groups and without that one.
    n_turned, n_crossed : int
        Groups without any one of which the slope is on the other side of zero; or the interval covers zero where it did not,
        or the other way round.
    turned, crossed : tuple of int
        Which groups these are, by index; empty where they are more than ``MAX_NAMED``.
    """

    column: str
    kind: Kind
    group: int
    full: float
    without: float
    full_error: float
    error: float
    covered: bool
    covers: bool
    n_turned: int = 0
    n_crossed: int = 0
    turned: tuple[int, ...] = ()
    crossed: tuple[int, ...] = ()

    @property
    def size(self) -> float:
        """How far the slope moves, in standard errors with all groups; 0 where there are none."""
        return abs(self.without - self.full) / self.full_error if self.full_error > 0 else 0.0

    @property
    def changes_sign(self) -> bool:
        """Whether the slope is on the other side of zero."""
        return self.full * self.without < 0

    @property
    def is_notable(self) -> bool:
        """Whether the slope rests on that group."""
        return self.size >= LARGE or (self.size >= HALF and (self.changes_sign or self.covered != self.covers))


def strongest_moves(influence: Influence, column: str = "") -> tuple[Move, ...]:
    """For each kind of slope and column, or for one column, the move by its strongest group."""
    found: dict[Kind, SlopesWithout | Undefined] = {
        "within": influence.within,
        "between": influence.between,
        "contextual": influence.contextual,
        "random_intercept": influence.random_intercept,
    }
    moves: list[Move] = []
    for kind, slopes in found.items():
        if not isinstance(slopes, Undefined):
            moves += [_move(kind, slopes, c) for c, name in enumerate(slopes.columns) if column in ("", name)]
    return tuple(moves)


def _move(kind: Kind, slopes: SlopesWithout, c: int) -> Move:
    place = int(np.argmax(np.abs(slopes.estimates[:, c] - slopes.full[c])))
    full, full_error = float(slopes.full[c]), float(slopes.full_errors[c])
    without, error = float(slopes.estimates[place, c]), float(slopes.errors[place, c])
    covered = bool(abs(full) <= stdtrit(slopes.full_df[c], 0.5 + LEVEL / 2) * full_error)
    df, of_group = np.unique(slopes.df[:, c], return_inverse=True)  # few differ, and a quantile is a search
    covers = np.abs(slopes.estimates[:, c]) <= stdtrit(df, 0.5 + LEVEL / 2)[of_group] * slopes.errors[:, c]
    turned, crossed = slopes.groups[slopes.estimates[:, c] * full < 0], slopes.groups[covers != covered]
    return Move(
        column=slopes.columns[c],
        kind=kind,
        group=int(slopes.groups[place]),
        full=full,
        without=without,
        full_error=full_error,
        error=error,
        covered=covered,
        covers=bool(covers[place]),
        n_turned=len(turned),
        n_crossed=len(crossed),
        turned=_few(turned),
        crossed=_few(crossed),
    )


def _few(groups: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(groups.tolist()) if len(groups) <= MAX_NAMED else ()
