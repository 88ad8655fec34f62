"""Data sources as typed chunks: delimited text, Parquet, Feather, Excel, a folder of Parquet files, a data frame."""

from __future__ import annotations

from reportgen.sources.opening import open_source
from reportgen.sources.source import CHUNK_ROWS, DivisibleSource, Source

__all__ = ["CHUNK_ROWS", "DivisibleSource", "Source", "open_source"]
