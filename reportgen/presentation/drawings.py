"""Figures that a page names and that are drawn while it is laid out: until then their sizes are enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reportgen.presentation.figures.style import WIDTH, Figure

SCHEME = "reportgen-figure"


@dataclass(frozen=True, slots=True)
class Drawings:
    """The figures of a page.

    Attributes
    ----------
    sizes : mapping
        Name to width and height in inches.
    drawn : callable
        Gives the drawings: name to SVG.
    """

    sizes: Mapping[str, tuple[float, float]]
    drawn: Callable[[], Mapping[str, bytes]]

    @classmethod
    def of(cls, figures: Mapping[str, Figure]) -> Drawings:
        """Those of a document; they are drawn when they are asked for."""
        sizes = {name: (WIDTH, figure.inches) for name, figure in figures.items()}
        return cls(sizes, lambda: {name: figure.svg for name, figure in figures.items()})

    def blank(self, name: str) -> bytes:
        """A drawing of nothing, of the size of the figure `name`."""
        width, height = self.sizes[name]
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="{72 * width:g}pt" height="{72 * height:g}pt"/>'.encode()


NOTHING_DRAWN = Drawings(MappingProxyType({}), dict)


def address(name: str) -> str:
    """What a page says in place of the drawing of a figure."""
    return f"{SCHEME}:{name}"
