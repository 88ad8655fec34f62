"""Reading on a cluster: the figures of a local run, whatever the parts and whoever is lost on the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reportgen import cluster as clusters
from reportgen.analysis import walk
from reportgen.choices import Options
from reportgen.cluster import add_up, collect_on, connected, drawn_positions, read_part
from reportgen.collection import Collected, collect
from reportgen.design import Design, build_design
from reportgen.errors import BadValue, ClusterUnreachable
from reportgen.formula import parse_formula
from reportgen.points import PointDraw
from reportgen.sources import open_source

FORMULA = "y ~ x + scale(z) + C(k) + (1 | school:room)"


def made(n: int = 5000) -> pd.DataFrame:
    random = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "x": 1e6 + random.normal(size=n),
            "z": random.lognormal(size=n),
            "k": random.choice(["a", "b", "c"], n),
            "school": random.choice(["1", "01", "N:A"], n),
            "room": random.integers(0, 9, n),
            "y": random.normal(size=n),
        }
    )
    frame.loc[frame["room"] == 7, "x"] = np.nan  # three groups lost
    frame.loc[random.integers(0, n, 100), "z"] = np.nan
    return frame


def design_of(data: object, formula: str = FORMULA) -> Design:
    return build_design(parse_formula(formula), open_source(data, chunk_rows=300))


def quiet(stage: str, rows: int) -> None:
    """No progress."""


def assert_same(a: Collected, b: Collected) -> None:
    assert a.groups == b.groups
    assert a.sample == b.sample
    np.testing.assert_array_equal(a.points.codes, b.points.codes)
    np.testing.assert_array_equal(a.points.values, b.points.values)
    assert a.points.n_rows == b.points.n_rows
    np.testing.assert_array_equal(a.moments.rows, b.moments.rows)
    spread = np.sqrt(np.diag(b.moments.S_T) / b.moments.n_rows)
    gap = a.moments.means + a.moments.origin - b.moments.means - b.moments.origin
    np.testing.assert_allclose(gap / spread, 0.0, atol=1e-9)  # of numbers near a million
    np.testing.assert_allclose(
        a.moments.cross / np.outer(spread, spread), b.moments.cross / np.outer(spread, spread), atol=1e-9
    )


class InPlace:
    """Runs at once what would be sent to a cluster."""

    def nthreads(self) -> dict[str, int]:
        return {"here": 1}

    def submit(self, function: Any, *arguments: Any, pure: bool) -> Any:
        return Done(function(*(a.value if isinstance(a, Done) else a for a in arguments)))

    def gather(self, futures: list[Any]) -> list[Any]:
        return [future.value for future in futures]


class Done:
    """A result that is there."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def result(self) -> Any:
        return self.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    table = pa.Table.from_pandas(made(), preserve_index=False)
    pq.write_to_dataset(table, tmp_path / "data", partition_cols=["k"], row_group_size=200, max_rows_per_group=200)
    return tmp_path / "data"


@pytest.mark.parametrize("part_rows", [150, 700, 10**6])
@pytest.mark.parametrize("capacity", [20_000, 400])
def test_parts_add_up_to_the_whole(folder: Path, part_rows: int, capacity: int) -> None:
    here = collect(design_of(folder), quiet, capacity)
    assert len(here.sample.lost_groups) == 3
    assert_same(collect_on(InPlace(), design_of(folder), quiet, capacity, part_rows), here)


@pytest.mark.parametrize("part_rows", [150, 700, 10**6])
def test_other_sources_are_sent_as_tables(tmp_path: Path, part_rows: int) -> None:
    made().to_csv(tmp_path / "data.csv.gz", index=False)
    here = collect(design_of(tmp_path / "data.csv.gz"), quiet, 400)
    assert_same(collect_on(InPlace(), design_of(tmp_path / "data.csv.gz"), quiet, 400, part_rows), here)
    frame = made()
    assert_same(collect_on(InPlace(), design_of(frame), quiet, 400, part_rows), collect(design_of(frame), quiet, 400))


def test_adding_up_is_associative_and_takes_in_new_groups() -> None:
    frame = made(900)
    a, b, c = (read_part(design_of(frame.iloc[start : start + 300], "y ~ x + (1 | school:room)")) for start in (0, 300, 600))
    left, right = add_up(add_up(a, b), c), add_up(a, add_up(b, c))
    assert left.keys == right.keys
    np.testing.assert_array_equal(left.moments.rows, right.moments.rows)
    np.testing.assert_allclose(left.moments.S_W, right.moments.S_W, rtol=1e-10)


@pytest.mark.parametrize("n", [10, 400, 401, 5000])
def test_drawn_positions_are_those_of_a_reader_of_the_whole(n: int) -> None:
    draw = PointDraw(1, 400)
    values = np.arange(n, dtype=float)[:, None]
    for part in np.array_split(np.arange(n), 7):
        draw.add(np.zeros(len(part), dtype=np.int64), values[part])
    np.testing.assert_array_equal(drawn_positions(n, 400), draw.points(np.array([0])).values[:, 0])


def test_a_bad_row_is_named_by_its_place_in_the_whole() -> None:
    frame = made(900).assign(y=lambda d: np.where(np.arange(900) == 777, np.inf, d["y"]))
    with pytest.raises(BadValue) as caught:
        collect_on(InPlace(), design_of(frame, "y ~ x + (1 | school:room)"), quiet, part_rows=100)
    assert caught.value.row == 778


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(clusters, "WAIT", 1)
    with pytest.raises(ClusterUnreachable, match=r"'tcp://127.0.0.1:1'"), connected("tcp://127.0.0.1:1"):
        pass


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as made_cluster:
        yield made_cluster


def killed_once(marker: str) -> Any:
    """A reader that kills its own process the first time; made here so that it is sent by value."""

    def read(design: Design) -> Any:
        with suppress(FileExistsError):
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))  # one of the two, however close together they come
            os.kill(os.getpid(), signal.SIGKILL)
        return read_part(design)

    return read


@pytest.mark.slow
def test_two_worker_processes_give_the_figures_of_one(cluster: Any, folder: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster) as client:
        found = collect_on(client, design_of(folder), quiet, 400, 500)
    assert_same(found, collect(design_of(folder), quiet, 400))


@pytest.mark.slow
def test_a_walk_on_the_cluster_is_the_walk_here(cluster: Any, folder: Path) -> None:
    here = walk(FORMULA, folder, Options())
    there = walk(FORMULA, folder, Options(cluster=cluster.scheduler_address))
    for name, fit in here.fits.items():
        other = there.fits[name]
        for a, b in zip(getattr(fit, "coefficients", ()), getattr(other, "coefficients", ()), strict=True):
            assert b.estimate == pytest.approx(a.estimate, rel=1e-8, abs=1e-10)
            assert b.std_error == pytest.approx(a.std_error, rel=1e-8)
    assert there.findings == here.findings


@pytest.mark.slow
def test_a_killed_worker_costs_nothing_but_time(
    cluster: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    marker = str(tmp_path / "killed")
    monkeypatch.setattr(clusters, "read_part", killed_once(marker))
    with distributed.Client(cluster) as client:
        found = collect_on(client, design_of(folder), quiet, 400, 500)
    assert os.path.exists(marker)
    assert_same(found, collect(design_of(folder), quiet, 400))
