"""The pass before the fit: levels of factors, and the rows that means, bases and quantiles are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from reportgen.design.factors import Factor, LevelSearch, numbers_in_text
from reportgen.design.kinds import Kinds, first_text
from reportgen.errors import ColumnUnusable, NoCompleteRows, TooManyColumns
from reportgen.formula import ModelFormula
from reportgen.sample import Ledger, complete_rows
from reportgen.sources import Source

MAX_LEVELS = 2000
MAX_STATE_ROWS = 1_000_000  # held for the functions that look at all rows; with more, what they need is gathered pass by pass
TRIAL_ROWS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class FirstPass:
    """What the first pass found in the rows used.

    Attributes
    ----------
    source : str
        Name of the data.
    factors : mapping
        Column to factor.
    first_level : mapping
        Column to the number of its first level, the levels of all factors counted through.
    rows : Table
        The columns that functions of all rows need: of all rows, or of the first where they are too many to hold.
    n_rows : int
        Rows used.
    again : callable
        Gives these columns of all rows again, table by table.
    """

    source: str
    factors: Mapping[str, Factor]
    first_level: Mapping[str, int]
    rows: pa.Table
    n_rows: int
    again: Callable[[], Iterator[pa.Table]]

    @classmethod
    def empty(cls, source: str) -> FirstPass:
        """No pass was needed."""
        return cls(source, {}, {}, pa.table({}), 0, lambda: iter(()))

    @property
    def is_whole(self) -> bool:
        """Whether `rows` are all rows used."""
        return bool(self.rows.num_rows == self.n_rows)


def read_first(formula: ModelFormula, source: Source, columns: Sequence[str], kinds: Kinds, needs: Sequence[str]) -> FirstPass:
    """Read all rows once for the levels of factors and the columns in `needs`.

    Raises
    ------
    NoCompleteRows
        No row is complete.
    ColumnUnusable
        A factor with one level, one that is the group, numbers or dates written as text.
    TooManyColumns
        A factor with more than ``MAX_LEVELS`` levels.
    """
    searches = {name: LevelSearch(name, name in kinds.ordered) for name in columns if name in kinds.factors}
    ledger, n_rows = Ledger(), 0
    kept: list[pa.Table] = []
    text = formula.text_columns
    for chunk in source.chunks(columns, text):
        table, counts = complete_rows(chunk, columns, formula.grouping.columns)
        ledger = ledger.merge(counts)
        n_rows += table.num_rows
        if n_rows <= MAX_STATE_ROWS or not kept:
            kept.append(table.select(list(needs)))
        for name, search in searches.items():
            search.add(table.column(name))
            if search.index.n_values > MAX_LEVELS:
                _check_text(source, name, search, kinds)
                raise TooManyColumns(search.index.n_values - 1, MAX_LEVELS, name)
    if not n_rows:
        raise NoCompleteRows(source.name, ledger.n_rows_read, {entry.column: entry.rows for entry in ledger.entries})
    for name, search in searches.items():
        _check_text(source, name, search, kinds)
    factors = {name: search.factor() for name, search in searches.items()}
    first_level: dict[str, int] = {}
    total = 0
    for name, factor in factors.items():
        _check_factor(formula, source, factor)
        first_level[name] = total
        total += len(factor.levels)
    rows = pa.concat_tables(kept) if needs else pa.table({})
    if n_rows > MAX_STATE_ROWS:
        rows = rows.slice(0, TRIAL_ROWS)

    def again() -> Iterator[pa.Table]:
        for chunk in source.chunks(columns, text):
            yield complete_rows(chunk, columns)[0].select(list(needs))

    return FirstPass(source.name, factors, first_level, rows, n_rows, again)


def _check_text(source: Source, name: str, search: LevelSearch, kinds: Kinds) -> None:
    """A text column that is mostly numbers is not taken for a factor unless the formula says so."""
    if name not in kinds.guessed or search.own_order or not numbers_in_text(search.texts()):
        return
    bad = first_text(source, name)
    if bad is not None:
        raise bad
    allowed = f"convert it to numbers, or write C({name}) for a factor"
    raise ColumnUnusable(source.name, name, "holds numbers written as text", allowed)


def _check_factor(formula: ModelFormula, source: Source, factor: Factor) -> None:
    if formula.grouping.columns == (factor.column,):
        allowed = "leave it out of the predictors: the model without pooling has its dummies"
        raise ColumnUnusable(source.name, factor.column, "is the group and a factor among the predictors", allowed)
    if len(factor.levels) < 2:
        problem = f"is a factor with one level in the rows used ('{factor.levels[0][:20]}')"
        raise ColumnUnusable(source.name, factor.column, problem, "leave it out: it cannot have an effect")
