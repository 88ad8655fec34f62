"""Failures of the formula library as errors a user can mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reportgen.errors import ColumnUnusable, InputError, said
from reportgen.formula import ModelFormula

Terms = Sequence[tuple[str, ...]]


@contextmanager
def explained(formula: ModelFormula, source: str, terms: Terms) -> Iterator[None]:
    """Turn whatever the library raises while it computes `terms` into one error, in the user's names.

    Raises
    ------
    ColumnUnusable
        With the first line of what the library said.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # the library has five kinds of its own and passes on those of its functions
        message = str(error.__cause__ or error).replace("`", "").strip() or type(error).__name__
        detail = formula.shown(said(message, 160))
        codes = [code for term in terms for code in term]
        calls = [formula.shown(code) for code in [code for code in codes if "(" in code] or codes]
        allowed = "change the arguments of the function or the data"
        raise ColumnUnusable(source, ", ".join(dict.fromkeys(calls)), f"cannot be computed ({detail})", allowed) from error
