"""The result file: every number of an analysis as JSON, at full precision, in one fixed order."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING

import orjson

from reportgen import __version__
from reportgen.blends import Blend
from reportgen.comparison import Comparison, SlopeComparison
from reportgen.fits import Coefficient, Fit, Issue, LeastSquaresFit, MixedFit, Undefined, UnfitVariant
from reportgen.hypothesis_tests import FTest, GroupVarianceTest, WaldTest
from reportgen.presentation.data_tables import ledger_reason
from reportgen.presentation.notation import variant_formula
from reportgen.presentation.wording import Wording, wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

SCHEMA = "reportgen.results/1"
COMPUTED_WITH = ("formulaic", "numpy", "pandas", "pyarrow", "scipy")

Json = object


@dataclass(frozen=True, slots=True)
class Collector:
    """Turns numbers into JSON; an undefined one becomes null and its reason is kept.

    `words` says the sentences; `issues` are the reasons so far, each once, in the order met.
    """

    words: Wording
    issues: list[dict[str, str]] = field(default_factory=list)

    def number(self, value: float | Undefined) -> float | None:
        """A number, or null with its reason kept."""
        if isinstance(value, Undefined):
            self.note(value.reason)
            return None
        if not math.isfinite(value):
            self.note(Issue("not_finite"))
            return None
        return float(value)

    def estimate(self, value: Coefficient | Undefined) -> float | None:
        """The estimate of a coefficient, or null with its reason kept."""
        return self.number(value if isinstance(value, Undefined) else value.estimate)

    def note(self, issue: Issue) -> None:
        """Keep a reason."""
        entry = {"code": issue.code, "message": self.words.issue(issue)}
        if entry not in self.issues:
            self.issues.append(entry)


def result_file(analysis: Analysis) -> str:
    """The result file of an analysis.

    Parameters
    ----------
    analysis : Analysis
        All that was computed.

    Returns
    -------
    str
        JSON with sorted keys; the same analysis gives the same text.
    """
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(results(analysis), option=options).decode()


def results(analysis: Analysis) -> dict[str, Json]:
    """The content of the result file as plain lists and dictionaries (schema ``reportgen.results/1``)."""
    words = wording()
    top = Collector(words)
    comparison = analysis.comparison
    return {
        "schema": SCHEMA,
        "reportgen_version": __version__,
        "formula": _formula(analysis),
        "data": _data(analysis, words),
        "columns": _columns(analysis),
        "variants": {name: _variant(analysis, name, fit, Collector(words)) for name, fit in analysis.fits.items()},
        "slopes": [_slope(slope, top) for slope in comparison.slopes],
        "tests": _tests(comparison, top),
        "null_icc": top.number(comparison.null_icc),
        "checks": [
            {
                "identity": check.identity,
                "holds": check.holds,
                "discrepancy": None if check.reason else check.discrepancy,
                "reason": words.issue(check.reason) if check.reason else None,
            }
            for check in comparison.checks
        ],
        "findings": [
            {"kind": finding.kind, "severity": finding.severity, "values": plain(finding.values)}
            for finding in analysis.findings
        ],
        "issues": top.issues,
        "provenance": provenance(),
    }


def provenance() -> dict[str, Json]:
    """Versions of what computed the numbers; nothing of the machine, the user or the clock."""
    return {"packages": {name: version(name) for name in COMPUTED_WITH}, "python": platform.python_version()}


def plain(value: object) -> Json:
    """A finding's value as JSON: plain numbers, texts, lists and dictionaries; what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    raise TypeError(f"a finding holds plain values only, not {type(value).__name__}")


def _formula(analysis: Analysis) -> dict[str, Json]:
    formula = analysis.formula
    return {
        "text": formula.text,
        "response": formula.response,
        "group": formula.grouping.name,
        "group_terms": list(formula.grouping.group_terms),
        "terms": list(formula.terms),
    }


def _columns(analysis: Analysis) -> list[Json]:
    return [
        {
            "column": level.column,
            "term": analysis.term_of.get(level.column, level.column),
            "varies_within": level.varies_within,
            "varies_between": level.varies_between,
            "sd_within": level.sd_within,
            "sd_between": level.sd_between,
            "between_share": level.between_share,
            "icc": level.icc,
        }
        for level in analysis.levels[:-1]
    ]


def _variant(analysis: Analysis, name: str, fit: Fit, collector: Collector) -> dict[str, Json]:
    words = collector.words
    entry: dict[str, Json] = {
        "status": "not_fitted" if isinstance(fit, UnfitVariant) else "fitted",
        "reason": words.issue(fit.reason) if isinstance(fit, UnfitVariant) else None,
        "label": words.variant(name),
        "formula": variant_formula(name, analysis.formula, analysis.levels),
    }
    if isinstance(fit, UnfitVariant):
        collector.note(fit.reason)
        return entry | {"terms": [], "issues": collector.issues}
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
    entry |= _least_squares(fit, collector) if isinstance(fit, LeastSquaresFit) else _mixed(fit, analysis.groups, collector)
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


def _mixed(fit: MixedFit, groups: tuple[str, ...], collector: Collector) -> dict[str, Json]:
    effects = fit.random_effects.tolist()
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
        "random_effects": dict(zip(groups, effects, strict=True)),
    }


def _slope(slope: SlopeComparison, top: Collector) -> dict[str, Json]:
    contextual = slope.contextual
    entry: dict[str, Json] = {
        "column": slope.column,
        "within": top.estimate(slope.within),
        "between": top.estimate(slope.between),
        "contextual": {
            key: top.number(contextual if isinstance(contextual, Undefined) else getattr(contextual, key))
            for key in ("estimate", "std_error", "df", "p_value")
        },
        "weight_on_between": {name: top.number(blend.weight_on_between) for name, blend in slope.blends.items()},
        "blends": {name: _blend(blend, top) for name, blend in slope.blends.items()},
    }
    for name in ("pooled", "random_intercept"):
        found = slope.by_variant.get(name)
        entry[name] = top.estimate(found or Undefined(Issue("not_in_model", {"column": slope.column, "variant": name})))
    return entry


def _blend(blend: Blend, top: Collector) -> dict[str, Json]:
    return {
        "within": blend.within,
        "between": top.number(blend.between),
        "own_weight": blend.own_weight,
        "pulls": [{"column": pull.column, "amount": pull.amount} for pull in blend.pulls],
        "is_outside": blend.is_outside,
    }


def _tests(comparison: Comparison, top: Collector) -> dict[str, Json]:
    return {
        "mundlak": _wald(comparison.contextual_test, top),
        "hausman": [],
        "group_variance": _group_variance(comparison.group_variance, top),
    }


def _wald(test: WaldTest | Undefined, top: Collector) -> dict[str, Json] | None:
    if isinstance(test, Undefined):
        top.note(test.reason)
        return None
    return {
        "columns": list(test.columns),
        "chi2": top.number(test.chi2),
        "df": test.df,
        "p_value": top.number(test.p_value),
        "f": top.number(test.f),
        "f_df": [top.number(df) for df in test.f_df],
        "f_p_value": top.number(test.f_p_value),
    }


def _group_variance(test: GroupVarianceTest, top: Collector) -> dict[str, Json]:
    dummies = _f_test(test.dummies, top)
    return {
        "f": dummies["f"],
        "f_df": dummies["f_df"],
        "f_p_value": dummies["f_p_value"],
        "beyond_group_level": _f_test(test.beyond, top),
        "lrt": top.number(test.lrt),
        "lrt_p_value": top.number(test.lrt_p_value),
    }


def _f_test(test: FTest | Undefined, top: Collector) -> dict[str, Json]:
    if isinstance(test, Undefined):
        top.note(test.reason)
        return {"f": None, "f_df": None, "f_p_value": None}
    return {"f": top.number(test.f), "f_df": [top.number(df) for df in test.f_df], "f_p_value": top.number(test.p_value)}


def _data(analysis: Analysis, words: Wording) -> dict[str, Json]:
    sample = analysis.sample
    return {
        "source": sample.source,
        "sha256": sample.sha256,
        "n_rows_read": sample.n_rows_read,
        "n_rows_dropped": sample.n_rows_dropped,
        "n_obs": sample.n_obs,
        "n_groups": sample.n_groups,
        "group_size_min": sample.group_size_min,
        "group_size_median": sample.group_size_median,
        "group_size_max": sample.group_size_max,
        "ledger": [
            {"reason": ledger_reason(entry, words), "code": entry.reason, "column": entry.column, "rows": entry.rows}
            for entry in sample.ledger
        ],
        "lost_groups": list(sample.lost_groups),
    }
