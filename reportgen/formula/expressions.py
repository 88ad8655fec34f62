"""Calls inside a formula: what may be written in them, and how they are rewritten in our own names.

``log(income + 1)`` becomes ``log(r0 + 1)``, ``C(sector, Treatment('b'))`` becomes ``C(f1, Treatment(s0))``. A column is
``c<i>`` where it stands alone, ``f<i>`` where it is made a factor, ``r<i>`` where its numbers or texts are computed with; a
text of the user is ``s<j>``. `i` counts the columns of the formula in order of appearance.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reportgen.formula.scanner import CONTRASTS, Token, is_bare_name, refuse
from reportgen.formula.signatures import SIGNATURES, VALUE_FUNCTIONS, Rule

MAX_DEPTH = 60
MAX_EXPONENT = 10

_ALIAS = re.compile(r"\b(?:[cfr](?P<column>[0-9]+)|s(?P<literal>[0-9]+)|k(?P<level>[0-9]+))\b")
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_SPECIAL = {
    "offset": ("offset() is not supported: the variants need every coefficient free", "subtract it from the response instead"),
    "contr.treatment": ("'contr.treatment' is not known here", "write Treatment('level')"),
    "factor": ("'factor' is not a function of formulas here", "write C(column)"),
    "as.factor": ("'as.factor' is not a function of formulas here", "write C(column)"),
    "ns": ("'ns' is not a function of formulas here", "write cr(column, df=4, constraints='center') for a natural spline"),
}


@dataclass(slots=True)
class Names:
    """What the aliases stand for; filled while a formula is read.

    Attributes
    ----------
    columns : list of str
        Column i is ``c<i>``, ``f<i>`` or ``r<i>``.
    literals : list of str
        Source of ``s<j>``, as the formula library would print it.
    bases : dict
        Literal number of each ``Treatment`` base to the number of the column it is a level of.
    known : dict
        Number of each literal by its source and the column it is a level of (empty: of none).
    compared : set of int
        Columns whose texts are compared with a text.
    computed : set of int
        Columns whose numbers are computed with.
    """

    columns: list[str]
    literals: list[str] = field(default_factory=list)
    bases: dict[int, int] = field(default_factory=dict)
    known: dict[tuple[str, str], int] = field(default_factory=dict)
    compared: set[int] = field(default_factory=set)
    computed: set[int] = field(default_factory=set)

    def literal(self, source: str, column: str) -> int:
        """Number of a literal; a level of one column is another literal than the same text elsewhere."""
        key = (source, column)
        if key not in self.known:
            self.known[key] = len(self.literals)
            self.literals.append(source)
        return self.known[key]

    def shown(self, coded: str, *, ticks: bool = False) -> str:
        """A coded expression in the user's names; with `ticks`, unusual names stand between backticks."""
        return shown(coded, self.columns, self.literals, ticks=ticks)


def shown(coded: str, columns: Sequence[str], literals: Sequence[str], levels: Sequence[str] = (), *, ticks: bool) -> str:
    """A coded expression in the user's names; unusual ones stand between backticks inside calls, with `ticks` everywhere.

    Level j of a factor is ``k<j>`` in a coded name; all aliases are replaced in one pass, so that no name of the user is
    taken for one of ours.
    """

    def name(match: re.Match[str]) -> str:
        if match["literal"] is not None:
            return literals[int(match["literal"])]
        if match["level"] is not None:
            return levels[int(match["level"])]
        column = columns[int(match["column"])]
        is_inside = match[0][0] != "c"
        return f"`{column}`" if (ticks or is_inside) and not is_bare_name(column) else column

    return _ALIAS.sub(name, coded)


def read_call(text: str, tokens: Sequence[Token], names: Names) -> str:
    """Check a call and give it in coded names, formatted as the formula library formats it.

    Parameters
    ----------
    text : str
        The whole formula, for messages.
    tokens : sequence of Token
        From the name of the function to its closing bracket.
    names : Names
        Grows by the literals found.

    Raises
    ------
    FormulaError
        A function or an argument that is not on the list.
    """
    code, offsets = _coded(text, tokens, names)
    try:
        tree = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        offset = getattr(error, "offset", 1) or 1
        position = tokens[max(0, bisect_right(offsets, offset - 1) - 1)].position
        refuse(text, position, "the expression cannot be read", "write it as in Python, for example log(x + 1) or I(x**2)")
    _Check(text, tokens, offsets, names).call(tree, 0)
    return ast.unparse(tree)


def _coded(text: str, tokens: Sequence[Token], names: Names) -> tuple[str, list[int]]:
    """The call in coded names, and the offset at which each token begins in it."""
    pieces: list[str] = []
    offsets: list[int] = []
    length = 0
    for index in range(len(tokens)):
        piece = _piece(text, tokens, index, names)
        offsets.append(length)
        pieces.append(piece)
        length += len(piece) + 1
    return " ".join(pieces), offsets


def _piece(text: str, tokens: Sequence[Token], index: int, names: Names) -> str:
    token = tokens[index]
    before = tokens[max(0, index - 2)]
    opens = index >= 2 and tokens[index - 1].kind == "open" and before.kind == "function"
    if token.kind == "function" and token.text not in SIGNATURES and token.text not in CONTRASTS:
        problem, allowed = _SPECIAL.get(token.text, ("", ""))
        known = ", ".join(name for name in SIGNATURES if not name.startswith("np."))
        refuse(
            text,
            token.position,
            problem or f"{token.text[:20]!r} is not a function of formulas",
            allowed or f"allowed are {known}",
        )
    if token.kind == "column":
        factor = opens and before.text == "C" and tokens[index + 1].text in (",", ")")
        return f"{'f' if factor else 'r'}{names.columns.index(token.text)}"
    if token.kind in ("string", "number"):
        return _written(tokens, index, names)
    if token.kind == "operator" and token.text in ("~", "|", "||", ":", "^"):
        hint = "write ** for a power" if token.text == "^" else "allowed in a call are + - * / // % ** and one comparison"
        refuse(text, token.position, f"'{token.text}' has no meaning inside a call", hint)
    return token.text


def _written(tokens: Sequence[Token], index: int, names: Names) -> str:
    """A text or a number: an alias where it is compared with cells or is a reference level, else as it stands."""
    token = tokens[index]
    source = repr(token.text) if token.kind == "string" else token.text
    if _is_in_treatment(tokens[:index]):
        return f"s{names.literal(source, tokens[2].text)}"
    is_keyword_value = tokens[index - 1].text == "=" and tokens[index - 2].text in ("extrapolation", "constraints")
    return f"s{names.literal(source, '')}" if token.kind == "string" and not is_keyword_value else source


def _is_in_treatment(before: Sequence[Token]) -> bool:
    """Whether the last bracket opened belongs to ``Treatment``."""
    opened = max(index for index, token in enumerate(before) if token.kind == "open")
    return before[opened - 1].kind == "function" and before[opened - 1].text == "Treatment"


@dataclass(frozen=True, slots=True)
class _Check:
    """Holds a parsed call against the list of what may be written."""

    text: str
    tokens: Sequence[Token]
    offsets: Sequence[int]
    names: Names

    def refuse(self, node: ast.expr | ast.keyword, problem: str, allowed: str) -> None:
        place = bisect_right(self.offsets, node.col_offset) - 1
        refuse(self.text, self.tokens[place].position, problem, allowed)

    def call(self, node: ast.expr, depth: int) -> None:
        name = _function(node)
        if not isinstance(node, ast.Call) or name not in SIGNATURES:
            self.refuse(node, "not a single call", "write one call, as log(x) or I(a + b), between operators")
            return
        arguments = self.arguments(node, name)
        for parameter, rule in SIGNATURES[name].items():
            if parameter in arguments:
                self.argument(arguments[parameter], rule, name, depth)
        if "df" in SIGNATURES[name] and "knots" in SIGNATURES[name] and len({"df", "knots"} & set(arguments)) == 2:
            self.refuse(node, f"{name}() with both df and knots", "give one of them")
        if name in ("cr", "cs", "cc") and not {"df", "knots"} & set(arguments):
            self.refuse(node, f"{name}() without df or knots", f"write {name}(x, df=4)")
        if name == "C" and "contrasts" in arguments:
            self.base(arguments["data"], arguments["contrasts"])

    def arguments(self, node: ast.Call, name: str) -> Mapping[str, ast.expr]:
        """Arguments by parameter; the first one must be there."""
        parameters = list(SIGNATURES[name])
        if len(node.args) > len(parameters):
            self.refuse(node.args[len(parameters)], f"too many arguments of {name}()", f"it takes {', '.join(parameters)}")
        found: dict[str, ast.expr] = dict(zip(parameters, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg not in parameters[1:] or keyword.arg in found:
                given = f"argument '{keyword.arg[:20]}'" if keyword.arg else "'**' before an argument"
                self.refuse(keyword, f"{given} of {name}()", f"it takes {', '.join(parameters)}, each once")
            else:
                found[keyword.arg] = keyword.value
        if parameters[0] not in found:
            self.refuse(node, f"{name}() without a column", f"write {name}(column)")
        return found

    def argument(self, node: ast.expr, rule: Rule, name: str, depth: int) -> None:
        if rule.kind == "value":
            self.value(node, depth + 1)
        elif rule.kind == "column":
            if not isinstance(node, ast.Name) or not node.id.startswith("f"):
                self.refuse(node, "C() takes the name of a column", "make a column of the expression first")
        elif rule.kind == "contrast":
            self.contrast(node)
        elif not rule.accepts(_constant(node)):
            self.refuse(node, f"this argument of {name}() is not allowed", rule.allowed)

    def value(self, node: ast.expr, depth: int) -> None:
        """Numbers computed from columns."""
        if depth > MAX_DEPTH:
            self.refuse(node, "the expression nests too deeply", "make a column of a part of it first")
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            pass
        elif isinstance(node, ast.Name) and node.id.startswith("r"):
            self.names.computed.add(int(node.id[1:]))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            self.value(node.operand, depth + 1)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, _ARITHMETIC):
            if isinstance(node.op, ast.Pow):
                self.power(node)
            self.value(node.left, depth + 1)
            self.value(node.right, depth + 1)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], _COMPARISONS):
            self.comparison(node, depth)
        elif isinstance(node, ast.Call) and _function(node) in VALUE_FUNCTIONS:
            self.call(node, depth)
        else:
            self.refuse(
                node, "this has no place in a formula", "allowed are columns, numbers, + - * / ** and the known functions"
            )

    def comparison(self, node: ast.Compare, depth: int) -> None:
        left, right = node.left, node.comparators[0]
        for side, other in ((left, right), (right, left)):
            if isinstance(side, ast.Name) and side.id.startswith("s"):
                if not (
                    isinstance(other, ast.Name) and other.id.startswith("r") and isinstance(node.ops[0], (ast.Eq, ast.NotEq))
                ):
                    self.refuse(node, "a text can only be compared with a column by == or !=", "write I(column == 'text')")
                else:
                    self.names.compared.add(int(other.id[1:]))
                return
        self.value(left, depth + 1)
        self.value(right, depth + 1)

    def power(self, node: ast.BinOp) -> None:
        """Only a small constant exponent, and no tower of constants, which would fill the memory before anything is fitted."""
        if not any(isinstance(part, ast.Name) for part in ast.walk(node.left)):
            self.refuse(node, "a power of a number", "write the number itself")
        exponent = _constant(node.right)
        if isinstance(exponent, bool) or not isinstance(exponent, (int, float)) or abs(exponent) > MAX_EXPONENT:
            self.refuse(node.right, "this exponent is not allowed", f"numbers from -{MAX_EXPONENT} to {MAX_EXPONENT} are")

    def contrast(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name) and node.id in CONTRASTS:
            if node.id == "Treatment":
                self.refuse(node, "Treatment without a reference level", "write C(column), or C(column, Treatment('level'))")
            return
        name = _function(node)
        if not isinstance(node, ast.Call) or name not in CONTRASTS:
            self.refuse(node, "not a contrast", f"allowed are {', '.join(CONTRASTS)}")
            return
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reference")]
        is_base = all(isinstance(value, ast.Name) and value.id.startswith("s") for value in given)
        if len(given) != len(node.args) + len(node.keywords) or len(given) > (name == "Treatment") or not is_base:
            self.refuse(node, f"arguments of {name}()", "only Treatment takes one, the reference level: Treatment('level')")

    def base(self, column: ast.expr, contrast: ast.expr) -> None:
        if not isinstance(contrast, ast.Call) or not isinstance(column, ast.Name):
            return
        for value in [*contrast.args, *(keyword.value for keyword in contrast.keywords)]:
            if isinstance(value, ast.Name):
                self.names.bases[int(value.id[1:])] = int(column.id[1:])


def _function(node: ast.AST) -> str:
    """Name of the function a node calls, ``np.log`` included; the empty string if it is something else."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "np":
            return f"np.{node.func.attr}"
    return ""


def _constant(node: ast.expr) -> object:
    """Value of a constant, a signed number or a list of them; a node that is none of these stays what it is."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _constant(node.operand)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.List):
        return [_constant(item) for item in node.elts]
    return node
