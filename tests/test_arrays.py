"""Arrow arrays of numpy arrays and texts: what Arrow itself would make, without loading pandas."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from reportgen.resources import resource
from reportgen.sources.arrays import from_mask, from_numbers, from_texts


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


def test_a_fit_of_a_text_file_loads_neither_pandas_nor_the_minimisers() -> None:
    data = str(resource("examples/dragons/dragons.csv"))
    code = (
        "import sys\nfrom reportgen.cli import main\n"
        f"main(['fit', {data!r}, 'testScore ~ bodyLength2 + (1 | mountainRange)', '--json', '--quiet'])\n"
        "print(sorted({'pandas', 'scipy.optimize', 'formulaic'} & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stderr.strip() == "[]"
