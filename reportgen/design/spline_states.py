"""Knots, bounds and constraints of splines over more rows than are held at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reportgen.design.gathering import Array, Extent, State
from reportgen.design.order_statistics import Quantiles
from reportgen.errors import TooManyDistinct

MAX_DISTINCT = 5_000_000  # values held for the knots of a cubic regression spline, which are quantiles of the distinct values


@dataclass(slots=True)
class BasisSpline:
    """``bs``: the extent, then the quantiles where knots are asked for by degrees of freedom.

    Attributes
    ----------
    arguments : mapping
        Of the call, without the values.
    """

    arguments: Mapping[str, Any]
    is_done: bool = False
    _extent: Extent = field(default_factory=Extent)
    _quantiles: Quantiles | None = None

    def add(self, values: Array) -> None:
        """Take (n,) finite values."""
        if self._quantiles is None:
            self._extent.add(values)
            return
        if self.arguments.get("extrapolation") in ("clip", "zero"):
            low, high = self.arguments.get("lower_bound", -np.inf), self.arguments.get("upper_bound", np.inf)
            values = values[(values >= low) & (values <= high)]
        self._quantiles.add(values)

    def end_pass(self) -> None:
        """After the extent come the quantiles, if any."""
        if self._quantiles is None:
            n_knots = max(self._n_knots(), 0)
            self._quantiles = Quantiles(np.linspace(0.0, 1.0, n_knots + 2)[1:-1])
            self.is_done = n_knots == 0
            return
        self._quantiles.end_pass()
        self.is_done = self._quantiles.is_done

    def _n_knots(self) -> int:
        a = self.arguments
        return int(a["df"]) - int(a.get("degree", 3)) - bool(a.get("include_intercept", False)) if a.get("df") else 0

    def state(self) -> State:
        """As the library makes it of two values, the extremes, and the knots."""
        from formulaic.transforms import TRANSFORMS

        arguments = dict(self.arguments)
        if self._n_knots() > 0 and self._quantiles is not None:
            del arguments["df"]
            arguments["knots"] = self._quantiles.values().tolist()
        state: dict[str, Any] = {}
        TRANSFORMS["bs"](np.array([self._extent.low, self._extent.high]), **arguments, _state=state)
        return state


@dataclass(slots=True)
class CubicSpline:
    """``cr``, ``cs``, ``cc``: the distinct values or, with knots given, the extent; then the means of a centred basis.

    Attributes
    ----------
    function : str
        Name of the function.
    arguments : mapping
        Of the call, without the values.
    shown : str
        The call for messages.
    """

    function: str
    arguments: Mapping[str, Any]
    shown: str
    is_done: bool = False
    _values: Array = field(default_factory=lambda: np.zeros(0))
    _state: dict[str, Any] = field(default_factory=dict)
    _sums: Array = field(default_factory=lambda: np.zeros(0))
    _n: int = 0

    def add(self, values: Array) -> None:
        """Take (n,) finite values."""
        if self._state:
            columns = self._evaluate(values, {**self._state, "constraints": None})
            self._sums = (self._sums if len(self._sums) else 0.0) + columns.sum(axis=1)
            self._n += len(values)
        elif self.arguments.get("knots") is not None:
            self._values = np.unique(np.concatenate([self._values, values]))[[0, -1]] if len(values) else self._values
        else:
            self._values = np.union1d(self._values, values)
            if len(self._values) > MAX_DISTINCT:
                raise TooManyDistinct(self.shown, MAX_DISTINCT)

    def end_pass(self) -> None:
        """Knots after the first pass, the constraint after the second."""
        if self._state:
            self._state["constraints"] = (self._sums / self._n)[None, :]
            self.is_done = True
            return
        self._evaluate(self._values, self._state, **self.arguments)
        self.is_done = self.arguments.get("constraints") is None

    def state(self) -> State:
        """Bounds, knots, constraints."""
        return self._state

    def _evaluate(self, values: Array, state: dict[str, Any], **arguments: Any) -> Array:
        """(k, n) columns of the basis."""
        from formulaic.transforms import TRANSFORMS

        if not arguments and self.arguments.get("extrapolation") == "clip":
            arguments = {"extrapolation": "clip"}
        columns = TRANSFORMS[self.function](values, **arguments, _state=state)
        return np.stack([np.asarray(columns[key], dtype=np.float64) for key in columns if isinstance(key, int)])
