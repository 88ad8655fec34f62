"""The lines in Stata."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reportgen.presentation.formatting import printable
from reportgen.presentation.recipes.models import Model
from reportgen.presentation.recipes.names import IDENTIFIER, Names

FILL_IN = "* fill in"
"""Begins the line of a column that the reader has to make."""

CALL = re.compile(r"(?:np\.)?(log|log10|exp|sqrt|abs)\((" + IDENTIFIER.pattern + r")\)")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ .-]*")


def prepare(names: Names) -> Iterator[str]:
    """Lines that make the columns in the data in memory."""
    for _, column, name in names.aliases:
        yield _made(name, [_factor(*part) for part in names.parts[column]], printable(column))
    if names.response != names.source_response:
        yield _made(names.response, [_factor(names.source_response, "")], names.source_response)
    if names.weights != names.source_weights:
        yield f"{FILL_IN} {names.weights}: {names.source_weights}"
    is_plain = all(IDENTIFIER.fullmatch(column) for column in names.group_columns)
    if not is_plain:
        yield f"{FILL_IN} {names.group}: {':'.join(names.group_columns)}"
    yield f"egen group_id = group({' '.join(names.group_columns) if is_plain else names.group})"
    yield "xtset group_id"
    if names.weights:
        yield f"bysort group_id: egen {names.weights}_sum = total({names.weights})"
        yield "egen first = tag(group_id)"
    for x in (names.response, *names.split) if names.weights else names.split:
        if names.weights:
            yield f"bysort group_id: egen {x}_mean = total({x} * {names.weights} / {names.weights}_sum)"
        else:
            yield f"bysort group_id: egen {x}_mean = mean({x})"
    yield from (f"generate {x}_within = {x} - {x}_mean" for x in names.split)


def _made(name: str, factors: list[str], column: str) -> str:
    """The line that makes a column, or a comment that says what it is where Stata's way to write it is not known."""
    return f"generate {name} = {' * '.join(factors)}" if all(factors) else f"{FILL_IN} {name}: {column}"


def _factor(text: str, level: str) -> str:
    """A factor of a product in Stata's words; empty where they are not known."""
    if level:
        # A level that is no number makes a text column; of one that is, nothing tells which of the two Stata has made.
        return f'({text} == "{level}")' if IDENTIFIER.fullmatch(text) and WORD.fullmatch(level) else ""
    called = CALL.fullmatch(text)
    return text if IDENTIFIER.fullmatch(text) else f"{called[1]}({called[2]})" if called else ""


def line(model: Model, names: Names) -> str:
    """The line that fits a model."""
    parts = [part if isinstance(part, str) else f"c.{part[0]}#c.{part[1]}" for part in model.parts]
    left = " ".join([names.response, *parts])
    weight = f" [aweight = {names.weights}]" if names.weights else ""
    if model.estimator == "separate":
        return f"statsby _b _se, by(group_id) saving(separate, replace): regress {left}{weight}"  # the data stay in memory
    if model.estimator in ("absorbed", "double_demeaned"):
        return f"areg {left}{weight}, absorb(group_id)"
    if model.estimator == "group_means":
        if not names.weights:
            return f"xtreg {left}, be"
        means = [f"{x}_mean" if x in names.split else x for x in model.columns]
        return f"regress {' '.join([f'{names.response}_mean', *means])} if first"
    if not model.is_mixed:
        return f"regress {left}{weight}"
    if names.weights:
        return "* mixed has no weights that divide the residual variance"
    structure = " covariance(unstructured)" if len(model.slopes) + model.has_group_intercept > 1 and model.is_correlated else ""
    intercept = "" if model.has_group_intercept else " noconstant"
    effects = "".join(f" {slope}" for slope in model.slopes)
    return f"mixed {left} || group_id:{effects},{structure}{intercept} reml dfmethod(kroger)"
