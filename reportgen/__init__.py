"""Grouped data and a formula in; every model variant and a report that explains why their slopes differ out."""

from __future__ import annotations

__version__ = "0.1.0"
