"""The design, ready to turn complete rows into blocks of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reportgen.design.encoding import Encoder, numbers
from reportgen.design.failures import explained
from reportgen.design.groups import Codes, GroupIndex
from reportgen.design.labels import natural_order
from reportgen.design.parts import ColumnPart
from reportgen.errors import BadValue, quoted
from reportgen.formula import ModelFormula
from reportgen.sample import Ledger, complete_rows
from reportgen.sources import Source

Array = NDArray[np.float64]

_FIRST_ALIAS = re.compile(r"\b[cfr]([0-9]+)\b")

ROW = "\x00row"  # no column of the data can have this name
LARGEST = 1e60  # its fourth power still is a 64-bit number
WEIGHTS = (1e-10, 1e10)  # beyond, the ratio of the variances would leave the range that is searched


@dataclass(frozen=True, slots=True, eq=False)
class DesignBlock:
    """Some rows as numbers.

    Attributes
    ----------
    codes : (n,) array of int
        Group of each row.
    values : (n, p) array
        Design columns without the intercept, the response last; each column contiguous.
    n_groups : int
        Groups known after this block.
    weights : (n,) array or None
        Prior weights, if the design has them.
    """

    codes: Codes
    values: Array
    n_groups: int
    weights: Array | None


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Design columns and groups of a formula on one source.

    ::

        design = build_design(formula, source)
        for chunk in source.chunks(design.source_columns, design.text_columns):
            table, ledger = complete_rows(chunk, design.source_columns, design.group_columns)
            block = design.block(table)

    Attributes
    ----------
    formula : ModelFormula
        The formula.
    source : Source
        The data it was built for.
    columns : tuple of str
        The k design columns without the intercept, as the formula library names them with the user's names.
    term_of : mapping
        Design column to term.
    parts_of : mapping
        Design column to the factors it is a product of.
    references : mapping
        Categorical column to its reference level, where it has one.
    response : str
        Name of the response column.
    slope_columns : tuple of str
        Design columns whose slopes vary by group.
    source_columns : tuple of str
        Columns of the data that must be complete, in the order of the formula, the weights last.
    weights : str
        Column of the prior weights; empty without.
    index : GroupIndex
        The groups met so far.
    predictors, outcome : Encoder
        What makes the predictors and the response.
    """

    formula: ModelFormula
    source: Source
    columns: tuple[str, ...]
    term_of: Mapping[str, str]
    parts_of: Mapping[str, tuple[ColumnPart, ...]]
    references: Mapping[str, str]
    response: str
    slope_columns: tuple[str, ...]
    source_columns: tuple[str, ...]
    weights: str
    index: GroupIndex
    predictors: Encoder
    outcome: Encoder

    @property
    def products(self) -> frozenset[str]:
        """Columns that are products of others."""
        return frozenset(column for column, parts in self.parts_of.items() if len(parts) > 1)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns to read as text: those of the group and of factors."""
        return self.formula.text_columns

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns of the group."""
        return self.formula.grouping.columns

    @property
    def groups(self) -> tuple[str, ...]:
        """Labels of the groups met so far, by code."""
        return tuple(self.index.labels())

    @property
    def order(self) -> NDArray[np.int64]:
        """(J,) permutation that sorts the groups by label, numbers by value: results must not depend on the order of rows."""
        return natural_order(self.index.labels())

    def block(self, table: pa.Table) -> DesignBlock:
        """Complete rows as numbers; their groups get codes.

        Parameters
        ----------
        table : Table
            Rows of :attr:`source_columns`, every one complete.

        Raises
        ------
        BadValue
            An infinite value, a value outside a function's domain, a weight that is not positive: with its row.
        UnseenLevel
            A level that the rows of the first pass did not have.
        """
        values = np.empty((table.num_rows, len(self.columns) + 1), order="F")
        self._fill(table, values)
        weights = None
        if self.weights:
            weights = numbers(table.column(self.weights))
            if not ((weights >= WEIGHTS[0]) & (weights <= WEIGHTS[1])).all():
                raise self._bad_row()
        if not all(_is_usable(values[:, i]) for i in range(values.shape[1])):
            raise self._bad_row()
        codes = self.index.encode([table.column(name) for name in self.group_columns])
        return DesignBlock(codes, values, self.index.n_groups, weights)

    def predictor_values(self, table: pa.Table) -> Array:
        """(n, k) design columns of new rows, made with the state of the fitted rows; the response is not needed.

        Parameters
        ----------
        table : Table
            Complete rows with the columns of the predictors.

        Raises
        ------
        BadValue
            A value outside a function's domain, with its row in the table.
        UnseenLevel
            A level of a factor that the fitted rows did not have.
        """
        values = np.empty((table.num_rows, len(self.columns)), order="F")
        with explained(self.formula, "new rows", self.formula.coded.terms):
            self.predictors.fill(table, values)
        if not np.isfinite(values).all():
            row, column = (int(i[0]) for i in np.nonzero(~np.isfinite(values)))
            raise self._bad_value("new rows", self.columns[column], row + 1, table.slice(row, 1))
        return values

    def lost_groups(self, ledger: Ledger) -> tuple[str, ...]:
        """Groups none of whose rows was used, sorted; call it after the last block."""
        lost = ledger.groups_of_dropped
        if lost is None or not lost.num_rows:
            return ()
        return tuple(self.index.missing_from([lost.column(name) for name in self.group_columns]))

    def _fill(self, table: pa.Table, values: Array) -> None:
        with explained(self.formula, self.source.name, (*self.formula.coded.terms, (self.formula.coded.response,))):
            self.predictors.fill(table, values[:, :-1])
            self.outcome.fill(table, values[:, -1:])

    def _bad_row(self) -> BadValue:
        """Look through the source again for the first row that cannot be used."""
        start = 0
        for chunk in self.source.chunks(self.source_columns, self.text_columns):
            numbered = chunk.append_column(ROW, pa.array(np.arange(start + 1, start + chunk.num_rows + 1)))
            start += chunk.num_rows
            table, _ = complete_rows(numbered, self.source_columns)
            values = np.empty((table.num_rows, len(self.columns) + 2), order="F")
            self._fill(table, values[:, :-1])
            values[:, -1] = numbers(table.column(self.weights)) if self.weights else 1.0
            bad = ~(np.abs(values) <= LARGEST)
            bad[:, -1] |= ~((values[:, -1] >= WEIGHTS[0]) & (values[:, -1] <= WEIGHTS[1]))
            if bad.any():
                row = int(np.flatnonzero(bad.any(axis=1))[0])
                names = (*self.columns, self.response, self.weights)
                name = names[int(np.flatnonzero(bad[row])[0])]
                return self._bad_value(self.source.name, name, table.column(ROW)[row].as_py(), table.slice(row, 1))
        raise RuntimeError("the source gave other rows when it was read again")

    def _bad_value(self, source: str, name: str, row: int, table: pa.Table) -> BadValue:
        """The error for one row whose design column `name` has no usable value."""
        cells = {column: table.column(column)[0].as_py() for column in table.column_names if column != ROW}
        if name == self.weights:
            allowed = f"weights from {WEIGHTS[0]:.0e} to {WEIGHTS[1]:.0e} are: divide all of them by their mean"
            return BadValue(source, name, row, cells[name], "this weight is not allowed", allowed)
        for column, cell in cells.items():
            if isinstance(cell, float) and not np.isfinite(cell):
                return BadValue(source, column, row, cell, "an infinite number", "every number must be finite")
            if isinstance(cell, (float, int, Decimal)) and abs(float(cell)) > LARGEST:
                allowed = f"numbers up to {LARGEST:.0e} can be computed with: measure the column in another unit"
                return BadValue(source, column, row, cell, "too large a number", allowed)
        coded = self.formula.coded
        term = self.term_of.get(name, "")
        codes = coded.terms[self.formula.terms.index(term)] if term else (coded.response,)
        variable = self.formula.variables[int(_FIRST_ALIAS.findall(" ".join(codes))[0])]
        allowed = "leave the row out or choose another transformation"
        return BadValue(source, variable, row, cells[variable], f"{quoted(term or name)} has no usable value for it", allowed)


def _is_usable(values: Array) -> bool:
    """Whether every number is finite and not too large to be multiplied with others; NaN fails both comparisons."""
    return not len(values) or bool(values.min() >= -LARGEST and values.max() <= LARGEST)
