"""What the checks of the data cost: `reportgen fit` on a large CSV file as it is, and with the checks taken out.

Taken out are, in the process that is measured and only there: the watch over the quotes of the file, the search for the text
nan among numbers, for numbers that are not finite or too large, for rows that can carry no model, the identities between the
models, and the fingerprint of the file. There is no option that does this. The two are run in turn, so that what disturbs one
disturbs the other; what counts is the time the processors were at work, of all threads together.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
from grouped_data import FORMULA, make_columns
from processes import Run, run_once

LIMIT = 1.10  # times as long as without the checks, at most


def take_out_the_checks() -> None:
    """Replace the checks of this process by nothing."""
    from reportgen import comparison, modelling
    from reportgen.design import blocks
    from reportgen.sources import delimited
    from reportgen.sources.source import gathered, rows_at_a_time

    def chunks(self: delimited.DelimitedFile, columns: Sequence[str], as_text: Sequence[str] = ()) -> Iterator[pa.Table]:
        types = dict(self.types(columns)) | {name: pa.string() for name in as_text if name in columns}
        return gathered(self._reader(columns, types), rows_at_a_time(self.chunk_rows, len(columns)))

    def nothing(*_given: Any, **_named: Any) -> tuple[()]:
        return ()

    replaced: tuple[tuple[Any, str, Any], ...] = (
        (delimited.DelimitedFile, "chunks", chunks),
        (delimited.DelimitedFile, "sha256", lambda *_given: ""),
        (blocks, "_is_usable", lambda _values: True),
        (modelling, "check_estimable", nothing),
        (comparison, "check_identities", nothing),
    )
    for where, name, replacement in replaced:
        assert hasattr(where, name), f"{name} is gone: this script measures something else"
        setattr(where, name, replacement)


def fit(path: str, with_checks: bool) -> int:
    """Fit the file in this process."""
    from reportgen.cli import main as command

    if not with_checks:
        take_out_the_checks()
    return command(["fit", path, FORMULA, "--json", "--quiet"])


def main() -> int:
    """Print the times and their ratio; 1 where it is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--fit", nargs=2, metavar=("FILE", "on|off"), help="what each measured process does")
    options = parser.parse_args()
    if options.fit:
        return fit(options.fit[0], options.fit[1] == "on")

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "grouped.csv"))
        pa_csv.write_csv(pa.table(make_columns(options.rows, options.groups)), path)
        runs: dict[str, list[Run]] = {"on": [], "off": []}
        for turn in range(2 * options.runs):
            order = ("on", "off") if turn % 4 in (0, 3) else ("off", "on")
            name = order[turn % 2]
            runs[name].append(run_once([sys.executable, __file__, "--fit", path, name]))

    work = {name: min(run.processor for run in found) for name, found in runs.items()}
    time = {name: min(run.seconds for run in found) for name, found in runs.items()}
    ratio = work["on"] / work["off"]
    print(f"{options.rows:,} rows, {options.groups:,} groups in CSV, best of {options.runs} runs each, in turn")
    print(f"with the checks    {work['on']:7.3f} s at work   {time['on']:7.3f} s from start to end")
    print(f"without            {work['off']:7.3f} s           {time['off']:7.3f} s")
    print(f"ratio              {ratio:7.3f} (limit {LIMIT})  {time['on'] / time['off']:7.3f}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
