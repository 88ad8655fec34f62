"""What the index says of one report: a few figures, taken from its result file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Plain = dict[str, Any]

KEPT = ("estimate", "std_error", "df", "df_method", "statistic", "p_value", "conf_low", "conf_high", "role")
PLACES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "within": ("no_pooling", ("within",)),
    "between": ("between", ("between", "group_level")),
    "contextual": ("mundlak", ("contextual",)),
}
"""Where each slope of the index stands in the result file: the variant, and the roles that it may have there."""


def line_of(results: Mapping[str, Any]) -> Plain:
    """The figures of one report for the index.

    Parameters
    ----------
    results : mapping
        A result file (schema ``reportgen.results/1``).

    Returns
    -------
    dict
        ``rows``, ``groups``, ``icc`` (or null), ``response``, ``group``, ``slopes``: column to ``within``, ``between`` and
        ``contextual`` where they exist; ``cautions``: kinds of findings that are more than information, each once.
    """
    variants = results["variants"]
    found = (finding["kind"] for finding in results["findings"] if finding["severity"] != "info")
    return {
        "rows": results["data"]["n_obs"],
        "groups": results["data"]["n_groups"],
        "icc": variants["random_intercept"].get("icc"),
        "response": results["formula"]["response"],
        "group": results["formula"]["group"],
        "slopes": {
            entry["column"]: {
                name: term
                for name, (variant, roles) in PLACES.items()
                if (term := _term(variants[variant], entry["column"], roles))
            }
            for entry in results["slopes"]
        },
        "cautions": list(dict.fromkeys(found)),
    }


def _term(variant: Mapping[str, Any], column: str, roles: tuple[str, ...]) -> Plain:
    """The coefficient of a column in a variant; empty where it has none, or none that can be estimated."""
    for term in variant["terms"]:
        if term["column"] == column and term["role"] in roles and term["estimate"] is not None:
            return {key: term[key] for key in KEPT}
    return {}
