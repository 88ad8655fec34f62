"""The same supervision on a Dask cluster: each task is supervised, in a process of its own, by the worker that gets it.

What ends that process is an ordinary ending there; what ends the worker as well makes the cluster give the task to another.
The folders of the tasks must be the same to all.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Generator, Iterable
from typing import Any

from reportgen.batch.child import Work
from reportgen.batch.failures import worker_lost
from reportgen.batch.stopping import Stopped, StopRequest, stop_request
from reportgen.batch.supervisor import Ending, Limits, Task, supervise

AHEAD = 2  # tasks sent to a worker at a time: one to do, one that is there when it is done
PAUSE = 0.05  # seconds between two looks at what has ended


def supervise_on(client: Any) -> Callable[..., Generator[Ending, None, None]]:
    """A function that does what :func:`reportgen.batch.supervisor.supervise` does, on a cluster.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster. How many tasks are done at once is for its workers to say.
    """

    def supervised(
        tasks: Iterable[Task], work: Work, limits: Limits, stop: StopRequest, begun: Callable[[Task], None]
    ) -> Generator[Ending, None, None]:
        waiting = iter(tasks)
        under_way: dict[Any, tuple[Task, float]] = {}
        places = AHEAD * max(1, sum(client.nthreads().values()))
        try:
            while not stop.is_made:
                while len(under_way) < places and (task := next(waiting, None)) is not None:
                    begun(task)
                    under_way[client.submit(in_child, task, work, limits, pure=False)] = (task, time.monotonic())
                if not under_way:
                    return
                for future in [future for future in under_way if future.done()]:
                    yield _ending(future, *under_way.pop(future))
                time.sleep(PAUSE)
            raise Stopped
        finally:
            client.cancel(list(under_way), force=True)

    return supervised


def in_child(task: Task, work: Work, limits: Limits) -> Ending:
    """Do one task in a process of its own; runs on a worker."""
    multiprocessing.current_process().daemon = False  # workers are daemons, which may have no children
    with stop_request() as stop:
        alone = Limits(1, limits.seconds, limits.megabytes)
        return next(supervise([task], work, alone, stop, lambda _task: None))


def _ending(future: Any, task: Task, began: float) -> Ending:
    """What the worker said, or that none of the workers that had the task lived to say something."""
    if future.status == "finished":
        ending: Ending = future.result()
        return ending
    return Ending(task, worker_lost(future.exception()), time.monotonic() - began)
