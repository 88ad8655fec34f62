"""Figures of single groups in the result file: a line for each group, written for all of them at once.

There may be a million groups and several tables of them. So the labels are sorted and written once, as the lines of a table
with gaps, and each table is its numbers put into the gaps: no dictionary, list or number of a single group is ever made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

LINE, END = b"\n        ", b"\n      "  # before a group and after the last one: the tables stand in an entry of `variants`


@dataclass(frozen=True, eq=False)
class GroupLines:
    """The groups of a table, in the order of its keys.

    Attributes
    ----------
    labels : sequence of str
        Labels of all J groups.
    groups : (L,) array of int
        The groups listed, by index, in the order of their labels' code points.
    """

    labels: Sequence[str]
    groups: Index

    @classmethod
    def of(cls, labels: Sequence[str], listed: Index) -> GroupLines:
        """The groups `listed`, in any order."""
        return cls(labels, np.array(sorted(listed.tolist(), key=labels.__getitem__), dtype=np.int64))

    def among(self, chosen: NDArray[np.bool_]) -> GroupLines:
        """Those of the groups of which the (J,) mask holds."""
        kept = self.groups[chosen[self.groups]]
        return self if len(kept) == len(self.groups) else GroupLines(self.labels, kept)

    @cached_property
    def with_gaps(self) -> bytes:
        """A table, with ``%b`` where the numbers go."""
        names = orjson.dumps([self.labels[j] for j in self.groups.tolist()], option=orjson.OPT_INDENT_2)[4:-2]
        # A text in JSON holds no line break, so what is replaced stands between two labels and nowhere else.
        return b"{" + LINE + names.replace(b"%", b"%%").replace(b",\n  ", b": [%b]," + LINE) + b": [%b]" + END + b"}"


@dataclass(frozen=True, slots=True, eq=False)
class GroupFigures:
    """A table of the result file with a row of numbers for each group.

    Attributes
    ----------
    lines : GroupLines
        The L groups.
    values : (L, m) array
        Their numbers; one that is not finite becomes null.
    """

    lines: GroupLines
    values: Array

    def json(self) -> bytes:
        """An object of JSON, label to list of numbers."""
        if not len(self.values):
            return b"{}"
        n_columns = self.values.shape[1]
        flat = np.ascontiguousarray(self.values if n_columns > 1 else self.values[:, 0])  # shorter to write without brackets
        rows = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY).split(b"],[" if n_columns > 1 else b",")
        rows[0] = rows[0].lstrip(b"[")
        rows[-1] = rows[-1].rstrip(b"]")
        return self.lines.with_gaps % tuple(rows)


def fragment(value: object) -> orjson.Fragment:
    """What orjson writes of a value that it does not know."""
    if isinstance(value, GroupFigures):
        return orjson.Fragment(value.json())
    raise TypeError(f"the result file holds no {type(value).__name__}")
