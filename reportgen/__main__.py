"""``python -m reportgen``, and what the command ``reportgen`` runs."""

from __future__ import annotations

import gc
import sys


def run() -> int:
    """Run the command line in a process that ends with it; its exit code."""
    try:
        from reportgen.cli import main  # here, so that an interrupt that comes while it is loaded is one too

        code = main()
    except KeyboardInterrupt:
        sys.stderr.write("reportgen: interrupted\n")
        return 130
    gc.freeze()  # else all that is in memory is looked through once more at the end, a twentieth of the time of a report
    return code


if __name__ == "__main__":
    sys.exit(run())
