"""The draw of rows for the figures."""

from __future__ import annotations

import numpy as np
import pytest

from reportgen.points import PointDraw, Points

N = 50_000


def drawn(step: int, capacity: int, n: int = N) -> Points:
    codes = np.arange(n) % 7
    values = np.arange(n, dtype=float)[:, None]
    draw = PointDraw(1, capacity)
    for start in range(0, n, step):
        draw.add(codes[start : start + step], values[start : start + step])
    return draw.points(np.arange(7))


@pytest.mark.parametrize("step", [333, 500, 4999, N])
def test_the_draw_does_not_depend_on_the_chunks(step: int) -> None:
    np.testing.assert_array_equal(drawn(step, 500).values, drawn(7001, 500).values)


def test_rows_and_groups_stay_together_in_reading_order() -> None:
    points = drawn(1000, 500)
    assert len(points.codes) == 500
    assert not points.is_complete
    np.testing.assert_array_equal(points.values[:, 0] % 7, points.codes)
    assert (np.diff(points.values[:, 0]) > 0).all()


def test_every_part_of_the_data_is_as_likely() -> None:
    counts = np.histogram(drawn(N, 5000).values, 10, (0, N))[0]
    assert (np.abs(counts - 500) < 5 * np.sqrt(500 * 0.9)).all()


def test_few_rows_are_all_kept() -> None:
    points = drawn(10, 500, n=123)
    assert points.is_complete
    np.testing.assert_array_equal(points.values[:, 0], np.arange(123))


def test_groups_are_renumbered() -> None:
    draw = PointDraw(1, 10)
    draw.add(np.array([0, 1, 2]), np.array([[0.0], [1.0], [2.0]]))
    np.testing.assert_array_equal(draw.points(np.array([2, 0, 1])).codes, [1, 2, 0])


def test_no_rows() -> None:
    assert drawn(10, 5, n=0).is_complete
