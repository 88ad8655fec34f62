"""The variants in the result file: coefficients, variances, likelihoods, group effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit, SeparateFit, Undefined, UnfitVariant
from reportgen.presentation.collector import Collector, Json
from reportgen.presentation.notation import variant_formula
from reportgen.presentation.result_groups import GroupFigures, GroupLines

if TYPE_CHECKING:
    from reportgen.analysis import Analysis


def variant_entry(analysis: Analysis, name: str, collector: Collector, lines: GroupLines) -> dict[str, Json]:
    """One variant, fitted or with the reason why it is not; `lines` are the groups that may be listed."""
    fit = analysis.fits[name]
    words = collector.words
    entry: dict[str, Json] = {
        "status": "not_fitted" if isinstance(fit, UnfitVariant) else "fitted",
        "reason": words.issue(fit.reason) if isinstance(fit, UnfitVariant) else None,
        "label": words.variant(name),
        "formula": variant_formula(name, analysis.formula, analysis.levels, fit),
    }
    if isinstance(fit, UnfitVariant):
        collector.note(fit.reason)
        return entry | {"terms": [], "issues": collector.issues}
    if isinstance(fit, SeparateFit):
        return entry | _separate(fit, collector, lines) | {"issues": collector.issues}
    for issue in fit.issues:
        collector.note(issue)
    entry |= {
        "terms": [_term(c, collector) for c in fit.coefficients],
        "sigma2_residual": collector.number(fit.sigma2),
        "r2": {key: collector.number(value) for key, value in fit.r2.items()},
        "robust": [
            {"method": errors.method, **_other_errors(c, collector)} for errors in fit.robust for c in errors.coefficients
        ],
        "n_obs": fit.n_obs,
        "n_groups": fit.n_groups,
    }
    for errors in fit.robust:
        for issue in errors.issues:
            collector.note(issue)
    entry |= _least_squares(fit, collector) if isinstance(fit, LeastSquaresFit) else _mixed(fit, collector, lines)
    return entry | {"issues": collector.issues}


def _term(c: Coefficient, collector: Collector) -> dict[str, Json]:
    return {
        "column": c.column,
        "role": c.role,
        "label": collector.words[f"role.{c.role}"],
        "estimate": collector.number(c.estimate),
        "std_error": collector.number(c.std_error),
        "df": collector.number(c.df),
        "df_method": c.df_method,
        "statistic": collector.number(c.statistic),
        "p_value": collector.number(c.p_value),
        "conf_low": collector.number(c.conf_low),
        "conf_high": collector.number(c.conf_high),
    }


def _other_errors(c: Coefficient, collector: Collector) -> dict[str, Json]:
    """The same coefficient with another standard error."""
    return {key: value for key, value in _term(c, collector).items() if key not in ("label", "estimate")}


def _least_squares(fit: LeastSquaresFit, collector: Collector) -> dict[str, Json]:
    entry: dict[str, Json] = {
        "kenward_roger": [],
        "group_terms": [],
        "group_covariance": None,
        "is_singular": None,
        "df_residual": fit.df_residual,
        "reml_log_likelihood": None,
        "icc": None,
        "random_effects": {},
    }
    if isinstance(fit.likelihood, Undefined):
        collector.note(fit.likelihood.reason)
        return entry | {"ml_log_likelihood": None, "aic": None, "bic": None}
    return entry | {
        "ml_log_likelihood": fit.likelihood.log_likelihood,
        "aic": fit.likelihood.aic,
        "bic": fit.likelihood.bic,
    }


def _mixed(fit: MixedFit, collector: Collector, lines: GroupLines) -> dict[str, Json]:
    return {
        "kenward_roger": [_other_errors(c, collector) for c in fit.kenward_roger],
        "group_terms": list(fit.group_covariance.terms),
        "group_covariance": fit.group_covariance.psi.tolist(),
        "is_singular": fit.group_covariance.is_singular,
        "df_residual": None,
        "reml_log_likelihood": collector.number(fit.reml_log_likelihood),
        "ml_log_likelihood": collector.number(fit.likelihood.log_likelihood),
        "aic": collector.number(fit.likelihood.aic),
        "bic": collector.number(fit.likelihood.bic),
        "icc": collector.number(fit.icc),
        "random_effects": GroupFigures(lines, fit.random_effects[lines.groups]),
    }


def _separate(fit: SeparateFit, collector: Collector, lines: GroupLines) -> dict[str, Json]:
    """Regressions of single groups: no common coefficients, but a slope for each group that can carry one."""
    errors = fit.std_errors
    if isinstance(errors, Undefined):
        collector.note(errors.reason)
    own = lines.among(fit.estimable)
    rows = np.cumsum(fit.estimable)[own.groups] - 1  # the slopes are those of the estimable groups only
    return {
        "terms": [],
        "columns": list(fit.columns),
        "left_out": list(fit.left_out),
        "slopes": GroupFigures(own, fit.slopes[rows]),
        "std_errors": {} if isinstance(errors, Undefined) else GroupFigures(own, errors[rows]),
        "sigma2_residual": collector.number(fit.sigma2),
        "df_residual": fit.df_residual,
        "equal_slopes": {
            "f": collector.number(fit.f),
            "f_df": list(fit.f_df),
            "p_value": collector.number(fit.p_value),
        },
        "kenward_roger": [],
        "robust": [],
        "r2": {},
        "n_obs": fit.n_obs,
        "n_groups": fit.n_groups,
    }
