"""What a report may show of single groups: their names, and their figures. The record only; nothing here changes a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import OptionError

GroupLabels = Literal["show", "code", "hide"]
NAMES_OF_GROUPS = ("group", "lowest_group", "highest_group")
"""Keys of a finding's values that are the name of a group; it is absent where none may be named."""

GROUP_LABELS: tuple[GroupLabels, ...] = ("show", "code", "hide")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What may be shown of single groups.

    Attributes
    ----------
    group_labels : GroupLabels
        ``show`` them; ``code``: the groups have codes instead; ``hide``: no single group is named or listed.
    min_cell : int
        Rows a group, or a level of a factor, must have for its own figures to be shown; 0 for any.
    n_small : int
        Groups with fewer rows.
    withheld : tuple of int
        Groups whose own figures are not shown, by index: the small ones and, so that theirs cannot be had by subtraction,
        the next smallest until two groups and `min_cell` rows are withheld.
    """

    group_labels: GroupLabels = "show"
    min_cell: int = 0
    n_small: int = 0
    withheld: tuple[int, ...] = ()

    @property
    def carries_data(self) -> bool:
        """Whether the rows may travel with the report."""
        return self.group_labels != "hide" and not self.withheld

    @property
    def lists_groups(self) -> bool:
        """Whether groups may be named, and listed one by one."""
        return self.group_labels != "hide"

    def drawn(self, n_groups: int) -> NDArray[np.int64]:
        """Indices of the groups that may be drawn."""
        return np.delete(np.arange(n_groups), np.array(self.withheld, dtype=np.int64))

    def listed(self, n_groups: int) -> NDArray[np.int64]:
        """Indices of the groups that may be listed one by one: those that may be drawn, none where groups are hidden."""
        return self.drawn(n_groups) if self.lists_groups else np.zeros(0, dtype=np.int64)

    def name(self, groups: tuple[str, ...], group: int) -> str:
        """Name of a group; empty where none may be named."""
        return groups[group] if self.lists_groups else ""


OPEN = Disclosure()
"""Everything may be shown."""


def checked_group_labels(given: str) -> GroupLabels:
    """The way of naming groups of that name.

    Raises
    ------
    OptionError
        There is none.
    """
    for name in GROUP_LABELS:
        if given == name:
            return name
    raise OptionError("--group-labels", given, GROUP_LABELS)
