"""The lines that fit the same models in R, Stata and statsmodels.

Every design column gets a name that is valid in all three; a preparation block makes the columns, their group means and the
deviations from them, so that each model is one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.presentation.recipes import python, r, stata
from reportgen.presentation.recipes.models import Model, model
from reportgen.presentation.recipes.names import Names, names_of
from reportgen.variants import CATALOGUE

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

__all__ = ["LANGUAGES", "Model", "Names", "model", "names_of", "recipes"]

LANGUAGES = {"r": r, "stata": stata, "python": python}
"""Each knows how to prepare the columns, and the line of a model."""


def recipes(analysis: Analysis) -> dict[str, object]:
    """Preparation and one line a variant, by language.

    Returns
    -------
    dict
        ``preparation``: language to text; ``models``: variant id to language to line; ``robust``: the line for cluster-robust
        errors in R.
    """
    names = names_of(analysis)
    models = {variant.id: model(variant, analysis, names) for variant in CATALOGUE if variant.id in analysis.fits}
    return {
        "preparation": {key: "\n".join(language.prepare(names)) for key, language in LANGUAGES.items()},
        "robust": r.robust(names),
        "models": {
            name: {key: language.line(recipe, names) for key, language in LANGUAGES.items()} for name, recipe in models.items()
        },
    }
