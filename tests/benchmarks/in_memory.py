"""All variants from a pandas frame, against one grouping of the same frame."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import pandas as pd
from grouped_data import FORMULA, make_columns

from reportgen import analyze
from reportgen.fits import UnfitVariant


def best_of(work: Callable[[], object], runs: int) -> float:
    """Shortest time of several runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    frame = pd.DataFrame(make_columns(options.rows, options.groups))
    analysis = analyze(FORMULA, frame)
    fitted = [name for name, fit in analysis.fits.items() if not isinstance(fit, UnfitVariant)]
    grouping = best_of(lambda: frame.groupby("g")[["x", "y"]].mean(), options.runs)
    everything = best_of(lambda: analyze(FORMULA, frame), options.runs)

    print(f"{options.rows:,} rows, {options.groups:,} groups, variants fitted: {', '.join(fitted)}")
    print(f"groupby().mean()   {grouping:7.3f} s")
    print(f"analyze            {everything:7.3f} s   {everything / grouping:5.1f} times that")


if __name__ == "__main__":
    main()
