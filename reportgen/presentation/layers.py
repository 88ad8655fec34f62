"""What the words of a report are made of: the project's templates, a language over them, the user's own on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reportgen.presentation.languages import ENGLISH, language_folder
from reportgen.presentation.own_templates import BASE, PROJECT, OwnTemplates

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Layers:
    """Templates of a language and of the user's own; a file of the upper layer replaces that of the same name below.

    Attributes
    ----------
    language : str
        One of :func:`reportgen.presentation.languages.languages`.
    own : OwnTemplates
        The user's.
    """

    language: str = ENGLISH
    own: OwnTemplates = PROJECT

    def read(self, name: str) -> tuple[str, ...]:
        """The texts of a file in the project's layers, the lowest first; the user's own is not among them."""
        folders = dict.fromkeys([language_folder(ENGLISH), language_folder(self.language)])
        return tuple((folder / name).read_text(encoding="utf-8") for folder in folders if (folder / name).is_file())


PROJECT_LAYERS = Layers()
"""English, nothing replaced."""


def environment(layers: Layers = PROJECT_LAYERS) -> Environment:
    """The one way templates are read: values are escaped as markup, and a missing value is an error.

    Parameters
    ----------
    layers : Layers
        Language, and files of the user's own. These run in a sandbox: no attribute that leads to Python's own machinery, no
        call that changes a value. The project's, in the language, stay in reach under ``!base/``.
    """
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, FunctionLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    folders = list(dict.fromkeys([language_folder(layers.language), language_folder(ENGLISH)]))
    project, own = FileSystemLoader(folders), dict(layers.own.files)
    replaced = FunctionLoader(lambda name: (own[name], name, None) if name in own else None)
    over = ChoiceLoader([replaced, project, PrefixLoader({BASE: project})]) if own else project
    kind = ImmutableSandboxedEnvironment if own else Environment
    return kind(loader=over, undefined=StrictUndefined, autoescape=True, lstrip_blocks=True)
