"""Tables of the explanation: each slope taken apart, the tests, the identity checks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reportgen.comparison import SlopeComparison
from reportgen.fits import Coefficient, Issue, SeparateFit, Undefined
from reportgen.hausman import HausmanForm, HausmanTable
from reportgen.presentation.formatting import (
    MISSING,
    Place,
    count,
    estimate,
    fixed,
    in_a_row,
    p_value,
    printable,
    quantity,
    scientific,
)
from reportgen.presentation.shown import (
    place_lines,
    places,
    preferred_robust,
    robust_between,
    robust_coefficient,
    robust_lines,
    shown_coefficient,
    shown_contextual,
)
from reportgen.presentation.tables import EMPTY, Cell, Column, Row, Table, missing
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis


def arithmetic_place(slope: SlopeComparison) -> Place:
    """Where the numbers of the arithmetic are cut off: finer than in the tables, so that it can be followed by hand."""
    found = [c for c in (slope.within, slope.between) if isinstance(c, Coefficient)]
    errors = [c.std_error for c in found if c.std_error > 0]
    size = max((abs(c.estimate) for c in found), default=0.0)
    return Place.of(size, min(errors, default=0.0)).finer()


def blend_table(slope: SlopeComparison, words: Wording) -> Table:
    """Every model as a blend of the slope within and the slope between groups, for one predictor."""
    place = arithmetic_place(slope)

    def row(variant: str, weight: float, within: float, between: float, result: float) -> Row:
        numbers = (
            fixed(1.0 - weight, 5),
            place.text(within),
            fixed(weight, 5),
            place.text(between),
            place.text(result),
        )
        return Row(words.variant(variant), tuple(Cell(text) for text in numbers))

    within, between = slope.within, slope.between
    rows = []
    own = within.estimate if isinstance(within, Coefficient) else None
    if own is not None:
        rows.append(Row(words.variant("no_pooling"), _plain("1", place.text(own), "0", MISSING, place.text(own))))
    for variant in ("random_intercept", "pooled"):
        blend = slope.blends.get(variant)
        if blend is not None and blend.is_scalar and not isinstance(blend.between, Undefined):
            rows.append(row(variant, blend.own_weight, blend.within, blend.between, blend.slope))
    if isinstance(between, Coefficient):
        text = place.text(between.estimate)
        rows.append(Row(words.variant("between"), _plain("0", MISSING, "1", text, text)))
    if own is not None and isinstance(slope.contextual, Coefficient):
        # Their slope between groups weighs the group means by their precision: not that of the regression of the means.
        weighed = place.text(own + slope.contextual.estimate)
        both = words["table.blend.both"].format(place.text(own), weighed)
        rows.append(Row(words["table.blend.apart"], _plain("", place.text(own), "", weighed, both)))
    heads = ("weight_within", "within", "weight_between", "between", "slope")
    columns = tuple(Column(words[f"table.blend.{head}"]) for head in heads)
    return Table("blend", words["table.blend.stub"], columns, tuple(rows))


def _plain(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text) for text in texts)


def pulls_table(slope: SlopeComparison, words: Wording) -> Table:
    """The slope of one of several predictors: within part, what its own gap adds, what the others' gaps add."""
    place = arithmetic_place(slope)
    rows = []
    for variant in ("random_intercept", "pooled"):
        blend = slope.blends.get(variant)
        if blend is None or isinstance(blend.between, Undefined):
            continue
        others = sum(pull.amount for pull in blend.pulls)
        own = blend.slope - blend.within - others
        numbers = (blend.within, own, others, blend.slope)
        rows.append(Row(words.variant(variant), tuple(Cell(place.text(number)) for number in numbers)))
    columns = tuple(Column(words[f"table.pulls.{head}"]) for head in ("within", "own", "others", "slope"))
    return Table("pulls", words["table.blend.stub"], columns, tuple(rows))


def tests_table(analysis: Analysis, words: Wording) -> Table:
    """The tests between variants: statistic, degrees of freedom, p value."""
    rows = []
    variance = analysis.comparison.group_variance
    for key, found in (("test.dummies", variance.dummies), ("test.beyond", variance.beyond)):
        if not isinstance(found, Undefined):
            f_df = in_a_row(found.f_df)
            rows.append(Row(words[key], _plain(f"F = {quantity('statistic', found.f)}", f_df, p_value(found.p_value))))
    own = analysis.fits["separate"]
    if isinstance(own, SeparateFit) and not isinstance(own.f, Undefined):
        f_df = in_a_row(own.f_df)
        n, products = (
            count(int(own.estimable.sum())),
            words["list.separator"].join(printable(name, 40) for name in own.left_out),
        )
        header = words["test.slopes_beyond"].format(products, n) if products else words["test.equal_slopes"].format(n)
        rows.append(Row(header, _plain(f"F = {quantity('statistic', own.f)}", f_df, p_value(own.p_value))))
    if not isinstance(variance.lrt, Undefined):
        df = words["test.mixture"].format(0, 1)
        rows.append(
            Row(words["test.lrt"], _plain(f"χ² = {quantity('statistic', variance.lrt)}", df, p_value(variance.lrt_p_value)))
        )
    rows += _slope_variance_rows(analysis, words)
    columns = tuple(Column(words[f"table.tests.{head}"]) for head in ("statistic", "df", "p"))
    return Table("tests", words["table.tests.stub"], columns, tuple(rows))


def _slope_variance_rows(analysis: Analysis, words: Wording) -> list[Row]:
    """Tests of the variance of slopes; one is enough where no predictor is split into two parts, since both models are one."""
    found = analysis.comparison.slope_variance
    rows = []
    for test in found if any(level.is_split for level in analysis.levels[:-1]) else found[:1]:
        names = words["list.separator"].join(printable(column, 40) for column in test.columns)
        header = words["test.slope_variance"].format(names, words.variant(test.variant))
        if isinstance(test.lrt, Undefined):
            if test.columns:  # else there is no such model, and the page says so where models are listed
                gap = missing(words.issue(test.lrt.reason))
                rows.append(Row(header, (gap, Cell(MISSING, (), gap.note), gap)))
            continue
        df = words["test.mixture"].format(*test.df)
        rows.append(Row(header, _plain(f"χ² = {quantity('statistic', test.lrt)}", df, p_value(test.p_value))))
    return rows


def hausman_table(found: HausmanTable | Undefined, words: Wording) -> Table:
    """Every form of the Hausman test, with what it assumes."""
    rows = []
    for form in () if isinstance(found, Undefined) else found.forms:
        problem = _problem(form)
        if problem:
            absent = missing(words.issue(problem))
            cells: tuple[Cell, ...] = (absent, Cell(MISSING, (), absent.note), absent)
        else:
            df = in_a_row(form.df)
            letter = "F" if len(form.df) > 1 else "χ²"
            cells = _plain(f"{letter} = {quantity('statistic', form.statistic)}", df, p_value(form.p_value))
        rows.append(Row(words[f"hausman.{form.form}"], cells, detail=words[f"hausman_note.{form.note_code}"]))
    columns = tuple(Column(words[f"table.tests.{head}"]) for head in ("statistic", "df", "p"))
    return Table("hausman", words["table.hausman.stub"], columns, tuple(rows))


def _problem(form: HausmanForm) -> Issue | None:
    """Why a form has no statistic, or None if it has one."""
    for value in (form.statistic, form.p_value, *form.df):
        if isinstance(value, Undefined):
            return value.reason
        if not math.isfinite(value):
            return Issue("not_finite")
    return None


def checks_table(analysis: Analysis, words: Wording) -> Table:
    """Identities between the models, whether they hold here and how exactly."""
    rows = []
    for check in analysis.comparison.checks:
        header = words[f"identity.{check.identity}"]
        if isinstance(check.discrepancy, Undefined):
            cells = (Cell(words["table.checks.not_applicable"]), missing(words.issue(check.discrepancy.reason)))
        else:
            answer = words["table.checks.holds" if check.holds else "table.checks.fails"]
            cells = (Cell(answer), Cell(scientific(check.discrepancy, 1)))
        rows.append(Row(header, cells))
    columns = (Column(words["table.checks.result"], "text"), Column(words["table.checks.discrepancy"]))
    return Table("checks", words["table.checks.stub"], columns, tuple(rows))


def slopes_table(analysis: Analysis, words: Wording) -> Table:
    """One row a predictor: its slope within, between, their difference, and in the two blends. For many predictors."""
    rows, place = [], places(analysis)
    for slope in analysis.comparison.slopes:
        pooled, mixed = (slope.by_variant.get(variant) for variant in ("pooled", "random_intercept"))
        blended = shown_coefficient(analysis, "random_intercept", mixed) if mixed else None
        own = place[slope.column]
        at = {
            variant: place_lines(analysis, variant, slope.column, words)
            for variant in ("between", "pooled", "random_intercept")
        }
        more = (
            robust_lines(preferred_robust(analysis, "no_pooling", slope.column, "within"), own, words),
            (*robust_lines(robust_between(analysis, slope), own, words), *at["between"]),
            robust_lines(preferred_robust(analysis, "mundlak", slope.column, "contextual"), own, words),
        )
        apart = (slope.within, slope.between, shown_contextual(analysis, slope))
        cells = [_slope_cell(item, own, words, lines) for item, lines in zip(apart, more, strict=True)]
        cells.append(pooled_cell(analysis, pooled, own, words, at["pooled"]) if pooled else EMPTY)
        mixed_lines = (
            robust_lines(preferred_robust(analysis, "random_intercept", slope.column, mixed.role), own, words) if mixed else ()
        )
        cells.append(_slope_cell(blended, own, words, (*mixed_lines, *at["random_intercept"])))
        rows.append(Row(printable(slope.column, 40), tuple(cells), begins_part=True))
    heads = ("within", "between", "contextual", "pooled", "random_intercept")
    columns = tuple(Column(words[f"table.slopes.{head}"]) for head in heads)
    return Table("slopes", words["table.slopes.stub"], columns, tuple(rows))


def pooled_cell(analysis: Analysis, item: Coefficient, place: Place, words: Wording, more: tuple[str, ...] = ()) -> Cell:
    """A pooled slope with its cluster-robust interval (CR2), since its model takes rows of a group for independent; or none."""
    robust = robust_coefficient(analysis, "pooled", item.column, item.role)
    return Cell(estimate(item, place).value, (*robust_lines(robust, place, words), *more))


def _slope_cell(item: Coefficient | Undefined | None, place: Place, words: Wording, more: tuple[str, ...] = ()) -> Cell:
    if item is None:
        return EMPTY
    if isinstance(item, Undefined):
        return missing(words.issue(item.reason)) if item.reason.code != "not_in_model" else EMPTY
    shown = estimate(item, place)
    return Cell(shown.value, (shown.interval, *more))
