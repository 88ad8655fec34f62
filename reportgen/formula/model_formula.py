"""The record of a formula that has been read."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reportgen.errors import ColumnMissing
from reportgen.formula.expressions import shown

_COLUMN = re.compile(r"\b[cfr]([0-9]+)\b")


@dataclass(frozen=True, slots=True)
class GroupingTerm:
    """What varies between groups: ``(1 + ses | school)``.

    Attributes
    ----------
    columns : tuple of str
        The columns whose combination is the group.
    intercept : bool
        Whether the intercept varies.
    slopes : tuple of str
        Terms whose slopes vary, as written.
    correlated : bool
        Whether the effects of a group may be correlated; false for ``(x || g)`` and ``(1 | g) + (0 + x | g)``.
    """

    columns: tuple[str, ...]
    intercept: bool
    slopes: tuple[str, ...]
    correlated: bool

    @property
    def name(self) -> str:
        """The group as one name, ``a:b`` for a combination."""
        return ":".join(self.columns)

    @property
    def group_terms(self) -> tuple[str, ...]:
        """The effects of a group, the intercept as ``(Intercept)`` first."""
        return (*(("(Intercept)",) if self.intercept else ()), *self.slopes)


@dataclass(frozen=True, slots=True)
class CodedFormula:
    """The formula in our own names, the only form that is ever evaluated.

    Attributes
    ----------
    response : str
        One factor: ``c0`` or a call.
    terms, slopes : tuple of tuple of str
        Factors of each fixed term, and of each term with slopes by group.
    literals : tuple of str
        Source of each ``s<j>``: a text in quotes, or a number.
    bases : tuple of (int, int)
        Literal j is the reference level of column i.
    compared, computed, factors : tuple of int
        Columns whose texts are compared with a text, whose numbers are computed with, that are made factors by ``C()``.
    """

    response: str
    terms: tuple[tuple[str, ...], ...]
    slopes: tuple[tuple[str, ...], ...]
    literals: tuple[str, ...]
    bases: tuple[tuple[int, int], ...]
    compared: tuple[int, ...]
    computed: tuple[int, ...]
    factors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelFormula:
    """A formula for grouped data.

    Attributes
    ----------
    text : str
        As given.
    response : str
        Left side: ``testScore``, ``log(y)``.
    fixed : str
        Right side as written, without the grouping term; ``1`` if nothing else is there.
    grouping : GroupingTerm
        The grouping term.
    terms : tuple of str
        Fixed terms multiplied out, without the intercept, lower degrees first.
    variables : tuple of str
        Columns of the data it needs, in order of appearance, those of the group included.
    coded : CodedFormula
        The same in our own names; column i of `variables` is ``c<i>``, ``f<i>`` or ``r<i>`` there.
    """

    text: str
    response: str
    fixed: str
    grouping: GroupingTerm
    terms: tuple[str, ...]
    variables: tuple[str, ...]
    coded: CodedFormula

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns whose cells count as text whatever they look like: those of the group, factors, compared texts."""
        indices = sorted({*self.coded.factors, *self.coded.compared})
        return tuple(dict.fromkeys([*self.grouping.columns, *(self.variables[i] for i in indices)]))

    @property
    def predictor_columns(self) -> tuple[str, ...]:
        """Columns of the data that the fixed terms need, in order of appearance."""
        used = {int(i) for term in self.coded.terms for code in term for i in _COLUMN.findall(code)}
        return tuple(name for i, name in enumerate(self.variables) if i in used)

    def factor_columns(self, term: Sequence[str], factors: Collection[str]) -> tuple[str, ...]:
        """Those of some columns that stand in a fixed term, given in our own names."""
        names = [self.variables[int(i)] for code in term for i in _COLUMN.findall(code)]
        return tuple(dict.fromkeys(name for name in names if name in factors))

    def shown(self, coded: str, levels: Sequence[str] = (), *, ticks: bool = False) -> str:
        """An expression in our own names put into the user's, level j of a factor (``k<j>``) too.

        With `ticks`, unusual names stand between backticks.
        """
        return shown(coded, self.variables, self.coded.literals, levels, ticks=ticks)


def check_columns(formula: ModelFormula, available: Sequence[str], source_name: str) -> None:
    """Raise if the data lack a column of the formula.

    Parameters
    ----------
    formula : ModelFormula
        The formula.
    available : sequence of str
        Columns of the data.
    source_name : str
        Name of the data, for the message.

    Raises
    ------
    ColumnMissing
        With the nearest name.
    """
    known = frozenset(available)
    for name in formula.variables:
        if name not in known:
            raise ColumnMissing(name, available, source_name)
