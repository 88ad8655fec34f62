"""The Arrow types that a column is passed on in, whatever a file or a frame holds: those that every function knows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

_UUID = "arrow.uuid"


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type in which a column of type `kind` is passed on.

    Extension types and run ends give what they store (an identifier as its text), views, bytes of one length and half floats
    the ordinary type of the same values, dictionaries keep theirs with plain values.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return pa.string() if kind.extension_name == _UUID else plain_type(kind.storage_type)
    if pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if pa.types.is_dictionary(kind):
        wide = kind.index_type.bit_width == 64 or pa.types.is_uint32(kind.index_type)
        return pa.dictionary(pa.int64() if wide else pa.int32(), plain_type(kind.value_type), kind.ordered)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.large_binary()
    return pa.float64() if pa.types.is_float16(kind) else kind


def plain_column(column: Any) -> Any:
    """A column in its plain type; each level of its dictionaries once, none of them null."""
    kind = plain_type(column.type)
    if kind == column.type and not pa.types.is_dictionary(kind):
        return column
    pieces = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    plain = pa.chunked_array([_plain(piece) for piece in pieces], kind)
    if not isinstance(column, pa.ChunkedArray):
        return plain.chunk(0)
    return plain.unify_dictionaries() if pa.types.is_dictionary(kind) else plain


def _plain(array: Any) -> Any:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _identifiers(array.storage) if kind.extension_name == _UUID else _plain(array.storage)
    if pa.types.is_run_end_encoded(kind):
        return _plain(pc.run_end_decode(array))
    if pa.types.is_dictionary(kind):
        return _each_level_once(array, plain_type(kind))
    return array if kind == plain_type(kind) else array.cast(plain_type(kind))


def _identifiers(stored: Any) -> Any:
    """Identifiers of 16 bytes as the texts that they are written as."""
    coded = stored.dictionary_encode()
    texts = pa.array([str(UUID(bytes=value)) for value in coded.dictionary.to_pylist()], pa.string())
    return texts.take(coded.indices)


def _each_level_once(array: Any, kind: Any) -> Any:
    """A dictionary array in its plain type: a level twice would be two groups, one that is null a group without a name."""
    levels = _plain(array.dictionary)
    if pa.types.is_floating(levels.type):
        levels = pc.add(levels, 0.0)  # minus nought is nought
    once = levels.unique()
    if once.null_count:
        once = once.drop_null()
    indices = array.indices
    if len(once) < len(levels):
        indices = pc.index_in(levels, once).take(indices)
    return pa.DictionaryArray.from_arrays(indices.cast(kind.index_type), once, ordered=kind.ordered)
