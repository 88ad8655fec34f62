"""Reading in chunks from the command line: the same figures, whatever the chunks and the file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reportgen.cli import main
from reportgen.resources import resource

FORMULA = "testScore ~ poly(bodyLength2, degree=2) + (1 | mountainRange)"


def fitted(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["fit", *arguments, "--json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)


def test_chunks_and_formats_change_no_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = resource("examples/dragons/dragons.csv")
    text = data.read_bytes()
    with gzip.open(tmp_path / "data.csv.gz", "wb") as file:
        file.write(text)
    frame = pd.read_csv(str(data)).sort_values("mountainRange", kind="stable")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_to_dataset(table, tmp_path / "folder", partition_cols=["mountainRange"])
    whole = fitted(capsys, str(data), FORMULA)
    for source in (data, tmp_path / "data.csv.gz", tmp_path / "folder"):
        found = fitted(capsys, str(source), FORMULA, "--chunk-rows", "37")
        for name in ("pooled", "no_pooling", "between", "random_intercept", "mundlak", "within_between"):
            for a, b in zip(found["variants"][name]["terms"], whole["variants"][name]["terms"], strict=True):
                assert a["estimate"] == pytest.approx(b["estimate"], rel=1e-9)
                assert a["std_error"] == pytest.approx(b["std_error"], rel=1e-9)
        assert found["data"]["n_groups"] == whole["data"]["n_groups"]
        assert "chunk_rows" not in found["options"]
        assert "cluster" not in found["options"]


@pytest.mark.parametrize("given", ["0", "-3", "many"])
def test_chunk_rows_must_be_rows(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(resource("examples/dragons/dragons.csv"))
    assert main(["fit", data, FORMULA, f"--chunk-rows={given}"]) == 2
    assert "--chunk-rows" in capsys.readouterr().err
