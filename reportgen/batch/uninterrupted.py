"""Loaded first in the process from which the others are forked, and nowhere else: interrupts are for the run to handle.

A terminal sends an interrupt to every process. One that has just been forked would otherwise die of it with a traceback.
"""

from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
