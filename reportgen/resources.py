"""Where the templates and the bundled example stand: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Path of a file or folder that ships with the project.

    Parameters
    ----------
    name : str
        Path below the project, with forward slashes, as ``templates`` or ``examples/dragons/dragons.csv``.

    Returns
    -------
    Path
        The packaged one if present, else the repository's.

    Raises
    ------
    FileNotFoundError
        It is in neither place: the installation is incomplete.
    """
    for root in (PACKAGE, PACKAGE.parent):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(f"{name} is missing from this installation of reportgen; install the package again")
