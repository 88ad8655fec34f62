"""Time and peak memory of a command run as a process of its own."""

from __future__ import annotations

import compileall
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# An installed package has its bytecode; a checkout in which Python may not write any would be compiled again by every process.
compileall.compile_dir(Path(__file__).resolve().parents[2] / "reportgen", quiet=1)


@dataclass(frozen=True, slots=True)
class Run:
    """`seconds` from start to end, `megabytes` of memory at the peak (the process itself, not its children).

    `processor` seconds are those it was at work, in all threads: what else runs on the machine hardly adds to them.
    """

    seconds: float
    megabytes: float
    processor: float


def run_once(command: Sequence[str]) -> Run:
    """Run a command with its output thrown away.

    Raises
    ------
    RuntimeError
        It ended with an exit code other than zero.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}")
    return Run(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def best_of(command: Sequence[str], runs: int) -> Run:
    """The fastest of several runs."""
    return min((run_once(command) for _ in range(runs)), key=lambda run: run.seconds)


def in_turn(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, list[Run]]:
    """Runs of several commands in turn: what slows the machine for a while slows all of them."""
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            found[name].append(run_once(command))
    return found
