"""The words of the templates for those who are no page: labels from the catalogue, sentences of issues."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from reportgen.errors import TemplateFault, quoted
from reportgen.fits import Issue
from reportgen.presentation.formatting import count, degrees_of_freedom, printable, significant
from reportgen.presentation.own_templates import BASE, PROJECT, OwnTemplates
from reportgen.resources import resource

if TYPE_CHECKING:
    from jinja2 import Environment

LABELS = "labels.toml"


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


def environment(templates: OwnTemplates = PROJECT) -> Environment:
    """The one way templates are read: values are escaped as markup, and a missing value is an error.

    Parameters
    ----------
    templates : OwnTemplates
        Files that replace those of the project, which stay in reach under ``!base/``. They run in a sandbox: no attribute that
        leads to Python's own machinery, no call that changes a value.
    """
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, FunctionLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    project, own = FileSystemLoader(resource("templates")), dict(templates.files)
    replaced = FunctionLoader(lambda name: (own[name], name, None) if name in own else None)
    loader = ChoiceLoader([replaced, project, PrefixLoader({BASE: project})]) if own else project
    kind = ImmutableSandboxedEnvironment if own else Environment
    return kind(loader=loader, undefined=StrictUndefined, autoescape=True, lstrip_blocks=True)


@cache
def wording(templates: OwnTemplates = PROJECT) -> Wording:
    """The words of the templates, read once.

    Parameters
    ----------
    templates : OwnTemplates
        Files that replace those of the project; a ``labels.toml`` among them need hold only the labels it changes.
    """
    labels = flattened(tomllib.loads((resource("templates") / LABELS).read_text(encoding="utf-8")))
    template = environment(templates).get_template("issues.j2")
    macros = {name: getattr(template.module, name) for name in dir(template.module) if not name.startswith("_")}
    return Wording(labels | _own_labels(templates, labels), macros)


def _own_labels(templates: OwnTemplates, known: Mapping[str, str]) -> dict[str, str]:
    try:
        changed = flattened(tomllib.loads(templates.text(LABELS)))
    except tomllib.TOMLDecodeError as error:
        raise TemplateFault(LABELS, 0, str(error)) from error
    for key, value in changed.items():
        if key not in known or not isinstance(value, str):
            near = get_close_matches(key, known, n=1)
            raise TemplateFault(
                LABELS, 0, f"there is no label {quoted(key)}" + (f", did you mean {quoted(near[0])}?" if near else "")
            )
    return changed
