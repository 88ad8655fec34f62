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

READ = "import sys, pyarrow.dataset as ds; ds.dataset(sys.argv[1]).to_table(columns=['y', 'x', 'g'])"


def write_file(path: str, n_rows: int, n_groups: int, text_groups: bool) -> None:
    """Write the grouped data as Parquet, columns y, x and g."""
    table = pa.table(make_columns(n_rows, n_groups))
    if text_groups:
        table = table.set_column(2, "g", table["g"].cast(pa.string()))
    pq.write_table(table, path)


def main() -> None:
    """Print both times, their ratio and the peak memory of each."""
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
        reading = best_of([sys.executable, "-c", READ, path], options.runs)
        fitting = best_of([sys.executable, "-m", "reportgen", "fit", path, FORMULA, "--json", "--quiet"], options.runs)

    print(f"{options.rows:,} rows, {options.groups:,} groups in Parquet")
    print(f"pyarrow reads      {reading.seconds:7.3f} s   {reading.megabytes:6.0f} MB")
    print(f"reportgen fit      {fitting.seconds:7.3f} s   {fitting.megabytes:6.0f} MB")
    print(f"ratio              {fitting.seconds / reading.seconds:7.2f}     {fitting.megabytes / reading.megabytes:6.2f}")


if __name__ == "__main__":
    main()
