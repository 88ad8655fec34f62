"""What to be careful about in the data as they were read: what they cannot tell, groups and digits lost, likely slips."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reportgen.findings.records import Evidence, Finding, Rule
from reportgen.fits import Undefined

FEW_VALUES = 6  # distinct values of the response up to which it is said to take few
DIGITS = 6.0  # significant digits of a column's variation below which it is said to have lost some
SAME_MEAN = 1e-10  # share of a predictor's variation between groups that a line on another one's means may leave
MISSING_WORDS = frozenset({"na", "n/a", "#n/a", "nan", "none", "null", "nil", "-", ".", "?", "missing", "unknown"})
MAX_EXAMPLES = 5


def groups_lost(evidence: Evidence) -> Iterator[Finding]:
    """Groups all of whose rows were left out."""
    lost = evidence.sample.lost_groups
    if lost:
        yield Finding("groups_lost", "caution", {"n": len(lost), "examples": list(lost[:MAX_EXAMPLES])})


def few_digits(evidence: Evidence) -> Iterator[Finding]:
    """Columns whose variation is so small beside their size that 64-bit numbers keep few digits of it."""
    moments = evidence.moments
    size = np.abs(moments.origin + moments.grand_mean)
    spread = np.sqrt(np.diag(moments.S_T) / moments.total_weight)
    for i, level in enumerate(evidence.levels):
        if spread[i] > 0 and size[i] > 0:
            digits = float(np.log10(spread[i] / (size[i] * np.finfo(float).eps)))
            if digits < DIGITS:
                values = {"column": level.column, "size": float(size[i]), "spread": float(spread[i]), "digits": int(digits)}
                yield Finding("few_digits", "caution", values)


def derived_mean(evidence: Evidence) -> Iterator[Finding]:
    """A predictor of the groups that is the group mean of another predictor: the variants add that mean themselves."""
    moments = evidence.moments
    centred = (moments.means - moments.grand_mean) * np.sqrt(moments.weight)[:, None]
    for i, level in enumerate(evidence.predictors):
        if level.varies_within or moments.n_groups < 3:
            continue
        for k, other in enumerate(evidence.predictors):
            if not other.is_split:
                continue
            own, its = centred[:, i], centred[:, k]
            left = own - its * (its @ own / (its @ its))
            if left @ left <= SAME_MEAN * (own @ own):
                yield Finding("derived_mean", "caution", {"column": level.column, "predictor": other.column})


def few_values(evidence: Evidence) -> Iterator[Finding]:
    """A response of three to six distinct values: the models take the steps between them for equal."""
    n = len(np.unique(evidence.points.values[:, -1]))
    if 2 < n <= FEW_VALUES and evidence.points.n_rows > 2 * n:
        yield Finding("few_values", "caution", {"n": n})


def missing_labels(evidence: Evidence) -> Iterator[Finding]:
    """Groups named as missing values often are; they stay groups."""
    found = [label for label in evidence.worded_groups if label.strip().casefold() in MISSING_WORDS or not label.strip()]
    if found:
        yield Finding("missing_labels", "caution", {"n": len(found), "examples": found[:MAX_EXAMPLES]})


def gap_unknown(evidence: Evidence) -> Iterator[Finding]:
    """Predictors that vary within and between groups, but whose two slopes cannot be compared."""
    both = {level.column for level in evidence.predictors if level.is_split}
    for slope in evidence.comparison.slopes:
        if slope.column in both and isinstance(slope.contextual, Undefined):
            yield Finding("gap_unknown", "caution", {"column": slope.column})


DATA_RULES: tuple[Rule, ...] = (gap_unknown, groups_lost, few_digits, derived_mean, few_values, missing_labels)
