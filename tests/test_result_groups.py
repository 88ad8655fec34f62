"""Tables of single groups in the result file, against the same tables made as dictionaries."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from reportgen.presentation.result_groups import GroupFigures, GroupLines, fragment

LABELS = ("b", "100 %", "%b", 'says "a", "b"', "two\nlines", "back\\slash", "Größe", "10", "9", ",", '],["', "𝔤", "\uffff")


def written(figures: GroupFigures) -> dict[str, list[float | None]]:
    text = orjson.dumps({"table": figures}, fragment, orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_INDENT_2)
    found: dict[str, dict[str, list[float | None]]] = json.loads(text)
    return found["table"]


def values(n_groups: int, n_columns: int) -> NDArray[np.float64]:
    return np.random.default_rng(3).normal(size=(n_groups, n_columns)) * 10.0 ** np.arange(n_groups)[:, None]


@pytest.mark.parametrize("n_columns", [1, 2, 3])
def test_every_label_keeps_its_own_numbers_whatever_it_holds(n_columns: int) -> None:
    figures = values(len(LABELS), n_columns)
    lines = GroupLines.of(LABELS, np.arange(len(LABELS)))
    found = written(GroupFigures(lines, figures[lines.groups]))
    assert found == dict(zip(LABELS, figures.tolist(), strict=True))
    assert list(found) == sorted(LABELS)


@pytest.mark.parametrize("n_columns", [1, 2])
def test_only_the_groups_listed_are_written(n_columns: int) -> None:
    figures, listed = values(len(LABELS), n_columns), np.array([0, 2, 5, 12])
    lines = GroupLines.of(LABELS, listed)
    assert written(GroupFigures(lines, figures[lines.groups])) == {LABELS[j]: figures[j].tolist() for j in listed}
    some = lines.among(np.arange(len(LABELS)) < 3)
    assert written(GroupFigures(some, figures[some.groups])) == {LABELS[j]: figures[j].tolist() for j in (0, 2)}
    assert lines.among(np.ones(len(LABELS), dtype=bool)) is lines


def test_no_group_is_an_empty_table() -> None:
    lines = GroupLines.of(LABELS, np.zeros(0, dtype=np.int64))
    assert written(GroupFigures(lines, np.zeros((0, 1)))) == {}


def test_what_is_not_finite_is_null() -> None:
    lines = GroupLines.of(("a",), np.array([0]))
    assert written(GroupFigures(lines, np.array([[np.nan]]))) == {"a": [None]}
    assert written(GroupFigures(lines, np.array([[np.inf, 1.0]]))) == {"a": [None, 1.0]}


def test_nothing_else_is_written() -> None:
    with pytest.raises(TypeError, match="holds no complex"):
        fragment(1j)
