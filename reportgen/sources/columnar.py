"""What files of columns have in common: the types they keep, tables in those types, the error for a broken one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from reportgen.errors import SourceUnreadable, listed
from reportgen.sources.exhaustion import is_exhaustion
from reportgen.sources.plain_types import plain_column


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is plain text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def in_types(table: pa.Table, types: Mapping[str, pa.DataType], labels: Sequence[str] = ()) -> pa.Table:
    """A table with its columns in some plain types; those of `labels`, which come as dictionaries, stay as they are.

    Raises
    ------
    ArrowInvalid
        What was read holds together no more: places beyond the end of a dictionary or of the texts, bytes that are no text.
    """
    table.validate(full=True)  # the readers take such places on trust
    columns = {name: table.column(name) for name in table.column_names}
    for name in columns.keys() - set(labels):
        plain = plain_column(columns[name])
        columns[name] = plain if plain.type == types[name] else plain.cast(types[name])
    return pa.table(columns)


def broken(name: str, error: BaseException) -> SourceUnreadable | MemoryError:
    """The error for a file whose bytes are not what its ending promises, or for memory that does not suffice to read it."""
    if is_exhaustion(error):
        return MemoryError(str(error))
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
