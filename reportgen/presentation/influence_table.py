"""Tables of what single groups and weightings do to the slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.fits import Undefined
from reportgen.influence import SlopesWithout
from reportgen.pair_influence import SlopesWithoutPairs
from reportgen.presentation.formatting import Place, printable
from reportgen.presentation.shown import group_name, places
from reportgen.presentation.tables import Cell, Column, Row, Table
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

KINDS = ("within", "between", "contextual", "random_intercept")


def influence_table(analysis: Analysis, words: Wording) -> Table:
    """Every slope without each single group: its range, and the group whose absence moves it most."""
    rows, place = [], places(analysis)
    for kind in KINDS:
        found = getattr(analysis.comparison.influence, kind)
        if not isinstance(found, Undefined) and len(found.groups):
            rows += [_row(analysis, kind, (found, c), place[found.columns[c]], words) for c in range(len(found.columns))]
    pairs = analysis.comparison.influence.between_pairs
    if not isinstance(pairs, Undefined):
        rows += [_pair_row(analysis, pairs, c, place[pairs.columns[c]], words) for c in range(len(pairs.columns))]
    heads = ("all", "lowest", "highest", "group", "without")
    columns = tuple(Column(words[f"table.influence.{head}"], "text" if head == "group" else "number") for head in heads)
    return Table("influence", words["table.influence.stub"], columns, tuple(rows))


def _row(analysis: Analysis, kind: str, one: tuple[SlopesWithout, int], shared: Place, words: Wording) -> Row:
    found, c = one
    place = shared.beside(float(found.full[c]), float(found.full_errors[c]))
    strongest = int(found.strongest[c])
    without = float(found.estimates[int(found.groups.searchsorted(strongest)), c])
    numbers = (float(found.full[c]), float(found.estimates[:, c].min()), float(found.estimates[:, c].max()))
    group = Cell(group_name(analysis, strongest, 24, words))
    cells = (*(Cell(place.text(number)) for number in numbers), group, Cell(place.text(without)))
    return Row(f"{words[f'table.influence.{kind}']}: {printable(found.columns[c], 40)}", cells)


def _pair_row(analysis: Analysis, found: SlopesWithoutPairs, c: int, shared: Place, words: Wording) -> Row:
    place = shared.beside(float(found.full[c]), float(found.full_errors[c]))
    strongest = int(found.strongest[c])
    pair = ", ".join(group_name(analysis, j, 24, words) for j in found.pairs[strongest].tolist())
    if not analysis.disclosure.lists_groups:
        pair = words["table.influence.two_groups"]
    numbers = (float(found.full[c]), float(found.estimates[:, c].min()), float(found.estimates[:, c].max()))
    without = place.text(float(found.estimates[strongest, c]))
    cells = (*(Cell(place.text(number)) for number in numbers), Cell(pair), Cell(without))
    return Row(f"{words['table.influence.pairs']}: {printable(found.columns[c], 40)}", cells)


def weighting_table(analysis: Analysis, words: Wording) -> Table:
    """The slopes between groups under three weightings of the group means."""
    rows, shared = [], places(analysis)
    slopes = analysis.comparison.between_slopes
    for slope in () if isinstance(slopes, Undefined) else slopes:
        cells = []
        for weighted in (slope.equal, slope.by_size, slope.by_precision):
            place = shared[slope.column].beside(weighted.estimate, weighted.std_error)
            cells.append(Cell(place.text(weighted.estimate), (f"({place.text(weighted.std_error)})",)))
        rows.append(Row(printable(slope.column, 40), tuple(cells)))
    columns = tuple(Column(words[f"table.weighting.{head}"]) for head in ("equal", "by_size", "by_precision"))
    return Table("weighting", words["table.weighting.stub"], columns, tuple(rows))
