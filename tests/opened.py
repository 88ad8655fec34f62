"""Everything that stands in a file a reader may open: packed, encoded and attached parts unpacked."""

from __future__ import annotations

import base64
import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from pypdf import PdfReader
from pypdf.generic import StreamObject

PACKED = (".xlsx", ".docx")
DATA_URI = re.compile(rb"data:[a-z0-9+/.-]+;base64,([A-Za-z0-9+/=]+)")


def opened(path: Path) -> str:
    """All that stands in a file, without white space: lines may break a word anywhere.

    Of HTML also what its data URIs hold (figures); of PDF the pages, the attachments and every stream uncompressed; of DOCX and
    XLSX every part. What is no text (pixels, fonts) is there as well, as far as its bytes are letters.
    """
    return _joined(_parts(path.name, path.read_bytes()))


def legible(path: Path) -> str:
    """What a reader or a program sees of it as text, white space kept: of PDF the pages and the attachments."""
    content = path.read_bytes()
    parts = _seen_of_pdf(PdfReader(io.BytesIO(content))) if path.suffix == ".pdf" else _parts(path.name, content)
    return "\n".join(html.unescape(part.decode("utf-8", "replace")) for part in parts if _is_text(part))


def _joined(parts: Iterable[bytes]) -> str:
    return "\n".join("".join(html.unescape(part.decode("utf-8", "replace")).split()) for part in parts)


def _is_text(content: bytes) -> bool:
    try:
        return not {*range(9), *range(14, 32)} & set(content.decode("utf-8").encode())
    except UnicodeDecodeError:
        return False


def _parts(name: str, content: bytes) -> Iterator[bytes]:
    if not name.endswith((*PACKED, ".pdf")):
        yield content
    for match in DATA_URI.finditer(content):
        yield from _parts(".svg", base64.b64decode(match[1]))
    if name.endswith(PACKED):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from _parts(member, archive.read(member))
    elif name.endswith(".pdf"):
        yield from _of_pdf(content)


def _seen_of_pdf(reader: PdfReader) -> Iterator[bytes]:
    for page in reader.pages:
        yield page.extract_text().encode("utf-8", "replace")
    for contents in reader.attachments.values():
        yield from contents


def _of_pdf(content: bytes) -> Iterator[bytes]:
    reader = PdfReader(io.BytesIO(content))
    yield from _seen_of_pdf(reader)
    yield repr(reader.metadata).encode()
    yield content
    for number in range(1, len(reader.xref[0]) + len(reader.xref_objStm) + 2):
        found = reader.get_object(number)
        if isinstance(found, StreamObject):
            yield found.get_data()
        elif found is not None:
            yield repr(found).encode("utf-8", "replace")
