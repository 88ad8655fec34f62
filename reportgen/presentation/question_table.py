"""Which model answers which question, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen.fits import Coefficient, Issue, LeastSquaresFit, MixedFit, Role, Undefined
from reportgen.presentation.explanation_tables import pooled_cell
from reportgen.presentation.formatting import Place, estimate, printable
from reportgen.presentation.shown import place_lines, places, preferred_robust, robust_between, robust_lines
from reportgen.presentation.tables import EMPTY, Cell, Column, Row, Table
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

MAX_PREDICTORS = 4  # predictors whose answers stand in the table

RAW: tuple[Role, ...] = ("raw", "group_level")
BETWEEN: tuple[Role, ...] = ("between", "group_level")

ROBUST_TOO: Mapping[str, tuple[Role, ...]] = {
    "no_pooling": ("within",),
    "mundlak": ("contextual",),
    "random_intercept": RAW,
    "within_between_slope": ("within", "raw"),
    "random_slope": ("raw",),
}
"""The answers that have a cluster-robust interval of their own model beside the other."""

QUESTIONS: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("within", "no_pooling", ("within",)),
    ("between", "between", (*BETWEEN, "raw")),
    ("contextual", "mundlak", ("contextual",)),
    ("any_rows", "pooled", RAW),
    ("new_groups", "random_intercept", RAW),
    ("slopes_of_groups", "within_between_slope", ("within", "raw")),
    ("slopes_of_groups", "random_slope", ("raw",)),
)
"""Question, the variant whose answer is shown, and the role of the coefficient that is the answer; the first that has one."""

ANSWERING: Mapping[str, tuple[str, ...]] = {
    "within": ("no_pooling", "mundlak", "within_between"),
    "between": ("between", "within_between"),
    "between_equal": ("between",),
    "between_weighed": ("within_between",),
    "contextual": ("mundlak",),
    "any_rows": ("pooled",),
    "new_groups": ("random_intercept",),
    "slopes_of_groups": ("within_between_slope", "random_slope"),
}
"""Question to the variants that answer it; of those that vary the slopes, the one whose answer is shown."""

WEIGHED = ("between_equal", "between_weighed")
"""The question about groups as two, where the models that answer it weigh the groups differently."""


def question_table(analysis: Analysis, words: Wording) -> Table:
    """One row a question: the models that answer it, and the slope of each predictor with its interval."""
    shown = [level.column for level in analysis.levels[:-1]]
    if len(shown) > MAX_PREDICTORS:
        shown = []
    rows: list[Row] = []
    told = set()
    for question, variant, roles in QUESTIONS:
        answers = _answers(analysis, variant, roles, words)
        if not answers or question in told:
            continue
        told.add(question)
        both = _answers(analysis, "within_between", BETWEEN, words) if question == "between" else {}
        if any(both[name].text != answers[name].text for name in shown if name in both and name in answers):
            pairs = zip(WEIGHED, (answers, both), strict=True)
            rows += [_row(key, _models(analysis, key, words), (found, shown), words) for key, found in pairs]
        else:
            models = _models(analysis, question, words, variant if question == "slopes_of_groups" else "")
            rows.append(_row(question, models, (answers, shown), words))
    columns = (Column(words["table.questions.models"], "text"), *(Column(printable(name, 30)) for name in shown))
    return Table("questions", words["table.questions.stub"], columns, tuple(rows))


def _answers(analysis: Analysis, variant: str, roles: tuple[Role, ...], words: Wording) -> dict[str, Cell]:
    """The slope of each predictor in a variant; that of pooled regression with its cluster-robust interval."""
    fit, place = analysis.fits.get(variant), places(analysis)
    if not isinstance(fit, LeastSquaresFit | MixedFit):
        return {}
    found = [c for c in analysis.shown(fit) if c.role in roles]
    if variant.endswith("slope"):
        assert isinstance(fit, MixedFit)
        found = [c for c in found if c.column in fit.group_covariance.terms]
    told = {}
    for c in found:
        cell = _cell(analysis, variant, c, place[c.column], words)
        told[c.column] = replace(cell, details=(*cell.details, *place_lines(analysis, variant, c.column, words)))
    return told


def _cell(analysis: Analysis, variant: str, c: Coefficient, place: Place, words: Wording) -> Cell:
    """A slope with its interval; also, or for pooled regression instead, with the cluster-robust one."""
    if variant == "pooled":
        return pooled_cell(analysis, c, place, words)
    texts = estimate(c, place)
    return Cell(texts.value, (texts.interval, *robust_lines(_robust(analysis, variant, c), place, words)))


def _robust(analysis: Analysis, variant: str, c: Coefficient) -> Coefficient | Undefined:
    """An answer with its cluster-robust interval, where that is to be reported."""
    if variant == "between":
        slope = next(slope for slope in analysis.comparison.slopes if slope.column == c.column)
        return robust_between(analysis, slope)
    if c.role in ROBUST_TOO.get(variant, ()):
        return preferred_robust(analysis, variant, c.column, c.role)
    return Undefined(Issue("not_in_model", {"column": c.column, "variant": variant}))


def _models(analysis: Analysis, question: str, words: Wording, only: str = "") -> Cell:
    """The models that answer a question, as far as they could be fitted; or one of them."""
    answering = [name for name in ANSWERING[question] if only in ("", name)]
    fitted = [name for name in answering if isinstance(analysis.fits[name], LeastSquaresFit | MixedFit)]
    return Cell(words["list.separator"].join(words[f"variant_short.{name}"] for name in fitted))


def _row(question: str, models: Cell, found: tuple[dict[str, Cell], list[str]], words: Wording) -> Row:
    answers, shown = found
    cells = (answers.get(name, EMPTY) for name in shown)
    return Row(words[f"question.{question}"], (models, *cells), begins_part=question != WEIGHED[1])
