"""What is loaded before the processes of a batch are forked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from batch_faults import FORMULA, write_data

PROGRAM = """
import json, sys
import reportgen.batch.preload
from reportgen.batch.jobs import Job
from reportgen.batch.report import Assignment, make_report
from reportgen.presentation import wording
from weasyprint.text.ffi import ffi
def read():
    return wording.wording.cache_info().misses + wording._sentences.cache_info().misses
modules, words, types = set(sys.modules), read(), set(ffi._parsed_types)
make_report(Assignment(Job("set0", sys.argv[1], sys.argv[2], ("html", "pdf", "json")), sys.argv[3]))
print(json.dumps({
    "modules": sorted(set(sys.modules) - modules),
    "words": read() - words,
    "types": sorted(name for name in set(ffi._parsed_types) - types if not name.startswith("hb_codepoint_t[")),
}))
"""


def test_a_report_loads_nothing_that_every_report_needs(tmp_path: Path) -> None:
    """Modules, words and the types of the PDF library are there before it; what depends on its letters is its own."""
    data = write_data(tmp_path, 0)
    command = [sys.executable, "-c", PROGRAM, str(data), FORMULA, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"modules": [], "words": 0, "types": []}
