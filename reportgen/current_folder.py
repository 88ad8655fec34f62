"""The folder that a command is started in, without which no process can be started."""

from __future__ import annotations

from pathlib import Path

from reportgen.errors import NoCurrentFolder


def check_current_folder() -> None:
    """Raise if the current folder has been removed.

    Raises
    ------
    NoCurrentFolder
        It has.
    """
    try:
        Path.cwd()
    except OSError as error:
        raise NoCurrentFolder from error
