"""The works a report cites: one source for the list on the page, for the sentences that cite them, and for BibTeX."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from reportgen.fits import Coefficient, MixedFit, Undefined
from reportgen.presentation.other_errors import error_values
from reportgen.presentation.shown import preferred_robust, robust_between
from reportgen.resources import resource

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

Reference = Mapping[str, Any]
FIELDS = ("title", "journal", "year", "volume", "pages", "doi")
BIBTEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "\N{EN DASH}": "--", "\N{SUPERSCRIPT TWO}": "$^2$"}
)


@cache
def references() -> tuple[Reference, ...]:
    """Every work in ``templates/references.toml``, in its order: that of the list."""
    text = (resource("templates") / "references.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["reference"])


def works_cited(analysis: Analysis) -> tuple[Reference, ...]:
    """The works that the report of an analysis cites: those behind what it shows."""
    return tuple(work for work in references() if CITED_IF.get(work["key"], _always)(analysis))


def _always(_analysis: Analysis) -> bool:
    return True


def _any_mixed(analysis: Analysis) -> bool:
    return any(isinstance(fit, MixedFit) for fit in analysis.fits.values())


def _keeps_apart(analysis: Analysis) -> bool:
    """Whether a model has a slope within groups and another between them."""
    models = (analysis.fits["mundlak"], analysis.fits["within_between"])
    return any(level.is_split for level in analysis.levels[:-1]) and any(isinstance(fit, MixedFit) for fit in models)


def _compares_errors(analysis: Analysis) -> bool:
    found = (error_values(analysis, level.column) for level in analysis.levels[:-1])
    return any(entry["between"]["defined"] or entry["within"]["defined"] for entry in found)


def _prefers_robust(analysis: Analysis) -> bool:
    within = (preferred_robust(analysis, "no_pooling", level.column, "within") for level in analysis.levels[:-1])
    between = (robust_between(analysis, slope) for slope in analysis.comparison.slopes)
    return any(isinstance(item, Coefficient) for item in chain(within, between))


CITED_IF: Mapping[str, Callable[[Analysis], bool]] = {
    "bell2019": _keeps_apart,
    "box1953": lambda analysis: bool(analysis.level_spreads),
    "kenward1997": lambda analysis: _any_mixed(analysis) and analysis.uses_kenward_roger,
    "maddala1971": lambda analysis: any(slope.blends for slope in analysis.comparison.slopes),
    "nakagawa2017": _any_mixed,
    "pustejovsky2018": _prefers_robust,
    "stram1994": lambda analysis: not isinstance(analysis.comparison.group_variance.lrt, Undefined),
    "tipton2015": _compares_errors,
}
"""Key of a work to whether a report cites it; the others stand in every report."""


def bibtex(analysis: Analysis) -> str:
    """The works that the report of an analysis cites, as a BibTeX file."""
    return "\n".join(_entry(reference) for reference in works_cited(analysis))


def _entry(reference: Reference) -> str:
    lines = [f"@article{{{reference['key']},", f"  author = {{{' and '.join(reference['authors'])}}},"]
    for name in FIELDS:
        if name in reference:
            # The braces inside keep capital letters as they are.
            value = reference[name] if name == "doi" else str(reference[name]).translate(BIBTEX)
            lines.append(f"  {name} = {{{{{value}}}}}," if name == "title" else f"  {name} = {{{value}}},")
    return "\n".join([*lines, "}", ""])
