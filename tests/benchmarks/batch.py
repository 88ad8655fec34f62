"""Seconds a report of a batch takes: many small data sets, every format, and the same batch resumed with nothing to do."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from grouped_data import FORMULA, make_columns
from processes import run_once

from reportgen.batch.requests import default_workers

PR_SET_CHILD_SUBREAPER = 36  # of prctl(2)


def main() -> None:
    """Print the time of the whole batch, of one report on average, and of the parts that are paid once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--groups", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=default_workers())
    options = parser.parse_args()
    adopt_orphans()

    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder, "data"), options.reports, options.rows, options.groups)
        pattern, out = str(Path(folder, "data", "*.csv")), str(Path(folder, "out"))
        command = [sys.executable, "-m", "reportgen", "batch", pattern, "--formula", FORMULA, "--out", out, "--quiet"]
        command += ["--jobs", str(options.jobs)]
        whole = run_once(command)
        processor = processor_seconds()
        resumed = run_once([*command, "--resume"])
        one = run_once(
            [sys.executable, "-m", "reportgen", "render", str(Path(folder, "data", "set0.csv")), FORMULA, "--out", out]
        )
        files = [path for path in Path(out).glob("set*") if path.suffix in (".html", ".pdf", ".json")]
        counts = json.loads(Path(out, "summary.json").read_text(encoding="utf-8"))["counts"]

    if len(files) != 3 * options.reports or counts["unchanged"] != options.reports:
        raise RuntimeError(f"{len(files)} files, {counts}")
    each = whole.seconds / options.reports
    load = os.getloadavg()[0]
    print(f"{options.reports} data sets of {options.rows:,} rows, HTML, PDF and JSON, {options.jobs} at once, load {load:.1f}")
    print(f"whole batch          {whole.seconds:8.2f} s")
    print(f"a report on average  {each:8.2f} s")
    print(f"at work for it       {processor / options.reports:8.2f} s   processor time of all processes together")
    print(f"one report alone     {one.seconds:8.2f} s   {one.seconds / each:.1f} times one of the batch")
    print(f"batch resumed        {resumed.seconds:8.2f} s   {resumed.seconds / whole.seconds:.3f} of the whole batch")


def adopt_orphans() -> None:
    """Become the parent of processes whose own has ended, as of the one that forks those of the reports; on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def processor_seconds() -> float:
    """Processor time of all processes started from here, once the last of them has ended."""
    with suppress(ChildProcessError):
        while True:
            os.wait()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def write_data(folder: Path, reports: int, rows: int, groups: int) -> None:
    """Write ``set0.csv``, ``set1.csv`` and so on."""
    folder.mkdir()
    for number in range(reports):
        columns = make_columns(rows, groups, seed=number)
        lines = (f"{y:.6f},{x:.6f},{g}" for y, x, g in zip(columns["y"], columns["x"], columns["g"], strict=True))
        (folder / f"set{number}.csv").write_text("\n".join(["y,x,g", *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
