"""What to be careful about in these data and these fits."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from reportgen.findings.records import Evidence, Finding, Rule
from reportgen.fits import LeastSquaresFit, MixedFit, Undefined

UNRELIABLE_BELOW, FEW_BELOW = 5, 10  # groups under which variances between groups are unreliable, or rest on little
FEW_DF = 10  # degrees of freedom up to which a between slope is said to rest on few
LITTLE_WITHIN, LITTLE_BETWEEN = 0.95, 0.01  # between shares beyond which one of the two slopes rests on little variation
RELIABLE = 0.7  # reliability of a group mean below which the between slope is said to be attenuated
COLLINEAR = 10.0  # variance inflation factor from which predictors are said to overlap
EXTREME = 8.0  # standard deviations from the mean beyond which a row is called extreme
MISSING_CODES = (-9999.0, -999.0, -99.0, -9.0, 99.0, 999.0, 9999.0)  # often written for "missing"
MAX_EXAMPLES = 5


def few_groups(evidence: Evidence) -> Iterator[Finding]:
    """Few groups: variances between groups are estimated badly."""
    n = evidence.moments.n_groups
    if n < UNRELIABLE_BELOW:
        yield Finding("very_few_groups", "problem", {"n_groups": n})
    elif n < FEW_BELOW:
        yield Finding("few_groups", "caution", {"n_groups": n})


def between_on_few_df(evidence: Evidence) -> Iterator[Finding]:
    """The regression of the group means has few degrees of freedom."""
    fit = evidence.fits["between"]
    if isinstance(fit, LeastSquaresFit) and fit.df_residual <= FEW_DF and len(fit.coefficients) > 1:
        columns = [c.column for c in fit.coefficients if c.role != "intercept"]
        values = {"columns": columns, "df": fit.df_residual, "n_groups": fit.n_groups}
        yield Finding("between_on_few_df", "caution", values)


def _mixed_with(evidence: Evidence, code: str) -> list[str]:
    """Variants of the mixed models that have an issue."""
    fits = evidence.fits.items()
    return [name for name, fit in fits if isinstance(fit, MixedFit) and any(issue.code == code for issue in fit.issues)]


def zero_group_variance(evidence: Evidence) -> Iterator[Finding]:
    """The estimated variance between groups is zero: the mixed model is pooled regression."""
    found = _mixed_with(evidence, "zero_group_variance")
    if found:
        yield Finding("zero_group_variance", "caution", {"variants": found})


def singular_fit(evidence: Evidence) -> Iterator[Finding]:
    """The variances of the group effects lie on the boundary: a variance of zero, or a correlation of one."""
    found = _mixed_with(evidence, "singular_fit")
    if found:
        yield Finding("singular_fit", "caution", {"variants": found})


def level_variation(evidence: Evidence) -> Iterator[Finding]:
    """Predictors that hardly vary at one of the two levels."""
    for level in evidence.predictors:
        if not level.is_split:
            continue
        values = {"column": level.column, "between_share": level.between_share}
        if level.between_share > LITTLE_WITHIN:
            yield Finding("little_within_variation", "caution", values)
        elif level.between_share < LITTLE_BETWEEN:
            yield Finding("little_between_variation", "caution", values)


def one_level_predictors(evidence: Evidence) -> Iterator[Finding]:
    """Predictors that vary at one level only, or whose group means follow from predictors of the groups."""
    for level in evidence.predictors:
        if not level.varies_within:
            yield Finding("group_level_predictor", "info", {"column": level.column})
        elif level.means_aliased_with:
            yield Finding("aliased_means", "info", {"column": level.column, "predictors": list(level.means_aliased_with)})
        elif not level.varies_between:
            yield Finding("within_only_predictor", "info", {"column": level.column})


def unreliable_group_means(evidence: Evidence) -> Iterator[Finding]:
    """Group means that say little about their group, because members differ a lot and are few.

    Reliability icc / (icc + (1 - icc) / n) at the median group size n (Spearman & Brown; Raudenbush & Bryk 2002).
    """
    n = float(np.median(evidence.moments.rows))
    for level in evidence.predictors:
        if level.is_split and level.between_share >= LITTLE_BETWEEN:
            reliability = level.icc / (level.icc + (1.0 - level.icc) / n)
            if reliability < RELIABLE:
                values = {"column": level.column, "reliability": reliability, "group_size": n}
                yield Finding("unreliable_group_means", "caution", values)


def dropped_rows(evidence: Evidence) -> Iterator[Finding]:
    """Rows that were left out."""
    sample = evidence.sample
    if sample.n_rows_dropped:
        values = {"n_read": sample.n_rows_read, "n_dropped": sample.n_rows_dropped}
        yield Finding("dropped_rows", "caution", values)


def singleton_groups(evidence: Evidence) -> Iterator[Finding]:
    """Groups with one row: they say nothing about slopes within groups."""
    single = np.flatnonzero(evidence.moments.rows == 1)
    if len(single):
        examples = [evidence.groups[j] for j in single[:MAX_EXAMPLES]]
        yield Finding("singleton_groups", "caution", {"n": len(single), "examples": examples})


def groups_without_variation(evidence: Evidence) -> Iterator[Finding]:
    """Groups of several rows in which a predictor does not vary.

    Products are left out: where one stands still because a factor of it is zero, the slope of the other comes from there.
    """
    if not evidence.moments.keeps_products:
        return
    total = np.diag(evidence.moments.S_T)
    for i, level in enumerate(evidence.predictors):
        if not level.varies_within or level.column in evidence.products:
            continue
        still = np.flatnonzero((evidence.moments.products_of(i, i) <= 1e-12 * total[i]) & (evidence.moments.rows > 1))
        if len(still):
            examples = [evidence.groups[j] for j in still[:MAX_EXAMPLES]]
            values = {"column": level.column, "n": len(still), "examples": examples}
            yield Finding("groups_without_variation", "caution", values)


def unbalanced_groups(evidence: Evidence) -> Iterator[Finding]:
    """Groups of different size."""
    rows = evidence.moments.rows
    if rows.min() != rows.max():
        yield Finding("unbalanced_groups", "info", {"smallest": int(rows.min()), "largest": int(rows.max())})


def similar_labels(evidence: Evidence) -> Iterator[Finding]:
    """Group labels that differ in case, blanks or Unicode form only."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in evidence.worded_groups:
        alike[" ".join(unicodedata.normalize("NFKC", label).casefold().split())].append(label)
    found = [labels for labels in alike.values() if len(labels) > 1]
    if found:
        yield Finding("similar_labels", "caution", {"n": len(found), "examples": found[:MAX_EXAMPLES]})


def numeric_group_predictor(evidence: Evidence) -> Iterator[Finding]:
    """The grouping column is a numeric predictor too."""
    for column in evidence.formula.grouping.columns:
        if column in evidence.formula.terms:
            yield Finding("numeric_group_predictor", "caution", {"column": column})


def binary_response(evidence: Evidence) -> Iterator[Finding]:
    """The response takes two values only: the models are linear probability models."""
    values = np.unique(evidence.points.values[:, -1])
    if len(values) == 2:
        yield Finding("binary_response", "caution", {"low": float(values[0]), "high": float(values[1])})


def missing_value_codes(evidence: Evidence) -> Iterator[Finding]:
    """Repeated values such as -999 that lie apart from all others."""
    for i, level in enumerate(evidence.levels):
        column = evidence.points.values[:, i]
        for code in MISSING_CODES:
            is_code = column == code
            rest = column[~is_code]
            if is_code.sum() < 2 or len(rest) < 3:
                continue
            low, high = rest.min(), rest.max()
            if code < low - (high - low) or code > high + (high - low):
                values = {"column": level.column, "value": code, "n": int(is_code.sum())}
                yield Finding("missing_value_codes", "caution", values)


def extreme_rows(evidence: Evidence) -> Iterator[Finding]:
    """Rows far from all others; prior weights count relative to their mean."""
    moments = evidence.moments
    total = np.diag(moments.S_T) / moments.total_weight * moments.n_rows / max(moments.n_rows - 1, 1)
    centre = moments.origin + moments.grand_mean
    for i, level in enumerate(evidence.levels):
        if total[i] <= 0:
            continue
        away = np.abs(evidence.points.values[:, i] - centre[i]) / np.sqrt(total[i])
        n = int((away > EXTREME).sum())
        if n:
            worst = float(evidence.points.values[int(np.argmax(away)), i])
            yield Finding("extreme_rows", "caution", {"column": level.column, "n": n, "value": worst})


def overlapping_predictors(evidence: Evidence) -> Iterator[Finding]:
    """Predictors that are nearly combinations of the others, by the variance inflation factor of pooled regression."""
    gram = evidence.moments.S_T[:-1, :-1]
    if len(gram) < 2:
        return
    size = np.sqrt(np.diag(gram))
    factors = np.diag(np.linalg.inv(gram / np.outer(size, size)))
    found = [
        {"column": level.column, "vif": float(vif)}
        for level, vif in zip(evidence.predictors, factors, strict=True)
        if vif > COLLINEAR
    ]
    if found:
        yield Finding("overlapping_predictors", "caution", {"columns": found})


def outside_parts(evidence: Evidence) -> Iterator[Finding]:
    """Slopes that lie outside their own within and between slopes, with the predictor that pulls most."""
    for slope in evidence.comparison.slopes:
        for variant, part in slope.blends.items():
            if part.is_outside and not isinstance(part.between, Undefined):
                values = {
                    "column": slope.column,
                    "variant": variant,
                    "slope": part.slope,
                    "within": part.within,
                    "between": part.between,
                    "puller": part.pulls[0].column,
                    "amount": part.pulls[0].amount,
                }
                yield Finding("outside_parts", "info", values)


def perfect_fit(evidence: Evidence) -> Iterator[Finding]:
    """Models that leave no residual variance."""
    found = [name for name, fit in evidence.fits.items() if isinstance(fit, LeastSquaresFit) and fit.sigma2 == 0.0]
    if found:
        yield Finding("perfect_fit", "problem", {"variants": found})


def several_optima(evidence: Evidence) -> Iterator[Finding]:
    """Mixed models whose likelihood has more than one peak."""
    found = _mixed_with(evidence, "several_optima")
    if found:
        yield Finding("several_optima", "caution", {"variants": found})


def not_converged(evidence: Evidence) -> Iterator[Finding]:
    """Mixed models whose likelihood still rises where the search ended."""
    found = _mixed_with(evidence, "not_converged")
    if found:
        yield Finding("not_converged", "problem", {"variants": found})


def identity_fails(evidence: Evidence) -> Iterator[Finding]:
    """Identities that should hold and do not: a fault of the computation."""
    for check in evidence.comparison.checks:
        if check.holds is False:
            values = {"identity": check.identity, "discrepancy": check.discrepancy}
            yield Finding("identity_fails", "problem", values)


CAUTION_RULES: tuple[Rule, ...] = (
    identity_fails,
    not_converged,
    perfect_fit,
    few_groups,
    between_on_few_df,
    zero_group_variance,
    singular_fit,
    several_optima,
    dropped_rows,
    missing_value_codes,
    extreme_rows,
    binary_response,
    level_variation,
    unreliable_group_means,
    overlapping_predictors,
    outside_parts,
    singleton_groups,
    groups_without_variation,
    similar_labels,
    numeric_group_predictor,
    unbalanced_groups,
    one_level_predictors,
)
