"""Languages of the report: English in the templates themselves, every other in a folder of templates laid over them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from reportgen.errors import OptionError
from reportgen.resources import resource

ENGLISH = "en"
LABELS = "labels.toml"


@cache
def languages() -> tuple[str, ...]:
    """Tags of the languages (BCP 47), English first: a folder is one if the labels in it say which."""
    found = [path.parent.name for path in resource("templates").glob(f"*/{LABELS}") if "language" in _tables(path)]
    return (ENGLISH, *sorted(found))


def language_folder(language: str) -> Path:
    """Where the templates of a language stand."""
    root = resource("templates")
    return root if language == ENGLISH else root / language


def checked_language(given: str, option: str = "--lang") -> str:
    """The language of that tag.

    Raises
    ------
    OptionError
        There is none.
    """
    if given not in languages():
        raise OptionError(option, given, languages())
    return given


def _tables(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
