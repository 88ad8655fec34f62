"""Errors of a formula."""

from __future__ import annotations

from reportgen.errors.base import InputError, quoted


class FormulaError(InputError):
    """The formula cannot be read, or asks for something that is not allowed.

    Parameters
    ----------
    text : str
        The formula as given.
    position : int
        Offset of the first offending character in `text`.
    problem : str
        What is wrong there.
    allowed : str
        What would be right.
    """

    def __init__(self, text: str, position: int, problem: str, allowed: str) -> None:
        super().__init__(text, position, problem, allowed)
        self.text, self.position, self.problem, self.allowed = text, position, problem, allowed

    def __str__(self) -> str:
        start = max(0, self.position - 60)
        window = "".join(c if c.isprintable() else " " for c in self.text[start : self.position + 60])
        caret = " " * (self.position - start) + "^"
        return f"formula, character {self.position + 1}: {self.problem}; {self.allowed}\n  {window}\n  {caret}"


class TooManyColumns(InputError):
    """The formula would make more design columns than the rows, or the program, can carry; `widest` is the term with most."""

    def __init__(self, n_columns: int, limit: int, widest: str) -> None:
        super().__init__(n_columns, limit, widest)
        self.n_columns, self.limit, self.widest = n_columns, limit, widest

    def __str__(self) -> str:
        return (
            f"the formula makes {self.n_columns} design columns, most of them for {quoted(self.widest)}; "
            f"at most {self.limit} are allowed with these data"
        )
