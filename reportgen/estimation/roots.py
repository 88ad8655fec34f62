"""Roots and peaks of functions, held in brackets: what would otherwise take a library that is slow to load."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PATIENCE = 3
ZOOM = 9  # points at which a peak is looked for at a time; the interval shrinks to a quarter
MAX_STEPS = 60 * (PATIENCE + 1)  # more than the bits of a number if every bisection has to wait for its turn
WIDTH = 4.0 * float(np.finfo(np.float64).eps)  # full precision


def bracketed_roots(function: Callable[[Array], Array], low: Array, high: Array, width: float = WIDTH) -> Array:
    """Roots of R functions that are negative at `low` and not negative at `high`.

    False position with the Illinois rule (the end that stays put counts half, then a quarter, ...: Dowell & Jarratt 1971), so
    that convergence is faster than linear, and a bisection where the bracket has not halved in ``PATIENCE`` steps. The bracket
    always holds.

    Parameters
    ----------
    function : callable
        (R,) arguments to their (R,) values.
    low, high : (R,) array
        Ends of the brackets.
    width : float
        Of a bracket, relative to its ends or to 1, at which its root counts as found.

    Returns
    -------
    (R,) array
        The roots, to the rounding of the arguments or of the functions, whichever comes first.
    """
    if not len(low):
        return low
    below, above = function(low), function(high)
    stayed = np.zeros(len(low), dtype=np.int64)
    done = above == 0.0
    root = np.where(done, high, low)
    widths = [np.full(len(low), np.inf)] * PATIENCE
    for _ in range(MAX_STEPS):
        gap = above - below
        is_slow = high - low > 0.5 * widths[0]
        widths = [*widths[1:], high - low]
        guess = high - above * (high - low) / np.where(gap > 0, gap, 1.0)
        guess = np.where((gap > 0) & ~is_slow, guess, 0.5 * (low + high))
        tolerance = width * np.maximum(np.abs(guess), 1.0)
        guess = np.clip(guess, low + 0.5 * tolerance, high - 0.5 * tolerance)  # a step no one can see would never end
        value = function(guess)
        left = value < 0.0
        above = np.where(left & (stayed == -1), 0.5 * above, above)
        below = np.where(~left & (stayed == 1), 0.5 * below, below)
        low, below = np.where(left, guess, low), np.where(left, value, below)
        high, above = np.where(left, high, guess), np.where(left, above, value)
        stayed = np.where(left, -1, 1)
        root = np.where(done, root, guess)
        done |= (high - low <= tolerance) | (value == 0.0)
        if done.all():
            break
    return root


def bracketed_peak(function: Callable[[Array], Array], low: float, high: float, width: float) -> tuple[float, float]:
    """Greatest value of a function with one peak between two ends, by looking closer and closer.

    Parameters
    ----------
    function : callable
        (G,) arguments to their (G,) values.
    low, high : float
        Ends of the interval.
    width : float
        Of the interval at which the search ends.

    Returns
    -------
    argument, value : float
        Where the greatest value seen lies, and the value.
    """
    while True:
        points = np.linspace(low, high, ZOOM)
        values = function(points)
        at = int(np.argmax(values))
        if high - low <= width:
            return float(points[at]), float(values[at])
        low, high = float(points[max(at - 1, 0)]), float(points[min(at + 1, ZOOM - 1)])
