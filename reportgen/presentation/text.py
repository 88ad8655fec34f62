"""Tables for a terminal: plain text, columns aligned, nothing wrapped or coloured, so that it can be piped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from reportgen.presentation.explanation_tables import blend_table
from reportgen.presentation.formatting import printable
from reportgen.presentation.model_table import model_table, unfitted
from reportgen.presentation.tables import Cell, Table
from reportgen.presentation.wording import Wording, wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

GAP = "  "
MAX_HEADER = 40


def comparison_text(analysis: Analysis) -> str:
    """The models side by side, how their slopes come about, which variants could not be fitted, and what calls for care."""
    words = wording()
    parts = [
        f"{printable(analysis.formula.text, 200)}\n{_size(analysis, words)}",
        table_text(model_table(analysis, words)),
    ]
    parts += [table_text(blend_table(slope, words)) for slope in analysis.comparison.slopes if slope.blends]
    parts += [f"{entry['variant']}: {entry['reason']}" for entry in unfitted(analysis.fits, words)]
    kinds = dict.fromkeys(
        finding.kind for severity in ("problem", "caution") for finding in analysis.findings if finding.severity == severity
    )
    if kinds:
        parts.append(words["text.cautions"].format(", ".join(words[f"caution.{kind}"] for kind in kinds)))
    return "\n\n".join(parts) + "\n"


def _size(analysis: Analysis, words: Wording) -> str:
    sample = analysis.sample
    counts = {"rows": f"{sample.n_obs:,}", "groups": f"{sample.n_groups:,}", "dropped": f"{sample.n_rows_dropped:,}"}
    return words["text.size_one_dropped" if sample.n_rows_dropped == 1 else "text.size"].format(**counts)


def table_text(table: Table) -> str:
    """A table as aligned lines; the further lines of a cell stand below it."""
    heads = [table.stub, *(column.label for column in table.columns)]
    lines: list[list[str]] = []
    for row in table.rows:
        cells = [Cell(printable(row.header, MAX_HEADER), (row.detail,) if row.detail else ()), *row.cells]
        for i in range(max(1 + len(cell.details) for cell in cells)):
            lines.append([(cell.text, *cell.details)[i] if i <= len(cell.details) else "" for cell in cells])
    widths = [max(cell_len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    rule = GAP.join("-" * width for width in widths)
    body = [rule, _line(heads, widths, table), rule, *(_line(line, widths, table) for line in lines), rule]
    notes = [f"* {note}" for note in table.notes]
    return "\n".join([*body, *notes])


def _line(cells: list[str], widths: list[int], table: Table) -> str:
    padded = []
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - cell_len(cell))
        is_number = i > 0 and table.columns[i - 1].align == "number"
        padded.append(space + cell if is_number else cell + space)
    return GAP.join(padded).rstrip()
