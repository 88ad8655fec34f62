"""What files of columns have in common: the types they keep, tables in those types, the error for a broken one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from reportgen.errors import SourceUnreadable, listed


def stored(kind: pa.DataType) -> pa.DataType:
    """The type in which a column is passed on; what cannot be computed with gets one that can."""
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, stored(kind.value_type), kind.ordered)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.float64() if pa.types.is_float16(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is plain text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def in_types(table: pa.Table, types: Mapping[str, pa.DataType], labels: Sequence[str] = ()) -> pa.Table:
    """A table with its columns in some types; those of `labels`, which come as dictionaries, stay as they are."""
    wanted = [f if f.name in labels else f.with_type(types[f.name]) for f in table.schema]
    if all(f.equals(w) for f, w in zip(table.schema, wanted, strict=True)):
        return table
    return table.cast(pa.schema(wanted))


def broken(name: str) -> SourceUnreadable:
    """The error for a file whose bytes are not what its ending promises."""
    return SourceUnreadable(name, "", "cannot be read: it is not what its ending says, or broken", "write or copy it again")


def names_once(names: Sequence[str], name: str) -> tuple[str, ...]:
    """The names of the columns of a file.

    Raises
    ------
    SourceUnreadable
        Two columns have one name.
    """
    if len(set(names)) < len(names):
        twice = sorted({c for c in names if names.count(c) > 1})
        raise SourceUnreadable(name, "", f"several columns are named {listed(twice)}", "give every column its own name")
    return tuple(names)


def no_rows(name: str) -> SourceUnreadable:
    """The error for a file that holds nothing but names."""
    return SourceUnreadable(name, "", "has names of columns but no rows", "give a file with data")
