"""Odd and broken data, made from one clean set: twelve groups of eight rows, other slopes within groups than between."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from reportgen import analyze
from reportgen.cli import main

FORMULA = "y ~ x + (1 | g)"
N_GROUPS, SIZE = 12, 8
GROUP = np.repeat(np.arange(N_GROUPS), SIZE)
N = len(GROUP)
ROW = np.arange(N)
LABELS = [f"g{code:02d}" for code in GROUP]


def _columns() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(1)
    x = random.normal(size=N) + 1.5 * random.normal(size=N_GROUPS)[GROUP]
    mean = np.array([x[code == GROUP].mean() for code in range(N_GROUPS)])
    y = 1 + 0.5 * x + 1.2 * mean[GROUP] + 2 * random.normal(size=N_GROUPS)[GROUP] + random.normal(size=N)
    return np.round(y, 4), np.round(x, 4)


Y, X = _columns()
MEAN = np.array([X[code == GROUP].mean() for code in range(N_GROUPS)])[GROUP]
WAVE = np.round(np.sin(ROW * 1.7) * 3, 4)
FRAME = pd.DataFrame({"y": Y, "x": X, "g": LABELS})
TABLE = pa.table({"y": Y, "x": X, "g": LABELS})


def with_columns(**columns: object) -> pd.DataFrame:
    """The clean data with some columns replaced or added."""
    return FRAME.assign(**columns)  # type: ignore[arg-type]


def with_arrow(**columns: pa.Array) -> pa.Table:
    """The clean data as an Arrow table with some columns replaced."""
    table = TABLE
    for name, column in columns.items():
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def replaced(values: Any, at: Any, value: Any) -> Any:
    """Values with some of them replaced."""
    return np.where(np.isin(ROW, list(at) if isinstance(at, range) else at), value, np.asarray(values))


def decimals(values: NDArray[Any]) -> list[Decimal]:
    """Values as decimal numbers."""
    return [Decimal(str(value)) for value in values]


def text(delimiter: str = ",", decimal: str = ".", header: str = "y,x,g", end: str = "\n") -> str:
    """The clean data as delimited text."""
    lines = [header.replace(",", delimiter)]
    for y, x, label in zip(Y, X, LABELS, strict=True):
        lines.append(delimiter.join([str(y).replace(".", decimal), str(x).replace(".", decimal), label]))
    return end.join(lines) + end


LINES = text().splitlines()


def with_line(number: int, line: str, delimiter: str = ",") -> str:
    """The clean text with one line replaced, counted from 1 (the header)."""
    lines = text(delimiter).splitlines()
    lines[number - 1] = line
    return "\n".join(lines) + "\n"


def mapped(change: str) -> str:
    """The clean text with every line put into a pattern, ``{}`` the line and ``{n}`` its number."""
    return "".join(change.format(line, n=n) + "\n" for n, line in enumerate(LINES))


Data = Any  # bytes, text, or a table of pandas or Arrow


def write(folder: Path, data: Data, name: str = "") -> Path:
    """The data as a file: text as CSV, tables as Parquet unless the name says otherwise."""
    path = folder / (name or ("data.csv" if isinstance(data, bytes | str) else "data.parquet"))
    if isinstance(data, str):
        data = data.encode()
    if isinstance(data, bytes):
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    elif isinstance(data, pa.Table):
        pq.write_table(data, path)
    elif path.suffix == ".csv":
        data.to_csv(path, index=False)
    elif path.suffix == ".xlsx":
        data.to_excel(path, index=False)
    elif path.suffix == ".feather":
        data.to_feather(path)
    else:
        data.to_parquet(path)
    return path


def results(path: Path, formula: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The result file that the command line prints; nothing may be said besides."""
    assert main(["fit", str(path), formula, "--json"]) == 0, capsys.readouterr().err
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def slopes(found: Mapping[str, Any], column: str = "x") -> dict[str, float]:
    """Every number of a column that must not depend on how the data are written."""
    slope = next(item for item in found["slopes"] if item["column"] == column)
    numbers = {key: slope[key] for key in ("within", "between", "pooled", "random_intercept")}
    numbers["contextual"] = slope["contextual"]["estimate"]
    for variant, fit in found["variants"].items():
        numbers |= {f"{variant}.{t['role']}.error": t["std_error"] for t in fit["terms"] if t["column"] == column}
    return numbers


@cache
def clean() -> dict[str, float]:
    """The same of the clean data."""
    return slopes(json.loads(analyze(FORMULA, FRAME).to_json()))
