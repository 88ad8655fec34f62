"""Reading on a cluster: parts of the data are sent out, their moments come back and are added up; the fitting is done here.

The moments of the parts are joined in pairs, in a tree, by tasks of the cluster, so that one result comes back whatever the
number of parts. A task reads its part again if the worker that had it is lost. The rows for the figures are those a reader of
the whole would have drawn: once it is known how many rows each part has, the parts that have drawn rows are asked for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reportgen.collection import Collected, Progress, start_fingerprint
from reportgen.current_folder import check_current_folder
from reportgen.design import Design, read_blocks
from reportgen.design.groups import GroupIndex, joined
from reportgen.design.labels import natural_order
from reportgen.errors import ClusterUnreachable, InputError, LibraryMissing
from reportgen.moment_sum import MomentSum
from reportgen.moments import GroupMoments, SummedProducts
from reportgen.points import CAPACITY, PointDraw, Points
from reportgen.sample import Ledger, summarise
from reportgen.sources import DivisibleSource, Source, open_source

LOCAL = "local"  # in place of an address: a cluster of processes on this machine, for as long as it is needed
PART_ROWS = (1 << 17, 1 << 23)  # least and most rows of a part
PARTS_PER_WORKER = 4
WAIT = 15  # seconds for the scheduler to answer

Key = tuple[str, ...]
Codes = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PartialSum:
    """Moments of some parts: a commutative monoid under :func:`add_up`.

    Attributes
    ----------
    keys : tuple of tuple of str
        Labels of the J groups, one for each column of the grouping.
    moments : GroupMoments
        Their moments.
    ledger : Ledger
        What happened to the rows.
    """

    keys: tuple[Key, ...]
    moments: GroupMoments
    ledger: Ledger


def read_part(design: Design) -> PartialSum:
    """Read one part and add up its moments; runs on a worker."""
    columns = (*design.columns, design.response)
    ledger, total = Ledger(), MomentSum(columns)
    for block, part in read_blocks(design):
        ledger = ledger.merge(part)
        total.add(block.codes, block.values, block.n_groups, block.weights)
    return PartialSum(tuple(design.index.keys()), total.moments(), ledger)


def add_up(a: PartialSum, b: PartialSum) -> PartialSum:
    """The moments of the rows of both; the groups of `a` keep their places."""
    place = {key: j for j, key in enumerate(a.keys)}
    new = [key for key in b.keys if key not in place]
    place |= {key: len(a.keys) + j for j, key in enumerate(new)}
    places = np.fromiter((place[key] for key in b.keys), dtype=np.int64, count=len(b.keys))
    moments = a.moments.merge(_placed(b.moments, places, len(place)))
    return PartialSum((*a.keys, *new), moments, a.ledger.merge(b.ledger))


def _placed(moments: GroupMoments, places: Codes, n_groups: int) -> GroupMoments:
    """The same groups, each at its place among more."""
    rows, weight = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups)
    means = np.zeros((n_groups, moments.n_columns))
    rows[places], weight[places], means[places] = moments.rows, moments.weight, moments.means
    products = moments.products
    if not isinstance(products, SummedProducts):
        spread = np.zeros((len(products), n_groups))
        spread[:, places] = products
        products = spread
    return replace(moments, rows=rows, weight=weight, means=means, products=products)


def n_used(part: PartialSum) -> int:
    """Rows used of a part."""
    return part.moments.n_rows


def draw_rows(design: Design, positions: Codes) -> tuple[list[Key], Array]:
    """Read one part again for the rows at some positions among those used: their groups and their values; runs on a worker."""
    codes, values = [np.zeros(0, dtype=np.int64)], [np.zeros((0, len(design.columns) + 1))]
    start = 0
    for block, _ in read_blocks(design):
        own = positions[(positions >= start) & (positions < start + len(block.codes))] - start
        codes.append(block.codes[own])
        values.append(block.values[own])
        start += len(block.codes)
    keys = design.index.keys()
    return [keys[code] for code in np.concatenate(codes)], np.concatenate(values)


def drawn_positions(n_rows: int, capacity: int) -> Codes:
    """(m,) positions, ascending, of the rows that a reader of all `n_rows` would keep for the figures."""
    draw, block = PointDraw(0, capacity), 1 << 20
    for start in range(0, n_rows, block):
        size = min(block, n_rows - start)
        draw.add(np.zeros(size, dtype=np.int64), np.zeros((size, 0)))
    return np.sort(draw.position)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the cluster at an address, or of one of its own for ``local``.

    Raises
    ------
    LibraryMissing
        Dask is not installed.
    ClusterUnreachable
        Nobody answers there.
    NoCurrentFolder
        The current folder has been removed, and processes of its own cannot be started.
    """
    try:
        import distributed
    except ImportError as error:
        raise LibraryMissing("a cluster", "cluster") from error
    library: Any = distributed  # it has no types
    if address == LOCAL:
        check_current_folder()
        with (
            library.LocalCluster(processes=True, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
            library.Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = library.Client(address, timeout=WAIT)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterUnreachable(address) from error
    with client:
        yield client


def collect_on(
    client: Any,
    design: Design,
    progress: Progress,
    capacity: int = CAPACITY,
    part_rows: int = 0,
    *,
    with_fingerprint: bool = True,
) -> Collected:
    """Read the rows on a cluster; the same result as :func:`reportgen.collection.collect`.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster. Its workers must see files under the same paths as this machine, and have this program installed.
    design : Design
        Design columns and groups.
    progress : callable
        Told the rows read so far.
    capacity : int
        Rows kept for the figures.
    part_rows : int
        Rows of a part; by default as many as give every worker a few parts.
    with_fingerprint : bool
        Whether the fingerprint of the data is taken as well.
    """
    workers = max(1, len(client.nthreads()))
    rows = part_rows or PART_ROWS[1]
    source = design.source
    if not part_rows and isinstance(source, DivisibleSource):
        share = source.n_rows // (workers * PARTS_PER_WORKER)
        rows = min(max(share, PART_ROWS[0]), PART_ROWS[1])
    fingerprint = start_fingerprint(design, with_fingerprint)
    try:
        whole, counts = _sum_of_parts(client, design, rows, 2 * workers)
        progress(f"reading {source.name}", whole.ledger.n_rows_read)
        labels = joined(whole.keys)
        order = natural_order(labels)
        moments = whole.moments.take(order)
        lost = _lost_groups(design, whole)
        sample = summarise(source.name, fingerprint(), whole.ledger, moments.rows, lost)
        points = _drawn(client, design, rows, counts, capacity)
    except InputError:
        for _ in read_blocks(design):  # a part does not know how many rows stand before it; the whole does
            pass
        raise
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    number = {key: int(rank[j]) for j, key in enumerate(whole.keys)}
    codes = np.array([number[key] for key in points[0]], dtype=np.int64)
    return Collected(sample, tuple(labels[j] for j in order), moments, Points(codes, points[1], int(sum(counts))))


def _parts(design: Design, rows: int) -> Iterator[Design]:
    """The design on each part of its source: files by row groups, to be read by the worker; other sources as tables."""

    def on(source: Source) -> Design:
        return replace(design, source=source, index=GroupIndex.of(len(design.group_columns)))

    if isinstance(design.source, DivisibleSource):
        yield from (on(part) for part in design.source.parts(rows))
        return
    for chunk in design.source.chunks(design.source_columns, design.text_columns):
        for start in range(0, chunk.num_rows, rows):
            table = chunk.slice(start, rows)
            yield on(open_source(pa.table(table), design.source.name))


def _sum_of_parts(client: Any, design: Design, rows: int, n_ahead: int) -> tuple[PartialSum, list[int]]:
    """Moments of all parts, joined in pairs as they come, and the rows used of each part in order."""
    waiting: list[list[Any]] = []  # futures by how many times they were joined: a binary counter
    counts: list[Any] = []
    for part in _parts(design, rows):
        found = client.submit(read_part, part, pure=False)
        counts.append(client.submit(n_used, found, pure=False))
        for level in range(len(waiting) + 1):
            if level == len(waiting):
                waiting.append([found])
                break
            if not waiting[level]:
                waiting[level].append(found)
                break
            found = client.submit(add_up, waiting[level].pop(), found, pure=False)
        if len(counts) > n_ahead and not isinstance(design.source, DivisibleSource):
            counts[-n_ahead].result()  # no more tables under way than the workers can soon take
    rest = [future for level in reversed(waiting) for future in level]
    whole = rest[0]
    for future in rest[1:]:
        whole = client.submit(add_up, whole, future, pure=False)
    return whole.result(), [int(n) for n in client.gather(counts)]


def _drawn(client: Any, design: Design, rows: int, counts: Sequence[int], capacity: int) -> tuple[list[Key], Array]:
    """Groups and values of the rows for the figures, in reading order."""
    positions = drawn_positions(sum(counts), capacity)
    starts = np.concatenate([[0], np.cumsum(counts)])
    futures = []
    for part, first, last in zip(_parts(design, rows), starts[:-1], starts[1:], strict=True):
        own = positions[(positions >= first) & (positions < last)] - first
        if len(own):
            futures.append(client.submit(draw_rows, part, own, pure=False))
    found = client.gather(futures)
    keys = [key for part_keys, _ in found for key in part_keys]
    return keys, np.concatenate([values for _, values in found])


def _lost_groups(design: Design, whole: PartialSum) -> tuple[str, ...]:
    """Groups none of whose rows was used, sorted."""
    dropped = whole.ledger.groups_of_dropped
    if dropped is None or not dropped.num_rows:
        return ()
    probe = GroupIndex.of(len(design.group_columns))
    probe.encode([dropped.column(name) for name in design.group_columns])
    lost = joined(sorted(set(probe.keys()) - set(whole.keys)))
    return tuple(lost[i] for i in natural_order(lost))
