"""For all tests: one thread for small matrices, and a watch over what the package does.

The number of threads is set before numpy is loaded, as on the command line; several only wait for each other.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import audit
import pytest

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# The processes that tests start inherit it, and find the watch.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [audit.HERE, os.environ.get("PYTHONPATH")]))


@pytest.fixture(scope="session", autouse=True)
def audit_notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file of what this test process and the processes it starts have done and must not do."""
    descriptor, path = tempfile.mkstemp(prefix="audit-")
    os.close(descriptor)
    os.environ[audit.NOTES] = path
    os.environ[audit.PLACES] = os.pathsep.join([tempfile.gettempdir(), str(tmp_path_factory.getbasetemp())])
    audit.watch()
    yield Path(path)
    noted = Path(path).read_text(encoding="ascii")
    os.remove(path)
    assert not noted, f"noted after the last test:\n{noted}"


@pytest.fixture(autouse=True)
def audited(audit_notes: Path) -> Iterator[None]:
    """Fail the test in which the package has done what it must not."""
    yield
    if audit_notes.stat().st_size:
        noted = audit_notes.read_text(encoding="ascii")
        audit_notes.write_text("")
        pytest.fail(f"the package did what it must not:\n{noted}", pytrace=False)
