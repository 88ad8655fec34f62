"""Nothing that does not matter changes a figure: scale, shift, order, labels, chunks, types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from constructed import grouped_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.collection import collect
from reportgen.column_levels import column_levels
from reportgen.design import build_design
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.runner import fit_variants
from reportgen.fits import Fit, LeastSquaresFit, MixedFit
from reportgen.formula import parse_formula
from reportgen.sources import CHUNK_ROWS, open_source

FORMULA = "y ~ x1 + x2 + (1 + x1 | g)"

quick = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 500)


def frame(seed: int) -> pd.DataFrame:
    """Unbalanced groups with a singleton, group-specific slopes."""
    random = np.random.default_rng(seed)
    sizes = [1, *random.integers(2, 12, size=int(random.integers(8, 16)))]
    rows = grouped_rows(sizes, (0.5, -0.3), (1.5, 0.2), seed=seed)
    slopes = 0.4 * random.normal(size=rows.n_groups)
    y = rows.values[:, 2] + slopes[rows.codes] * rows.values[:, 0]
    table = pd.DataFrame({"y": y, "x1": rows.values[:, 0], "x2": rows.values[:, 1]})
    return table.assign(g=[f"g{code:02d}" for code in rows.codes])


@dataclass(frozen=True, slots=True)
class Fitted:
    """Variants and group labels."""

    fits: Mapping[str, Fit]
    groups: tuple[str, ...]


def walk(formula: str, data: pd.DataFrame, *, weights: str = "", chunk_rows: int = CHUNK_ROWS) -> Fitted:
    """The walk up to the fits: what follows is a function of them."""
    model = parse_formula(formula)
    design = build_design(model, open_source(data, chunk_rows=chunk_rows), weights)
    collected = collect(design, lambda _stage, _rows: None)
    effects = RandomEffects(model.grouping.intercept, design.slope_columns, model.grouping.correlated)
    levels = column_levels(collected.moments)[:-1]
    return Fitted(fit_variants(collected.moments, levels, effects), collected.groups)


def numbers(fitted: Fitted) -> dict[tuple[str, str, str], tuple[float, float, float]]:
    """Estimate, standard error and degrees of freedom of every coefficient of every variant but the intercepts."""
    found: dict[tuple[str, str, str], tuple[float, float, float]] = {}
    for name, fit in fitted.fits.items():
        if isinstance(fit, LeastSquaresFit | MixedFit):
            for c in fit.coefficients:
                if c.role != "intercept":
                    found[(name, c.column, c.role)] = (c.estimate, c.std_error, c.df)
    return found


def assert_same(left: Fitted, right: Fitted, factor: Callable[[str], float] = lambda _column: 1.0) -> None:
    """Equal to 1e-8 standard errors, after `factor` (by column) has turned the right slopes into units of the left."""
    ours, theirs = numbers(left), numbers(right)
    assert ours.keys() == theirs.keys()
    for key, (estimate, error, df) in ours.items():
        unit = factor(key[1])
        assert theirs[key][0] * unit == pytest.approx(estimate, abs=1e-8 * error, rel=1e-8), key
        assert theirs[key][1] * unit == pytest.approx(error, rel=1e-7), key
        assert theirs[key][2] == pytest.approx(df, rel=1e-5), key


@quick
@given(seed=seeds, power=st.sampled_from([-12, -6, -3, 3, 6, 12]))
def test_scale(seed: int, power: int) -> None:
    data = frame(seed)
    unit = 10.0**power
    scaled = walk(FORMULA, data.assign(x1=data.x1 * unit, y=data.y / unit))
    assert_same(walk(FORMULA, data), scaled, lambda column: unit**2 if column == "x1" else unit)


@quick
@given(seed=seeds, shift=st.sampled_from([-1e9, 1e3, 1e6, 1e9]))
def test_shift(seed: int, shift: float) -> None:
    """Without random slopes: with them the intercept's zero matters by definition only to the intercept variance."""
    data = frame(seed)
    rounded = data.assign(x1=(data.x1 + shift) - shift, y=(data.y + shift) - shift)  # what is left of them after a shift
    shifted = data.assign(x1=data.x1 + shift, y=data.y + shift)
    assert_same(walk(FORMULA, rounded), walk(FORMULA, shifted))


@quick
@given(seed=seeds, order=st.integers(0, 100))
def test_row_order(seed: int, order: int) -> None:
    data = frame(seed)
    shuffled = walk(FORMULA, data.sample(frac=1.0, random_state=order))
    assert shuffled.groups == walk(FORMULA, data).groups
    assert_same(walk(FORMULA, data), shuffled)


@quick
@given(seed=seeds)
def test_relabelling(seed: int) -> None:
    data = frame(seed)
    other = data.assign(g=data.g.map(lambda label: f"{int(label[1:]) * 7919 % 1009}-{label[::-1]}"))
    assert_same(walk(FORMULA, data), walk(FORMULA, other))


@quick
@given(seed=seeds, rows=st.integers(1, 40))
def test_chunks(seed: int, rows: int) -> None:
    data = frame(seed)
    assert_same(walk(FORMULA, data), walk(FORMULA, data, chunk_rows=rows))


@quick
@given(seed=seeds)
def test_types(seed: int) -> None:
    data = frame(seed).round(2)
    whole = data.assign(x2=(data.x2 * 100).round())
    for x2 in (
        whole.x2.astype("int64"),
        whole.x2.astype("Int32"),
        whole.x2.astype("int64[pyarrow]"),
        whole.x2.astype("float32"),
    ):
        assert_same(walk(FORMULA, whole), walk(FORMULA, whole.assign(x2=x2)))
    for g in (whole.g.astype("category"), whole.g.astype(object), whole.g.str[1:].astype(int)):
        assert_same(walk(FORMULA, whole), walk(FORMULA, whole.assign(g=g)))


@quick
@given(seed=seeds)
def test_equal_weights_are_no_weights(seed: int) -> None:
    data = frame(seed).assign(w=4.0)
    assert_same(walk("y ~ x1 + x2 + (1 | g)", data), walk("y ~ x1 + x2 + (1 | g)", data, weights="w"))
