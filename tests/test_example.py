"""The bundled example: its moments are the published ones, and the committed file is what the generator makes."""

from __future__ import annotations

import csv
import json
import runpy
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reportgen.resources import resource

Array = NDArray[np.float64]
MOMENTS = json.loads(resource("examples/dragons/moments.json").read_text(encoding="utf-8"))


def read_rows() -> list[dict[str, str]]:
    with resource("examples/dragons/dragons.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def values_of(rows: list[dict[str, str]], group: str) -> Array:
    return np.array([[float(r["bodyLength2"]), float(r["testScore"])] for r in rows if r["mountainRange"] == group])


def test_header_and_size() -> None:
    rows = read_rows()
    assert list(rows[0]) == ["testScore", "bodyLength2", "mountainRange"]
    assert len(rows) == 480


@pytest.mark.parametrize("expected", MOMENTS["groups"], ids=lambda g: g["group"])
def test_moments_of_the_file_are_the_published_ones(expected: dict[str, Any]) -> None:
    values = values_of(read_rows(), expected["group"])
    assert len(values) == expected["n"]
    spread = np.sqrt(np.diag(expected["sscp"]))
    mean = values.mean(axis=0)
    # A mean near zero is compared with the spread of its column, a cross-product with the two sums of squares.
    assert np.abs(mean - expected["mean"]) == pytest.approx(np.zeros(2), abs=1e-10 * float(spread.min()))
    centred = values - mean
    gap = (centred.T @ centred - np.array(expected["sscp"])) / np.outer(spread, spread)
    assert np.abs(gap).max() < 1e-10


def test_scores_lie_on_the_scale_and_lengths_look_standardised() -> None:
    rows = read_rows()
    scores = np.array([float(r["testScore"]) for r in rows])
    lengths = np.array([float(r["bodyLength2"]) for r in rows])
    assert scores.min() >= 0
    assert scores.max() <= 100
    assert np.abs(lengths).max() < 4
    assert len(set(scores)) == len(scores)


def test_generator_reproduces_the_committed_file() -> None:
    generator = runpy.run_path(str(resource("examples/dragons/generate.py")))
    header, made = generator["make_table"]()
    committed = read_rows()
    assert header == list(committed[0])
    assert [group for *_, group in made] == [row["mountainRange"] for row in committed]
    numbers = np.array([[y, x] for y, x, _ in made])
    written = np.array([[float(r["testScore"]), float(r["bodyLength2"])] for r in committed])
    # Linear algebra libraries may differ in the last digit, so digits and not bytes are compared.
    np.testing.assert_allclose(numbers, written, rtol=1e-10, atol=1e-11)
