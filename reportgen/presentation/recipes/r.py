"""The lines in R, with lme4 and lmerTest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reportgen.presentation.formatting import printable
from reportgen.presentation.recipes.models import Model
from reportgen.presentation.recipes.names import IDENTIFIER, Names, quoted

ONLY_HERE = re.compile(r"\b(?:cr|cs|cc)\(|\bC\([^()]*,|\b(?:scale|center|poly)\([^()]*,[^()]*[a-z_]+ *=|_bound|extrapolation")
"""What R's functions of these names do otherwise, or not at all."""

WORDS = (
    (re.compile(r"\b(if|else|repeat|while|function|for|next|break|in|NULL|NA|NaN|Inf)\b(?!\()"), r"`\1`"),
    (re.compile(r"\bnp\."), ""),
    (re.compile(r"\bC\("), "factor("),
    (re.compile(r"\bcenter\(([^()]*)\)"), r"scale(\1, scale = FALSE)"),
    (re.compile(r"\bbs\("), "splines::bs("),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"\bTrue\b"), "TRUE"),
    (re.compile(r"\bFalse\b"), "FALSE"),
    (re.compile(r"\[([^\[\]]*)\]"), r"c(\1)"),
)


def prepare(names: Names) -> Iterator[str]:
    """Lines that make the columns in a data frame ``d``."""
    if names.response != names.source_response:
        yield f"d${names.response} <- with(d, {translated(names.source_response)})"
    if names.weights != names.source_weights:
        yield f"d${names.weights} <- d${symbol(names.source_weights)}"
    if (names.group,) != names.group_columns:
        yield f"d${names.group} <- {_groups(names.group_columns)}"
    if names.aliases:
        terms = " + ".join(names.terms)
        if ONLY_HERE.search(terms):
            yield f"# R has no counterpart of {terms}: take these columns from the table augment.csv"
            yield from (f"# d${name}: {printable(column)}" for _, column, name in names.aliases)
        else:
            yield f"X <- model.matrix(~ {translated(terms)}, d)[, -1, drop = FALSE]"
            yield from (f"d${name} <- X[, {i}]  # {printable(column)}" for i, column, name in names.aliases)
    for x in (names.response, *names.split) if names.weights else names.split:
        yield f"d${x}_mean <- {_mean(x, names)}"
    for x in names.split:
        yield f"d${x}_within <- d${x} - d${x}_mean"


def line(model: Model, names: Names) -> str:
    """The line that fits a model."""
    y, g = names.response, names.group
    data = f"data = d, weights = {names.weights}" if names.weights else "data = d"
    if model.estimator == "separate":
        return f"lme4::lmList({y} ~ {model.right_side()} | {g}, {data})"
    if model.estimator in ("absorbed", "double_demeaned"):
        return f"lm({y} ~ {model.right_side(f'factor({g})')}, {data})"
    if model.estimator == "group_means":
        return _group_means(model, names)
    if not model.is_mixed:
        return f"lm({y} ~ {model.right_side()}, {data})"
    effects = " + ".join(["1" if model.has_group_intercept else "0", *model.slopes])
    bar = "||" if model.slopes and not model.is_correlated else "|"
    return f"lmerTest::lmer({y} ~ {model.right_side()} + ({effects} {bar} {g}), {data})"


def robust(names: Names) -> str:
    """The line that gives a model ``m`` cluster-robust errors (CR2)."""
    weights = ", inverse_var = TRUE" if names.weights else ""
    return f'clubSandwich::coef_test(m, vcov = clubSandwich::vcovCR(m, cluster = d${names.group}, type = "CR2"{weights}))'


def _group_means(model: Model, names: Names) -> str:
    if not names.weights:
        means = f"aggregate(d[c({quoted([names.response, *model.columns])})], list(group = d${names.group}), mean)"
        return f"lm({names.response} ~ {model.right_side()}, data = {means})"
    right = " + ".join(f"{x}_mean" if x in names.split else x for x in model.columns) or "1"
    return f"lm({names.response}_mean ~ {right}, data = d[!duplicated(d${names.group}), ])"


def _groups(columns: Sequence[str]) -> str:
    parts = [f"d${symbol(column)}" for column in columns]
    return f"interaction({', '.join(parts)}, drop = TRUE)" if len(parts) > 1 else parts[0]


def _mean(x: str, names: Names) -> str:
    g, w = names.group, names.weights
    return f"ave(d${x} * d${w}, d${g}, FUN = sum) / ave(d${w}, d${g}, FUN = sum)" if w else f"ave(d${x}, d${g})"


def symbol(name: str) -> str:
    """A name as R reads it, between backticks where it is no plain one."""
    return name if IDENTIFIER.fullmatch(name) else "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def translated(terms: str) -> str:
    """Terms in R's words; names between backticks and texts in quotes stay as they are."""
    pieces = re.split(r"""(`[^`]*`|'[^']*'|"[^"]*")""", terms)
    return "".join(piece if i % 2 else _worded(piece) for i, piece in enumerate(pieces))


def _worded(text: str) -> str:
    for pattern, word in WORDS:
        text = pattern.sub(word, text)
    return text
