"""The models side by side: one column a variant; and the small-sample methods beside each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reportgen.fits import (
    Coefficient,
    Fit,
    Issue,
    LeastSquaresFit,
    MixedFit,
    ModelFit,
    Role,
    Undefined,
    UnfitVariant,
)
from reportgen.presentation.formatting import Place, count, degrees_of_freedom, p_value, printable, quantity, significant
from reportgen.presentation.shown import places
from reportgen.presentation.tables import EMPTY, Cell, Column, Row, Table, coefficient_cell, missing
from reportgen.presentation.variance_table import interval_text
from reportgen.presentation.wording import Wording
from reportgen.variance import VarianceIntervals
from reportgen.variants import CATALOGUE

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

Intervals = Mapping[str, VarianceIntervals]
Shown = tuple[Mapping[str, tuple[Coefficient, ...]], Mapping[str, Place]]

SLOPE_ROLES: tuple[Role, ...] = ("raw", "within", "group_level")
MEAN_ROLES: tuple[Role, ...] = ("between", "contextual")
TAKES_LEVELS_AS_PARAMETERS = {v.id for v in CATALOGUE if v.estimator in ("absorbed", "double_demeaned")}
R2_KEYS = ("r2", "adjusted", "within", "marginal", "conditional")


def fitted(analysis: Analysis) -> dict[str, ModelFit]:
    """The variants that could be fitted, in the order of the catalogue."""
    return {name: fit for name, fit in analysis.fits.items() if isinstance(fit, LeastSquaresFit | MixedFit)}


def model_table(analysis: Analysis, words: Wording) -> Table:
    """All fitted variants side by side: coefficients, variance parts, fit, method."""
    fits = fitted(analysis)
    return Table(
        id="models",
        stub=words["table.models.stub"],
        columns=tuple(Column(words[f"variant_short.{name}"]) for name in fits),
        rows=(
            *_coefficient_rows(analysis, fits, words),
            *_summary_rows(fits, analysis.variance.intervals, words),
            *_method_rows(analysis, fits, words),
        ),
    )


def _coefficient_rows(analysis: Analysis, fits: Mapping[str, ModelFit], words: Wording) -> list[Row]:
    rows: list[Row] = []
    shown = {name: analysis.shown(fit) for name, fit in fits.items()}
    place = places(analysis)
    for level in analysis.levels[:-1]:
        name = printable(level.column, 40)
        if level.varies_within:
            rows.append(_coefficient_row(name, level.column, SLOPE_ROLES, (shown, place), words))
            if level.has_means:
                mean = words["table.models.mean_of"].format(name)
                rows.append(_coefficient_row(mean, level.column, MEAN_ROLES, (shown, place), words))
        else:
            rows.append(_coefficient_row(name, level.column, (*SLOPE_ROLES, "between"), (shown, place), words))
    rows.append(_coefficient_row(words["table.models.intercept"], "(Intercept)", ("intercept",), (shown, place), words))
    return rows


def _coefficient_row(header: str, column: str, roles: tuple[Role, ...], shown: Shown, words: Wording) -> Row:
    cells, (models, place) = [], shown
    for coefficients in models.values():
        found = next((c for c in coefficients if c.column == column and c.role in roles), None)
        extra = () if found is None or found.role == "intercept" else (words[f"role_short.{found.role}"],)
        cells.append(coefficient_cell(found, place[column], *extra) if found else EMPTY)
    return Row(header, tuple(cells), begins_part=True)


def _row(header: str, fits: Mapping[str, ModelFit], make: Callable[[ModelFit], Cell], begins_part: bool = False) -> Row | None:
    cells = tuple(make(fit) for fit in fits.values())
    return Row(header, cells, begins_part) if any(cell.text for cell in cells) else None


def _summary_rows(fits: Mapping[str, ModelFit], intervals: Intervals, words: Wording) -> list[Row]:
    def r2(key: str) -> Callable[[ModelFit], Cell]:
        def make(fit: ModelFit) -> Cell:
            value = fit.r2.get(key)
            if value is None:
                return EMPTY
            return missing(words.issue(value.reason)) if isinstance(value, Undefined) else Cell(quantity("r2", value))

        return make

    given = "icc_given" if any(c.role != "intercept" for fit in fits.values() for c in fit.coefficients) else "icc"
    rows = [
        _row(words["table.models.sigma"], fits, lambda fit: Cell(significant(math.sqrt(fit.sigma2))), begins_part=True),
        *_group_rows(fits, intervals, words),
        _row(words[f"table.models.{given}"], fits, lambda fit: _icc(fit, intervals, words)),
        *(_row(words[f"r2.{key}"], fits, r2(key), begins_part=key == "r2") for key in R2_KEYS),
        _row(words["table.models.log_likelihood"], fits, lambda fit: _likelihood(fit, "log_likelihood", words), True),
        _row(words["table.models.aic"], fits, lambda fit: _likelihood(fit, "aic", words)),
        _row(words["table.models.bic"], fits, lambda fit: _likelihood(fit, "bic", words)),
    ]
    return [row for row in rows if row]


def _group_rows(fits: Mapping[str, ModelFit], intervals: Intervals, words: Wording) -> list[Row | None]:
    """Standard deviations of the group effects, and their correlations."""
    terms = list(dict.fromkeys(t for fit in fits.values() if isinstance(fit, MixedFit) for t in fit.group_covariance.terms))
    rows: list[Row | None] = []
    for term in terms:
        key = "table.models.tau" if term == "(Intercept)" else "table.models.tau_slope"

        def deviation(fit: ModelFit, term: str = term) -> Cell:
            if not isinstance(fit, MixedFit) or term not in fit.group_covariance.terms:
                return EMPTY
            i = fit.group_covariance.terms.index(term)
            found = intervals.get(fit.variant)
            details = interval_text(found.deviations[found.terms.index(term)], words) if found else ()
            return Cell(significant(math.sqrt(max(float(fit.group_covariance.psi[i, i]), 0.0))), details)

        rows.append(_row(words[key].format(printable(term, 40)), fits, deviation))
    if len(terms) == 2:
        rows.append(_row(words["table.models.correlation"], fits, _correlation))
    return rows


def _correlation(fit: ModelFit) -> Cell:
    if not isinstance(fit, MixedFit) or len(fit.group_covariance.terms) != 2:
        return EMPTY
    psi = fit.group_covariance.psi
    scale = math.sqrt(float(psi[0, 0] * psi[1, 1]))
    return Cell(quantity("icc", float(psi[0, 1]) / scale)) if scale > 0 else EMPTY


def _icc(fit: ModelFit, intervals: Intervals, words: Wording) -> Cell:
    if not isinstance(fit, MixedFit):
        return EMPTY
    if isinstance(fit.icc, Undefined):
        return missing(words.issue(fit.icc.reason))
    found = intervals.get(fit.variant)
    return Cell(quantity("icc", fit.icc), interval_text(found.icc, words) if found else ())


def _likelihood(fit: ModelFit, kind: str, words: Wording) -> Cell:
    """Only where comparable: the regression of the group means has another response, dummies make parameters of the groups."""
    if fit.variant == "between":
        return EMPTY
    if fit.variant in TAKES_LEVELS_AS_PARAMETERS:
        return missing(words.issue(Issue("levels_as_parameters")))
    likelihood = fit.likelihood
    if isinstance(likelihood, Undefined):
        return missing(words.issue(likelihood.reason))
    return Cell(quantity(kind, float(getattr(likelihood, kind))))


def _method_rows(analysis: Analysis, fits: Mapping[str, ModelFit], words: Wording) -> list[Row]:
    def observations(fit: ModelFit) -> Cell:
        return Cell(count(fit.n_groups), (words["table.models.means"],)) if fit.variant == "between" else Cell(count(fit.n_obs))

    def df(fit: ModelFit) -> Cell:
        methods = dict.fromkeys(words[f"df_method.{c.df_method}"] for c in analysis.shown(fit))
        return Cell(", ".join(methods)) if methods else EMPTY

    rows = [
        _row(words["table.models.n_obs"], fits, observations, begins_part=True),
        _row(words["table.models.n_groups"], fits, lambda fit: Cell(count(fit.n_groups))),
        _row(words["table.models.estimation"], fits, lambda fit: Cell(words[f"estimation.{type(fit).__name__}"]), True),
        _row(words["table.models.df"], fits, df),
    ]
    return [row for row in rows if row]


def inference_table(analysis: Analysis, words: Wording) -> Table:
    """The standard errors of every slope by method, each with its degrees of freedom and p value."""
    rows, methods = [], dict.fromkeys(("model", "kenward_roger"))
    entries: list[tuple[str, Coefficient, dict[str, Coefficient]]] = []
    for name, fit in fitted(analysis).items():
        for item in fit.coefficients:
            if item.role != "intercept":
                found = _by_method(fit, item)
                methods |= dict.fromkeys(found)
                entries.append((name, item, found))
    for name, item, found in entries:
        header = f"{words[f'variant_short.{name}']}: {printable(item.column, 40)}"
        cells = tuple(_error_cell(found.get(method), words) for method in methods)
        rows.append(Row(header, cells, begins_part=True, detail=words[f"role.{item.role}"]))
    columns = tuple(Column(words[f"table.inference.{method}"]) for method in methods)
    return Table("inference", words["table.inference.stub"], columns, tuple(rows))


def _by_method(fit: ModelFit, item: Coefficient) -> dict[str, Coefficient]:
    lists = {"model": fit.coefficients} | {errors.method: errors.coefficients for errors in fit.robust}
    if isinstance(fit, MixedFit):
        lists["kenward_roger"] = fit.kenward_roger
    wanted = (item.column, item.role)
    return {method: other for method, items in lists.items() for other in items if (other.column, other.role) == wanted}


def _error_cell(item: Coefficient | None, words: Wording) -> Cell:
    if item is None:
        return EMPTY
    numbers = (item.std_error, item.df, item.p_value)
    if not all(isinstance(number, Undefined) or math.isfinite(number) for number in numbers):
        return missing(words.issue(Issue("not_finite")))
    return Cell(
        significant(item.std_error), (words["table.inference.df"].format(degrees_of_freedom(item.df), p_value(item.p_value)),)
    )


def unfitted(fits: Mapping[str, Fit], words: Wording) -> list[dict[str, str]]:
    """The variants that could not be fitted, with their reasons."""
    return [
        {"variant": words.variant(name), "reason": words.issue(fit.reason)}
        for name, fit in fits.items()
        if isinstance(fit, UnfitVariant)
    ]
