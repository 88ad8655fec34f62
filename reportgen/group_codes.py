"""Codes in the place of group labels, made from the values of the rows alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.analysed_rows import AnalysedRows

Codes = NDArray[np.int64]

LETTERS = ascii_uppercase[6:] + ascii_uppercase[:6]  # the first column of a group gets G, a second one H


def coded_rows(rows: AnalysedRows, group_columns: Sequence[str]) -> AnalysedRows:
    """The rows with codes (G01, G02, ...) for the labels of the groups, in an order that tells nothing of the original one.

    A code must not lead back to its label, so no label has a part in it, and neither has the place of a row: a group's digest
    is the SHA-256 of its rows, each cell as its rank among the values of its column, the rows sorted; groups are numbered in
    the order of their digests. The numbers therefore say nothing that the rows themselves do not say, depend neither on the
    labels, nor on their alphabet, nor on the order of the file, and are the same for the same rows. Groups with the very same
    rows cannot be told apart by anything in the report; which of them comes first says nothing.

    A digest of the labels would not do: whoever guesses the labels could compute it too. Rows leave their order as well, or
    the first group of a sorted file would be the first of the alphabet: they stand group by group, and shuffled inside, so
    that the first rows of a group are no selection of it. The shuffle starts from the digest of all rows.

    Parameters
    ----------
    rows : AnalysedRows
        The rows used.
    group_columns : sequence of str
        Columns of the group; each gets codes of its own.
    """
    names = [field.name for field in rows.fields]
    ranks = _ranks([values for name, values in zip(names, rows.columns, strict=True) if name not in group_columns], rows.n_rows)
    codes = {name: _numbers(rows.columns[names.index(name)], ranks) for name in group_columns}
    order = _order([codes[name] for name in group_columns], ranks)
    fields, columns = [], []
    for field, values in zip(rows.fields, rows.columns, strict=True):
        if field.name in codes:
            fields.append(replace(field, kind="string", levels=()))
            columns.append(_texts(codes[field.name][order], LETTERS[list(group_columns).index(field.name) % len(LETTERS)]))
        else:
            fields.append(field)
            columns.append([values[i] for i in order])
    return AnalysedRows(tuple(fields), tuple(columns))


def _ranks(columns: Sequence[list[Any]], n_rows: int) -> Codes:
    """(n, k) rank of each cell among the distinct values of its column."""
    ranks = np.zeros((n_rows, len(columns)), dtype=np.int64)
    for i, values in enumerate(columns):
        ranks[:, i] = _rank(values)
    return ranks


def _rank(values: list[Any]) -> Codes:
    """(n,) rank of each value among the distinct ones."""
    if not isinstance(values[0], str):
        return np.unique(np.array(values), return_inverse=True)[1]
    places = {value: rank for rank, value in enumerate(sorted(set(values)))}
    return np.array([places[value] for value in values], dtype=np.int64)


def _numbers(labels: list[Any], ranks: Codes) -> Codes:
    """(n,) number of each row's label, 0, 1, 2, ..., by the digests of the rows that have the label."""
    own = _rank(labels)
    order = np.lexsort((*ranks.T[::-1], own))
    counts = np.bincount(own)
    pieces = np.split(ranks[order], np.cumsum(counts)[:-1])
    digests = [hashlib.sha256(np.ascontiguousarray(piece).tobytes()).digest() for piece in pieces]
    number = np.empty(len(counts), dtype=np.int64)
    number[sorted(range(len(counts)), key=digests.__getitem__)] = np.arange(len(counts))
    return number[own]


def _order(codes: Sequence[Codes], ranks: Codes) -> Codes:
    """(n,) order of the rows: by group, inside a group shuffled from where no original order has a part."""
    sorted_rows = np.lexsort((*ranks.T[::-1], *codes[::-1]))
    digest = hashlib.sha256(np.ascontiguousarray(ranks[sorted_rows]).tobytes()).digest()
    random = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    shuffled = sorted_rows[random.permutation(len(sorted_rows))]
    return shuffled[np.lexsort([code[shuffled] for code in codes[::-1]])]


def _texts(numbers: Codes, letter: str) -> list[str]:
    width = max(2, len(str(int(numbers.max()) + 1)))
    return [f"{letter}{number + 1:0{width}d}" for number in numbers.tolist()]
