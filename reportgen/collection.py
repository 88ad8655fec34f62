"""One pass over the rows: what all figures are made of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread

from reportgen.design import Design, read_blocks
from reportgen.design.labels import natural_order
from reportgen.moment_sum import MomentSum
from reportgen.moments import GroupMoments
from reportgen.points import CAPACITY, PointDraw, Points
from reportgen.sample import Ledger, Sample, summarise

Progress = Callable[[str, int], None]
"""Called with the name of the stage and the rows read so far (0 once they are all read)."""


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """What one pass over the rows leaves: the rows used, the group labels in order, moments, points for the figures."""

    sample: Sample
    groups: tuple[str, ...]
    moments: GroupMoments
    points: Points


def collect(design: Design, progress: Progress, capacity: int = CAPACITY) -> Collected:
    """Read the rows once, chunk by chunk, and add up their moments.

    Parameters
    ----------
    design : Design
        Design columns and groups.
    progress : callable
        Told the rows read so far.
    capacity : int
        Rows kept for the figures.

    Returns
    -------
    Collected
        With the groups in the natural order of their labels, so that nothing depends on the order of the rows.
    """
    columns = (*design.columns, design.response)
    ledger = Ledger()
    draw = PointDraw(len(columns), capacity)
    total = MomentSum(columns)
    fingerprint = start_fingerprint(design)
    for block, part in read_blocks(design):
        ledger = ledger.merge(part)
        total.add(block.codes, block.values, block.n_groups, block.weights)
        draw.add(block.codes, block.values)
        progress(f"reading {design.source.name}", ledger.n_rows_read)
    fingerprint.join()
    labels = design.groups
    order = natural_order(labels)
    moments = total.moments(order)
    sample = summarise(design.source, design.source_columns, ledger, moments.rows, design.lost_groups(ledger))
    return Collected(sample, tuple(map(labels.__getitem__, order.tolist())), moments, draw.points(order))


def start_fingerprint(design: Design) -> Thread:
    """Have the source compute its fingerprint while its rows are read; what goes wrong comes up again when it is asked for."""

    def take() -> None:
        with suppress(Exception):
            design.source.sha256(design.source_columns)

    thread = Thread(target=take, daemon=True)
    thread.start()
    return thread
