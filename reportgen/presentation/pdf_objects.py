"""The objects of a PDF as bytes, each made once.

The library that writes a PDF asks every object for its bytes twice, for the identifier of the document and for the file, and
compresses its streams anew each time, with the most thorough method: a twelfth of the time a report takes.
"""

from __future__ import annotations

import zlib
from typing import Any

LEVEL = 6  # zlib's own choice: a quarter of the time of the most thorough, three hundredths larger


def settle(pdf: Any) -> None:
    """Replace the objects of a finished PDF by their bytes.

    Parameters
    ----------
    pdf : pydyf.PDF
        Nothing may change in it afterwards but what its method ``write`` adds.
    """
    from pydyf import Object, Stream  # type: ignore[import-untyped]

    class Settled(Object):  # type: ignore[misc]
        """An object that has been put into bytes."""

        def __init__(self, data: bytes) -> None:
            super().__init__()
            self.content = data

        @property
        def data(self) -> bytes:
            return self.content

    def settled(item: Any) -> Any:
        if not isinstance(item, Stream):
            return Settled(item.data)
        if not item.compress:
            return item
        return Stream([zlib.compress(_content(item), LEVEL)], {**item.extra, "Filter": "/FlateDecode"})

    for place, item in enumerate(pdf.objects):
        if item.free == "f":
            continue
        new = settled(item)
        new.number, new.generation, new.free = item.number, item.generation, item.free
        pdf.objects[place] = new


def _content(stream: Any) -> bytes:
    """What stands in a stream between its marks, not compressed."""
    from pydyf import Stream

    bare = Stream(stream.stream)
    _, _, rest = bare.data.partition(b"\nstream\n")
    return bytes(rest.removesuffix(b"\nendstream"))
