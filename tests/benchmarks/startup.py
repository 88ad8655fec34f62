"""How long a user waits for the smallest things: help, a fit and a whole report of the bundled example."""

from __future__ import annotations

import argparse
import sys
import tempfile

from processes import best_of

from reportgen.resources import resource

FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"


def main() -> None:
    """Print each command's time and how many times that of an empty Python program it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    data = str(resource("examples/dragons/dragons.csv"))
    program = [sys.executable, "-m", "reportgen"]
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "--help": [*program, "--help"],
            "fit": [*program, "fit", data, FORMULA, "--quiet"],
            "render, HTML": [*program, "render", data, FORMULA, "--out", folder, "--format", "html", "--quiet"],
            "render, all": [*program, "render", data, FORMULA, "--out", folder, "--quiet"],
        }
        seconds = {name: best_of(command, options.runs).seconds for name, command in commands.items()}

    empty = seconds["python -c pass"]
    for name, value in seconds.items():
        print(f"{name:16} {value:7.3f} s   {value / empty:5.1f} times an empty program")


if __name__ == "__main__":
    main()
