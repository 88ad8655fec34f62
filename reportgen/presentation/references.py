"""The works a report cites: one source for the list on the page and for BibTeX."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from reportgen.resources import resource

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


def bibtex() -> str:
    """The works as a BibTeX file."""
    return "\n".join(_entry(reference) for reference in references())


def _entry(reference: Reference) -> str:
    lines = [f"@article{{{reference['key']},", f"  author = {{{' and '.join(reference['authors'])}}},"]
    for name in FIELDS:
        if name in reference:
            # The braces inside keep capital letters as they are.
            value = reference[name] if name == "doi" else str(reference[name]).translate(BIBTEX)
            lines.append(f"  {name} = {{{{{value}}}}}," if name == "title" else f"  {name} = {{{value}}},")
    return "\n".join([*lines, "}", ""])
