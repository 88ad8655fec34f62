"""How many design columns a formula makes, counted before any is made."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from itertools import combinations
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
    widths = term_widths(formula, factors)
    limit = min(MAX_COLUMNS, max(n_rows - 2, 0))
    if sum(widths) > limit:
        raise TooManyColumns(sum(widths), limit, formula.terms[widths.index(max(widths))])


def term_widths(formula: ModelFormula, factors: Mapping[str, Factor]) -> list[int]:
    """Design columns of each term."""
    spanned: set[frozenset[str]] = {frozenset()}  # the intercept
    return [_term_width(formula, term, factors, spanned) for term in formula.coded.terms]


def _term_width(formula: ModelFormula, term: Sequence[str], factors: Mapping[str, Factor], spanned: set[frozenset[str]]) -> int:
    """Columns a term adds: one set for every part of it that no earlier term has.

    ``a:b`` alone has a column for every pair of levels but one; beside ``a`` and ``b`` it has the product of their levels
    less one each.
    """
    levelled = [code for code in term if _is_factor(formula, code, factors)]
    numeric = [code for code in term if code not in levelled]
    total = 0
    for size in range(len(levelled) + 1):
        for part in combinations(levelled, size):
            key = frozenset((*numeric, *part))
            if key not in spanned:
                spanned.add(key)
                total += prod(_width(formula, code, factors) for code in (*numeric, *part))
    return total


def _is_factor(formula: ModelFormula, code: str, factors: Mapping[str, Factor]) -> bool:
    is_plain = code[0] == "c" and code[1:].isdigit()
    return code.startswith("C(") or (is_plain and formula.variables[int(code[1:])] in factors)


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
    if function in ("cr", "cs", "cc"):
        return _whole(arguments.get("df"), n_knots + 2)
    return _whole(arguments.get("df"), _whole(arguments.get("degree"), 1 if function == "poly" else 3) + n_knots)


def _whole(node: ast.expr | None, default: int) -> int:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else default
