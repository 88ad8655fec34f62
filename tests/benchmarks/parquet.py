"""`reportgen fit` on a large Parquet file, against a process that only reads the same columns."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from grouped_data import FORMULA, make_columns
from processes import best_of

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
    parser.add_argument("--runs", type=int, default=3)
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
        reading = {f"pyarrow {name}": best_of([sys.executable, "-c", code, path], options.runs) for name, code in READ.items()}
        fit = [sys.executable, "-m", "reportgen", "fit", path, FORMULA, "--quiet"]
        fitting = {"fit": best_of(fit, options.runs), "fit --json": best_of([*fit, "--json"], options.runs)}

    print(f"{options.rows:,} rows, {options.groups:,} groups in Parquet")
    for name, run in {**reading, **fitting}.items():
        ratios = "".join(f"   {run.seconds / other.seconds:5.2f}" for other in reading.values()) if name in fitting else ""
        print(f"{name:22} {run.seconds:7.3f} s   {run.megabytes:6.0f} MB{ratios}")


if __name__ == "__main__":
    main()
