"""The shared look of the figures, and the one way they become SVG or pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reportgen.presentation.figures.shortening import shortened
from reportgen.presentation.formatting import printable
from reportgen.presentation.number_style import NumberStyle, current_style, number_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

WIDTH = 6.9  # inches: the text width of the page
PIXELS = 96  # per inch
RASTER_ABOVE = 1_000  # points from which the point layer is drawn as an image
RASTER_DPI = 200

INK, GREY, PALE = "#1a1a1a", "#6e6e6e", "#d9d9d9"

COLOURS = {
    "pooled": "#D55E00",
    "no_pooling": "#009E73",
    "double_demeaned": "#009E73",
    "between": "#CC79A7",
    "random_intercept": "#0072B2",
    "mundlak": "#000000",
    "within_between": "#6e6e6e",
    "random_slope": "#0072B2",
    "within_between_slope": "#6e6e6e",
}
"""One colour a variant; each has a contrast of at least 3:1 on white."""

MARKERS = {
    "pooled": "s",
    "no_pooling": "o",
    "double_demeaned": "p",
    "between": "D",
    "random_intercept": "^",
    "mundlak": "v",
    "within_between": "P",
    "random_slope": "<",
    "within_between_slope": "X",
}
"""One marker a variant: colour never stands alone."""

DASHES: Mapping[str, tuple[float, ...]] = {
    "pooled": (4, 2),
    "random_intercept": (),
    "random_slope": (8, 1),
    "no_pooling": (1, 1.5),
    "between": (6, 2, 1, 2),
}
"""One line style a variant: on and off lengths in units of the line width; empty is solid."""

SETTINGS: Mapping[str, object] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.titley": 1.0,  # where titles stand anyway: the library looks for a place among the ticks of every drawing otherwise
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "text.usetex": False,
    "text.parse_math": False,
    "lines.linewidth": 1.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "reportgen",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


_pixels: ContextVar[bool] = ContextVar("pixels", default=False)

Paint = Callable[["Canvas"], None]
"""Draws a figure on an empty canvas in the shared style."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure. What is said about it is known at once; it is drawn when its drawing is first asked for.

    A page can be laid out with the sizes of its figures alone, while they are drawn.

    Attributes
    ----------
    id : str
        Names the figure; its caption and its alternative text stand in the template that shows it.
    values : mapping
        Plain numbers and texts for the caption and the alternative text.
    inches : float
        Height; the width is ``WIDTH``.
    paint : callable
        Draws it.
    numbers : NumberStyle
        How numbers at its axes are written.
    """

    id: str
    values: Mapping[str, object]
    inches: float
    paint: Paint
    numbers: NumberStyle = field(default_factory=current_style)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return round(WIDTH * PIXELS)

    @property
    def height(self) -> int:
        """Height in pixels."""
        return round(self.inches * PIXELS)

    @cached_property
    def svg(self) -> bytes:
        """The drawing as SVG: no date, no program, no ids that change from run to run."""
        metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        svg = shortened(self._drawn("svg", metadata))
        # Without this a PDF/A renderer resamples the point layer and the file is no longer valid.
        return svg.replace(b"<image ", b'<image image-rendering="crisp-edges" ')

    @cached_property
    def png(self) -> bytes:
        """The drawing as pixels, for formats that show no SVG."""
        token = _pixels.set(True)
        try:
            return self._drawn("png", {"Software": None})
        finally:
            _pixels.reset(token)

    def _drawn(self, file_format: str, metadata: dict[str, None]) -> bytes:
        from matplotlib import rc_context, rcParamsDefault
        from matplotlib.figure import Figure as Canvas

        settings: dict[Any, Any] = {**rcParamsDefault, **SETTINGS}
        del settings["backend"]  # to set it is to load all that draws on screens
        buffer = BytesIO()
        with rc_context(settings), number_style(self.numbers):
            canvas = Canvas(figsize=(WIDTH, self.inches), layout="constrained")
            self.paint(canvas)
            _mark_decimals(canvas)
            _lay_out(canvas, file_format)
            canvas.savefig(buffer, format=file_format, dpi=RASTER_DPI, metadata=metadata)
        return buffer.getvalue()


def _lay_out(canvas: Canvas, file_format: str) -> None:
    """Find the places of all parts, once: to write a figure that has not been laid out is to draw it twice.

    An axis without a label gets a place for it, so that none is looked for among its ticks.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    (FigureCanvasSVG if file_format == "svg" else FigureCanvasAgg)(canvas)  # texts are as wide as where they are written
    for axes in canvas.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if not axis.get_label_text():
                axis.set_label_coords(0.5, 0.0)
    engine = canvas.get_layout_engine()
    assert engine is not None
    engine.execute(canvas)
    canvas.set_layout_engine(None)


def _mark_decimals(canvas: Canvas) -> None:
    """Numbers at the axes with the decimal mark of the report's language."""
    from matplotlib.ticker import ScalarFormatter

    style = current_style()
    if style.decimal == ".":
        return

    class Marked(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return style.marked(super().__call__(x, pos))

        def get_offset(self) -> str:
            return style.marked(super().get_offset())

    for axes in canvas.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(Marked())


@cache
def _drawable() -> frozenset[int]:
    """Code points the font of the figures has."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def literal(text: str, limit: int = 40) -> str:
    """Text of the data as it stands: nothing in it is mathematics, and what the font lacks is drawn as a box."""
    return "".join(c if ord(c) in _drawable() else "\N{WHITE SQUARE}" for c in printable(text, limit))


def points(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], size: float = 3.0, alpha: float = 0.55, colour: str = GREY
) -> None:
    """Dots, by default the grey rows of the data behind everything; an image where they are many. Sets no limits of the axes.

    As vectors they are one path of lines without length and with round ends: a marker each takes a PDF renderer twenty times
    as long. As an image they are markers, since lines without length leave no trace there.
    """
    from matplotlib.colors import to_rgba
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if len(x) > RASTER_ABOVE or _pixels.get():
        style = {"markersize": size, "markerfacecolor": colour, "markeredgewidth": 0, "alpha": alpha}
        axes.plot(x, y, "o", zorder=1, rasterized=True, **style)  # type: ignore[arg-type]
        return
    at = np.column_stack([x, y])
    codes = np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=Path.code_type), len(at))
    path = Path(np.repeat(at, 2, axis=0), codes)
    path.should_simplify = False
    # As a colour, not as `alpha`, which a renderer takes for a group of its own; and no patch, whose extent takes long to find.
    edge = to_rgba(colour, alpha)
    axes.add_artist(PathPatch(path, fill=False, edgecolor=edge, linewidth=size, capstyle="round", zorder=1))
    axes.update_datalim(at)
