"""Failures of the formula library as errors a user can mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reportgen.errors import ColumnUnusable, InputError
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
        lines = str(error.__cause__ or error).replace("`", "").splitlines() or [type(error).__name__]
        detail = formula.shown(lines[0])
        calls = [formula.shown(code) for term in terms for code in term if "(" in code]
        allowed = "change the arguments of the function or the data"
        raise ColumnUnusable(
            source, ", ".join(dict.fromkeys(calls)), f"cannot be computed ({detail[:160]})", allowed
        ) from error
