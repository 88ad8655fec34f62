"""Blocks of a whole source, each made in the background while the one before is in use."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen.design.blocks import Design, DesignBlock
from reportgen.sample import Ledger, used_rows
from reportgen.sources.read_ahead import read_ahead


def read_blocks(design: Design) -> Iterator[tuple[DesignBlock, Ledger]]:
    """Every chunk of the design's source as a block, with the ledger of its rows.

    The next chunk is read and encoded in a second thread while the caller works on the current one; the blocks and the codes of
    the groups are the same as one after the other.

    Raises
    ------
    InputError
        What reading, completing and encoding raise, at the chunk where it happens.
    """
    tables = used_rows(design.source, design.source_columns, design.group_columns, design.text_columns)

    yield from read_ahead((design.block(table), ledger) for table, ledger in tables)
