"""Tables for machines: plain values at full precision, with the column names of broom and broom.mixed where they have one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from reportgen.choices import shows_kenward_roger
from reportgen.fits import MixedFit
from reportgen.presentation.data_tables import shrinkage
from reportgen.presentation.notation import PART
from reportgen.variants import CATALOGUE

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

Value = str | float | int | bool | None
Results = Mapping[str, Any]
"""The content of a result file."""

TIDY = ("variant", "effect", "group", "term", "estimate", "std.error", "statistic", "df", "p.value", "conf.low", "conf.high")
TIDY_MORE = ("column", "role", "df.method")
INFERENCE = ("std_error", "statistic", "df", "p_value", "conf_low", "conf_high")
GLANCE: Mapping[str, str] = {
    "status": "status",
    "nobs": "n_obs",
    "ngroups": "n_groups",
    "logLik": "ml_log_likelihood",
    "AIC": "aic",
    "BIC": "bic",
    "df.residual": "df_residual",
    "icc": "icc",
    "is.singular": "is_singular",
}
"""Column of the glance table to key of the result file."""
R2 = {
    "r.squared": "r2",
    "adj.r.squared": "adjusted",
    "r.squared.within": "within",
    "r.squared.marginal": "marginal",
    "r.squared.conditional": "conditional",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table for machines.

    Attributes
    ----------
    name : str
        What it holds, in one or two words.
    columns : tuple of str
        Names of the columns.
    rows : tuple of tuple
        Each with one value a column; None where a number is undefined or does not belong there.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def _variants(results: Results) -> Iterator[tuple[str, Any]]:
    """The variants in the order of the catalogue, however the result file sorts them."""
    place = {variant.id: i for i, variant in enumerate(CATALOGUE)}
    yield from sorted(results["variants"].items(), key=lambda item: place.get(item[0], len(place)))


def term_name(column: str, role: str) -> str:
    """Name of a coefficient that no other one of its model has: ``x``, ``within(x)``, ``mean(x)``."""
    return PART[role].format(column) if role in PART else column


def tidy_sheet(results: Results) -> Sheet:
    """Every coefficient and variance part of every fitted variant: ``tidy()`` of broom.mixed, the variant first.

    Terms of least squares models and the fixed part of mixed models have the effect ``fixed``, standard deviations and
    correlations of the group effects ``ran_pars``. Three columns of our own stand at the end; ``df.method`` names the method
    of the standard error and its degrees of freedom, which is the one that the report shows.
    """
    rows: list[tuple[Value, ...]] = []
    for variant, entry in _variants(results):
        adjusted = _adjusted(results, entry)
        for term in entry["terms"]:
            name = term_name(term["column"], term["role"])
            shown = adjusted.get((term["column"], term["role"]), term)
            numbers = (shown[key] for key in INFERENCE)
            own = (term["column"], term["role"], shown["df_method"])
            rows.append((variant, "fixed", None, name, term["estimate"], *numbers, *own))
        intervals = results["variance"]["intervals"].get(variant, {})
        rows += [
            (variant, "ran_pars", group, name, value, None, None, None, None, *ends, None, None, None)
            for group, name, value, ends in _variance_parts(entry, results["formula"]["group"], intervals)
        ]
    return Sheet("tidy", (*TIDY, *TIDY_MORE), tuple(rows))


def _adjusted(results: Results, entry: Results) -> dict[tuple[str, str], Results]:
    """Kenward-Roger figures of a variant by column and role, where the report shows them."""
    if not shows_kenward_roger(results["options"]["inference"], results["data"]["n_groups"]):
        return {}
    return {(term["column"], term["role"]): term for term in entry.get("kenward_roger", ())}


Part = tuple[str, str, Value, tuple[Value, Value]]


def _variance_parts(entry: Results, group: str, intervals: Results) -> Iterator[Part]:
    """Standard deviations and correlations of a mixed variant: group, name, value, ends of the interval."""
    psi = entry.get("group_covariance")
    if not psi:
        return
    terms = entry["group_terms"]
    deviations = intervals.get("group_deviations", {})
    for i, term in enumerate(terms):
        yield group, f"sd__{term}", math.sqrt(max(psi[i][i], 0.0)), _ends(deviations.get(term))
    correlations = {frozenset(item["terms"]): item["interval"] for item in intervals.get("group_correlations", ())}
    for i, j in combinations(range(len(terms)), 2):
        scale = math.sqrt(max(psi[i][i] * psi[j][j], 0.0))
        ends = _ends(correlations.get(frozenset((terms[i], terms[j]))))
        yield group, f"cor__{terms[i]}.{terms[j]}", psi[i][j] / scale if scale > 0 else None, ends
    sigma2 = entry["sigma2_residual"]
    sigma = math.sqrt(sigma2) if sigma2 is not None else None
    yield "Residual", "sd__Observation", sigma, _ends(intervals.get("residual_deviation"))


def _ends(interval: Results | None) -> tuple[Value, Value]:
    return (interval["low"], interval["high"]) if interval else (None, None)


def glance_sheet(results: Results) -> Sheet:
    """One row a variant, those that could not be fitted too: ``glance()`` of broom.mixed.

    ``logLik``, ``AIC`` and ``BIC`` belong to the maximum likelihood refit and can be compared; ``REMLcrit`` is minus twice the
    restricted log-likelihood.
    """
    rows = []
    for variant, entry in _variants(results):
        sigma2, reml = entry.get("sigma2_residual"), entry.get("reml_log_likelihood")
        r2 = entry.get("r2", {})
        rows.append(
            (
                variant,
                *(entry.get(key) for key in GLANCE.values()),
                None if sigma2 is None else math.sqrt(sigma2),
                None if reml is None else -2.0 * reml,
                *(r2.get(key) for key in R2.values()),
            )
        )
    return Sheet("glance", ("variant", *GLANCE, "sigma", "REMLcrit", *R2), tuple(rows))


def errors_sheet(results: Results) -> Sheet:
    """Every coefficient under every standard error but that of least squares: Satterthwaite, Kenward-Roger, CR1, CR2, CR3."""
    rows = []
    for variant, entry in _variants(results):
        others = [{"method": term["df_method"], **term} for term in entry["terms"] if term["df_method"] == "satterthwaite"]
        others += [{"method": "kenward_roger", **term} for term in entry.get("kenward_roger", ())]
        for term in [*others, *entry.get("robust", ())]:
            name = term_name(term["column"], term["role"])
            rows.append((variant, term["method"], name, *(term[key] for key in INFERENCE), term["column"], term["role"]))
    return Sheet("standard errors", ("variant", "method", "term", *TIDY[5:], "column", "role"), tuple(rows))


def slopes_sheet(results: Results) -> Sheet:
    """Each predictor's slope within and between groups, their difference, and the blends with their weights."""
    names = ("within", "between", "pooled", "random_intercept")
    rows = [
        (
            slope["column"],
            *(slope[name] for name in names),
            *(slope["contextual"][key] for key in ("estimate", "std_error", "df", "p_value")),
            *(slope["weight_on_between"].get(name) for name in names[2:]),
        )
        for slope in results["slopes"]
    ]
    contextual = ("contextual", "contextual.std.error", "contextual.df", "contextual.p.value")
    weights = tuple(f"weight.on.between.{name}" for name in names[2:])
    return Sheet("slopes", ("column", *names, *contextual, *weights), tuple(rows))


def tests_sheet(results: Results) -> Sheet:
    """The tests between variants: statistic, degrees of freedom, p value."""
    tests = results["tests"]
    rows: list[tuple[Value, ...]] = []
    mundlak, variance = tests["mundlak"], tests["group_variance"]
    if mundlak:
        rows.append(("group means in the Mundlak model", "chi2", mundlak["chi2"], mundlak["df"], None, mundlak["p_value"]))
        rows.append(("group means in the Mundlak model", "F", mundlak["f"], *_two(mundlak["f_df"]), mundlak["f_p_value"]))
    rows.append(("differences between groups", "F", variance["f"], *_two(variance["f_df"]), variance["f_p_value"]))
    beyond = variance["beyond_group_level"]
    rows.append(("differences beyond group-level predictors", "F", beyond["f"], *_two(beyond["f_df"]), beyond["f_p_value"]))
    rows.append(("variance between groups", "likelihood ratio", variance["lrt"], None, None, variance["lrt_p_value"]))
    for test in tests["slope_variance"]:
        name = f"variance of slopes, {test['variant']}"
        rows.append((name, "restricted likelihood ratio, chi2 mixture", test["lrt"], *test["df"], test["p_value"]))
    for form in tests["hausman"]:
        df = form["df"] if isinstance(form["df"], list) else [form["df"], None]
        rows.append((f"Hausman, {form['form']}", "F" if df[1] else "chi2", form["statistic"], *df, form["p_value"]))
    return Sheet("tests", ("test", "kind", "statistic", "df", "df2", "p.value"), tuple(rows))


def _two(df: Sequence[float] | None) -> tuple[Value, Value]:
    return (df[0], df[1]) if df else (None, None)


def checks_sheet(results: Results) -> Sheet:
    """Identities between the models."""
    keys = ("identity", "holds", "discrepancy", "reason")
    return Sheet("checks", keys, tuple(tuple(check[key] for key in keys) for check in results["checks"]))


def columns_sheet(results: Results) -> Sheet:
    """Where each design column varies."""
    keys = ("column", "term", "varies_within", "varies_between", "sd_within", "sd_between", "between_share", "icc")
    return Sheet("columns", keys, tuple(tuple(column[key] for key in keys) for column in results["columns"]))


def ledger_sheet(results: Results) -> Sheet:
    """Rows read, dropped by reason, used."""
    data = results["data"]
    rows = [
        ("read", None, data["n_rows_read"]),
        *((entry["code"], entry["column"], entry["rows"]) for entry in data["ledger"]),
        ("used", None, data["n_obs"]),
    ]
    return Sheet("rows", ("rows", "column", "number"), tuple(rows))


def about_sheet(results: Results) -> Sheet:
    """What the file is about, and what computed it."""
    provenance = results["provenance"]
    rows: list[tuple[Value, ...]] = [
        ("formula", results["formula"]["text"]),
        ("data", results["data"]["source"]),
        ("sha256", results["data"]["sha256"]),
        ("groups", results["data"]["n_groups"]),
        ("reportgen", results["reportgen_version"]),
        ("python", provenance["python"]),
        *sorted(provenance["packages"].items()),
    ]
    return Sheet("about", ("what", "value"), tuple(rows))


def groups_sheet(analysis: Analysis) -> Sheet:
    """Every group that may be listed: rows, means of response and design columns, effect in the random intercept model.

    ``effect`` is the conditional mode, ``std.error`` its conditional standard deviation, ``kept`` the factor by which the
    model keeps the group's own value.
    """
    moments, fit = analysis.moments, analysis.fits["random_intercept"]
    means = moments.means + moments.origin
    columns = ["group", "rows", f"mean({analysis.levels[-1].column})"]
    columns += [f"mean({level.column})" for level in analysis.levels[:-1]]
    listed = analysis.disclosure.listed(len(analysis.groups))
    parts: list[list[Any]] = [[analysis.groups[j] for j in listed.tolist()], moments.rows[listed].tolist()]
    parts += [means[listed, i].tolist() for i in _last_first(means)]
    if isinstance(fit, MixedFit):
        columns += ["effect", "std.error", "kept"]
        kept = shrinkage(analysis)[listed].tolist()
        parts += [fit.random_effects[listed, 0].tolist(), fit.random_effect_errors[listed, 0].tolist(), kept]
    rows = tuple(tuple(None if _is_nan(value) else value for value in row) for row in zip(*parts, strict=True))
    return Sheet("groups", tuple(columns), rows)


def _last_first(means: Any) -> list[int]:
    """Places of the columns, the response (the last one) first."""
    return [means.shape[1] - 1, *range(means.shape[1] - 1)]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def all_sheets(analysis: Analysis, results: Results) -> tuple[Sheet, ...]:
    """Every table for machines, in the order of the report."""
    makers = (about_sheet, ledger_sheet, columns_sheet, tidy_sheet, glance_sheet, errors_sheet, slopes_sheet, tests_sheet)
    groups = (groups_sheet(analysis),) if analysis.disclosure.lists_groups else ()
    return (*(make(results) for make in makers), checks_sheet(results), *groups)
