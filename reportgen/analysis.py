"""The walk from data and formula to findings, in one short function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.comparison import Comparison
from reportgen.findings import Finding
from reportgen.fits import Fit
from reportgen.formula import ModelFormula
from reportgen.moments import ColumnLevel, GroupMoments
from reportgen.sample import Sample


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Rows for the figures: all of them, or a fixed pseudo-random draw that does not depend on row order chunking.

    `codes` (m,) group index into the groups, `values` (m, p) design columns, the response last.
    """

    codes: NDArray[np.int64]
    values: NDArray[np.float64]
    is_complete: bool


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything computed for one report.

    `groups` are the J group labels in the order of every (J, ...) array; `levels` says per design column (the response
    last) where it varies; `fits` maps variant id to fit, in the order of the catalogue.
    """

    formula: ModelFormula
    sample: Sample
    groups: tuple[str, ...]
    levels: tuple[ColumnLevel, ...]
    term_of: Mapping[str, str]
    moments: GroupMoments
    points: Points
    fits: Mapping[str, Fit]
    comparison: Comparison
    findings: tuple[Finding, ...]
