"""How many design columns a formula makes, counted before any is made."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from math import prod

from reportgen.design.factors import Factor
from reportgen.errors import TooManyColumns
from reportgen.formula import ModelFormula
from reportgen.formula.signatures import SIGNATURES

MAX_COLUMNS = 2000


def check_width(formula: ModelFormula, factors: Mapping[str, Factor], n_rows: int) -> None:
    """Raise if the terms make more columns than rows minus two, or than the program carries.

    Parameters
    ----------
    formula : ModelFormula
        The formula.
    factors : mapping
        Column to factor.
    n_rows : int
        Rows used.

    Raises
    ------
    TooManyColumns
        With the widest term.
    """
    widths = [prod(_width(formula, code, factors) for code in term) for term in formula.coded.terms]
    limit = min(MAX_COLUMNS, max(n_rows - 2, 0))
    if sum(widths) > limit:
        raise TooManyColumns(sum(widths), limit, formula.terms[widths.index(max(widths))])


def _width(formula: ModelFormula, code: str, factors: Mapping[str, Factor]) -> int:
    """Columns of one factor; of a coded factor without its reference level."""
    node = ast.parse(code, mode="eval").body
    if isinstance(node, ast.Name):
        name = formula.variables[int(node.id[1:])]
        return max(len(factors[name].levels) - 1, 1) if name in factors else 1
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return 1
    function = node.func.id
    arguments = dict(zip(SIGNATURES[function], node.args, strict=False))
    arguments |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
    if function == "C":
        return _width(formula, ast.unparse(arguments["data"]), factors)
    if function not in ("poly", "bs", "cr", "cs", "cc"):
        return 1
    knots = arguments.get("knots")
    n_knots = len(knots.elts) if isinstance(knots, ast.List) else 0
    default = 1 if function == "poly" else 3
    df = _whole(arguments.get("df"), 0)
    return df or _whole(arguments.get("degree"), default) + n_knots + 1 - (function == "poly")


def _whole(node: ast.expr | None, default: int) -> int:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else default
