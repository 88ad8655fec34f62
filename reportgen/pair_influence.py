"""Leave two groups out: the slopes between groups without each pair, since groups that lie together hide each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.estimation.absent import absent
from reportgen.estimation.left_out import delete
from reportgen.estimation.regressors import Term, regressors
from reportgen.fits import Fit, Issue, LeastSquaresFit, Undefined
from reportgen.moments import GroupMoments

Array = NDArray[np.float64]

MAX_GROUPS = 60  # groups up to which every pair is left out
MAX_CUBES = 4e6  # pairs times cubed coefficients up to which they are


@dataclass(frozen=True, slots=True, eq=False)
class SlopesWithoutPairs:
    """Slopes of the regression of the group means without each pair of groups.

    Attributes
    ----------
    columns : tuple of str
        The m design columns.
    full, full_errors : (m,) array
        Slopes and standard errors with all groups.
    pairs : (R, 2) array of int
        The groups left out, by index, in ascending order; pairs without which the slopes cannot be computed are missing.
    estimates, errors : (R, m) array
        Slopes and standard errors without the pair.
    """

    columns: tuple[str, ...]
    full: Array
    full_errors: Array
    pairs: NDArray[np.int64]
    estimates: Array
    errors: Array

    @property
    def change(self) -> Array:
        """(R, m) slope without the pair minus slope with all groups."""
        return self.estimates - self.full

    @property
    def strongest(self) -> NDArray[np.int64]:
        """(m,) position of the pair whose absence moves each slope most; the first of equals."""
        return np.asarray(np.argmax(np.abs(self.change), axis=0))


def between_without_pairs(moments: GroupMoments, fit: Fit) -> SlopesWithoutPairs | Undefined:
    """Slopes between groups without each pair of groups.

    Parameters
    ----------
    moments : GroupMoments
        The data.
    fit : Fit
        The regression of the group means.
    """
    if not isinstance(fit, LeastSquaresFit):
        return absent(fit)
    slopes = [c for c in fit.coefficients if c.role != "intercept"]
    if not slopes:
        return Undefined(Issue("no_column_varies_between"))
    terms: tuple[Term, ...] = (("(Intercept)", "intercept"), *((c.column, c.role) for c in slopes))
    n, df = moments.n_groups, moments.n_groups - 2 - len(terms)
    if df < 1:
        return Undefined(Issue("no_degrees_of_freedom", {"df": df}))
    if n > MAX_GROUPS or n * (n - 1) / 2 * len(terms) ** 3 > MAX_CUBES:
        return Undefined(Issue("too_many_pairs"))
    reg = regressors(moments, terms)
    centred = reg.means[:, 1:] - reg.means[:, 1:].mean(axis=0)
    pairs = np.stack(np.triu_indices(n, 1), axis=1)
    own = centred[:, :, None] * centred[:, None, :]
    both = centred[pairs].sum(axis=1)
    moved = both[:, :, None] * both[:, None, :] / (n - 2)  # the mean of the others moves away as well
    found = delete(centred.T @ centred, own[pairs].sum(axis=1) + moved, np.full(len(pairs), float(df)))
    if not len(found.groups):
        return Undefined(Issue("no_group_can_be_left_out"))
    unit = reg.scale[-1] / reg.scale[1:-1]
    return SlopesWithoutPairs(
        columns=tuple(c.column for c in slopes),
        full=np.array([c.estimate for c in slopes]),
        full_errors=np.array([c.std_error for c in slopes]),
        pairs=pairs[found.groups],
        estimates=found.estimates * unit,
        errors=found.errors * unit,
    )
