"""What the absence of single groups does to the slopes of one predictor, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.influence_moves import strongest_moves
from reportgen.presentation.formatting import Place
from reportgen.presentation.shown import group_name
from reportgen.presentation.wording import Wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

Plain = dict[str, object]


def influence_values(analysis: Analysis, column: str, shared: Place, words: Wording) -> list[Plain]:
    """Each of the predictor's slopes with all groups and without its strongest group."""
    found: list[Plain] = []
    for move in strongest_moves(analysis.comparison.influence, column):
        place = shared.beside(move.full, move.full_error)
        found.append(
            {
                "kind": move.kind,
                "key": move.group,
                "group": group_name(analysis, move.group, 40, words),
                "full": place.text(move.full),
                "without": place.text(move.without),
                "is_notable": move.is_notable,
                "changes_sign": move.changes_sign,
                "n_turned": move.n_turned,
                "n_crossed": move.n_crossed,
                "turned": _listed(analysis, move.turned, words),
                "crossed": _listed(analysis, move.crossed, words),
                "starts_to_cover": move.covers and not move.covered,
                "stops_to_cover": move.covered and not move.covers,
            }
        )
    return found


def _listed(analysis: Analysis, groups: tuple[int, ...], words: Wording) -> list[str]:
    """Names of groups; none where no group may be named."""
    return [group_name(analysis, j, 40, words) for j in groups] if analysis.disclosure.lists_groups else []


def pair_values(analysis: Analysis, column: str, shared: Place) -> Plain:
    """The slope between groups without the two groups of a caution, at the place of the predictor's other slopes."""
    for finding in analysis.findings:
        if finding.kind == "driving_pair" and finding.values["column"] == column:
            numbers = {name: finding.values[name] for name in ("full", "without", "std_error_without")}
            place = shared.beside(float(str(numbers["full"])), float(str(numbers["std_error_without"])))
            return {"defined": True, **{name: place.text(float(str(number))) for name, number in numbers.items()}}
    return {"defined": False}
