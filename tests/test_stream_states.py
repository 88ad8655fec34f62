"""Functions that look at all rows, over more rows than are held: the same columns as with all rows at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.design import build_design, first_pass, read_blocks, spline_states
from reportgen.design.gathering import Recurrence
from reportgen.design.order_statistics import Quantiles
from reportgen.design.streamed_states import stateful_calls
from reportgen.errors import ColumnUnusable, TooManyDistinct
from reportgen.formula import parse_formula
from reportgen.sources import Source, open_source

FORMULAS = (
    "y ~ center(x) + (1 | g)",
    "y ~ scale(x) + scale(z, ddof=0) + (1 | g)",
    "y ~ scale(x, center=False) + scale(z, scale=False) + (1 | g)",
    "y ~ poly(x, degree=4) + (1 | g)",
    "y ~ poly(z, degree=9) + (1 | g)",
    "y ~ poly(x, degree=2, raw=True) + center(z) + (1 | g)",
    "y ~ bs(x, df=6) + (1 | g)",
    "y ~ bs(z, df=7, degree=2, include_intercept=False) + (1 | g)",
    "y ~ bs(x, knots=[0.0, 1.0]) + (1 | g)",
    "y ~ bs(x, df=6, lower_bound=-1, upper_bound=1.5, extrapolation='clip') + (1 | g)",
    "y ~ cr(x, df=5) + (1 | g)",
    "y ~ cs(x, df=4, constraints='center') + (1 | g)",
    "y ~ cc(z, df=4, constraints='center') + (1 | g)",
    "y ~ cr(x, knots=[-0.5, 0.5], constraints='center') + (1 | g)",
    "y ~ scale(log(z) + center(x)) + poly(scale(x) * 2, degree=3) + (1 | g)",
    "scale(y) ~ scale(x) * C(k) + (1 | g)",
)


def made(n: int = 2000, seed: int = 4) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": random.normal(size=n),
            "z": random.lognormal(size=n) + 1e-3,
            "g": random.integers(0, 12, n),
            "k": random.choice(["a", "b", "c"], n),
            "y": 1e3 + random.normal(size=n),
        }
    )
    frame.loc[random.integers(0, n, 40), "x"] = np.nan
    return frame


def values_of(formula: str, source: Source) -> tuple[tuple[str, ...], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    design = build_design(parse_formula(formula), source)
    return design.columns, np.concatenate([block.values for block, _ in read_blocks(design)])


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_columns_are_those_of_all_rows_at_once(formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = made()
    columns, expected = values_of(formula, open_source(frame))
    monkeypatch.setattr(first_pass, "MAX_STATE_ROWS", 300)
    streamed, found = values_of(formula, open_source(frame, chunk_rows=128))
    assert streamed == columns
    size = np.abs(expected).max(axis=0)
    np.testing.assert_allclose(found / size, expected / size, rtol=0, atol=1e-9)


def test_what_cannot_be_gathered_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_pass, "MAX_STATE_ROWS", 300)
    monkeypatch.setattr(spline_states, "MAX_DISTINCT", 500)
    source = open_source(made(), chunk_rows=128)
    with pytest.raises(TooManyDistinct, match=r"more than 500: give the knots"):
        build_design(parse_formula("y ~ cr(x, df=5) + (1 | g)"), source)
    build_design(parse_formula("y ~ cr(x, knots=[0.0, 1.0]) + (1 | g)"), source)


def test_too_few_distinct_values_for_a_degree_are_an_error_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_pass, "MAX_STATE_ROWS", 300)
    frame = made().assign(x=lambda d: (d["z"] > 1) * 1.0)
    with pytest.raises(ColumnUnusable, match="cannot be computed"):
        build_design(parse_formula("y ~ poly(x, degree=3) + (1 | g)"), open_source(frame, chunk_rows=128))


def test_calls_inside_calls_come_first() -> None:
    coded = parse_formula("y ~ scale(x + center(z)) + bs(center(z), df=5) + log(x) + (1 | g)").coded
    calls = stateful_calls(coded.terms)
    assert [(call.function, call.depth) for call in calls] == [("center", 0), ("scale", 1), ("bs", 1)]
    assert calls[2].constants == {"df": 5}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e12, 1e12) | st.sampled_from([0.0, -0.0, 1.0, 5e-324, -1.0]), min_size=1, max_size=60),
    st.integers(1, 5),
)
def test_quantiles_are_numpys(values: list[float], pieces: int) -> None:
    probabilities = np.array([0.0, 0.1, 0.25, 0.5, 0.77, 1.0])
    array = np.array(values)
    found = Quantiles(probabilities)
    while not found.is_done:
        for part in np.array_split(array, pieces):
            found.add(part)
        found.end_pass()
    np.testing.assert_array_equal(found.values(), np.quantile(array, probabilities))


@pytest.mark.parametrize("shape", ["normal", "lognormal", "discrete", "shifted"])
def test_polynomials_are_orthonormal(shape: str) -> None:
    random = np.random.default_rng(3)
    draws = {
        "normal": random.normal(size=4000),
        "lognormal": random.lognormal(sigma=1.0, size=4000),
        "discrete": random.integers(0, 12, 4000).astype(float),
        "shifted": 1e6 + random.normal(size=4000),
    }
    x = draws[shape]
    gatherer = Recurrence(8)
    while not gatherer.is_done:
        for part in np.array_split(x, 7):
            gatherer.add(part)
        gatherer.end_pass()
    from formulaic.transforms import TRANSFORMS

    basis = np.asarray(TRANSFORMS["poly"](x, degree=8, _state=dict(gatherer.state())))
    np.testing.assert_allclose(basis.T @ basis, np.eye(8), atol=1e-8)
    assert np.abs(basis.sum(axis=0)).max() < 1e-7


def test_a_partitioned_folder_is_streamed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = made()
    pq.write_to_dataset(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "parts", partition_cols=["k"])
    monkeypatch.setattr(first_pass, "MAX_STATE_ROWS", 300)
    source = open_source(tmp_path / "parts", chunk_rows=128)
    columns, found = values_of("y ~ scale(x) + C(k) + (1 | g)", source)
    monkeypatch.undo()
    again, expected = values_of("y ~ scale(x) + C(k) + (1 | g)", open_source(tmp_path / "parts"))
    assert columns == again == ("scale(x)", "C(k)[T.b]", "C(k)[T.c]")
    np.testing.assert_allclose(found, expected, atol=1e-12)
