"""Grouped data and a formula in; every model variant and a report that explains why their slopes differ out.

>>> from reportgen import analyze
>>> analysis = analyze("score ~ ses + (1 | school)", "scores.csv")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from reportgen.errors import InputError, OutputError, ReportgenError
    from reportgen.library import Analysis, analyze

__all__ = ["Analysis", "InputError", "OutputError", "ReportgenError", "__version__", "analyze"]

_HOMES = {
    "Analysis": "reportgen.library",
    "analyze": "reportgen.library",
    "InputError": "reportgen.errors",
    "OutputError": "reportgen.errors",
    "ReportgenError": "reportgen.errors",
}


def __getattr__(name: str) -> Any:
    """Import an exported name when it is first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'reportgen' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
