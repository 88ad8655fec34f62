"""The lines that fit the same models in R, Stata and statsmodels.

Every design column gets a name that is valid in all three; a preparation block makes the columns, their group means and the
deviations from them, so that each model is one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.fits import Role
from reportgen.presentation.formatting import printable
from reportgen.presentation.notation import roles_of
from reportgen.variants import CATALOGUE, Variant, within_products

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,24}")
LANGUAGES = ("r", "stata", "python")


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the columns in the code.

    `columns` maps a design column to its name, `fixed` is the right side of the formula, `group_columns` the columns of the
    data that make the groups.
    """

    response: str
    group: str
    columns: dict[str, str]
    fixed: str
    source_response: str
    group_columns: tuple[str, ...]

    @classmethod
    def of(cls, analysis: Analysis) -> Names:
        """Names that are valid everywhere: a plain name stays, anything else becomes y, g, x1, x2."""
        formula = analysis.formula
        columns = {
            level.column: level.column if IDENTIFIER.fullmatch(level.column) else f"x{i}"
            for i, level in enumerate(analysis.levels[:-1], 1)
        }
        group = formula.grouping.name
        return cls(
            response=formula.response if IDENTIFIER.fullmatch(formula.response) else "y",
            group=group if IDENTIFIER.fullmatch(group) else "g",
            columns=columns,
            fixed=printable(" + ".join(formula.terms) or "1"),
            source_response=printable(formula.response),
            group_columns=tuple(printable(column) for column in formula.grouping.columns),
        )

    def part(self, column: str, role: Role) -> str:
        """Name of what a role keeps of a column."""
        suffix = {"within": "_within", "between": "_mean", "contextual": "_mean"}.get(role, "")
        return self.columns[column] + suffix


def recipes(analysis: Analysis) -> dict[str, object]:
    """Preparation and one line a variant, by language.

    Returns
    -------
    dict
        ``preparation``: language to text; ``models``: variant id to language to line.
    """
    names = Names.of(analysis)
    models = {
        variant.id: {
            "r": _r(variant, analysis, names),
            "stata": _stata(variant, analysis, names),
            "python": _python(variant, analysis, names),
        }
        for variant in CATALOGUE
        if variant.id in analysis.fits
    }
    split = [names.columns[level.column] for level in analysis.levels[:-1] if level.varies_within]
    preparation = {
        "r": _prepare_r(names, split),
        "stata": _prepare_stata(names, split),
        "python": _prepare_python(names, split),
    }
    return {"preparation": {language: "\n".join(lines) for language, lines in preparation.items()}, "models": models}


def _parts(variant: Variant, analysis: Analysis, names: Names) -> list[str]:
    parts = []
    for level in analysis.levels[:-1]:
        for role in roles_of(variant, level):
            is_plain = variant.estimator in ("absorbed", "double_demeaned", "group_means", "separate")
            parts.append(names.columns[level.column] if is_plain else names.part(level.column, role))
    return parts


def _demeaned_twice(analysis: Analysis, names: Names, product: str) -> list[str]:
    """Right side of the model whose interactions are products of deviations; `product` has two places for them."""
    split = tuple(level.column for level in analysis.levels[:-1] if level.varies_within)
    products = within_products(split)
    return [
        product.format(*(names.part(factor, "within") for factor in products[column]))
        if column in products
        else names.columns[column]
        for column in split
    ]


def _slopes(variant: Variant, analysis: Analysis, names: Names) -> list[str]:
    if variant.condition != "slopes":
        return []
    return [names.part(c, variant.both[0]) for c in analysis.formula.grouping.slopes if c in names.columns]


def _quoted_r(name: str) -> str:
    return name if IDENTIFIER.fullmatch(name) else "`" + name.replace("`", "") + "`"


def _prepare_r(names: Names, split: list[str]) -> list[str]:
    lines = []
    if names.response != names.source_response:
        lines.append(f"d${names.response} <- with(d, {names.source_response})")
    if (names.group,) != names.group_columns:
        lines.append(
            f"d${names.group} <- interaction({', '.join('d$' + _quoted_r(c) for c in names.group_columns)}, drop = TRUE)"
        )
    if any(column != name for column, name in names.columns.items()):
        lines.append(f"X <- model.matrix(~ {_r_terms(names.fixed)}, d)[, -1, drop = FALSE]")
        aliases = [(i, c, name) for i, (c, name) in enumerate(names.columns.items(), 1) if c != name]
        lines += [f"d${name} <- X[, {i}]  # {printable(column)}" for i, column, name in aliases]
    for x in split:
        lines.append(f"d${x}_mean <- ave(d${x}, d${names.group})")
        lines.append(f"d${x}_within <- d${x} - d${x}_mean")
    return lines


def _r_terms(fixed: str) -> str:
    return re.sub(r"\bC\(", "factor(", fixed).replace("**", "^")


def _prepare_stata(names: Names, split: list[str]) -> list[str]:
    lines = [f"* {name}: {printable(column)}" for column, name in names.columns.items() if column != name]
    if names.response != names.source_response:
        lines.append(f"* {names.response}: {names.source_response}")
    lines += [f"egen group_id = group({' '.join(names.group_columns)})", "xtset group_id"]
    for x in split:
        lines += [f"bysort group_id: egen {x}_mean = mean({x})", f"generate {x}_within = {x} - {x}_mean"]
    return lines


def _prepare_python(names: Names, split: list[str]) -> list[str]:
    lines = ["import statsmodels.formula.api as smf"]
    aliases = [(column, name) for column, name in names.columns.items() if column != name]
    if aliases or names.response != names.source_response:
        lines.append("from formulaic import model_matrix")
    if aliases:
        lines.append(f"X = model_matrix({names.fixed!r}, d)")
        lines += [f'd["{name}"] = X[{column!r}]' for column, name in aliases]
    if names.response != names.source_response:
        lines.append(f'd["{names.response}"] = model_matrix({"0 + " + names.source_response!r}, d).iloc[:, 0]')
    if (names.group,) != names.group_columns:
        lines.append(f'd["{names.group}"] = d[{list(names.group_columns)!r}].astype(str).agg(":".join, axis=1)')
    for x in split:
        lines.append(f'd["{x}_mean"] = d.groupby("{names.group}")["{x}"].transform("mean")')
        lines.append(f'd["{x}_within"] = d["{x}"] - d["{x}_mean"]')
    return lines


def _r(variant: Variant, analysis: Analysis, names: Names) -> str:
    right, y, g = " + ".join(_parts(variant, analysis, names)), names.response, names.group
    if variant.estimator == "separate":
        return f"lme4::lmList({y} ~ {right or 1} | {g}, data = d)"
    if variant.estimator == "least_squares":
        return f"lm({y} ~ {right or 1}, data = d)"
    if variant.estimator == "double_demeaned":
        return f"lm({y} ~ {' + '.join([*_demeaned_twice(analysis, names, 'I({} * {})'), f'factor({g})'])}, data = d)"
    if variant.estimator == "absorbed":
        return f"lm({y} ~ {' + '.join(filter(None, [right, f'factor({g})']))}, data = d)"
    if variant.estimator == "group_means":
        columns = ", ".join([f'"{y}"', *(f'"{name}"' for name in _parts(variant, analysis, names))])
        return f"lm({y} ~ {right or 1}, data = aggregate(d[c({columns})], list(group = d${g}), mean))"
    slopes = _slopes(variant, analysis, names)
    grouping = analysis.formula.grouping
    first = "1" if not slopes or grouping.intercept else "0"
    bar = "||" if slopes and not grouping.correlated else "|"
    return f"lmerTest::lmer({y} ~ {right or 1} + ({' + '.join([first, *slopes])} {bar} {g}), data = d)"


def _stata(variant: Variant, analysis: Analysis, names: Names) -> str:
    left = " ".join([names.response, *_parts(variant, analysis, names)])
    if variant.estimator == "separate":
        return f"statsby _b _se, by(group_id): regress {left}"
    if variant.estimator == "least_squares":
        return f"regress {left}"
    if variant.estimator == "double_demeaned":
        return f"areg {' '.join([names.response, *_demeaned_twice(analysis, names, 'c.{}#c.{}')])}, absorb(group_id)"
    if variant.estimator == "absorbed":
        return f"areg {left}, absorb(group_id)"
    if variant.estimator == "group_means":
        return f"xtreg {left}, be"
    slopes = _slopes(variant, analysis, names)
    grouping = analysis.formula.grouping
    structure = " covariance(unstructured)" if slopes and grouping.correlated else ""
    intercept = " noconstant" if slopes and not grouping.intercept else ""
    inner = f" {' '.join(slopes)}" if slopes else ""
    return f"mixed {left} || group_id:{inner},{structure}{intercept} reml dfmethod(kroger)"


def _python(variant: Variant, analysis: Analysis, names: Names) -> str:
    right, y, g = " + ".join(_parts(variant, analysis, names)), names.response, names.group
    if variant.estimator == "separate":
        return f'{{name: smf.ols("{y} ~ {right or 1}", part).fit() for name, part in d.groupby("{g}")}}'
    if variant.estimator == "least_squares":
        return f'smf.ols("{y} ~ {right or 1}", d).fit()'
    if variant.estimator == "double_demeaned":
        terms = [*_demeaned_twice(analysis, names, "I({} * {})"), f"C({g})"]
        return f'smf.ols("{y} ~ {" + ".join(terms)}", d).fit()'
    if variant.estimator == "absorbed":
        return f'smf.ols("{y} ~ {" + ".join(filter(None, [right, f"C({g})"]))}", d).fit()'
    if variant.estimator == "group_means":
        return f'smf.ols("{y} ~ {right or 1}", d.groupby("{g}").mean(numeric_only=True)).fit()'
    slopes = _slopes(variant, analysis, names)
    intercept = "" if not slopes or analysis.formula.grouping.intercept else "0 + "
    random = f', re_formula="~ {intercept}{" + ".join(slopes)}"' if slopes else ""
    return f'smf.mixedlm("{y} ~ {right or 1}", d, groups="{g}"{random}).fit(reml=True)'
