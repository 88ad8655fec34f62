"""The report as Markdown (CommonMark with the tables of GitHub): text of the data never becomes a link or markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from reportgen.presentation.flow import Block, FigureBlock, Heading, Paragraph, Run, TableBlock
from reportgen.presentation.tables import Table
from reportgen.presentation.wording import wording

if TYPE_CHECKING:
    from reportgen.presentation.document import Document

_SPECIAL = re.compile(r"([\\`*_\[\]<>|&~$])")
_LINK = re.compile(r"(?i)(www)(\.)|(:)(?=//)")
_START = re.compile(r"^(\s*)([#+\-=]|\d+[.)])(?=\s|$|[#=\-])")


def markdown_of(blocks: Sequence[Block], document: Document) -> str:
    """Blocks as Markdown; a figure is told by its caption and by what it shows in words.

    Parameters
    ----------
    blocks : sequence of Block
        The page.
    document : Document
        Where the tables are.
    """
    parts: list[str] = []
    was_list = False
    for block in blocks:
        is_list = isinstance(block, Paragraph) and block.style in ("bullet", "number")
        text = _block(block, document)
        if is_list and was_list:
            parts[-1] += "\n" + text
        else:
            parts.append(text)
        was_list = is_list
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block, document: Document) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {inline(block.runs)}"
    if isinstance(block, TableBlock):
        return f"**{inline(block.caption)}**\n\n{table_text(document.tables[block.name])}"
    if isinstance(block, FigureBlock):
        label = escaped(wording(document.layers)["text.figure"])
        return f"*{label}:* {inline(block.caption)} {escaped(block.alternative)}"
    return _paragraph(block)


def _paragraph(block: Paragraph) -> str:
    if block.style == "code":
        return fenced("".join(run.text for run in block.runs))
    text = inline(block.runs)
    if block.style == "bullet":
        return f"- {text}"
    if block.style == "number":
        return f"1. {text}"
    if block.style == "term":
        return f"**{text}**" if "**" not in text else text
    return _START.sub(r"\1\\\2", text) if not re.match(r"\s*\d", text) else re.sub(r"^(\s*\d+)([.)])(?=\s)", r"\1\\\2", text)


def fenced(code: str) -> str:
    """Lines of code between fences that are longer than any run of backticks in them."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code.strip(chr(10))}\n{fence}"


def inline(runs: Sequence[Run]) -> str:
    """Runs as Markdown; what is bold together stands between one pair of signs, close to its words, as the rules ask."""
    parts = []
    for is_bold, group in groupby(runs, lambda run: "bold" in run.marks):
        text = "".join(_run(run) for run in group)
        parts.append(_close(text, "**") if is_bold else text)
    return "".join(parts).replace("\n", "  \n")


def _run(run: Run) -> str:
    """One run, without its bold."""
    if "code" in run.marks:
        return _close(run.text, "", code_span)
    marked = _close(run.text, "*" if "italic" in run.marks else "", escaped)
    for mark in ("sub", "sup"):
        if mark in run.marks:
            marked = f"<{mark}>{marked}</{mark}>"
    return marked


def _close(text: str, sign: str, change: Callable[[str], str] = str) -> str:
    """A text changed and between signs, the blanks at its ends outside of them."""
    core = text.strip()
    if not core:
        return text
    start = text.index(core)
    return f"{text[:start]}{sign}{change(core)}{sign}{text[start + len(core) :]}"


def code_span(text: str) -> str:
    """Code inside a line, between more backticks than it has in a row."""
    longest = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def escaped(text: str) -> str:
    """Text that stays as it is: no emphasis, markup, entity, cell border, formula or link."""
    return _LINK.sub(lambda m: f"{m[1]}\\." if m[1] else "\\:", _SPECIAL.sub(r"\\\1", text))


def table_text(table: Table) -> str:
    """A table from its record; the further lines of a cell follow after a line break."""
    heads = [table.stub, *(column.label for column in table.columns)]
    rules = [":--", *("--:" if column.align == "number" else ":--" for column in table.columns)]
    lines = [_line([escaped(head) for head in heads]), _line(rules)]
    for row in table.rows:
        header = _cell([row.header, row.detail] if row.detail else [row.header])
        lines.append(_line([header, *(_cell([cell.text, *cell.details]) for cell in row.cells)]))
    return "\n".join(lines)


def _cell(lines: Sequence[str]) -> str:
    return "<br>".join(escaped(" ".join(line.split())) for line in lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
