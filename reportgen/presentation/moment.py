"""The moment that stands in the files: chosen, never the clock's."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from reportgen.errors import OptionConflict, quoted


def creation_date(date: str = "") -> datetime:
    """The date that goes into a file.

    Parameters
    ----------
    date : str
        Date of the report, ``YYYY-MM-DD``; empty for none.

    Returns
    -------
    datetime
        The date given, else that of SOURCE_DATE_EPOCH, else the beginning of the epoch.

    Raises
    ------
    OptionConflict
        SOURCE_DATE_EPOCH is not a number of seconds.
    """
    if date:
        return datetime.fromisoformat(date).replace(tzinfo=UTC)
    given = os.environ.get("SOURCE_DATE_EPOCH", "0")
    try:
        return datetime.fromtimestamp(int(given), UTC)
    except (ValueError, OverflowError, OSError):
        raise OptionConflict("SOURCE_DATE_EPOCH", f"{quoted(given)} is not a time", "give seconds since 1970") from None
