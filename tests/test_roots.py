"""Roots and peaks in brackets: to full precision, the easy and the awkward."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from reportgen.estimation.roots import Array, bracketed_peak, bracketed_roots

CASES = {
    "line": (lambda x: x - 0.3, -1.0, 2.0),
    "cube": (lambda x: (x - 0.7) ** 3, -1.0, 3.0),
    "steep": (lambda x: np.expm1(40.0 * (x - 0.9)), 0.0, 1.0),
    "flat then steep": (lambda x: np.where(x < 0.5, -1e-12, np.maximum(x - 0.5, 0.0) ** 0.5 - 0.1), 0.0, 1.0),
    "far out": (lambda x: x**5 - 1e10, 1.0, 1e4),
    "step": (lambda x: np.where(x < 0.123, -1.0, 1.0), 0.0, 1.0),
}


@pytest.mark.parametrize("name", CASES)
def test_it_agrees_with_an_independent_root_finder(name: str) -> None:
    function, low, high = CASES[name]
    found = bracketed_roots(function, np.array([low]), np.array([high]))[0]
    expected = brentq(function, low, high, xtol=1e-15, rtol=8.9e-16, maxiter=1000)
    tolerance = 1e-5 if name == "cube" else 1e-14 * max(1.0, abs(expected))  # a triple root: a third of the digits
    assert found == pytest.approx(expected, abs=tolerance)


def test_many_roots_at_once_are_the_single_ones() -> None:
    target = np.linspace(-2.0, 2.0, 41)

    def function(x: Array) -> Array:
        return np.sinh(x) - target

    found = bracketed_roots(function, np.full(41, -3.0), np.full(41, 3.0))
    np.testing.assert_allclose(found, np.arcsinh(target), rtol=0, atol=4e-15)


def test_a_root_at_the_upper_end_and_no_bracket_at_all() -> None:
    assert bracketed_roots(lambda x: x - 1.0, np.array([0.0]), np.array([1.0]))[0] == 1.0
    assert len(bracketed_roots(lambda x: x, np.empty(0), np.empty(0))) == 0


def test_a_wider_bracket_ends_the_search_earlier() -> None:
    calls: list[int] = []

    def function(x: Array) -> Array:
        calls.append(len(x))
        return np.expm1(5.0 * (x - 0.3))

    rough = bracketed_roots(function, np.array([-2.0]), np.array([2.0]), 1e-3)
    few = len(calls)
    calls.clear()
    exact = bracketed_roots(function, np.array([-2.0]), np.array([2.0]))
    assert few < len(calls)
    assert abs(exact[0] - 0.3) < 1e-15 < abs(rough[0] - 0.3) < 1e-2


@pytest.mark.parametrize("peak", [0.0, 0.3, 1.0])
def test_a_peak_inside_and_at_either_end(peak: float) -> None:
    at, value = bracketed_peak(lambda x: 2.0 - np.abs(x - peak) ** 1.5, 0.0, 1.0, 1e-10)
    assert at == pytest.approx(peak, abs=1e-10)
    assert value == pytest.approx(2.0, abs=1e-14)
