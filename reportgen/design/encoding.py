"""From a table to design columns: plain numbers at once, everything else through one model spec of the formula library.

That library sees our own names only, and only our own table of functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reportgen.design.factors import Factor
from reportgen.design.groups import as_numpy

Array = NDArray[np.float64]


class Encoder(Protocol):
    """Makes design columns of a table.

    Attributes
    ----------
    columns : tuple of str
        Coded names of the k columns.
    terms : tuple of int
        Number of the term that each column belongs to.
    """

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def terms(self) -> tuple[int, ...]: ...

    def fill(self, table: pa.Table, out: Array) -> None:
        """Write the columns into `out` (n, k)."""
        ...


def numbers(column: Any) -> Array:
    """(n,) an Arrow column of numbers as 64-bit floats."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pa.compute.utf8_trim_whitespace(column)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
        column = column.cast(pa.float64())
    return as_numpy(column).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class PlainColumns:
    """Columns of numbers and their products: no library needed.

    Attributes
    ----------
    columns : tuple of str
        Coded names, factors joined by a colon.
    terms : tuple of int
        0, 1, 2, ...
    factors : tuple of tuple of str
        Names in the data of the factors of each column.
    """

    columns: tuple[str, ...]
    terms: tuple[int, ...]
    factors: tuple[tuple[str, ...], ...]

    def fill(self, table: pa.Table, out: Array) -> None:
        """Write the columns into `out` (n, k)."""
        for i, names in enumerate(self.factors):
            out[:, i] = reduce(np.multiply, [numbers(table.column(name)) for name in names])


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a coded formula is evaluated on.

    Attributes
    ----------
    numbers : mapping
        Alias to the column of the data that holds its numbers.
    texts : mapping
        Alias to the column of the data that holds its texts.
    factors : mapping
        Alias to the factor.
    first_level : mapping
        Name of a factor's column to the number of its first level: level j of the formula is ``k<j>``.
    literals : mapping
        ``s<j>`` to its value.
    """

    numbers: Mapping[str, str]
    texts: Mapping[str, str]
    factors: Mapping[str, Factor]
    first_level: Mapping[str, int]
    literals: Mapping[str, object]

    def frame(self, table: pa.Table) -> Any:
        """A pandas data frame of the aliases' values."""
        import pandas

        data: dict[str, Any] = {alias: numbers(table.column(name)) for alias, name in self.numbers.items()}
        for alias, name in self.texts.items():
            column = table.column(name)
            data[alias] = np.asarray(column.cast(pa.large_string()).to_pylist(), dtype=object)
        for alias, factor in self.factors.items():
            codes = factor.encode(table.column(factor.column))
            data[alias] = pandas.Categorical.from_codes(codes, pandas.Index(self._keys(factor)))
        return pandas.DataFrame(data, index=range(table.num_rows), copy=False)

    def trial_frame(self) -> Any:
        """Two rows with every alias: enough where no function looks at all rows."""
        import pandas

        data: dict[str, Any] = {alias: np.ones(2) for alias in self.numbers}
        data |= {alias: np.array(["", ""], dtype=object) for alias in self.texts}
        for alias, factor in self.factors.items():
            data[alias] = pandas.Categorical.from_codes([0, 0], pandas.Index(self._keys(factor)))
        return pandas.DataFrame(data, index=range(2))

    def context(self) -> dict[str, object]:
        """The only names that a formula can reach besides its columns."""
        from formulaic.transforms import TRANSFORMS

        own: dict[str, object] = {name: getattr(np, name) for name in ("log1p", "expm1", "sqrt", "abs", "sin", "cos", "tan")}
        own |= {name: getattr(np, name) for name in ("log", "log2", "log10", "exp")}
        own["np"] = SimpleNamespace(**own)
        own |= {name: TRANSFORMS[name] for name in ("I", "C", "center", "scale", "poly", "bs", "cr", "cs", "cc")}
        own |= {name: TRANSFORMS[name] for name in ("Treatment", "Sum", "Helmert", "Poly", "Diff")}
        return own | dict(self.literals)

    def _keys(self, factor: Factor) -> list[str]:
        first = self.first_level[factor.column]
        return [f"k{first + i}" for i in range(len(factor.levels))]


@dataclass(frozen=True, slots=True, eq=False)
class LibraryColumns:
    """Columns made by the formula library's model spec, its state fixed.

    Attributes
    ----------
    columns : tuple of str
        Coded names as the library gives them.
    terms : tuple of int
        Number of each column's term.
    spec : object
        The library's model spec.
    inputs : Inputs
        What it is evaluated on.
    """

    columns: tuple[str, ...]
    terms: tuple[int, ...]
    spec: Any
    inputs: Inputs

    def fill(self, table: pa.Table, out: Array) -> None:
        """Write the columns into `out` (n, k)."""
        if not table.num_rows:
            return
        with np.errstate(all="ignore"):
            matrix = self.spec.get_model_matrix(self.inputs.frame(table), context=self.inputs.context())
        out[:] = np.asarray(matrix, dtype=np.float64)[:, 1:]


def fit_library_columns(
    terms: Sequence[tuple[str, ...]], inputs: Inputs, frame: Any, states: Mapping[str, Mapping[str, Any]] | None = None
) -> LibraryColumns:
    """Fix the state of every function (means, bases, levels) on `frame`.

    Parameters
    ----------
    terms : sequence of tuple of str
        Coded factors of each term, lower degrees first.
    inputs : Inputs
        What the aliases are.
    frame : DataFrame
        All rows used, or some where no function looks at all rows or its state is known.
    states : mapping, optional
        Code of such a function to its state.
    """
    from formulaic import Formula, ModelSpec

    text = " + ".join(["1", *(":".join(term) for term in terms)])
    with np.errstate(all="ignore"):
        spec = ModelSpec(formula=Formula(text), transform_state=dict(states or {}), na_action="ignore", output="numpy")
        matrix = spec.get_model_matrix(frame, context=inputs.context())
    spec = matrix.model_spec
    _check_knots(spec.transform_state)
    rows = spec.structure[1:]
    columns = tuple(column for row in rows for column in row.columns)
    return LibraryColumns(columns, tuple(i for i, row in enumerate(rows) for _ in row.columns), spec, inputs)


def _check_knots(states: Mapping[str, Mapping[str, Any]]) -> None:
    """The library takes knots outside the bounds as they come, and makes columns that are no spline."""
    for state in states.values():
        if any(left > right for left, right in pairwise(state.get("knots") or ())):
            low, high = state["lower_bound"], state["upper_bound"]
            raise ValueError(f"knots must lie between the bounds, here {low:.6g} and {high:.6g}")
