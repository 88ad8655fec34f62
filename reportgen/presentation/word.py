"""The report as a Word document: the same sentences, tables from their records, figures as pictures with words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from reportgen.presentation.flow import Block, FigureBlock, Heading, Paragraph, Run, TableBlock, plain_text
from reportgen.presentation.moment import creation_date
from reportgen.presentation.tables import Table

if TYPE_CHECKING:
    from reportgen.presentation.document import Document
    from reportgen.presentation.material import Material

STYLES = {"bullet": "List Bullet", "number": "List Number", "note": "Caption", "lead": "Subtitle"}
FONT, CODE_FONT = "DejaVu Sans", "DejaVu Sans Mono"
TEXT_SIZE, SMALL_SIZE, TABLE_SIZE, WIDE_SIZE, CODE_SIZE = 10, 8.5, 8, 6.5, 8  # points
INK, SOFT, RULE = "1A1A1A", "565656", "C9C9C9"
NARROWEST, WIDEST, PADDING = 8, 28, 3  # characters that decide the width of a column: text wraps, numbers do not
MANY_COLUMNS = 6  # columns beyond which a table is set smaller
PAGE = (21.0, 29.7)  # centimetres
MARGIN = 1.9
EARLIEST = datetime(1980, 1, 1)  # noqa: DTZ001 - an archive knows no time zones, and no earlier year


def word(material: Material) -> bytes:
    """The report as DOCX: the same bytes each time."""
    import docx

    document = material.document
    book = docx.Document()
    _set_up(book, material)
    writer = _Writer(book, document)
    for block in material.flow(document):
        writer.add(block)
    buffer = BytesIO()
    book.save(buffer)
    return repacked(buffer.getvalue(), creation_date(material.presentation.date).replace(tzinfo=None))


def repacked(archive: bytes, moment: datetime) -> bytes:
    """An archive with every entry dated to one moment: a library dates them by the clock."""
    buffer = BytesIO()
    with ZipFile(BytesIO(archive)) as old, ZipFile(buffer, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = ZipInfo(name, max(moment, EARLIEST).timetuple()[:6])
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 0
            new.writestr(entry, old.read(name))
    return buffer.getvalue()


def _set_up(book: Any, material: Material) -> None:
    """Page, fonts and the properties of the file."""
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    section = book.sections[0]
    section.page_width, section.page_height = (Cm(size) for size in PAGE)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(MARGIN)
    normal = book.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(TEXT_SIZE)
    for style in book.styles:
        fonts = style.element.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
        if fonts is not None:  # headings follow the theme of the template otherwise
            for key in list(fonts.attrib):
                del fonts.attrib[key]
            fonts.set(qn("w:ascii"), FONT)
            fonts.set(qn("w:hAnsi"), FONT)
            fonts.set(qn("w:cs"), FONT)
    for name in ("Caption", "Subtitle"):
        _quieten(book.styles[name])
    language = book.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:lang')}")
    if language is not None:
        language.set(qn("w:val"), material.document.language)
    moment = creation_date(material.presentation.date).replace(tzinfo=None)
    properties = book.core_properties
    properties.title = material.title
    properties.author = properties.last_modified_by = material.author
    properties.comments = properties.keywords = ""
    properties.language = material.document.language
    properties.created = properties.modified = moment
    properties.revision = 1


def _quieten(style: Any) -> None:
    """Small and grey instead of the template's blue."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    style.font.size, style.font.bold, style.font.italic = Pt(SMALL_SIZE), False, False
    style.font.color.rgb = RGBColor.from_string(SOFT)
    spacing = style.element.rPr.find(qn("w:spacing"))
    if spacing is not None:
        style.element.rPr.remove(spacing)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Adds blocks to a Word document."""

    book: Any
    document: Document

    def add(self, block: Block) -> None:
        """Add one block."""
        makers: Mapping[type, Callable[[Any], None]] = {
            Heading: self._heading,
            Paragraph: self._paragraph,
            TableBlock: self._table,
            FigureBlock: self._figure,
        }
        makers[type(block)](block)

    def _heading(self, block: Heading) -> None:
        _fill(self.book.add_heading(level=block.level), block.runs)

    def _paragraph(self, block: Paragraph) -> None:
        from docx.shared import Cm

        paragraph = self.book.add_paragraph(style=STYLES.get(block.style))
        _fill(paragraph, block.runs)
        paragraph.paragraph_format.keep_with_next = block.style == "term"
        if block.style in ("code", "equation"):
            paragraph.paragraph_format.left_indent = Cm(0.7)
        for run in paragraph.runs if block.style == "term" else ():
            run.bold = True

    def _figure(self, block: FigureBlock) -> None:
        from docx.shared import Cm

        figure = self.document.figures[block.name]
        picture = self.book.add_picture(BytesIO(figure.png), width=Cm(PAGE[0] - 2 * MARGIN))
        described = picture._inline.docPr
        described.set("name", block.name)
        described.set("descr", xml_text(block.alternative))
        self.book.paragraphs[-1].paragraph_format.keep_with_next = True
        _fill(self.book.add_paragraph(style="Caption"), block.caption)

    def _table(self, block: TableBlock) -> None:
        caption = self.book.add_paragraph(style="Caption")
        caption.paragraph_format.keep_with_next = True
        _fill(caption, block.caption)
        _draw(self.book, self.document.tables[block.name], plain_text(block.caption))
        self.book.add_paragraph()


def _draw(book: Any, table: Table, caption: str) -> None:
    """A table from its record: the header repeats on every page, no row breaks across pages."""
    from docx.shared import Pt

    size = Pt(TABLE_SIZE if len(table.columns) <= MANY_COLUMNS else WIDE_SIZE)
    grid = book.add_table(rows=1 + len(table.rows), cols=1 + len(table.columns))
    _describe(grid, caption)
    heads = [table.stub, *(column.label for column in table.columns)]
    is_number = [False, *(column.align == "number" for column in table.columns)]
    # One look at all cells: asking the library for each would count the whole table every time.
    cells = [row.cells for row in grid.rows]
    _set_widths(grid, cells, table)
    for cell, text, right in zip(cells[0], heads, is_number, strict=True):
        _write(cell, [text], size, right, bold=True)
    for row, line in zip(table.rows, cells[1:], strict=True):
        _write(line[0], [row.header, row.detail] if row.detail else [row.header], size, False)
        for cell, content, right in zip(line[1:], row.cells, is_number[1:], strict=True):
            _write(cell, [content.text, *content.details], size, right)
    _mark_rows(grid, table)


def _set_widths(grid: Any, cells: Sequence[Sequence[Any]], table: Table) -> None:
    """Columns as wide as what stands in them asks for, together as wide as the page."""
    from docx.shared import Cm

    grid.autofit = False
    longest = [max((len(text) for row in table.rows for text in (row.header, row.detail)), default=0)]
    for i, column in enumerate(table.columns):
        lines = [text for row in table.rows for text in (row.cells[i].text, *row.cells[i].details)]
        longest.append(max([*(len(word) for word in column.label.split()), *map(len, lines)], default=0))
    is_text = [True, *(column.align == "text" for column in table.columns)]
    wanted = [min(max(n, NARROWEST), WIDEST) if text else n + PADDING for n, text in zip(longest, is_text, strict=True)]
    for i, share in enumerate(wanted):
        width = Cm((PAGE[0] - 2 * MARGIN) * share / sum(wanted))
        grid.columns[i].width = width
        for row in cells:
            row[i].width = width


def _describe(grid: Any, caption: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = grid._tbl.tblPr
    described = OxmlElement("w:tblCaption")
    described.set(qn("w:val"), xml_text(caption))
    properties.append(described)


def _mark_rows(grid: Any, table: Table) -> None:
    """The first row as header, rules above the parts, and every row kept whole."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    starts = [True, *(row.begins_part or i == 0 for i, row in enumerate(table.rows))]
    for i, row in enumerate(grid._tbl.tr_lst):
        properties = row.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if i == 0:
            properties.append(OxmlElement("w:tblHeader"))
        edges = [edge for edge, wanted in (("top", starts[i]), ("bottom", i == len(table.rows))) if wanted]
        for cell in row.tc_lst if edges else ():
            borders = OxmlElement("w:tcBorders")
            for edge in edges:
                line = OxmlElement(f"w:{edge}")
                line.set(qn("w:val"), "single")
                line.set(qn("w:sz"), "8" if i < 2 or edge == "bottom" else "4")
                line.set(qn("w:color"), INK if i < 2 or edge == "bottom" else RULE)
                borders.append(line)
            cell.get_or_add_tcPr().append(borders)


def _write(cell: Any, lines: Sequence[str], size: Any, right: bool, bold: bool = False) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = 0
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for i, text in enumerate(lines):
        run = paragraph.add_run(xml_text(text))
        run.font.size = size
        run.bold = bold
        if i < len(lines) - 1:
            run.add_break()


def _fill(paragraph: Any, runs: Sequence[Run]) -> None:
    """Add runs with their marks."""
    from docx.shared import Pt

    for run in runs:
        added = paragraph.add_run(xml_text(run.text))
        added.bold = True if "bold" in run.marks else None
        added.italic = True if "italic" in run.marks else None
        added.font.subscript = True if "sub" in run.marks else None
        added.font.superscript = True if "sup" in run.marks else None
        if "code" in run.marks:
            added.font.name, added.font.size = CODE_FONT, Pt(CODE_SIZE)


def xml_text(text: str) -> str:
    """Text that XML can hold."""
    return "".join(_allowed(text))


def _allowed(text: str) -> Iterator[str]:
    for character in text:
        code = ord(character)
        is_control = code < 0x20 and character not in "\t\n"
        if not (is_control or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE):
            yield character
