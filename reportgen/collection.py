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


def collect(design: Design, progress: Progress, capacity: int = CAPACITY, *, with_fingerprint: bool = True) -> Collected:
    """Read the rows once, chunk by chunk, and add up their moments.

    Parameters
    ----------
    design : Design
        Design columns and groups.
    progress : callable
        Told the rows read so far.
    capacity : int
        Rows kept for the figures.
    with_fingerprint : bool
        Whether the fingerprint of the data is taken as well.

    Returns
    -------
    Collected
        With the groups in the natural order of their labels, so that nothing depends on the order of the rows.
    """
    columns = (*design.columns, design.response)
    ledger = Ledger()
    draw = PointDraw(len(columns), capacity)
    total = MomentSum(columns)
    fingerprint = start_fingerprint(design, with_fingerprint)
    for block, part in read_blocks(design):
        ledger = ledger.merge(part)
        total.add(block.codes, block.values, block.n_groups, block.weights)
        draw.add(block.codes, block.values)
        progress(f"reading {design.source.name}", ledger.n_rows_read)
    labels = design.groups
    order = natural_order(labels)
    moments = total.moments(order)
    sample = summarise(design.source.name, fingerprint(), ledger, moments.rows, design.lost_groups(ledger))
    return Collected(sample, tuple(map(labels.__getitem__, order.tolist())), moments, draw.points(order))


def start_fingerprint(design: Design, wanted: bool) -> Callable[[], str]:
    """Compute the source's fingerprint while its rows are read; the function waits for it. It is empty where none is wanted."""
    if not wanted:
        return str

    def take() -> None:
        with suppress(Exception):  # it comes up again when it is asked for
            design.source.sha256(design.source_columns)

    thread = Thread(target=take, daemon=True)
    thread.start()

    def taken() -> str:
        thread.join()
        return design.source.sha256(design.source_columns)

    return taken
