"""The rows used: who is dropped, for what, and that nothing depends on how the rows are cut into chunks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from reportgen.design import build_design
from reportgen.errors import NoCompleteRows
from reportgen.formula import parse_formula
from reportgen.sample import Ledger, LedgerEntry, complete_rows, summarise
from reportgen.sources import Source, open_source

FRAME = pd.DataFrame(
    {
        "y": [1.0, np.nan, 3.0, np.nan, 5.0, 6.0, 7.0, 8.0],
        "x": [1.0, 2.0, np.nan, np.nan, 5.0, 6.0, 7.0, 8.0],
        "g": ["a", "a", "b", "b", "", None, "c", "NA"],
        "spare": [None] * 8,
    }
)
ENTRIES = (LedgerEntry("missing_value", "y", 2), LedgerEntry("missing_value", "x", 1), LedgerEntry("missing_group", "g", 2))


def used(source: Source, columns: tuple[str, ...] = ("y", "x", "g")) -> tuple[pa.Table, Ledger]:
    """All complete rows of a source."""
    ledger = Ledger()
    tables = []
    for chunk in source.chunks(columns, ("g",)):
        table, counts = complete_rows(chunk, columns, ("g",))
        ledger = ledger.merge(counts)
        tables.append(table)
    return pa.concat_tables(tables), ledger


@pytest.mark.parametrize("chunk_rows", [1, 3, 1000])
@pytest.mark.parametrize(
    "frame",
    [FRAME, FRAME.astype({"g": "category"}), FRAME.astype({"g": object}), FRAME.convert_dtypes(), pl.from_pandas(FRAME)],
    ids=["str", "category", "object", "nullable", "polars"],
)
def test_each_dropped_row_counts_once_under_its_first_gap(frame: object, chunk_rows: int) -> None:
    table, ledger = used(open_source(frame, chunk_rows=chunk_rows))
    assert table.column("g").to_pylist() == ["a", "c", "NA"]
    assert table.column("x").to_pylist() == [1.0, 7.0, 8.0]
    assert ledger.entries == ENTRIES
    assert (ledger.n_rows_read, ledger.n_rows_dropped) == (8, 5)


def test_order_of_the_formula_decides_the_reason() -> None:
    _, ledger = used(open_source(FRAME), ("g", "x", "y"))
    assert ledger.entries[0] == LedgerEntry("missing_group", "g", 2)
    assert [entry.rows for entry in ledger.entries] == [2, 2, 1]


@pytest.mark.parametrize("chunk_rows", [1, 3, 1000])
def test_groups_lost_to_missing_values_are_named(chunk_rows: int) -> None:
    frame = pd.DataFrame({"y": [1.0, np.nan, np.nan, np.nan, 5.0, np.nan], "g": [2, 10, 2, 10, 3, 9]})
    design = build_design(parse_formula("y ~ 1 + (1 | g)"), open_source(frame, chunk_rows=chunk_rows))
    ledger = Ledger()
    for chunk in design.source.chunks(design.source_columns, design.text_columns):
        table, counts = complete_rows(chunk, design.source_columns, design.group_columns)
        ledger = ledger.merge(counts)
        design.block(table)
    assert design.lost_groups(ledger) == ("9", "10")
    assert sorted(design.groups) == ["2", "3"]


def test_record_of_the_sample() -> None:
    source = open_source(FRAME, "study")
    _, ledger = used(source)
    sample = summarise("study", "0f", ledger, np.array([3, 1, 2, 9]), ("b",))
    assert (sample.source, sample.n_rows_read, sample.n_rows_dropped, sample.n_obs, sample.n_groups) == ("study", 8, 5, 15, 4)
    assert (sample.group_size_min, sample.group_size_median, sample.group_size_max) == (1, 2.5, 9)
    assert sample.ledger == ENTRIES
    assert sample.sha256 == "0f"
    assert sample.lost_groups == ("b",)


def test_no_complete_row() -> None:
    source = open_source(FRAME)
    table, ledger = used(source, ("y", "spare", "g"))
    assert table.num_rows == 0
    with pytest.raises(NoCompleteRows, match="none of its 8 rows is complete"):
        summarise("study", "0f", ledger, np.zeros(0, dtype=np.int64))
