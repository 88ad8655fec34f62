"""The models side by side as a LaTeX table with the rules of booktabs, ready for ``\\input``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.fits import LEVEL
from reportgen.presentation.formatting import fixed, p_style, printable
from reportgen.presentation.model_table import model_table
from reportgen.presentation.number_style import number_style
from reportgen.presentation.options import Presentation
from reportgen.presentation.tables import Cell, Table
from reportgen.presentation.wording import wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"{'}",
    "`": r"\textasciigrave{}",
    "\N{MINUS SIGN}": "$-$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{EN DASH}": "{--}",
    "\N{GREEK SMALL LETTER CHI}": r"$\chi$",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{NON-BREAKING HYPHEN}": r"\mbox{-}",
    **{digit: f"$^{{{i}}}$" for i, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    "\N{SUPERSCRIPT MINUS}": "$^{-}$",
}
"""Characters that mean something to LaTeX, or that the fonts of pdfLaTeX lack. Other letters are left to the user's fonts."""


def model_tabular(analysis: Analysis, presentation: Presentation) -> str:
    """All fitted variants side by side as a table environment; needs the packages booktabs and textcomp.

    Every cell of several lines (estimate, standard error, interval, p value) takes as many rows.
    """
    words = wording(presentation.layers)
    with p_style(presentation.p_style), number_style(words.numbers):
        table = model_table(analysis, words)
    level = words["confidence.level"].format(fixed(LEVEL * 100, 0))
    caption = words["latex.caption"].format(printable(analysis.formula.text, 400), level)
    aligned = "l" + "".join("r" if column.align == "number" else "l" for column in table.columns)
    notes = [tex_text(note) for note in table.notes]
    return "\n".join(
        [
            "% needs: \\usepackage{booktabs}",
            "\\begin{table}",
            "\\centering\\footnotesize",
            f"\\caption{{{tex_text(caption)}}}",
            f"\\begin{{tabular}}{{@{{}}{aligned}@{{}}}}",
            "\\toprule",
            _line([Cell(table.stub), *(Cell(column.label) for column in table.columns)], 0),
            "\\midrule",
            *_body(table),
            "\\bottomrule",
            "\\end{tabular}",
            *(f"\\par\\smallskip {{--}} {note}" for note in notes),
            "\\end{table}",
            "",
        ]
    )


def _body(table: Table) -> list[str]:
    lines: list[str] = []
    for i, row in enumerate(table.rows):
        if row.begins_part and i:
            lines.append("\\addlinespace")
        cells = [Cell(row.header, (row.detail,) if row.detail else ()), *row.cells]
        lines += [_line(cells, number) for number in range(max(1 + len(cell.details) for cell in cells))]
    return lines


def _line(cells: list[Cell], number: int) -> str:
    """One line of a row: the text of its cells, or one of their further lines."""
    texts = [(cell.text, *cell.details)[number] if number <= len(cell.details) else "" for cell in cells]
    # Braces around the first cell: one that began with a bracket would be read as an option of the line before.
    first, *others = [tex_text(text) for text in texts]
    return " & ".join([f"{{{first}}}" if first else "{}", *others]) + " \\\\"


def tex_text(text: str) -> str:
    """Text of the data as LaTeX shows it; no command in it is carried out."""
    return "".join(SPECIAL.get(character, character) for character in printable(text)) if text else ""
