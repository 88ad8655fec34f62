"""`reportgen render` of the bundled example, HTML and PDF, against an R Markdown page of the same six models and four plots."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from processes import in_turn

from reportgen.resources import resource

FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"
PACKAGES = ("rmarkdown", "lme4", "ggplot2")


def r_markdown(data: str, folder: str) -> list[str] | None:
    """The command that makes the page in R; None where R or one of its packages is missing."""
    if shutil.which("Rscript") is None:
        return None
    loads = "".join(f"stopifnot(requireNamespace('{name}', quietly = TRUE));" for name in PACKAGES)
    if subprocess.run(["Rscript", "-e", loads], capture_output=True, check=False).returncode:
        return None
    page = shutil.copy(Path(__file__).with_name("six_models.Rmd"), folder)
    return ["Rscript", "-e", f"rmarkdown::render('{page}', params = list(data = '{data}'), quiet = TRUE)"]


def main() -> None:
    """Print time and memory of each, in turn, and the ratio of the fastest runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    data = str(resource("examples/dragons/dragons.csv"))
    with tempfile.TemporaryDirectory() as folder:
        render = [sys.executable, "-m", "reportgen", "render", data, FORMULA, "--out", folder, "--quiet", "--format"]
        commands = {"HTML and PDF": [*render, "html", "pdf"], "HTML alone": [*render, "html"]}
        other = r_markdown(data, folder)
        if other is None:
            print(f"no R with {', '.join(PACKAGES)}: nothing to compare with")
        else:
            commands["R Markdown"] = other
        runs = in_turn(commands, options.runs)

    for name, found in runs.items():
        times = " ".join(f"{run.seconds:.2f}" for run in found)
        print(f"{name:13} {times} s   {max(run.megabytes for run in found):4.0f} MB")
    if other is not None:
        both, page, theirs = (min(run.seconds for run in found) for found in runs.values())
        print(f"fastest beside R Markdown's: HTML and PDF {both / theirs:.2f}, HTML alone {page / theirs:.2f}")


if __name__ == "__main__":
    main()
