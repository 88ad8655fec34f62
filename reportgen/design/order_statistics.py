"""Exact quantiles of a column too long for memory, by looking at the bits of its numbers sixteen at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Keys = NDArray[np.uint64]

BITS = 16
SIGN = np.uint64(1 << 63)


@dataclass(slots=True)
class Quantiles:
    """Quantiles with linear interpolation, the same numbers as numpy's on all values at once.

    The 64 bits of a number, the sign turned round, sort as the number does. Each pass over the values counts the next 16 bits
    of those that share the bits found so far with a wanted one: after four passes it is known to the last bit.

    Attributes
    ----------
    probabilities : (m,) array
        Which quantiles.
    n_values : int
        Values seen in the first pass.
    n_passes : int
        Passes finished, of four.
    """

    probabilities: Array
    n_values: int = 0
    n_passes: int = 0
    _prefixes: Keys = field(default_factory=lambda: np.zeros(1, dtype=np.uint64))
    _targets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _ranks: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((1, 1 << BITS), dtype=np.int64))

    @property
    def is_done(self) -> bool:
        """Whether no pass is left."""
        return self.n_passes * BITS == 64

    def add(self, values: Array) -> None:
        """Count some values, finite ones."""
        bits = (values + 0.0).view(np.uint64)  # one zero instead of two
        keys = np.where(bits & SIGN, ~bits, bits | SIGN)
        if self.n_passes == 0:
            self.n_values += len(values)
            owner = np.zeros(len(keys), dtype=np.int64)
        else:
            known = keys >> np.uint64(64 - BITS * self.n_passes)
            owner = np.minimum(np.searchsorted(self._prefixes, known), len(self._prefixes) - 1)
            mine = self._prefixes[owner] == known
            owner, keys = owner[mine], keys[mine]
        digit = (keys >> np.uint64(64 - BITS * (self.n_passes + 1))) & np.uint64((1 << BITS) - 1)
        place = owner * (1 << BITS) + digit.astype(np.int64)
        self._counts += np.bincount(place, minlength=self._counts.size).reshape(self._counts.shape)

    def end_pass(self) -> None:
        """Find the next bits of the wanted values."""
        if not self.n_values:
            raise ValueError("no values between the bounds")
        if self.n_passes == 0:
            below = np.floor(self._positions()).astype(np.int64)
            self._ranks = np.concatenate([below, np.minimum(below + 1, self.n_values - 1)])
            self._targets = np.zeros(len(self._ranks), dtype=np.int64)
        up_to = np.cumsum(self._counts, axis=1)
        found = np.empty(len(self._ranks), dtype=np.uint64)
        for i, (owner, rank) in enumerate(zip(self._targets, self._ranks, strict=True)):
            digit = int(np.searchsorted(up_to[owner], rank, side="right"))
            self._ranks[i] = rank - (up_to[owner][digit - 1] if digit else 0)
            found[i] = (int(self._prefixes[owner]) << BITS) | digit
        self._prefixes, self._targets = np.unique(found, return_inverse=True)
        self._counts = np.zeros((len(self._prefixes), 1 << BITS), dtype=np.int64)
        self.n_passes += 1

    def values(self) -> Array:
        """(m,) the quantiles, once no pass is left."""
        bits = np.where(self._prefixes & SIGN, self._prefixes ^ SIGN, ~self._prefixes)
        found = bits.view(np.float64)[self._targets]
        low, high = found[: len(self.probabilities)], found[len(self.probabilities) :]
        positions = self._positions()
        share = positions - np.floor(positions)
        gap = high - low
        return np.where(share >= 0.5, high - gap * (1.0 - share), low + gap * share)

    def _positions(self) -> Array:
        return self.probabilities * (self.n_values - 1)
