"""From a document to one self-contained page: no script, no request."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from reportgen.presentation.column_widths import column_shares
from reportgen.presentation.context import cleaned
from reportgen.presentation.document import Document, plain_tables
from reportgen.presentation.drawings import address
from reportgen.presentation.figures.style import Figure
from reportgen.presentation.formatting import count, degrees_of_freedom, p_value, percent, signed, significant
from reportgen.presentation.layers import PROJECT_LAYERS, Layers, environment
from reportgen.presentation.number_style import number_style
from reportgen.presentation.own_templates import faults_named
from reportgen.presentation.wording import wording

if TYPE_CHECKING:
    from jinja2 import Environment

Medium = Literal["screen", "print"]
NOTHING: Mapping[str, str] = MappingProxyType({})


def render_html(document: Document) -> str:
    """The report as one HTML file.

    Parameters
    ----------
    document : Document
        What to say.

    Returns
    -------
    str
        A page that needs nothing else: styles inside, figures as data URIs.
    """
    return render_page(document, "screen")


def render_page(
    document: Document, medium: Medium, fonts: str = "", *, attached: Mapping[str, str] = NOTHING, has_boxes: bool = False
) -> str:
    """The page for a medium; both come from the same templates.

    Parameters
    ----------
    document : Document
        What to say.
    medium : {"screen", "print"}
        ``screen`` for a browser, ``print`` for the PDF: equations, contents and running heads differ.
    fonts : str
        Style rules that embed fonts.
    attached : mapping
        Name to SHA-256 of the files that travel with the page.
    has_boxes : bool
        Whether symbols will be replaced that the fonts lack; the page then says so.
    """
    from markupsafe import Markup

    with faults_named(document.layers.own):
        words = wording(document.layers)
    with faults_named(document.layers.own), number_style(words.numbers):
        return (
            page_environment(document.layers)
            .get_template("report.html.j2")
            .render(
                **document.context,
                title=document.title,
                language=document.language,
                medium=medium,
                attached=attached,
                has_boxes=has_boxes,
                fonts=Markup(fonts),  # noqa: S704 - rules made here from font files, no text of the data
                labels=words.labels,
                tables=plain_tables(document.tables),
                figures=plain_figures(document.figures, medium),
            )
        )


@cache
def page_environment(layers: Layers = PROJECT_LAYERS) -> Environment:
    """The templates with the filters that put numbers into sentences; each is compiled once in a process."""
    from markupsafe import Markup

    made = environment(layers)
    made.filters |= {
        "percent": percent,
        "count": count,
        "df": degrees_of_freedom,
        "p": p_value,
        "significant": significant,
        "signed": signed,
        "column_shares": column_shares,
    }

    def include_text(name: str) -> Markup:
        """A style sheet as it stands: escaping would break it, and no text of the data is in it."""
        assert made.loader is not None
        return Markup(made.loader.get_source(made, name)[0])  # noqa: S704

    made.globals["include_text"] = include_text
    return made


def plain_figures(figures: Mapping[str, Figure], medium: Medium) -> Mapping[str, Mapping[str, Any]]:
    """Figures as plain values: for a browser with the drawing as a data URI, for the PDF with its address."""
    return {
        name: {
            "name": name,
            "id": figure.id,
            "values": cleaned(figure.values),
            "width": figure.width,
            "height": figure.height,
            "uri": address(name) if medium == "print" else f"data:image/svg+xml;base64,{b64encode(figure.svg).decode()}",
        }
        for name, figure in figures.items()
    }
