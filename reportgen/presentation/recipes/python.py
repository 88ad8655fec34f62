"""The lines in Python, with statsmodels."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen.presentation.formatting import printable
from reportgen.presentation.recipes.models import Model
from reportgen.presentation.recipes.names import Names, quoted


def prepare(names: Names) -> Iterator[str]:
    """Lines that make the columns in a data frame ``d``."""
    yield "import statsmodels.formula.api as smf"
    if names.aliases or names.response != names.source_response:
        yield "from formulaic import model_matrix"
    if names.aliases:
        yield f"X = model_matrix({' + '.join(names.terms)!r}, d)"
        yield from (f'd["{name}"] = X.iloc[:, {i}].astype(float)  # {printable(column)}' for i, column, name in names.aliases)
    if names.response != names.source_response:
        yield f'd["{names.response}"] = model_matrix({"0 + " + names.source_response!r}, d).iloc[:, 0]'
    if names.weights != names.source_weights:
        yield f'd["{names.weights}"] = d[{names.source_weights!r}]'
    if (names.group,) != names.group_columns:
        yield f'd["{names.group}"] = d[{list(names.group_columns)!r}].astype(str).agg(":".join, axis=1)'
    for x in (names.response, *names.split) if names.weights else names.split:
        yield f'd["{x}_mean"] = {_mean(x, names)}'
    yield from (f'd["{x}_within"] = d["{x}"] - d["{x}_mean"]' for x in names.split)


def line(model: Model, names: Names) -> str:
    """The line that fits a model."""
    y, g, w = names.response, names.group, names.weights
    fit, weights = ("smf.wls", f', weights={{}}["{w}"]') if w else ("smf.ols", "")
    if model.estimator == "separate":
        one = f'{fit}("{y} ~ {model.right_side()}", part{weights.format("part")}).fit()'
        return f'{{name: {one} for name, part in d.groupby("{g}")}}'
    if model.estimator in ("absorbed", "double_demeaned"):
        return f'{fit}("{y} ~ {model.right_side(f"C({g})")}", d{weights.format("d")}).fit()'
    if model.estimator == "group_means":
        return _group_means(model, names)
    if not model.is_mixed:
        return f'{fit}("{y} ~ {model.right_side()}", d{weights.format("d")}).fit()'
    if w:
        return "# mixedlm has no prior weights"
    return f'smf.mixedlm("{y} ~ {model.right_side()}", d, groups="{g}"{_effects(model)}).fit(reml=True)'


def _effects(model: Model) -> str:
    """The group effects, where they are more than an intercept."""
    if not model.slopes:
        return ""
    if model.is_correlated or len(model.slopes) + model.has_group_intercept == 1:
        return f', re_formula="~ {"" if model.has_group_intercept else "0 + "}{" + ".join(model.slopes)}"'
    parts = ", ".join(f'"{slope}": "0 + {slope}"' for slope in model.slopes)
    intercept = ', re_formula="~ 1"' if model.has_group_intercept else ""
    return f"{intercept}, vc_formula={{{parts}}}"


def _group_means(model: Model, names: Names) -> str:
    if not names.weights:
        columns = quoted([names.response, *model.columns])
        return f'smf.ols("{names.response} ~ {model.right_side()}", d.groupby("{names.group}")[[{columns}]].mean()).fit()'
    right = " + ".join(f"{x}_mean" if x in names.split else x for x in model.columns) or "1"
    return f'smf.ols("{names.response}_mean ~ {right}", d.drop_duplicates("{names.group}")).fit()'


def _mean(x: str, names: Names) -> str:
    g, w = names.group, names.weights
    if not w:
        return f'd.groupby("{g}")["{x}"].transform("mean")'
    total = f'(d["{x}"] * d["{w}"]).groupby(d["{g}"]).transform("sum")'
    return f'{total} / d.groupby("{g}")["{w}"].transform("sum")'
