"""From an analysis to the document: everything the templates say, as plain values, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from reportgen import __version__
from reportgen.fits import LEVEL, LeastSquaresFit, MixedFit, Undefined
from reportgen.presentation import data_tables, explanation_tables, model_table
from reportgen.presentation.attachments import MAX_ROWS
from reportgen.presentation.context import (
    comparison_values,
    curved_variables,
    data_values,
    design_values,
    disclosure_values,
    finding_values,
    formula_values,
    mixed_values,
    option_values,
    presentation_values,
    variant_values,
)
from reportgen.presentation.exports import provenance, result_file
from reportgen.presentation.figures.curve import curve_figure
from reportgen.presentation.figures.forest import forest_figure
from reportgen.presentation.figures.influence import influence_figure, influence_panels
from reportgen.presentation.figures.levels import levels_figure
from reportgen.presentation.figures.panel_lines import can_be_drawn
from reportgen.presentation.figures.panels import panels_figure
from reportgen.presentation.figures.residuals import residuals_figure
from reportgen.presentation.figures.shrinkage import shrinkage_figure
from reportgen.presentation.figures.style import Figure
from reportgen.presentation.formatting import count, fixed, p_style, printable
from reportgen.presentation.influence_table import influence_table, weighting_table
from reportgen.presentation.layers import PROJECT_LAYERS, Layers
from reportgen.presentation.number_style import number_style
from reportgen.presentation.options import PLAIN, Presentation
from reportgen.presentation.own_templates import faults_named
from reportgen.presentation.predictors import Plain, predictor
from reportgen.presentation.question_table import question_table
from reportgen.presentation.recipes import recipes
from reportgen.presentation.references import works_cited
from reportgen.presentation.requested_tables import agreement_table, bootstrap_table
from reportgen.presentation.residual_checks import Residuals, residual_values, residuals_of
from reportgen.presentation.tables import Table
from reportgen.presentation.variance_table import variance_table
from reportgen.presentation.wording import Wording, wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

CONTEXT_VERSION = 1  # raised when a template written for the old context would no longer work
IN_WORDS = 3  # predictors up to which the summary is prose
IN_FULL = 6  # predictors up to which each has its own explanation
IN_PICTURES = 4  # predictors whose explanation has pictures; the page would grow beyond a megabyte with more


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A report before it becomes a page.

    Attributes
    ----------
    title : str
        Title of the report.
    author, date : str
        Who answers for it and its date, ``YYYY-MM-DD``; empty where not given.
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
    layers : Layers
        What its words are made of.
    """

    title: str
    author: str
    date: str
    language: str
    context: Mapping[str, object]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    result: str
    layers: Layers = PROJECT_LAYERS


def build_document(analysis: Analysis, presentation: Presentation = PLAIN) -> Document:
    """Everything the report says.

    Parameters
    ----------
    analysis : Analysis
        What was computed.
    presentation : Presentation
        Title, author, date, logo, style of p values.
    """
    with faults_named(presentation.templates):
        words = wording(presentation.layers)
    with p_style(presentation.p_style), number_style(words.numbers):
        return _document(analysis, presentation, words)


def _document(analysis: Analysis, presentation: Presentation, words: Wording) -> Document:
    residuals = residuals_of(analysis)
    predictors = [predictor(analysis, number, words) for number in range(len(analysis.comparison.slopes))]
    context = {
        "version": CONTEXT_VERSION,
        "presentation": presentation_values(presentation),
        "formula": formula_values(analysis),
        "data": data_values(analysis),
        "disclosure": disclosure_values(analysis),
        "design": design_values(analysis),
        "level": words["confidence.level"].format(fixed(LEVEL * 100, 0)),
        "predictors": predictors,
        "curved": curved_variables(analysis),
        "in_words": len(predictors) <= IN_WORDS,
        "in_full": len(predictors) <= IN_FULL,
        **finding_values(analysis, predictors, words),
        "variants": variant_values(analysis, words),
        "unfitted": model_table.unfitted(analysis.fits, words),
        "comparison": comparison_values(analysis.comparison, words),
        "mixed": mixed_values(analysis),
        "residuals": residual_values(analysis, residuals, words),
        "options": option_values(analysis, words),
        "inference": {
            "is_kenward_roger": analysis.uses_kenward_roger,
            "is_automatic": analysis.options.inference == "auto",
        },
        "recipes": recipes(analysis),
        "attach_limit": MAX_ROWS,
        "references": [{**reference, "authors": list(reference["authors"])} for reference in works_cited(analysis)],
        "provenance": {"reportgen": __version__, **provenance()},
    }
    return Document(
        title=printable(presentation.title or _heading(analysis, words), 160),
        author=printable(presentation.author, 120) if presentation.author else "",
        date=presentation.date,
        language=words["language.code"],
        context=context,
        tables=_tables(analysis, predictors, words),
        figures=_figures(analysis, predictors, residuals, words),
        result=result_file(analysis),
        layers=presentation.layers,
    )


def _heading(analysis: Analysis, words: Wording) -> str:
    """What the report is about, as its first heading says it."""
    formula = analysis.formula
    response, group = (printable(text, 60) for text in (formula.response, formula.grouping.name))
    return words["page.heading"].format(response, count(analysis.sample.n_groups), group)


def _tables(analysis: Analysis, predictors: list[Plain], words: Wording) -> dict[str, Table]:
    tables = {
        "ledger": data_tables.ledger_table(analysis, words),
        "levels": data_tables.levels_table(analysis, words),
        "groups": data_tables.groups_table(analysis, words),
        "models": model_table.model_table(analysis, words),
        "variance": variance_table(analysis, words),
        "inference": model_table.inference_table(analysis, words),
        "tests": explanation_tables.tests_table(analysis, words),
        "checks": explanation_tables.checks_table(analysis, words),
        "slopes": explanation_tables.slopes_table(analysis, words),
        "hausman": explanation_tables.hausman_table(analysis.comparison.hausman, words),
        "influence": influence_table(analysis, words),
        "weighting": weighting_table(analysis, words),
        "questions": question_table(analysis, words),
        "bootstrap": bootstrap_table(analysis, words),
        "agreement": agreement_table(analysis, words),
    }
    for entry, slope in zip(predictors, analysis.comparison.slopes, strict=True):
        blends = list(slope.blends.values())
        if blends and all(blend.is_scalar for blend in blends):
            tables[f"{entry['id']}.blend"] = explanation_tables.blend_table(slope, words)
        elif blends:
            tables[f"{entry['id']}.pulls"] = explanation_tables.pulls_table(slope, words)
    return tables


def _figures(
    analysis: Analysis, predictors: list[Plain], residuals: Residuals | Undefined, words: Wording
) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    curve = analysis.comparison.curve
    any_drawn = len(analysis.points.codes) > 0  # else the figures of every single group are withheld
    split = isinstance(analysis.fits["no_pooling"], LeastSquaresFit) and isinstance(analysis.fits["between"], LeastSquaresFit)
    if len(predictors) <= IN_FULL:
        for number, (entry, level) in enumerate(zip(predictors, analysis.levels, strict=False)):
            name, is_split = entry["id"], level.is_split
            figures[f"{name}.forest"] = forest_figure(analysis, level.column, words)
            if is_split and number < IN_PICTURES and not isinstance(curve, Undefined) and not entry["is_flat"]:
                figures[f"{name}.curve"] = curve_figure(curve, level.column, words)
            if is_split and number < IN_PICTURES and split and any_drawn:
                figures[f"{name}.levels"] = levels_figure(analysis, level.column, words)
            if influence_panels(analysis, level.column) and number < (IN_WORDS if len(predictors) <= IN_WORDS else 1):
                figures[f"{name}.influence"] = influence_figure(analysis, level.column, words)
    if not isinstance(residuals, Undefined):
        figures["residuals"] = residuals_figure(analysis, residuals, words)
    focal = focal_column(analysis, predictors)
    if focal and any_drawn and can_be_drawn(analysis, focal):
        figures["panels"] = panels_figure(analysis, focal, words)
    fit = analysis.fits["random_intercept"]
    if isinstance(fit, MixedFit) and fit.group_covariance.psi[0, 0] > 0 and any_drawn:
        figures["shrinkage"] = shrinkage_figure(analysis, fit, data_tables.shrinkage(analysis), words)
    return figures


def focal_column(analysis: Analysis, predictors: list[Plain]) -> str:
    """The predictor on the axis of the group panels: the first number that varies within groups, else none."""
    for entry, level in zip(predictors, analysis.levels, strict=False):
        if level.varies_within and entry["kind"] != "factor":
            return level.column
    return ""


def plain_tables(tables: Mapping[str, Table]) -> dict[str, Plain]:
    """Tables as plain values, for the templates."""
    return {name: {**asdict(table), "name": name, "notes": table.notes} for name, table in tables.items()}
