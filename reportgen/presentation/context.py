"""What the templates see of an analysis, as plain values: texts that match the tables, flags, names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from reportgen.blends import Ingredients
from reportgen.comparison import Comparison
from reportgen.disclosure import NAMES_OF_GROUPS
from reportgen.fits import LeastSquaresFit, MixedFit, SeparateFit, Undefined, UnfitVariant
from reportgen.hausman import HausmanTable
from reportgen.hypothesis_tests import WaldTest
from reportgen.presentation import data_tables
from reportgen.presentation.formatting import (
    count,
    degrees_of_freedom,
    fixed,
    p_value,
    percent,
    printable,
    quantity,
    significant,
)
from reportgen.presentation.notation import random_slopes_term, variant_formula
from reportgen.presentation.options import Presentation
from reportgen.presentation.predictors import Plain
from reportgen.presentation.shown import LEAST_DF
from reportgen.presentation.wording import Wording
from reportgen.slope_variance_tests import SlopeVarianceTest

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

_NUMBERS = re.compile(r"\b[cr]([0-9]+)\b")

SUMMARY_KINDS = (
    "within_relation",
    "between_relation",
    "unit_size",
    "contextual_gap",
    "pooled_blend",
    "mixed_blend",
    "varying_slopes",
    "agreement",
)
"""Findings told in the summary, in the order of its sentences."""


JOINED_KINDS = ("groups_without_variation", "group_level_predictor", "within_only_predictor")
"""Findings that are told once where they say the same of several columns, as of those of a factor or of all that was asked once
in some groups."""


def presentation_values(presentation: Presentation) -> Plain:
    """Title, author, date and logo; empty texts where not given."""
    return {
        "title": printable(presentation.title, 200) if presentation.title else "",
        "author": printable(presentation.author, 120) if presentation.author else "",
        "date": presentation.date,
        "logo": presentation.logo.uri,
        "attach_data": presentation.attach_data,
    }


def formula_values(analysis: Analysis) -> Plain:
    """The formula and its parts."""
    formula = analysis.formula
    return {
        "text": printable(formula.text, 400),
        "response": printable(formula.response, 60),
        "group": printable(formula.grouping.name, 60),
        "has_slopes": bool(formula.grouping.slopes),
        "n_terms": len(formula.terms),
        "random_slopes": printable(random_slopes_term(analysis), 400),
    }


def data_values(analysis: Analysis) -> Plain:
    """Rows and groups."""
    sample = analysis.sample
    return {
        "source": printable(sample.source, 120),
        "sha256": sample.sha256,
        "read": count(sample.n_rows_read),
        "dropped": count(sample.n_rows_dropped),
        "any_dropped": sample.n_rows_dropped > 0,
        "used": count(sample.n_obs),
        "groups": count(sample.n_groups),
        "n_groups": sample.n_groups,
        "smallest": count(sample.group_size_min),
        "median": count(sample.group_size_median),
        "largest": count(sample.group_size_max),
        "is_balanced": sample.group_size_min == sample.group_size_max,
        "n_obs": sample.n_obs,
        "n_largest": sample.group_size_max,
    }


def curved_variables(analysis: Analysis) -> list[str]:
    """Variables of which several columns are computed as numbers: powers, polynomials, splines. Together they are one curve."""
    design, found = analysis.design, Counter[str]()
    for column, coded in zip(design.columns, design.predictors.columns, strict=True):
        if len(design.parts_of[column]) == 1 and not coded.startswith("C("):  # neither a product nor the levels of a factor
            found.update(set(_NUMBERS.findall(coded)) if not design.parts_of[column][0].level else ())
    return [printable(design.formula.variables[int(i)], 60) for i, n in sorted(found.items()) if n > 1]


def design_values(analysis: Analysis) -> Plain:
    """What grouping does to the mean of the response."""
    design = analysis.variance.mean_design
    if isinstance(design, Undefined):
        return {"defined": False}
    return {
        "defined": True,
        "effect": significant(design.effect, 3),
        "rows": significant(design.effective_rows, 3),
    }


def option_values(analysis: Analysis, words: Wording) -> Plain:
    """What was asked for, as far as the page says it."""
    options, agreement = analysis.options, analysis.agreement
    return {
        "weights": printable(options.weights, 60) if options.weights else "",
        "missing": [printable(text, 60) for text in options.missing],
        "bootstrap": count(options.bootstrap),
        "seed": str(options.seed),
        "cross_check": options.cross_check,
        "no_agreement": words.issue(agreement.reason) if isinstance(agreement, Undefined) and options.cross_check else "",
    }


def disclosure_values(analysis: Analysis) -> Plain:
    """What is kept back of single groups."""
    kept = analysis.disclosure
    return {
        "is_coded": kept.group_labels == "code",
        "is_hidden": not kept.lists_groups,
        "example": analysis.groups[0] if kept.group_labels == "code" else "",
        "any_withheld": bool(kept.withheld),
        "min_cell": kept.min_cell,
        "n_small": kept.n_small,
        "n_withheld": len(kept.withheld),
        "n_more": len(kept.withheld) - kept.n_small,
    }


def finding_values(analysis: Analysis, predictors: list[Plain], words: Wording) -> Plain:
    """Findings by where the page says them: in the summary, by predictor; as cautions, the gravest first; as notes."""
    known = {entry["key"]: entry for entry in predictors}
    entries = [
        {
            "kind": finding.kind,
            "severity": finding.severity,
            "values": cleaned(_named(finding.values, words)),
            "predictor": known.get(finding.values.get("column"), {}),
        }
        for finding in analysis.findings
    ]
    entries = _joined(entries)
    told = [entry for entry in entries if entry["kind"] in SUMMARY_KINDS]
    parts = [
        {"predictor": entry, "findings": [finding for finding in told if finding["predictor"] is entry]} for entry in predictors
    ]
    return {
        "summary": [part for part in parts if part["findings"]],
        "cautions": [e for severity in ("problem", "caution") for e in entries if e["severity"] == severity],
        "notes": [e for e in entries if e["severity"] == "info" and e["kind"] not in SUMMARY_KINDS],
    }


def _joined(entries: list[Plain]) -> list[Plain]:
    """Findings that say the same of several columns as one, which has their names in `columns`."""
    joined: list[Plain] = []
    for entry in entries:
        if entry["kind"] not in JOINED_KINDS:
            joined.append(entry)
            continue
        values = cast(Plain, entry["values"])
        same = {key: value for key, value in values.items() if key != "column"}
        earlier = (cast(Plain, other["values"]) for other in joined if other["kind"] == entry["kind"])
        found = next((other for other in earlier if same.items() <= other.items()), None)
        # Without the names of their groups it cannot be told whether these are the same.
        if found is None or not values.get("examples", True):
            joined.append({**entry, "values": {**values, "columns": [values["column"]]}})
        else:
            cast(list[object], found["columns"]).append(values["column"])
    return joined


def _named(value: object, words: Wording) -> object:
    """Values of a finding with words for a group where it may not be named."""
    nameless = words["table.influence.one_group"]
    if isinstance(value, Mapping):
        hidden = {key: nameless for key in NAMES_OF_GROUPS if value.get(key, "") is None}
        return {key: _named(item, words) for key, item in value.items()} | hidden
    if isinstance(value, (list, tuple)):
        others = [nameless, *[words["table.influence.another_group"]] * len(value)]
        return [others[i] if item is None else _named(item, words) for i, item in enumerate(value)]
    return value


def cleaned(value: object) -> object:
    """Plain values with every text made printable; numbers stay numbers, the templates format them."""
    if isinstance(value, Mapping):
        return {str(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(item) for item in value]
    return printable(value, 60) if isinstance(value, str) else value


def variant_values(analysis: Analysis, words: Wording) -> list[Plain]:
    """Every variant with its label, formula and what there is to know about it."""
    entries: list[Plain] = []
    for name, fit in analysis.fits.items():
        is_fitted = not isinstance(fit, UnfitVariant)
        entries.append(
            {
                "id": name,
                "label": words.variant(name),
                "formula": printable(variant_formula(name, analysis.formula, analysis.levels, fit), 400),
                "is_fitted": is_fitted,
                "is_mixed": isinstance(fit, MixedFit),
                "reason": words.issue(fit.reason) if isinstance(fit, UnfitVariant) else "",
                "issues": [words.issue(issue) for issue in fit.issues] if isinstance(fit, LeastSquaresFit | MixedFit) else [],
                "df_residual": degrees_of_freedom(fit.df_residual) if isinstance(fit, LeastSquaresFit) else "",
                "left_out": [printable(column, 60) for column in fit.left_out] if isinstance(fit, SeparateFit) else [],
            }
        )
    return entries


def comparison_values(comparison: Comparison, words: Wording) -> Plain:
    """What the explanation says about all predictors together."""
    icc, parts = comparison.null_icc, comparison.ingredients
    return {
        "null_icc": {"defined": False, "reason": words.issue(icc.reason)} if isinstance(icc, Undefined) else _icc(icc),
        "contextual_test": _contextual_test(comparison.contextual_test, words),
        "slope_tests": [_slope_test(test) for test in comparison.slope_variance],
        "ingredients": {"defined": False} if isinstance(parts, Undefined) else _ingredients(parts),
        "all_hold": all(check.holds is not False for check in comparison.checks),
        "robust_is_reliable": _robust_is_reliable(comparison.hausman),
        "leaves_pairs_out": not isinstance(comparison.influence.between_pairs, Undefined),
    }


def _robust_is_reliable(table: HausmanTable | Undefined) -> bool:
    """Whether the cluster-robust form of the Hausman test has degrees of freedom enough to be relied on."""
    forms = () if isinstance(table, Undefined) else table.forms
    found = next((form for form in forms if form.form == "mundlak_cr2"), None)
    return found is not None and not isinstance(found.p_value, Undefined) and found.df[-1] >= LEAST_DF


def _contextual_test(test: WaldTest | Undefined, words: Wording) -> Plain:
    if isinstance(test, Undefined):
        return {"defined": False, "reason": words.issue(test.reason)}
    return {
        "defined": True,
        "n": test.df,
        "f": quantity("statistic", test.f),
        "df1": degrees_of_freedom(test.f_df[0]),
        "df2": degrees_of_freedom(test.f_df[1]),
        "p": p_value(test.f_p_value),
        "chi2_p": p_value(test.p_value),
    }


def _slope_test(test: SlopeVarianceTest) -> Plain:
    return {"defined": not isinstance(test.lrt, Undefined), "df1": count(test.df[0]), "df2": count(test.df[1])}


def _ingredients(parts: Ingredients) -> Plain:
    return {
        "defined": True,
        "W": significant(parts.W),
        "B": significant(parts.B),
        "B_psi": significant(parts.B_psi),
        "psi_smallest": significant(parts.psi_at_smallest, 3),
        "psi_mean": significant(parts.psi_at_mean, 3),
        "psi_largest": significant(parts.psi_at_largest, 3),
        "weight": fixed(parts.B_psi / (parts.W + parts.B_psi), 5),
    }


def _icc(icc: float) -> Plain:
    return {"defined": True, "value": quantity("icc", icc), "percent": percent(icc)}


def mixed_values(analysis: Analysis) -> Plain:
    """Variance parts of the random intercept model, for the sentences that use them."""
    fit = analysis.fits["random_intercept"]
    if not isinstance(fit, MixedFit):
        return {"defined": False}
    kept = data_tables.shrinkage(analysis)
    tau2, mean_size = float(fit.group_covariance.psi[0, 0]), float(analysis.moments.weight.mean())
    return {
        "defined": True,
        "tau2": significant(tau2),
        "sigma2": significant(fit.sigma2),
        "tau": significant(tau2**0.5, 3),
        "sigma": significant(fit.sigma2**0.5, 3),
        "icc": quantity("icc", fit.icc),
        "share": "" if isinstance(fit.icc, Undefined) else percent(fit.icc),
        "is_zero": tau2 == 0.0,
        "group_size": count(round(mean_size, 6)),
        "kept_least": quantity("share", float(kept.min())),
        "kept_most": quantity("share", float(kept.max())),
        "psi_least": significant(1.0 - float(kept.max()), 3),
        "psi_most": significant(1.0 - float(kept.min()), 3),
    }
