"""The functions a formula may call, and what each of their arguments may be. Data, hardly any code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MAX_DF = 50
MAX_DEGREE = 10
MAX_KNOTS = 100

MATH_FUNCTIONS = ("log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs", "sin", "cos", "tan")


@dataclass(frozen=True, slots=True)
class Rule:
    """What an argument may be.

    Attributes
    ----------
    kind : str
        ``value`` an expression of columns, ``column`` one column, ``contrast`` a coding of a factor; the others constants.
    allowed : str
        The sentence for someone who wrote something else.
    low, high : float
        Range of an integer.
    words : tuple of str
        The texts allowed.
    """

    kind: Literal["value", "column", "contrast", "flag", "integer", "number", "numbers", "word"]
    allowed: str = ""
    low: float = 0
    high: float = 0
    words: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether a constant may stand here."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind == "integer":
            return is_number and isinstance(value, int) and self.low <= value <= self.high
        if self.kind == "number":
            return is_number
        if self.kind == "numbers":
            numbers = value if isinstance(value, list) else [None]
            is_list = 0 < len(numbers) <= MAX_KNOTS and all(type(n) in (int, float) for n in numbers)
            return is_list and numbers == sorted(numbers)
        return self.kind == "word" and value in self.words


VALUE = Rule("value")
FLAG = Rule("flag", "True or False is allowed")
DF = Rule("integer", f"a whole number from 1 to {MAX_DF} is allowed", 1, MAX_DF)
KNOTS = Rule("numbers", f"a list of 1 to {MAX_KNOTS} ascending numbers is allowed, as [1, 2.5]")
BOUND = Rule("number", "a number is allowed")
EXTRAPOLATION = Rule("word", "'raise', 'clip', 'zero' or 'extend' is allowed", words=("raise", "clip", "zero", "extend"))
CUBIC: Mapping[str, Rule] = {
    "x": VALUE,
    "df": DF,
    "knots": KNOTS,
    "lower_bound": BOUND,
    "upper_bound": BOUND,
    "constraints": Rule("word", "only 'center' is allowed", words=("center",)),
    "extrapolation": EXTRAPOLATION,
}

SIGNATURES: Mapping[str, Mapping[str, Rule]] = {
    "I": {"x": VALUE},
    "C": {"data": Rule("column"), "contrasts": Rule("contrast")},
    **{name: {"x": VALUE} for name in MATH_FUNCTIONS},
    "center": {"x": VALUE},
    "scale": {
        "x": VALUE,
        "center": FLAG,
        "scale": FLAG,
        "ddof": Rule("integer", "0 or 1 is allowed", 0, 1),
    },
    "poly": {
        "x": VALUE,
        "degree": Rule("integer", f"a whole number from 1 to {MAX_DEGREE} is allowed", 1, MAX_DEGREE),
        "raw": FLAG,
    },
    "bs": {
        "x": VALUE,
        "df": DF,
        "knots": KNOTS,
        "degree": Rule("integer", f"a whole number from 0 to {MAX_DEGREE} is allowed", 0, MAX_DEGREE),
        "include_intercept": FLAG,
        "lower_bound": BOUND,
        "upper_bound": BOUND,
        "extrapolation": EXTRAPOLATION,
    },
    "cr": CUBIC,
    "cs": CUBIC,
    "cc": CUBIC,
    **{f"np.{name}": {"x": VALUE} for name in MATH_FUNCTIONS},
}
"""Function to its parameters in order, the first one required."""

VALUE_FUNCTIONS = frozenset({"I", "center", "scale", *MATH_FUNCTIONS, *(f"np.{name}" for name in MATH_FUNCTIONS)})
"""Functions that give one number a row, so that one can compute with them."""

STATEFUL = frozenset({"center", "scale", "poly", "bs", "cr", "cs", "cc"})
"""Functions whose columns depend on all rows (a mean, a basis, quantiles)."""
