"""Factors: their levels, in which order, and the codes of the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reportgen.design.groups import ColumnIndex
from reportgen.design.labels import NUMBER, label_texts, level_order
from reportgen.errors import UnseenLevel

_NUMBER_LIKE = re.compile(
    r"\s*[$€£]?\s*[+-]?(?:\d+(?:[.,']\d+)*|[.,]\d+)(?:[eE][+-]?\d+)?\s*[%€$£]?\s*"  # 12%, 1,234.5, 3,7
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d{2}.*)?"  # dates
)


@dataclass(frozen=True, slots=True)
class Factor:
    """A column that is coded by level.

    Attributes
    ----------
    column : str
        Name of the column.
    levels : tuple of str
        Its levels that occur, in order; the first one is the reference unless the formula names another.
    """

    column: str
    levels: tuple[str, ...]

    def encode(self, column: Any) -> NDArray[np.int64]:
        """(n,) place of each row's level among the levels.

        Raises
        ------
        UnseenLevel
            A level that is not among them.
        """
        index = ColumnIndex()
        codes = index.encode(column)
        if not index.n_values:
            return codes
        place = {level: i for i, level in enumerate(self.levels)}
        texts = label_texts(index.values)
        for text in texts:
            if text not in place:
                raise UnseenLevel(self.column, text, self.levels)
        return np.array([place[text] for text in texts], dtype=np.int64)[codes]


@dataclass(slots=True)
class LevelSearch:
    """Collects the levels of a column, chunk by chunk.

    Attributes
    ----------
    column : str
        Name of the column.
    keeps_order : bool
        Whether the column's type has levels of its own, in an order that is meant.
    own_order : list of str
        Those levels, the ones that no row has included; empty for other types.
    """

    column: str
    keeps_order: bool = False
    index: ColumnIndex = field(default_factory=ColumnIndex)
    own_order: list[str] = field(default_factory=list)

    def add(self, column: Any) -> None:
        """Take the levels of some rows."""
        if self.keeps_order:
            pieces = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
            for piece in pieces:
                known = set(self.own_order)
                self.own_order.extend(text for text in label_texts(piece.dictionary) if text not in known)
        self.index.encode(column)

    def texts(self) -> list[str]:
        """Levels found so far, in order of appearance."""
        return label_texts(self.index.values) if self.index.n_values else []

    def factor(self) -> Factor:
        """The factor: levels in their own order, else numbers by value, texts by code point."""
        found = self.texts()
        if self.own_order:
            used = set(found)
            return Factor(self.column, tuple(level for level in self.own_order if level in used))
        return Factor(self.column, tuple(found[i] for i in level_order(found)))


def numbers_in_text(levels: Sequence[str]) -> bool:
    """Whether most levels of a text column look like numbers, percents or dates: then it is hardly a factor."""
    like = sum(_NUMBER_LIKE.fullmatch(level) is not None for level in levels)
    return 2 * like > len(levels)


def is_plain_number(text: str) -> bool:
    """Whether a text is a number as a program writes it."""
    return NUMBER.fullmatch(text.strip(" \t")) is not None
