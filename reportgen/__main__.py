"""``python -m reportgen``, and what the command ``reportgen`` runs."""

from __future__ import annotations

import gc
import sys

from reportgen.cli import main


def run() -> int:
    """Run the command line in a process that ends with it; its exit code."""
    code = main()
    gc.freeze()  # else all that is in memory is looked through once more at the end, a twentieth of the time of a report
    return code


if __name__ == "__main__":
    sys.exit(run())
