"""What stands where a model would be needed that could not be fitted."""

from __future__ import annotations

from reportgen.fits import Fit, Issue, Undefined, UnfitVariant


def absent(fit: Fit) -> Undefined:
    """The reason why `fit` is not the model that was wanted: its own if it could not be fitted."""
    return Undefined(fit.reason if isinstance(fit, UnfitVariant) else Issue("variant_not_fitted", {"variant": fit.variant}))
