"""`reportgen fit` on a large Parquet file, against a process that only reads the same columns."""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from grouped_data import FORMULA, make_columns
from processes import Run, in_turn

READ = {
    "as a data set": "import sys, pyarrow.dataset as ds; ds.dataset(sys.argv[1]).to_table(columns=['y', 'x', 'g'])",
    "read_table": "import sys, pyarrow.parquet as pq; pq.read_table(sys.argv[1], columns=['y', 'x', 'g'])",
}


def write_file(path: str, n_rows: int, n_groups: int, text_groups: bool) -> None:
    """Write the grouped data as Parquet, columns y, x and g."""
    table = pa.table(make_columns(n_rows, n_groups))
    if text_groups:
        table = table.set_column(2, "g", table["g"].cast(pa.string()))
    pq.write_table(table, path)


def main() -> None:
    """Print all times, the ratios of the fits to the ways of reading, and the peak memory of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--text-groups", action="store_true", help="group labels as text instead of integers")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "grouped.parquet"))
        # In a process of its own: a command inherits the peak memory of the process that starts it.
        arguments = (path, options.rows, options.groups, options.text_groups)
        writer = multiprocessing.get_context("spawn").Process(target=write_file, args=arguments)
        writer.start()
        writer.join()
        if writer.exitcode:
            raise RuntimeError("the data file could not be written")
        reading = {f"pyarrow {name}": [sys.executable, "-c", code, path] for name, code in READ.items()}
        fit = [sys.executable, "-m", "reportgen", "fit", path, FORMULA, "--quiet"]
        runs = in_turn({**reading, "fit": fit, "fit --json": [*fit, "--json"]}, options.runs)

    print(f"{options.rows:,} rows, {options.groups:,} groups in Parquet; {options.runs} runs of each, in turn")
    print(f"{'':22}  fastest     middle     memory   times each way of reading: fastest, middle")
    for name, found in runs.items():
        ratios = (
            "" if name in reading else "".join(f"   {low:.2f}, {middle:.2f}" for low, middle in _ratios(found, runs, reading))
        )
        low, middle = _fastest(found), _middle(found)
        print(f"{name:22} {low:7.3f} s  {middle:7.3f} s   {max(run.megabytes for run in found):5.0f} MB{ratios}")


def _fastest(runs: Sequence[Run]) -> float:
    return min(run.seconds for run in runs)


def _middle(runs: Sequence[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def _ratios(found: Sequence[Run], runs: Mapping[str, Sequence[Run]], others: Iterable[str]) -> list[tuple[float, float]]:
    return [(_fastest(found) / _fastest(runs[name]), _middle(found) / _middle(runs[name])) for name in others]


if __name__ == "__main__":
    main()
