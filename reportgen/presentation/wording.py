"""The words of the templates for those who are no page: labels from the catalogue, sentences of issues."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from reportgen.fits import Issue
from reportgen.presentation.formatting import count, degrees_of_freedom, printable, significant
from reportgen.resources import resource

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Wording:
    """Labels and sentences of one language.

    Attributes
    ----------
    labels : mapping
        Dotted key to text, from ``labels.toml``.
    sentences : mapping
        Code of an issue to the macro that says it, from ``issues.j2``.
    """

    labels: Mapping[str, str]
    sentences: Mapping[str, Any] = field(repr=False)

    def __getitem__(self, key: str) -> str:
        """The label under a dotted key; a missing one is an error of the templates, not of the user."""
        return self.labels[key]

    def issue(self, issue: Issue) -> str:
        """The sentence of an issue, as plain text."""
        macro = self.sentences[issue.code]
        sentence = macro(**{key: shown(value) for key, value in issue.values.items()})
        return " ".join(sentence.unescape().split())

    def variant(self, variant: str) -> str:
        """The label of a variant."""
        return self.labels[f"variant.{variant}"]


def shown(value: object) -> object:
    """A value of an issue or a finding as text: numbers formatted, names made printable, sequences element by element."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return degrees_of_freedom(value) if value == round(value) else significant(value, 3)
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): shown(item) for key, item in value.items()}
    raise TypeError(f"a finding holds plain values only, not {type(value).__name__}")


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested tables of the catalogue as dotted keys."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat |= flattened(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat


def environment() -> Environment:
    """The one way templates are read: values are escaped as markup, and a missing value is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(resource("templates")),
        undefined=StrictUndefined,
        autoescape=True,
        lstrip_blocks=True,
    )


@cache
def wording() -> Wording:
    """The words of the templates, read once."""
    labels = flattened(tomllib.loads((resource("templates") / "labels.toml").read_text(encoding="utf-8")))
    template = environment().get_template("issues.j2")
    macros = {name: getattr(template.module, name) for name in dir(template.module) if not name.startswith("_")}
    return Wording(labels, macros)
