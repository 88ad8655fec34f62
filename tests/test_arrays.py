"""Arrow arrays of numpy arrays and texts: what Arrow itself would make, without loading pandas."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from reportgen.resources import resource
from reportgen.sources.arrays import emptied, from_mask, from_numbers, from_texts, numbers_or, to_mask


@pytest.mark.parametrize(
    "values", [np.arange(5), np.array([]), np.array([0.5, -1.0]), np.arange(10)[::2], np.arange(3, dtype="u1")]
)
def test_numbers(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert from_numbers(values).equals(pa.array(values))


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 100])
def test_masks(n: int) -> None:
    mask = np.random.default_rng(n).random(n) < 0.5
    assert from_mask(mask).equals(pa.array(mask))


@pytest.mark.parametrize("texts", [[], [""], ["a", "", "bc"], ["ä", "x", "漢字", "🐉", ""]])
def test_texts(texts: list[str]) -> None:
    found = from_texts(texts)
    found.validate(full=True)
    assert found.equals(pa.array(texts, pa.large_string()))


@pytest.mark.parametrize("values", [[], [1, 2], [None], [3, None, -4], [None, None, 7]])
def test_numbers_with_gaps(values: list[int | None]) -> None:
    array = pa.array(values, pa.int32())
    assert numbers_or(array, -1).tolist() == [-1 if value is None else value for value in values]
    assert numbers_or(array[1:], 9).tolist() == [9 if value is None else value for value in values[1:]]
    assert numbers_or(array, -1).dtype == np.int32


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_cells_are_emptied_in_slices_too(kind: pa.DataType) -> None:
    texts = [text * (i % 3) for i, text in enumerate(["NA", "u", "vvv", "NA", "é"] * 9)]
    whole = pa.array([text.encode() if pa.types.is_binary(kind) else text for text in texts], kind)
    column = pa.chunked_array([whole[:10], whole[10:17], whole[17:17], whole[17:]])
    wanted = [None if text == "NA" else value for text, value in zip(texts, whole.to_pylist(), strict=True)]
    for given in (column, whole[3:]):
        found = emptied(given, pc.is_in(given, value_set=pa.array(["NA"]).cast(kind)))
        found.validate(full=True)
        assert found.to_pylist() == wanted[len(wanted) - len(given) :]


def test_masks_of_pieces() -> None:
    pieces = pa.chunked_array([[True, False], [], [False, True, True]], pa.bool_())
    assert to_mask(pieces).tolist() == [True, False, False, True, True]
    assert to_mask(pieces.slice(1, 3)).tolist() == [False, False, True]
    assert to_mask(pa.chunked_array([], pa.bool_())).tolist() == []


GAPS = "y,x,g\n" + "".join(f"{i % 7},{i % 5 or ''},{'abcdefgh'[i % 8] if i % 11 else ''}\n" for i in range(200))


@pytest.mark.parametrize("extra", [[], ["--chunk-rows", "30"]])
@pytest.mark.parametrize("name", ["whole.csv", "gaps.csv", "gaps.parquet", "gaps.feather"])
def test_a_fit_loads_neither_pandas_nor_the_minimisers(name: str, extra: list[str], tmp_path: Path) -> None:
    formula, data = "y ~ x + (1 | g)", tmp_path / name
    if name == "whole.csv":
        formula, data = "testScore ~ bodyLength2 + (1 | mountainRange)", resource("examples/dragons/dragons.csv")
    elif name == "gaps.csv":
        data.write_text(GAPS)
    else:
        write = {"gaps.parquet": pq.write_table, "gaps.feather": pf.write_feather}[name]
        write(csv.read_csv(io.BytesIO(GAPS.encode())), str(data))
    code = (
        "import sys\nfrom reportgen.cli import main\n"
        f"main(['fit', {str(data)!r}, {formula!r}, '--json', '--quiet', *{extra!r}])\n"
        "print(sorted({'pandas', 'pyarrow.dataset', 'scipy.optimize', 'formulaic'} & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stderr.strip() == "[]"
    assert (json.loads(run.stdout)["data"]["n_rows_dropped"] > 0) == (name != "whole.csv")
