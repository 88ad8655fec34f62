"""From an analysis to the document: everything the templates say, as plain values, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from reportgen import __version__
from reportgen.comparison import Comparison
from reportgen.findings import Finding
from reportgen.fits import LEVEL, LeastSquaresFit, MixedFit, Undefined, UnfitVariant
from reportgen.presentation import data_tables, explanation_tables, model_table
from reportgen.presentation.exports import provenance, result_file
from reportgen.presentation.figures.curve import draw_curve
from reportgen.presentation.figures.forest import draw_forest
from reportgen.presentation.figures.levels import draw_levels
from reportgen.presentation.figures.panels import draw_panels
from reportgen.presentation.figures.shrinkage import draw_shrinkage
from reportgen.presentation.figures.style import Figure
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
from reportgen.presentation.influence_table import influence_table, weighting_table
from reportgen.presentation.notation import variant_formula
from reportgen.presentation.predictors import Plain, predictor
from reportgen.presentation.recipes import recipes
from reportgen.presentation.tables import Table
from reportgen.presentation.wording import Wording, wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

CONTEXT_VERSION = 1  # raised when a template written for the old context would no longer work
SUMMARY_KINDS = ("within_relation", "between_relation", "contextual_gap", "pooled_blend", "mixed_blend", "agreement")
IN_FULL = 6  # predictors up to which each has its own explanation


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A report before it becomes a page.

    Attributes
    ----------
    title : str
        Title of the report.
    language : str
        Language of its text, as a BCP 47 tag.
    context : mapping
        What the templates see: plain values only.
    tables : mapping
        Tables by name; those of a predictor under ``<predictor id>.<table>``.
    figures : mapping
        Figures by name, likewise.
    result : str
        The result file, which travels inside the PDF.
    """

    title: str
    language: str
    context: Mapping[str, object]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    result: str


def build_document(analysis: Analysis) -> Document:
    """Everything the report says.

    Parameters
    ----------
    analysis : Analysis
        What was computed.
    """
    words = wording()
    predictors = [predictor(analysis, number, words) for number in range(len(analysis.comparison.slopes))]
    context = {
        "version": CONTEXT_VERSION,
        "formula": _formula(analysis),
        "data": _data(analysis),
        "level": f"{fixed(LEVEL * 100, 0)}%",
        "predictors": predictors,
        "in_full": len(predictors) <= IN_FULL,
        **_findings(analysis.findings, predictors),
        "variants": _variants(analysis, words),
        "unfitted": model_table.unfitted(analysis.fits, words),
        "comparison": _comparison(analysis.comparison, words),
        "mixed": _mixed(analysis),
        "recipes": recipes(analysis),
        "provenance": {"reportgen": __version__, **provenance()},
    }
    return Document(
        title=printable(analysis.formula.text, 120),
        language="en",
        context=context,
        tables=_tables(analysis, predictors, words),
        figures=_figures(analysis, predictors, words),
        result=result_file(analysis),
    )


def _formula(analysis: Analysis) -> Plain:
    formula = analysis.formula
    return {
        "text": printable(formula.text, 400),
        "response": printable(formula.response, 60),
        "group": printable(formula.grouping.name, 60),
        "has_slopes": bool(formula.grouping.slopes),
        "n_terms": len(formula.terms),
    }


def _data(analysis: Analysis) -> Plain:
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


def _findings(findings: tuple[Finding, ...], predictors: list[Plain]) -> Plain:
    """Findings by where the page says them: in the summary, by predictor; as cautions, the gravest first; as notes."""
    known = {entry["key"]: entry for entry in predictors}
    entries = [
        {
            "kind": finding.kind,
            "severity": finding.severity,
            "values": cleaned(finding.values),
            "predictor": known.get(finding.values.get("column"), {}),
        }
        for finding in findings
    ]
    told = [entry for entry in entries if entry["kind"] in SUMMARY_KINDS]
    parts = [
        {"predictor": entry, "findings": [finding for finding in told if finding["predictor"] is entry]} for entry in predictors
    ]
    return {
        "summary": [part for part in parts if part["findings"]],
        "cautions": [e for severity in ("problem", "caution") for e in entries if e["severity"] == severity],
        "notes": [e for e in entries if e["severity"] == "info" and e["kind"] not in SUMMARY_KINDS],
    }


def cleaned(value: object) -> object:
    """Plain values with every text made printable; numbers stay numbers, the templates format them."""
    if isinstance(value, Mapping):
        return {str(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(item) for item in value]
    return printable(value, 60) if isinstance(value, str) else value


def _variants(analysis: Analysis, words: Wording) -> list[Plain]:
    entries: list[Plain] = []
    for name, fit in analysis.fits.items():
        is_fitted = not isinstance(fit, UnfitVariant)
        entries.append(
            {
                "id": name,
                "label": words.variant(name),
                "formula": printable(variant_formula(name, analysis.formula, analysis.levels), 400),
                "is_fitted": is_fitted,
                "is_mixed": isinstance(fit, MixedFit),
                "reason": words.issue(fit.reason) if isinstance(fit, UnfitVariant) else "",
                "issues": [words.issue(issue) for issue in fit.issues] if isinstance(fit, LeastSquaresFit | MixedFit) else [],
                "df_residual": degrees_of_freedom(fit.df_residual) if isinstance(fit, LeastSquaresFit) else "",
            }
        )
    return entries


def _comparison(comparison: Comparison, words: Wording) -> Plain:
    test, parts = comparison.contextual_test, comparison.ingredients
    icc = comparison.null_icc
    entry: Plain = {
        "null_icc": {"defined": False, "reason": words.issue(icc.reason)} if isinstance(icc, Undefined) else _icc(icc),
        "contextual_test": {"defined": False, "reason": words.issue(test.reason)}
        if isinstance(test, Undefined)
        else {
            "defined": True,
            "n": test.df,
            "f": quantity("statistic", test.f),
            "df1": degrees_of_freedom(test.f_df[0]),
            "df2": degrees_of_freedom(test.f_df[1]),
            "p": p_value(test.f_p_value),
            "chi2": quantity("statistic", test.chi2),
            "chi2_df": str(test.df),
            "chi2_p": p_value(test.p_value),
        },
        "ingredients": {"defined": False}
        if isinstance(parts, Undefined)
        else {
            "defined": True,
            "W": significant(parts.W),
            "B": significant(parts.B),
            "gamma": significant(parts.gamma),
            "B_psi": significant(parts.B_psi),
            "psi_smallest": significant(parts.psi_at_smallest, 3),
            "psi_mean": significant(parts.psi_at_mean, 3),
            "psi_largest": significant(parts.psi_at_largest, 3),
            "weight": fixed(parts.B_psi / (parts.W + parts.B_psi), 5),
        },
        "all_hold": all(check.holds is not False for check in comparison.checks),
    }
    return entry


def _icc(icc: float) -> Plain:
    return {"defined": True, "value": quantity("icc", icc), "percent": percent(icc)}


def _mixed(analysis: Analysis) -> Plain:
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


def _tables(analysis: Analysis, predictors: list[Plain], words: Wording) -> dict[str, Table]:
    tables = {
        "ledger": data_tables.ledger_table(analysis, words),
        "levels": data_tables.levels_table(analysis, words),
        "groups": data_tables.groups_table(analysis, words),
        "models": model_table.model_table(analysis, words),
        "inference": model_table.inference_table(analysis, words),
        "tests": explanation_tables.tests_table(analysis, words),
        "checks": explanation_tables.checks_table(analysis, words),
        "slopes": explanation_tables.slopes_table(analysis, words),
        "hausman": explanation_tables.hausman_table(analysis.comparison.hausman, words),
        "influence": influence_table(analysis, words),
        "weighting": weighting_table(analysis, words),
    }
    for entry, slope in zip(predictors, analysis.comparison.slopes, strict=True):
        blends = list(slope.blends.values())
        if blends and all(blend.is_scalar for blend in blends):
            tables[f"{entry['id']}.blend"] = explanation_tables.blend_table(slope, words)
        elif blends:
            tables[f"{entry['id']}.pulls"] = explanation_tables.pulls_table(slope, words)
    return tables


def _figures(analysis: Analysis, predictors: list[Plain], words: Wording) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    curve = analysis.comparison.curve
    split = isinstance(analysis.fits["no_pooling"], LeastSquaresFit) and isinstance(analysis.fits["between"], LeastSquaresFit)
    if len(predictors) <= IN_FULL:
        for entry, level in zip(predictors, analysis.levels, strict=False):
            name = entry["id"]
            figures[f"{name}.forest"] = draw_forest(analysis, level.column, words)
            if not isinstance(curve, Undefined) and level.varies_within and level.varies_between:
                figures[f"{name}.curve"] = draw_curve(curve, level.column, words)
            if split and level.varies_within and level.varies_between:
                figures[f"{name}.levels"] = draw_levels(analysis, level.column, words)
    focal = focal_column(analysis, predictors)
    if focal:
        figures["panels"] = draw_panels(analysis, focal, words)
    fit = analysis.fits["random_intercept"]
    if isinstance(fit, MixedFit) and fit.group_covariance.psi[0, 0] > 0:
        figures["shrinkage"] = draw_shrinkage(analysis, fit, data_tables.shrinkage(analysis), words)
    return figures


def focal_column(analysis: Analysis, predictors: list[Plain]) -> str:
    """The predictor on the axis of the group panels: the first number that varies within groups, else none."""
    for entry, level in zip(predictors, analysis.levels, strict=False):
        if level.varies_within and entry["kind"] != "factor":
            return level.column
    return ""


def plain_tables(tables: Mapping[str, Table]) -> dict[str, Plain]:
    """Tables as plain values, for the templates."""
    return {name: {**asdict(table), "notes": table.notes} for name, table in tables.items()}
