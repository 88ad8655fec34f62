"""t and F reference distributions: from estimate, standard error and degrees of freedom to a coefficient record."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from reportgen.estimation.regressors import Term
from reportgen.fits import LEVEL, Coefficient, Issue, Number, Undefined

Array = NDArray[np.float64]

PERFECT = Issue("no_residual_variance")


def coefficients(
    terms: tuple[Term, ...], estimates: Array, errors: Array, df: Array, df_method: str
) -> tuple[Coefficient, ...]:
    """Coefficient records with t statistics, two-sided p values and 95 % intervals.

    Parameters
    ----------
    terms : tuple of (column, role)
        The p coefficients.
    estimates, errors, df : (p,) array
        Estimates, standard errors, degrees of freedom of the t distribution.
    df_method : str
        Name of the method behind `df`.
    """
    reach = stdtrit(df, 0.5 + LEVEL / 2) * errors
    records = []
    for i, (column, role) in enumerate(terms):
        statistic: Number = Undefined(PERFECT)
        p_value: Number = Undefined(PERFECT)
        if errors[i] > 0:
            statistic = float(estimates[i] / errors[i])
            p_value = float(2 * stdtr(df[i], -abs(statistic)))
        records.append(
            Coefficient(
                column=column,
                role=role,
                estimate=float(estimates[i]),
                std_error=float(errors[i]),
                df=float(df[i]),
                df_method=df_method,
                statistic=statistic,
                p_value=p_value,
                conf_low=float(estimates[i] - reach[i]),
                conf_high=float(estimates[i] + reach[i]),
            )
        )
    return tuple(records)
