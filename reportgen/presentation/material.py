"""What the outputs of one analysis are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from reportgen.errors import TemplateFault
from reportgen.presentation.formatting import printable
from reportgen.presentation.options import PLAIN, Presentation

if TYPE_CHECKING:
    from reportgen.analysis import Analysis
    from reportgen.presentation.document import Document
    from reportgen.presentation.flow import Block


@dataclass(frozen=True, eq=False)
class Material:
    """What the outputs are made of; the document is built once, when the first of them asks for it.

    Attributes
    ----------
    computed : Analysis
        What was computed.
    presentation : Presentation
        How it is shown.
    """

    computed: Analysis
    presentation: Presentation = PLAIN

    @cached_property
    def analysis(self) -> Analysis:
        """What may be shown of it: every output is made of this.

        Raises
        ------
        InputError
            The choices of what is shown cannot be met.
        """
        from reportgen.disclosed import disclosed

        return disclosed(self.computed, self.presentation.group_labels, self.presentation.min_cell)

    @property
    def title(self) -> str:
        """Title of the report: the one chosen, else the formula."""
        return printable(self.presentation.title or self.computed.formula.text, 120)

    @property
    def author(self) -> str:
        """Who answers for it, as metadata of a file."""
        return printable(self.presentation.author, 120) if self.presentation.author else ""

    @cached_property
    def document(self) -> Document:
        """The report before it becomes a page."""
        from reportgen.presentation.document import build_document

        return build_document(self.analysis, self.presentation)

    def flow(self, document: Document) -> tuple[Block, ...]:
        """The printed page as a sequence of blocks.

        Raises
        ------
        TemplateFault
            A template of the user's own holds a table or figure of its own making.
        """
        from reportgen.presentation.flow import FigureBlock, TableBlock, blocks_of
        from reportgen.presentation.html import render_page

        blocks = blocks_of(render_page(document, "print"))
        known = {*document.tables, *document.figures}
        if any(isinstance(block, TableBlock | FigureBlock) and block.name not in known for block in blocks):
            raise TemplateFault("", 0, "a table or figure that the macros did not make cannot be written in this format")
        return blocks
