"""From complete rows to numbers: design columns and group codes, block by block."""

from __future__ import annotations

from reportgen.design.blocks import Design, DesignBlock
from reportgen.design.building import build_design
from reportgen.design.stream import read_blocks

__all__ = ["Design", "DesignBlock", "build_design", "read_blocks"]
