"""Many tests at once: p values adjusted for the false discovery rate."""

from __future__ import annotations

from collections.abc import Mapping

METHOD = "fdr_bh"  # Benjamini and Hochberg (1995), doi 10.1111/j.2517-6161.1995.tb02031.x


def adjusted(p_values: Mapping[str, float]) -> dict[str, float]:
    """Benjamini-Hochberg adjusted p values of one family of tests.

    Parameters
    ----------
    p_values : mapping
        Name of each test to its p value; the whole family, and nothing else.

    Returns
    -------
    dict
        The adjusted p value: the smallest false discovery rate at which the test would be among the discoveries.
    """
    if not p_values:
        return {}
    from statsmodels.stats.multitest import multipletests

    corrected = multipletests(list(p_values.values()), method=METHOD)[1]
    return {name: float(value) for name, value in zip(p_values, corrected, strict=True)}
