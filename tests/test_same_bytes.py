"""Same input, same bytes: whatever the seed of hashing, the time zone, the language, the folder and the home of the run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from audit import surroundings

from reportgen.presentation.rendering import FORMATS

HERE = Path(__file__).resolve().parent
HSB82 = "mAch ~ ses + minrty + sector + (1 + ses | school)"
DRAGONS = "testScore ~ bodyLength2 + (1 | mountainRange)"
RUNS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LANG": "C", "LC_ALL": "C", "OPENBLAS_NUM_THREADS": "1"},
    {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland", "LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8", "COLUMNS": "40"},
)


def digests(data: Path, formula: str, formats: tuple[str, ...], folder: Path, settings: dict[str, str]) -> dict[str, str]:
    """SHA-256 of every output of a run of the program in a folder and a home of its own."""
    (folder / "home").mkdir(parents=True)
    copied = Path(shutil.copy(data, folder))
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    subprocess.run(
        [sys.executable, "-m", "reportgen", "render", str(copied), formula, "--out", "out", "--quiet", "--format", *formats],
        env={**kept, **surroundings(HERE.parent), "HOME": str(folder / "home"), **settings},
        cwd=folder,
        timeout=120,
        check=True,
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((folder / "out").iterdir())}
    assert len(found) == len(formats)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "formula", "formats"),
    [
        (HERE.parent / "examples" / "dragons" / "dragons.csv", DRAGONS, FORMATS),
        (HERE / "reference" / "data" / "hsb82.csv", HSB82, ("html", "pdf", "json")),
    ],
)
def test_two_runs_give_the_same_bytes(data: Path, formula: str, formats: tuple[str, ...], tmp_path: Path) -> None:
    first, second = (
        digests(data, formula, formats, tmp_path / name, settings) for name, settings in zip(("a", "b/c d"), RUNS, strict=True)
    )
    assert first == second
