"""States of the functions that look at all rows, gathered pass by pass where the rows do not fit into memory."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from reportgen.design.encoding import Inputs
from reportgen.design.gathering import Gatherer, MeanSpread, Recurrence, State
from reportgen.design.spline_states import BasisSpline, CubicSpline
from reportgen.formula.signatures import SIGNATURES, STATEFUL

Rows = Callable[[], Iterator[pa.Table]]
"""Gives the complete rows, table by table, from the start each time it is called."""


@dataclass(frozen=True, slots=True)
class StatefulCall:
    """A call whose columns depend on all rows.

    Attributes
    ----------
    code : str
        The call in coded names: the key of its state.
    function : str
        Name of the function.
    argument : str
        The expression of the values, in coded names.
    constants : mapping
        Its other arguments.
    depth : int
        0 if no other such call stands inside.
    """

    code: str
    function: str
    argument: str
    constants: Mapping[str, Any]
    depth: int


def stateful_calls(terms: Sequence[tuple[str, ...]]) -> tuple[StatefulCall, ...]:
    """Every such call of some coded terms, once, inner ones first."""
    found: dict[str, StatefulCall] = {}
    for code in dict.fromkeys(code for term in terms for code in term):
        _look_inside(ast.parse(code, mode="eval").body, found)
    return tuple(sorted(found.values(), key=lambda call: call.depth))


def _look_inside(node: ast.AST, found: dict[str, StatefulCall]) -> int:
    """Add the calls below a node; the number of them that lie one inside the other."""
    depth = max((_look_inside(child, found) for child in ast.iter_child_nodes(node)), default=0)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in STATEFUL:
        return depth
    function = node.func.id
    arguments = dict(zip(SIGNATURES[function], node.args, strict=False))
    arguments |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
    values = arguments.pop("x")
    constants = {name: ast.literal_eval(value) for name, value in arguments.items()}
    code = ast.unparse(node)
    found[code] = StatefulCall(code, function, ast.unparse(values), constants, depth)
    return depth + 1


def streamed_states(terms: Sequence[tuple[str, ...]], inputs: Inputs, rows: Rows) -> dict[str, State]:
    """The state of every such call, as the formula library would have found it with all rows at once.

    Parameters
    ----------
    terms : sequence of tuple of str
        Coded factors of each term.
    inputs : Inputs
        What the aliases are.
    rows : callable
        Gives the rows; called once for every pass.

    Raises
    ------
    TooManyDistinct
        Knots of a cubic regression spline that are quantiles of too many distinct values.
    """
    states: dict[str, State] = {}
    calls = [call for call in stateful_calls(terms) if not call.constants.get("raw")]
    for depth in sorted({call.depth for call in calls}):
        waiting = [(call, gatherer_of(call)) for call in calls if call.depth == depth]
        while open_ones := [(call, gatherer) for call, gatherer in waiting if not gatherer.is_done]:
            for table in rows():
                _add(open_ones, inputs, states, table)
            for _, gatherer in open_ones:
                gatherer.end_pass()
        states |= {call.code: gatherer.state() for call, gatherer in waiting}
    return states


def _add(waiting: Sequence[tuple[StatefulCall, Gatherer]], inputs: Inputs, states: dict[str, State], table: pa.Table) -> None:
    from formulaic.utils.stateful_transforms import stateful_eval

    frame = inputs.frame(table)
    names = {**inputs.context(), **{name: frame[name].to_numpy() for name in frame.columns}}
    for call, gatherer in waiting:
        with np.errstate(all="ignore"):
            values = stateful_eval(call.argument, names, None, states, None)
        values = np.broadcast_to(np.asarray(values, dtype=np.float64), (table.num_rows,))
        gatherer.add(values[np.isfinite(values)])  # a value that is not finite is named, with its row, by the next pass


def gatherer_of(call: StatefulCall) -> Gatherer:
    """What gathers the state of a call."""
    constants = dict(call.constants)
    if call.function in ("center", "scale"):
        return MeanSpread(
            bool(constants.get("center", True)),
            call.function == "scale" and bool(constants.get("scale", True)),
            int(constants.get("ddof", 1)),
        )
    if call.function == "poly":
        return Recurrence(int(constants.get("degree", 1)))
    if call.function == "bs":
        return BasisSpline(constants)
    return CubicSpline(call.function, constants, call.code)
