"""Which model answers which question, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.fits import LeastSquaresFit, MixedFit, Role
from reportgen.presentation.formatting import estimate, printable
from reportgen.presentation.shown import places
from reportgen.presentation.tables import EMPTY, Cell, Column, Row, Table
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

MAX_PREDICTORS = 3  # predictors whose answers stand in the table

QUESTIONS: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("within", "no_pooling", ("within",)),
    ("between", "between", ("between", "group_level", "raw")),
    ("contextual", "mundlak", ("contextual",)),
    ("any_rows", "pooled", ("raw", "group_level")),
    ("new_groups", "random_intercept", ("raw", "group_level")),
    ("slopes_of_groups", "random_slope", ("raw", "group_level")),
)
"""Question, the variant whose answer is shown, and the role of the coefficient that is the answer."""


def question_table(analysis: Analysis, words: Wording) -> Table:
    """One row a question: the models that answer it, and the slope of each predictor with its interval."""
    shown = [level.column for level in analysis.levels[:-1]]
    if len(shown) > MAX_PREDICTORS:
        shown = []
    rows, place = [], places(analysis)
    for question, variant, roles in QUESTIONS:
        fit = analysis.fits.get(variant)
        if not isinstance(fit, LeastSquaresFit | MixedFit) or not any(c.role in roles for c in fit.coefficients):
            continue
        found = {c.column: estimate(c, place[c.column]) for c in analysis.shown(fit) if c.role in roles}
        cells = tuple(Cell(found[name].value, (found[name].interval,)) if name in found else EMPTY for name in shown)
        models = Cell(words[f"question_models.{question}"])
        rows.append(Row(words[f"question.{question}"], (models, *cells), begins_part=True))
    columns = (Column(words["table.questions.models"], "text"), *(Column(printable(name, 30)) for name in shown))
    return Table("questions", words["table.questions.stub"], columns, tuple(rows))
