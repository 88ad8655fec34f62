"""``parse_formula``: the response, the grouping term, the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.errors import FormulaError
from reportgen.formula.expressions import Names, read_call
from reportgen.formula.model_formula import CodedFormula, GroupingTerm, ModelFormula
from reportgen.formula.scanner import Token, refuse, scan
from reportgen.formula.signatures import VALUE_FUNCTIONS
from reportgen.formula.terms import Term, closing, read_terms

MAX_GROUP_COLUMNS = 4
SIGNS = ("+", "-")

_COLUMN = re.compile(r"\b[cfr]([0-9]+)\b")
_FACTOR = re.compile(r"\bf([0-9]+)\b")


def parse_formula(text: str) -> ModelFormula:
    """Read a formula with one grouping term, as ``score ~ ses * sector + (1 + ses | school)``.

    Parameters
    ----------
    text : str
        Wilkinson notation.

    Returns
    -------
    ModelFormula
        Response, fixed terms and grouping term; nothing has been evaluated.

    Raises
    ------
    FormulaError
        Cannot be read, or asks for something not allowed; points at the place.
    """
    tokens = scan(text)
    tilde = _tilde(text, tokens)
    columns = list(dict.fromkeys(token.text for token in tokens if token.kind == "column"))
    names = Names(columns)
    response = _response(text, tokens[:tilde], names)
    pieces, rest = _split(text, tokens[tilde + 1 :])
    if not pieces:
        _refuse_ungrouped(text, tokens)
    terms = read_terms(text, rest, names, len(text))
    grouping, slopes = _grouping(text, pieces, names)
    _check_roles(text, tokens[tilde + 1 :], names, response, terms, grouping)
    coded = CodedFormula(
        response,
        terms,
        slopes,
        tuple(names.literals),
        tuple(sorted(names.bases.items())),
        tuple(sorted(names.compared)),
        tuple(sorted(names.computed)),
        tuple(sorted({int(i) for term in (*terms, *slopes) for factor in term for i in _FACTOR.findall(factor)})),
    )
    return ModelFormula(
        text=text,
        response=names.shown(response),
        fixed=_source(text, rest) or "1",
        grouping=grouping,
        terms=_shown_terms(terms, names),
        variables=tuple(columns),
        coded=coded,
    )


def _tilde(text: str, tokens: Sequence[Token]) -> int:
    """Index of the first tilde outside brackets."""
    depth = 0
    for index, token in enumerate(tokens):
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        if token.text == "~" and token.kind == "operator" and depth == 0:
            if index == 0:
                refuse(text, token.position, "no response on the left of '~'", "write one column there, as y ~ x + (1 | group)")
            return index
    raise FormulaError(text, len(text), "no '~' in the formula", "write response ~ predictors + (1 | group)")


def _response(text: str, tokens: Sequence[Token], names: Names) -> str:
    """The left side as one coded factor."""
    first = tokens[0]
    if first.kind == "column" and len(tokens) == 1:
        return f"c{names.columns.index(first.text)}"
    if first.kind == "function" and closing(tokens, 1) == len(tokens) - 1:
        if first.text not in VALUE_FUNCTIONS:
            read_call(text, tokens, names)
            refuse(text, first.position, f"{first.text}() cannot be a response", "the response is one column of numbers")
        return read_call(text, tokens, names)
    for token in tokens:
        if token.text in ("+", ",", "|", "-", "*", ":") and token.kind == "operator":
            refuse(text, token.position, "more than one response", "write one column, or a call such as log(y) or I(a + b)")
    raise FormulaError(text, first.position, "the left side is not a response", "write one column, or a call such as log(y)")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A grouping term as tokens: what stands left and right of the bar."""

    left: Sequence[Token]
    bar: Token
    right: Sequence[Token]
    position: int


def _split(text: str, tokens: Sequence[Token]) -> tuple[list[_Piece], list[Token]]:
    """Take the parenthesised grouping terms out of the right side; a plus goes with each."""
    pieces: list[_Piece] = []
    rest: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        is_call = index > 0 and tokens[index - 1].kind == "function"
        stop = closing(tokens, index) if token.kind == "open" and token.text == "(" and not is_call else index
        bar = next((i for i in range(index + 1, stop) if tokens[i].text in ("|", "||")), 0)
        if not bar:
            rest.extend(tokens[index : stop + 1])
            index = stop + 1
            continue
        before = rest[-1] if rest else None
        after = tokens[stop + 1] if stop + 1 < len(tokens) else None
        wrong = (before is not None and before.text != "+") or (after is not None and after.text not in ("+", "-"))
        if wrong or (before is not None and before.kind != "operator"):
            refuse(text, token.position, "the grouping term is part of a product", "add it to the others with +")
        pieces.append(_Piece(tokens[index + 1 : bar], tokens[bar], tokens[bar + 1 : stop], token.position))
        if before is not None:
            rest.pop()
        elif after is not None and after.text == "+":
            stop += 1
            if stop + 1 == len(tokens):
                refuse(text, len(text), "a term is missing here", "write a column or a call after the operator")
        index = stop + 1
    return pieces, rest


def _refuse_ungrouped(text: str, tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.kind == "operator" and token.text in ("|", "||"):
            refuse(text, token.position, "the grouping term stands outside parentheses", "write (1 | group)")
    refuse(text, len(text), "no grouping term", "add one, as + (1 | group)")


def _grouping(text: str, pieces: Sequence[_Piece], names: Names) -> tuple[GroupingTerm, tuple[Term, ...]]:
    columns = _group_columns(text, pieces[0])
    effects: list[tuple[bool, tuple[Term, ...]]] = []
    for piece in pieces:
        other = _group_columns(text, piece)
        if set(other) != set(columns):
            kind = "nested" if set(other) < set(columns) or set(columns) < set(other) else "crossed"
            refuse(text, piece.position, f"two different groups ({kind} effects) are not fitted", "keep one grouping term")
        effects.append(_effects(text, piece, names))
    intercept = any(has for has, _ in effects)
    slopes = [term for _, terms in effects for term in terms]
    if sum(has for has, _ in effects) > 1 or len({frozenset(term) for term in slopes}) < len(slopes):
        refuse(
            text,
            pieces[-1].position,
            "an effect is given twice in the grouping terms",
            "write each once, as (1 | g) + (0 + x | g)",
        )
    blocks = [has + len(terms) for has, terms in effects]
    if len(pieces) > 1 and max(blocks) > 1 and not all(piece.bar.text == "||" for piece in pieces):
        allowed = "write (1 + x + z | g) for all correlations or (1 + x + z || g) for none"
        refuse(text, pieces[-1].position, "effects that are correlated in part are not fitted", allowed)
    correlated = len(pieces) == 1 and pieces[0].bar.text == "|"
    return GroupingTerm(columns, intercept, _shown_terms(slopes, names), correlated), tuple(slopes)


def _group_columns(text: str, piece: _Piece) -> tuple[str, ...]:
    """The right side of the bar: a column, or columns joined by colons."""
    columns: list[str] = []
    for index, token in enumerate(piece.right):
        is_name = index % 2 == 0
        if is_name and token.kind == "function":
            refuse(text, token.position, "the group cannot be computed in the formula", "make a column of it first")
        if token.text == "/" and token.kind == "operator":
            refuse(text, token.position, "nested groups (a/b) are not fitted", "write (1 | a:b) for the inner groups")
        if token.text in ("+", "*") and token.kind == "operator":
            refuse(text, token.position, "several groups (crossed effects) are not fitted", "write one column, or a:b")
        if (token.kind != "column") if is_name else (token.text != ":" or token.kind != "operator"):
            refuse(text, token.position, f"'{token.text[:20]}' is not a group", "write a column, or a:b for a combination")
        if is_name:
            if token.text in columns:
                refuse(text, token.position, "a column stands twice in the group", "write each once")
            columns.append(token.text)
    if len(piece.right) % 2 == 0 or len(columns) > MAX_GROUP_COLUMNS:
        allowed = f"write 1 to {MAX_GROUP_COLUMNS} columns, joined by ':', after the bar"
        refuse(
            text,
            piece.bar.end,
            "the group is not complete" if len(columns) <= MAX_GROUP_COLUMNS else "too many columns",
            allowed,
        )
    return tuple(columns)


def _effects(text: str, piece: _Piece, names: Names) -> tuple[bool, tuple[Term, ...]]:
    """The left side of the bar: whether the intercept varies, and the terms whose slopes do."""
    if not piece.left:
        refuse(text, piece.bar.position, "nothing stands left of the bar", "write (1 | group) or (x | group)")
    intercept, tokens = _intercept(text, piece.left)
    slopes = read_terms(text, tokens, names, piece.bar.position)
    if not intercept and not slopes:
        refuse(text, piece.position, "the grouping term has no effect", "write (1 | group), (x | group) or (0 + x | group)")
    return intercept, slopes


def _intercept(text: str, tokens: Sequence[Token]) -> tuple[bool, list[Token]]:
    """Whether the intercept varies, and what else is added up: ``0``, ``- 1`` take it away, ``1`` gives it, the last counts."""
    intercept = True
    rest: list[Token] = []
    for index, token in enumerate(tokens):
        before, after = (rest[-1] if rest else None), (tokens[index + 1] if index + 1 < len(tokens) else None)
        starts = before is None or before.text in SIGNS
        if token.kind != "number" or token.text not in ("0", "1") or not starts or _depth(rest):
            rest.append(token)
        elif after is None or after.text in SIGNS:
            sign = rest.pop().text if before is not None else "+"
            intercept = (token.text == "1") == (sign == "+")
        elif token.text == "0":
            refuse(
                text, after.position, f"'{after.text[:20]}' is not expected here", "write (0 + x | group) or (x - 1 | group)"
            )
        else:
            rest.append(token)
    return intercept, rest


def _depth(tokens: Sequence[Token]) -> int:
    """Brackets that some tokens leave open."""
    return sum({"open": 1, "close": -1}.get(token.kind, 0) for token in tokens)


def _check_roles(
    text: str, tokens: Sequence[Token], names: Names, response: str, terms: Sequence[Term], grouping: GroupingTerm
) -> None:
    """The response stands on the left only."""
    responses = {names.columns[int(i)] for i in _COLUMN.findall(response)}
    used = {names.columns[int(i)] for term in terms for factor in term for i in _COLUMN.findall(factor)} | set(grouping.columns)
    for token in tokens:
        if token.kind == "column" and token.text in responses & used:
            refuse(text, token.position, "the response stands on the right side too", "remove it there")
    if not responses:
        refuse(text, 0, "the response has no column", "write one column on the left")


def _shown_terms(terms: Sequence[Term], names: Names) -> tuple[str, ...]:
    """Terms in the user's names; backticks tell a column named ``log(x)`` from the logarithm of x."""
    plain = tuple(":".join(names.shown(factor) for factor in term) for term in terms)
    if len(set(plain)) == len(plain):
        return plain
    return tuple(":".join(names.shown(factor, ticks=True) for factor in term) for term in terms)


def _source(text: str, tokens: Sequence[Token]) -> str:
    """The text of some tokens, blanks between them as written but no longer than one."""
    parts: list[str] = []
    for index, token in enumerate(tokens):
        gap = index > 0 and token.position > tokens[index - 1].end
        parts.append((" " if gap else "") + text[token.position : token.end])
    return "".join(parts)
