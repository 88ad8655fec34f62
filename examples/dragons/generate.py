"""Make `dragons.csv` from `moments.json`: synthetic rows with exactly those group moments.

Run it from anywhere: ``python generate.py`` writes the file beside itself. The same seed gives the same rows.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HERE = Path(__file__).resolve().parent
SEED = 444785  # the number of the question this example comes from
SCORES = (0.0, 100.0)  # the scale of the test


def draw_with_moments(rng: np.random.Generator, n: int, mean: Array, sscp: Array) -> Array:
    """Rows whose mean and centred cross-products are the given ones.

    Normal numbers are centred, whitened with the Cholesky factor of their own cross-products and coloured with that of the
    wanted ones, so the moments hold in these rows and not only on average over many draws.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the normal numbers.
    n : int
        Number of rows.
    mean : (p,) array
        Wanted means.
    sscp : (p, p) array
        Wanted centred cross-products, positive definite.

    Returns
    -------
    (n, p) array
    """
    normal = rng.standard_normal((n, len(mean)))
    normal -= normal.mean(axis=0)
    white = np.linalg.solve(np.linalg.cholesky(normal.T @ normal), normal.T).T
    rows: Array = mean + white @ np.linalg.cholesky(sscp).T
    return rows


def draw_group(rng: np.random.Generator, group: dict[str, Any]) -> Array:
    """(n, 2) rows [predictor, response] of one group: the first draw with every score on the scale of the test."""
    mean, sscp = np.array(group["mean"]), np.array(group["sscp"])
    low, high = SCORES
    while True:
        rows = draw_with_moments(rng, group["n"], mean, sscp)
        if low <= rows[:, 1].min() and rows[:, 1].max() <= high:
            return rows


def make_table() -> tuple[list[str], list[tuple[float, float, str]]]:
    """Header and rows of the file: response, predictor, group."""
    moments = json.loads((HERE / "moments.json").read_text(encoding="utf-8"))
    rng = np.random.Generator(np.random.PCG64(SEED))
    header = [moments["response"], moments["predictor"], moments["group"]]
    rows = [(float(y), float(x), group["group"]) for group in moments["groups"] for x, y in draw_group(rng, group)]
    return header, rows


def main() -> None:
    """Write `dragons.csv` beside this script."""
    header, rows = make_table()
    with (HERE / "dragons.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows((repr(y), repr(x), group) for y, x, group in rows)


if __name__ == "__main__":
    main()
