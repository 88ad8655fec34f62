"""The words of the templates for those who are no page: labels from the catalogue, sentences of issues."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

from reportgen.errors import TemplateFault, quoted
from reportgen.fits import Issue
from reportgen.presentation.formatting import count, degrees_of_freedom, printable, significant
from reportgen.presentation.languages import LABELS
from reportgen.presentation.layers import PROJECT_LAYERS, Layers, environment
from reportgen.presentation.number_style import NumberStyle
from reportgen.presentation.own_templates import OwnTemplates


@dataclass(frozen=True, slots=True)
class Wording:
    """Labels and sentences of one language.

    Attributes
    ----------
    labels : mapping
        Dotted key to text, from ``labels.toml``.
    layers : Layers
        The templates they come from.
    """

    labels: Mapping[str, str]
    layers: Layers = field(repr=False)

    def __getitem__(self, key: str) -> str:
        """The label under a dotted key; a missing one is an error of the templates, not of the user."""
        return self.labels[key]

    @property
    def sentences(self) -> Mapping[str, Any]:
        """Code of an issue to the macro that says it, from ``issues.j2``; the first one asked for loads them."""
        return _sentences(self.layers)

    def issue(self, issue: Issue) -> str:
        """The sentence of an issue, as plain text."""
        macro = self.sentences[issue.code]
        sentence = macro(**{key: shown(value) for key, value in issue.values.items()})
        return " ".join(sentence.unescape().split())

    @property
    def numbers(self) -> NumberStyle:
        """How numbers are written."""
        return NumberStyle.of(self.labels)

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


@cache
def wording(layers: Layers = PROJECT_LAYERS) -> Wording:
    """The words of the templates, read once.

    Parameters
    ----------
    layers : Layers
        Language, and files of the user's own; a ``labels.toml`` among them need hold only the labels it changes.
    """
    labels = catalogue(layers, LABELS)
    words = Wording(labels | _own_labels(layers.own, labels), layers)
    if layers.own.files:
        _sentences(layers)  # a fault in the user's own is told here, before anything is made with them
    return words


@cache
def _sentences(layers: Layers) -> dict[str, Any]:
    return {name: macro for lower in dict.fromkeys([PROJECT_LAYERS, layers]) for name, macro in _macros(lower).items()}


def _macros(layers: Layers) -> dict[str, Any]:
    """The macros of the file of sentences; what an upper layer lacks is said in the words below it."""
    module = environment(layers).get_template("issues.j2").module
    return {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}


def catalogue(layers: Layers, name: str) -> dict[str, str]:
    """Labels of a file in a language; those it lacks there are English."""
    labels: dict[str, str] = {}
    for text in layers.read(name):
        labels |= flattened(tomllib.loads(text))
    return labels


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
