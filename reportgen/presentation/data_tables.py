"""Tables about the data: ledger of the rows, levels of the columns, estimates of the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reportgen.fits import MixedFit, SeparateFit, Undefined
from reportgen.presentation.formatting import Place, count, printable, quantity, significant
from reportgen.presentation.tables import EMPTY, Cell, Column, Row, Table
from reportgen.presentation.wording import Wording
from reportgen.sample import LedgerEntry

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

MAX_GROUPS = 200  # groups listed in the document; the result file holds all
MAX_MEANS = 3  # predictors whose group means are listed
MAX_SLOPES = 2  # and whose slopes in each group by itself


def ledger_table(analysis: Analysis, words: Wording) -> Table:
    """Rows read, rows dropped by reason, rows used."""
    sample = analysis.sample
    dropped = [Row(ledger_reason(entry, words), (Cell(count(entry.rows)),)) for entry in sample.ledger if entry.rows]
    return Table(
        id="ledger",
        stub=words["table.ledger.stub"],
        columns=(Column(words["table.ledger.rows"]),),
        rows=(
            Row(words["table.ledger.read"], (Cell(count(sample.n_rows_read)),)),
            *dropped,
            Row(words["table.ledger.used"], (Cell(count(sample.n_obs)),), begins_part=True),
        ),
    )


def ledger_reason(entry: LedgerEntry, words: Wording) -> str:
    """Why rows were dropped, in words."""
    return words[f"ledger.{entry.reason}"].format(printable(entry.column, 60))


def levels_table(analysis: Analysis, words: Wording) -> Table:
    """Where each column varies; the response first."""
    rows, reliable = [], {item.column: item.at_mean_size for item in analysis.variance.reliabilities}
    for level in (analysis.levels[-1], *analysis.levels[:-1]):
        within = "both" if level.is_split else "aliased" if level.means_aliased_with else "within"
        where = within if level.varies_within else "between"
        cells = (
            Cell(words[f"level.{where}"]),
            Cell(significant(level.sd_within, 3)) if level.varies_within else Cell("0"),
            Cell(significant(level.sd_between, 3)) if level.varies_between else Cell("0"),
            Cell(quantity("share", level.between_share)),
            Cell(quantity("icc", level.icc)),
            *((Cell(quantity("share", reliable[level.column])) if level.column in reliable else EMPTY,) if reliable else ()),
        )
        is_response = level is analysis.levels[-1]
        rows.append(Row(printable(level.column, 60), cells, detail=words["table.levels.response"] if is_response else ""))
    heads = ("varies", "sd_within", "sd_between", "between_share", "icc", *(("reliability",) if reliable else ()))
    columns = tuple(Column(words[f"table.levels.{head}"], "text" if head == "varies" else "number") for head in heads)
    return Table("levels", words["table.levels.stub"], columns, tuple(rows))


def groups_table(analysis: Analysis, words: Wording) -> Table:
    """The first groups: rows, means, slopes by themselves, effect in the random intercept model, shrinkage."""
    fit = analysis.fits["random_intercept"]
    moments = analysis.moments
    means = moments.means + moments.origin
    shown = [i for i, level in enumerate(analysis.levels[:-1]) if level.has_means][:MAX_MEANS]
    columns = [Column(words["table.groups.rows"]), Column(_mean(words, analysis.levels[-1].column))]
    columns += [Column(_mean(words, analysis.levels[i].column)) for i in shown]
    own = own_slopes(analysis)
    columns += [Column(words["table.groups.own_slope"].format(printable(column, 30))) for column in own]
    columns += [Column(words[f"table.groups.{head}"]) for head in ("effect", "effect_error", "shrinkage")]
    kept = shrinkage(analysis)
    places = {i: Place.of(float(np.abs(means[:, i]).max()), analysis.levels[i].sd_between, 3) for i in (-1, *shown)}
    rows = []
    listed = analysis.disclosure.listed(len(analysis.groups)).tolist()
    for j in listed[:MAX_GROUPS]:
        cells = [Cell(count(int(moments.rows[j])))]
        cells += [Cell(place.text(float(means[j, i]))) for i, place in places.items()]
        cells += [Cell(texts.get(j, "")) for texts in own.values()]
        if isinstance(fit, MixedFit) and len(kept):
            effect, error = float(fit.random_effects[j, 0]), float(fit.random_effect_errors[j, 0])
            place = Place.of(effect, error)
            cells += [Cell(place.text(effect)), Cell(place.text(error)), Cell(quantity("share", float(kept[j])))]
        else:
            cells += [EMPTY, EMPTY, EMPTY]
        rows.append(Row(printable(analysis.groups[j], 40), tuple(cells)))
    stub = printable(analysis.formula.grouping.name, 40)
    return Table("groups", stub, tuple(columns), tuple(rows), len(listed) - len(rows))


def own_slopes(analysis: Analysis) -> dict[str, dict[int, str]]:
    """Slopes (and standard errors) of the separate regressions: column, group, text; groups that carry none are missing."""
    fit = analysis.fits["separate"]
    if not isinstance(fit, SeparateFit):
        return {}
    found: dict[str, dict[int, str]] = {}
    for c, column in enumerate(fit.columns[:MAX_SLOPES]):
        slopes, errors = fit.slopes[:, c], None if isinstance(fit.std_errors, Undefined) else fit.std_errors[:, c]
        place = Place.of(float(np.abs(slopes).max()), 0.0 if errors is None else float(np.median(errors)))
        texts = [place.text(float(slope)) for slope in slopes]
        if errors is not None:
            texts = [f"{text} ({place.text(float(error))})" for text, error in zip(texts, errors, strict=True)]
        found[column] = dict(zip(np.flatnonzero(fit.estimable).tolist(), texts, strict=True))
    return found


def shrinkage(analysis: Analysis) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(J,) factors by which the random intercept model keeps a group's own intercept; empty if it could not be fitted."""
    fit = analysis.fits["random_intercept"]
    if not isinstance(fit, MixedFit):
        return np.zeros(0)
    part = analysis.moments.weight * float(fit.group_covariance.psi[0, 0])
    return np.asarray(part / (part + fit.sigma2))


def _mean(words: Wording, column: str) -> str:
    return words["table.groups.mean_of"].format(printable(column, 30))
