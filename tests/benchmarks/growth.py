"""All variants of growing data, as processes: time and peak memory beside a process that only reads the same columns.

Prints one table for a README; with --out it is written to a file as well. The last lines compare one fit by statsmodels, and
one by lme4 where R has it, with all variants here, on the same rows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from grouped_data import formula_of, make_columns, names_of
from processes import Run, best_of

READ = "import sys, pyarrow.dataset as ds; ds.dataset(sys.argv[1]).to_table(columns=sys.argv[2].split(','))"
READ_CSV = "import sys, pyarrow.csv as c; c.read_csv(sys.argv[1])"
STATSMODELS = (
    "import sys, pandas as pd, statsmodels.formula.api as smf; d = pd.read_parquet(sys.argv[1]);"
    "smf.mixedlm('y ~ x', d, groups='g').fit(reml=True)"
)
LME4 = "d <- read.csv(commandArgs(TRUE)[1]); invisible(lme4::lmer(y ~ x + (1 | g), d))"


@dataclass(frozen=True, slots=True)
class Case:
    """One size of data; `suffix` is the kind of file."""

    rows: int
    groups: int
    predictors: int
    suffix: str = "parquet"


CASES = (
    *(Case(rows, 10_000, 3) for rows in (100_000, 1_000_000, 10_000_000)),
    *(Case(10_000_000, groups, 3) for groups in (100, 100_000, 1_000_000)),
    Case(2_000_000, 1_000_000, 3),
    *(Case(1_000_000, 1_000, predictors) for predictors in (2, 10, 50)),
    Case(1_000_000, 100_000, 1, "csv"),
)
AGAINST = Case(50_000, 1_000, 1)


def write_file(path: str, case: Case) -> None:
    """Write the data of a case."""
    table = pa.table(make_columns(case.rows, case.groups, case.predictors))
    if path.endswith("csv"):
        pc.write_csv(table, path)
    else:
        pq.write_table(table, path)


def made(folder: str, case: Case) -> str:
    """The file of a case, written by a process of its own: a command inherits the peak memory of the one that starts it."""
    path = str(Path(folder, f"data.{case.suffix}"))
    writer = multiprocessing.get_context("spawn").Process(target=write_file, args=(path, case))
    writer.start()
    writer.join()
    if writer.exitcode:
        raise RuntimeError("the data file could not be written")
    return path


def fitted(path: str, case: Case, runs: int) -> Run:
    """`reportgen fit`, all variants, result file included."""
    command = [sys.executable, "-m", "reportgen", "fit", path, formula_of(case.predictors), "--json", "--quiet"]
    return best_of(command, runs)


def read(path: str, case: Case, runs: int) -> Run:
    """A process that reads the columns and ends."""
    if case.suffix == "csv":
        return best_of([sys.executable, "-c", READ_CSV, path], runs)
    return best_of([sys.executable, "-c", READ, path, ",".join(["y", *names_of(case.predictors), "g"])], runs)


def row(case: Case, reading: Run, fitting: Run) -> str:
    """A line of the table."""
    return (
        f"| {case.rows:,} | {case.groups:,} | {case.predictors} | {case.suffix} | {reading.seconds:.2f} s, "
        f"{reading.megabytes:.0f} MB | {fitting.seconds:.2f} s, {fitting.megabytes:.0f} MB | "
        f"{fitting.seconds / reading.seconds:.1f} |"
    )


def others(folder: str, runs: int) -> list[str]:
    """One random intercept fit by other programs against all variants here."""
    path = made(folder, AGAINST)
    here = fitted(path, AGAINST, runs)
    programs = {"statsmodels MixedLM, one model": [sys.executable, "-c", STATSMODELS, path]}
    rscript = shutil.which("Rscript")
    if rscript and subprocess.run([rscript, "-e", "library(lme4)"], capture_output=True, check=False).returncode == 0:
        programs["lme4 lmer, one model"] = [rscript, "-e", LME4, made(folder, Case(50_000, 1_000, 1, "csv"))]
    lines = [f"{AGAINST.rows:,} rows, {AGAINST.groups:,} groups: all variants here {here.seconds:.2f} s"]
    for name, command in programs.items():
        run = best_of(command, 1)
        lines.append(f"{name}: {run.seconds:.2f} s, {run.seconds / here.seconds:.1f} times that")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--largest", type=int, default=10_000_000, help="cases with more rows are left out")
    parser.add_argument("--out", help="file for the table")
    options = parser.parse_args()

    lines = ["| rows | groups | predictors | file | pyarrow reads it | `reportgen fit`, all variants | ratio |"]
    lines.append("|---:|---:|---:|---|---:|---:|---:|")
    print(*lines, sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            if case.rows <= options.largest:
                path = made(folder, case)
                lines.append(row(case, read(path, case, options.runs), fitted(path, case, options.runs)))
                print(lines[-1], flush=True)
        found = ["", *others(folder, options.runs)]
    print(*found, sep="\n")
    if options.out:
        Path(options.out).write_text("\n".join([*lines, *found]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
