"""The result file: every number of an analysis as JSON, at full precision, in one fixed order."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from functools import cache, partial
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

import orjson

from reportgen import __version__
from reportgen.choices import RECORDED
from reportgen.fits import Undefined
from reportgen.garbage import collection_paused
from reportgen.presentation.collector import Collector, Json
from reportgen.presentation.data_tables import ledger_reason, shrinkage
from reportgen.presentation.number_style import PLAIN_NUMBERS, number_style
from reportgen.presentation.residual_checks import residuals_entry
from reportgen.presentation.result_comparison import between_entry, conditional_entry, influence_entry, slope_entry, tests_entry
from reportgen.presentation.result_explanation import curve_entry, ingredients_entry, level_spread_entry, spread_entry
from reportgen.presentation.result_groups import GroupLines, fragment
from reportgen.presentation.result_variance import variance_entry
from reportgen.presentation.result_variants import variant_entry
from reportgen.presentation.wording import Wording, wording

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

SCHEMA = "reportgen.results/1"
COMPUTED_WITH = ("formulaic", "numpy", "pandas", "pyarrow", "scipy")


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
    return result_bytes(analysis).decode()


def result_bytes(analysis: Analysis) -> bytes:
    """The result file as it is written, in UTF-8: with a million groups it is not made a text first."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATACLASS
    with collection_paused():
        return orjson.dumps(results(analysis), fragment, options)


def results(analysis: Analysis) -> dict[str, Json]:
    """The content of the result file (schema ``reportgen.results/1``) as plain lists and dictionaries, but for what it lists of
    single groups: that is a :class:`reportgen.presentation.result_groups.GroupFigures`."""
    with number_style(PLAIN_NUMBERS):  # also where it travels inside a report in another language
        return _content(analysis, wording())


def _content(analysis: Analysis, words: Wording) -> dict[str, Json]:
    top = Collector(words)
    comparison, name = analysis.comparison, partial(_name, analysis)
    lines = GroupLines.of(analysis.groups, analysis.disclosure.listed(len(analysis.groups)))
    return {
        "schema": SCHEMA,
        "reportgen_version": __version__,
        "formula": _formula(analysis),
        "options": _options(analysis),
        "disclosure": _disclosure(analysis),
        "data": _data(analysis, words),
        "columns": _columns(analysis),
        "variants": {variant: variant_entry(analysis, variant, Collector(words), lines) for variant in analysis.fits},
        "slopes": [slope_entry(slope, top) for slope in comparison.slopes],
        "residual_spread_of_levels": [level_spread_entry(found, top) for found in analysis.level_spreads],
        "conditional_slopes": [conditional_entry(item, top) for item in analysis.conditional_slopes],
        "tests": tests_entry(comparison, top),
        "between_slopes": between_entry(comparison.between_slopes, top),
        "influence": influence_entry(comparison, name, top),
        "variance": variance_entry(analysis.variance, top),
        "cross_check": _cross_check(analysis, top),
        "null_icc": top.number(comparison.null_icc),
        "curve": curve_entry(comparison, top),
        "ingredients": ingredients_entry(comparison),
        "shrinkage": shrinkage_entry(analysis),
        "residuals": residuals_entry(analysis, top),
        "residual_spread": spread_entry(comparison, name, top),
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


def shrinkage_entry(analysis: Analysis) -> dict[str, Json] | None:
    """The least and the largest part of a group's own intercept that the random intercept model keeps."""
    kept = shrinkage(analysis)
    return {"kept_least": float(kept.min()), "kept_most": float(kept.max())} if len(kept) else None


def provenance() -> dict[str, Json]:
    """Versions of what computed the numbers; nothing of the machine, the user or the clock."""
    return {"packages": dict(_versions()), "python": platform.python_version()}


@cache
def _versions() -> Mapping[str, str]:
    """Looked up once: each is read from a file of the installation."""
    return MappingProxyType({name: version(name) for name in COMPUTED_WITH})


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


def _options(analysis: Analysis) -> dict[str, Json]:
    """The choices that decide the numbers."""
    return {name: plain(getattr(analysis.options, name)) for name in RECORDED}


def _disclosure(analysis: Analysis) -> dict[str, Json]:
    """What is not shown of single groups."""
    kept = analysis.disclosure
    return {
        "group_labels": kept.group_labels,
        "min_cell": kept.min_cell,
        "small_groups": kept.n_small,
        "groups_withheld": len(kept.withheld),
    }


def _name(analysis: Analysis, group: int) -> str | None:
    return analysis.disclosure.name(analysis.groups, group) or None


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
            "means_aliased_with": list(level.means_aliased_with),
            "mean": float(mean),
        }
        for level, mean in zip(analysis.levels[:-1], analysis.moments.origin + analysis.moments.grand_mean, strict=False)
    ]


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


def _cross_check(analysis: Analysis, top: Collector) -> list[Json] | None:
    if isinstance(analysis.agreement, Undefined):
        if analysis.options.cross_check:
            top.note(analysis.agreement.reason)
        return None
    return [
        {
            "variant": item.variant,
            "quantity": item.quantity,
            "name": item.name,
            "reportgen": top.number(item.ours),
            "statsmodels": top.number(item.theirs),
            "gap": top.number(item.gap),
        }
        for item in analysis.agreement
    ]
