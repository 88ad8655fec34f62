"""What a rule sees and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from reportgen.column_levels import ColumnLevel
from reportgen.comparison import Comparison
from reportgen.fits import Fit
from reportgen.formula import ModelFormula
from reportgen.level_spread import LevelSpread
from reportgen.moments import GroupMoments
from reportgen.points import Points
from reportgen.sample import Sample

Severity = Literal["info", "caution", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the report must say.

    Attributes
    ----------
    kind : str
        Names the sentence.
    severity : {"info", "caution", "problem"}
        How much it matters.
    values : mapping
        Its numbers and names, plain values only.
    """

    kind: str
    severity: Severity
    values: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the rules look at: the analysis up to the comparison.

    `levels` are those of the predictors, then the response; `products` names the predictors that are products of others.
    """

    formula: ModelFormula
    sample: Sample
    groups: tuple[str, ...]
    levels: tuple[ColumnLevel, ...]
    moments: GroupMoments
    points: Points
    fits: Mapping[str, Fit]
    comparison: Comparison
    products: frozenset[str] = frozenset()
    level_spreads: tuple[LevelSpread, ...] = ()

    @cached_property
    def worded_groups(self) -> tuple[str, ...]:
        """Labels of groups that are not plain numbers, which have one way to be written and say nothing else."""
        at_once = "".join(self.groups)
        if all(self.groups) and at_once.isdecimal() and at_once.isascii():  # a million numbers, looked at in one piece
            return ()
        return tuple(label for label in self.groups if not (label.isdecimal() and label.isascii()))

    @property
    def predictors(self) -> tuple[ColumnLevel, ...]:
        """Levels of the predictors."""
        return self.levels[:-1]


Rule = Callable[[Evidence], Iterator[Finding]]
