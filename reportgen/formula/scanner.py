"""From the text of a formula to tokens with positions: the only code that looks at the raw text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

from reportgen.errors import FormulaError, quoted

MAX_CHARACTERS = 5000
MAX_TOKENS = 500
MAX_NESTING = 30
MAX_NUMBER = 1e15

CONTRASTS = ("Treatment", "Sum", "Helmert", "Poly", "Diff")

Kind = Literal["column", "function", "keyword", "constant", "contrast", "number", "string", "operator", "open", "close"]

_BARE_NAME = r"(?:[^\W\d]|\.(?=[^\W\d]))[\w.]*"
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>"""
    + _BARE_NAME
    + r""")
  | `(?P<backtick>[^`]*)`
  | (?P<string>'[^']*'|"[^"]*")
  | (?P<operator>\*\*|\|\||==|!=|<=|>=|//|[~+\-*/:|<>=,%^])
  | (?P<open>[(\[])
  | (?P<close>[)\]])
    """,
    re.VERBOSE,
)
_MATCHING = {")": "(", "]": "["}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the formula.

    Attributes
    ----------
    kind : Kind
        ``column`` is a name of the data; ``function``, ``keyword``, ``constant`` and ``contrast`` are names with a meaning of
        their own inside a call.
    text : str
        The piece; of a column its name without backticks, of a string its content.
    position, end : int
        Where it begins and ends in the formula.
    """

    kind: Kind
    text: str
    position: int
    end: int


def is_bare_name(name: str) -> bool:
    """Whether a column's name can stand in a formula without backticks."""
    return re.fullmatch(_BARE_NAME, name) is not None


def refuse(text: str, position: int, problem: str, allowed: str) -> NoReturn:
    """Raise the error that points at a place of the formula."""
    raise FormulaError(text, position, problem, allowed)


def scan(text: str) -> tuple[Token, ...]:
    """Split a formula into tokens, within limits of size and nesting.

    Raises
    ------
    FormulaError
        Too long, a character that has no place in a formula, a quote or bracket left open.
    """
    if len(text) > MAX_CHARACTERS:
        refuse(text, MAX_CHARACTERS, f"the formula has {len(text)} characters", f"at most {MAX_CHARACTERS} are allowed")
    tokens = tuple(_classified(text, list(_pieces(text))))
    if not tokens:
        refuse(text, 0, "the formula is empty", "write for example y ~ x + (1 | group)")
    return tokens


def _pieces(text: str) -> Iterator[Token]:
    position = count = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            _refuse_character(text, position)
        kind = match.lastgroup or ""
        if kind != "space":
            count += 1
            if count > MAX_TOKENS:
                refuse(
                    text, position, f"the formula has more than {MAX_TOKENS} parts", "make columns of long expressions first"
                )
            yield _token(text, kind, match)
        position = match.end()


def _token(text: str, kind: str, match: re.Match[str]) -> Token:
    content, start = match.group(kind), match.start()
    if kind == "number":
        if float(content) >= MAX_NUMBER:
            refuse(text, start, f"the number {content[:20]} is too large", "numbers below 1e15 are allowed")
        return Token("number", content, start, match.end())
    if kind == "string":
        content = content[1:-1]
        if "'" in content or '"' in content or "\\" in content or _CONTROL.search(content):
            refuse(text, start, "a text with quotes, backslashes or control characters", "use plain text between quotes")
        return Token("string", content, start, match.end())
    if kind == "backtick":
        if not content or _CONTROL.search(content):
            refuse(text, start, "a name that is empty or has control characters", "write the column's name between backticks")
        return Token("column", content, start, match.end())
    if kind == "name":
        return Token("column", content, start, match.end())
    kinds: dict[str, Kind] = {"operator": "operator", "open": "open", "close": "close"}
    return Token(kinds[kind], content, start, match.end())


def _refuse_character(text: str, position: int) -> NoReturn:
    character = text[position]
    if character == "`":
        refuse(text, position, "a backtick is left open", "close it after the column's name")
    if character in "'\"":
        refuse(text, position, "a quote is left open", "close it with the same quote")
    if character == ".":
        refuse(text, position, "'.' does not stand for all columns here", "name the columns")
    hint = "put names of columns with unusual characters between backticks, as `my column`"
    refuse(text, position, f"{quoted(character)} has no meaning in a formula", hint)


def _classified(text: str, tokens: Sequence[Token]) -> Iterator[Token]:
    """Tell columns from functions, keywords and constants, and check that brackets match."""
    opened: list[tuple[Token, str]] = []  # each open bracket and the function it belongs to
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else token
        if token.kind == "open":
            before = tokens[index - 1] if index else token
            opened.append(
                (token, before.text if token.text == "(" and before.kind == "column" and _is_bare(text, before) else "")
            )
            if len(opened) > MAX_NESTING:
                refuse(text, token.position, "brackets nest too deeply", f"at most {MAX_NESTING} levels are allowed")
        elif token.kind == "close":
            if not opened or opened[-1][0].text != _MATCHING[token.text]:
                refuse(text, token.position, f"'{token.text}' closes nothing", "remove it or open it earlier")
            opened.pop()
        elif token.kind == "column" and _is_bare(text, token):
            token = _named(token, following, tokens[index - 1].kind if index else "operator", opened)
        yield token
    if opened:
        refuse(text, opened[-1][0].position, f"'{opened[-1][0].text}' is left open", "close it")


def _is_bare(text: str, token: Token) -> bool:
    return text[token.position] != "`"


def _named(token: Token, following: Token, before: str, opened: Sequence[tuple[Token, str]]) -> Token:
    if following.kind == "open" and following.text == "(" and token is not following:
        return Token("function", token.text, token.position, token.end)
    if any(function for _, function in opened):
        if following.kind == "operator" and following.text == "=":
            return Token("keyword", token.text, token.position, token.end)
        if token.text in ("True", "False", "None"):
            return Token("constant", token.text, token.position, token.end)
        if token.text in CONTRASTS and opened[-1][1] == "C" and before != "open":
            return Token("contrast", token.text, token.position, token.end)
    return token
