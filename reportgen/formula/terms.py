"""Terms of a formula, multiplied out: ``a * b`` is ``a + b + a:b``, ``(a + b + c)**2`` has all pairs.

A factor is a coded expression (``c0``, ``log(r1)``); a term is a tuple of factors, the intercept the empty one. The same terms
in the same order as the formula library makes them, but counted before they are built: ``(a + b + c + d + e)**12`` would keep
that library busy for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from reportgen.errors import FormulaError
from reportgen.formula.expressions import Names, read_call
from reportgen.formula.scanner import Token, refuse

MAX_TERMS = 2000
MAX_PRODUCTS = 200_000
MAX_FACTORS = 8

Term = tuple[str, ...]
TermSet = dict[frozenset[str], Term]

INTERCEPT: Term = ()
NO_INTERCEPT = ("the intercept cannot be removed: the variants differ by how they treat it", "leave out '0 +' and '- 1'")


def read_terms(text: str, tokens: Sequence[Token], names: Names, end: int) -> tuple[Term, ...]:
    """Terms of a sum, lower degrees first, the intercept left out where it was written.

    Parameters
    ----------
    text : str
        The whole formula.
    tokens : sequence of Token
        The sum; may be empty.
    names : Names
        Columns known by number.
    end : int
        Where the sum ends in the text.

    Raises
    ------
    FormulaError
        Not a sum of terms, or one of too many.
    """
    if not tokens:
        return ()
    reader = _Reader(text, tokens, names, end)
    terms = reader.sum()
    if reader.index < len(tokens):
        reader.refuse_here()
    return tuple(sorted((term for term in terms.values() if term != INTERCEPT), key=len))


@dataclass(slots=True)
class _Reader:
    """Recursive descent over the tokens of a sum; each method reads one level of precedence."""

    text: str
    tokens: Sequence[Token]
    names: Names
    end: int
    index: int = 0

    def peek(self, *operators: str) -> bool:
        if self.index >= len(self.tokens):
            return False
        token = self.tokens[self.index]
        return token.kind == "operator" and token.text in operators

    def refuse_here(self) -> NoReturn:
        if self.index >= len(self.tokens):
            refuse(self.text, self.end, "a term is missing here", "write a column or a call after the operator")
        token = self.tokens[self.index]
        if token.text == "^":
            refuse(
                self.text,
                token.position,
                "'^' is not a power of numbers",
                "write I(x**2) for a square, (a + b)**2 for all pairs",
            )
        if token.text == "|":
            refuse(self.text, token.position, "the grouping term stands outside parentheses", "write (1 | group)")
        if token.text == "~":
            refuse(self.text, token.position, "a second '~'", "one response stands on the left, the predictors on the right")
        if token.text == "%":
            refuse(self.text, token.position, "'%' is not an operator of formulas", "write a:b for an interaction")
        refuse(self.text, token.position, f"'{token.text[:20]}' is not expected here", "join terms with + : * or /")

    def sum(self) -> TermSet:
        total: TermSet = {}
        removes = False
        if self.peek("+", "-"):
            removes = self.take().text == "-"
        while True:
            start = self.tokens[self.index].position if self.index < len(self.tokens) else self.end
            terms = self.product()
            if removes and frozenset() in terms:
                refuse(self.text, start, *NO_INTERCEPT)
            total = (
                {k: v for k, v in total.items() if k not in terms}
                if removes
                else total | {k: v for k, v in terms.items() if k not in total}
            )
            self.check_size(total.values(), start)
            if not self.peek("+", "-"):
                return total
            removes = self.take().text == "-"

    def product(self) -> TermSet:
        terms = self.interaction()
        while self.peek("*", "/"):
            operator = self.take()
            right = self.interaction()
            if operator.text == "*":
                terms = (
                    terms | _without(right, terms) | _without(self.times(terms, right, operator.position), {**terms, **right})
                )
            else:
                common = {
                    frozenset(f for t in terms.values() for f in t): tuple(dict.fromkeys(f for t in terms.values() for f in t))
                }
                terms = terms | _without(self.times(common, right, operator.position), terms)
        return terms

    def interaction(self) -> TermSet:
        terms = self.power()
        while self.peek(":"):
            position = self.take().position
            terms = self.times(terms, self.power(), position)
        return terms

    def power(self) -> TermSet:
        start = self.index
        terms = self.atom()
        if not self.peek("**", "^"):
            return terms
        operator = self.take()
        base = self.tokens[start]
        if base.kind != "open":
            column = self.text[base.position : operator.position].strip()[:20]
            refuse(
                self.text,
                operator.position,
                f"'{operator.text}' multiplies terms, not numbers: {column}{operator.text}2 would be {column} itself",
                f"write I({column}**2) for the square",
            )
        if operator.text == "^":
            refuse(
                self.text,
                operator.position,
                "'^' is not an operator here",
                "write (a + b)**2 for all pairs, I(x**2) for a square",
            )
        exponent = self.tokens[self.index] if self.index < len(self.tokens) else operator
        if exponent.kind != "number" or exponent.text not in ("2", "3", "4"):
            refuse(self.text, exponent.position, "this exponent of terms is not allowed", "2, 3 or 4 is")
        self.index += 1
        result = terms
        for _ in range(int(exponent.text) - 1):
            result = self.times(result, terms, operator.position)
        return result

    def atom(self) -> TermSet:
        if self.index >= len(self.tokens):
            self.refuse_here()
        token = self.tokens[self.index]
        if token.kind == "open" and token.text == "(":
            return self.parenthesis()
        if token.kind == "number":
            return self.number(token)
        if token.kind == "column":
            self.index += 1
            factor = f"c{self.names.columns.index(token.text)}"
        elif token.kind == "function":
            stop = closing(self.tokens, self.index + 1)
            factor = read_call(self.text, self.tokens[self.index : stop + 1], self.names)
            self.index = stop + 1
        else:
            self.refuse_here()
        return {frozenset({factor}): (factor,)}

    def parenthesis(self) -> TermSet:
        stop = closing(self.tokens, self.index)
        self.index += 1
        terms = self.sum()
        if self.index != stop:
            self.refuse_here()
        self.index += 1
        return terms

    def number(self, token: Token) -> TermSet:
        if token.text == "0":
            refuse(self.text, token.position, *NO_INTERCEPT)
        if token.text != "1":
            refuse(self.text, token.position, f"the number {token.text[:20]} is not a term", "write I(2 * x) to scale a column")
        self.index += 1
        return {frozenset(): INTERCEPT}

    def take(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def times(self, left: TermSet, right: TermSet, position: int) -> TermSet:
        if len(left) * len(right) > MAX_PRODUCTS:
            refuse(self.text, position, "this product has too many terms", f"at most {MAX_TERMS} terms are allowed")
        result: TermSet = {}
        for a in left.values():
            for b in right.values():
                term = tuple(dict.fromkeys(a + b))
                result.setdefault(frozenset(term), term)
        self.check_size(result.values(), position)
        return result

    def check_size(self, terms: Iterable[Term], position: int) -> None:
        terms = tuple(terms)
        if len(terms) > MAX_TERMS or max(map(len, terms), default=0) > MAX_FACTORS:
            allowed = f"at most {MAX_TERMS} terms of at most {MAX_FACTORS} factors are allowed"
            raise FormulaError(self.text, position, "the formula has too many terms", allowed)


def _without(terms: TermSet, known: TermSet) -> TermSet:
    return {key: term for key, term in terms.items() if key not in known}


def closing(tokens: Sequence[Token], start: int) -> int:
    """Index of the bracket that closes the one at `start` (the scanner has checked that there is one)."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += {"open": 1, "close": -1}.get(tokens[index].kind, 0)
        if depth == 0:
            return index
    raise ValueError("no closing bracket")
