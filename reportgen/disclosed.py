"""An analysis as it may be shown: with codes for the group labels, and without the figures of small groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reportgen.analysed_rows import analysed_rows, table_of
from reportgen.analysis import Analysis, walk
from reportgen.design.groups import ColumnIndex
from reportgen.disclosure import NAMES_OF_GROUPS, Disclosure, GroupLabels
from reportgen.errors import OptionConflict, SmallCells
from reportgen.estimation.residual_spread import ResidualSpread
from reportgen.findings import Evidence, Finding, find
from reportgen.fits import Issue, Undefined
from reportgen.group_codes import coded_rows
from reportgen.influence import Influence, SlopesWithout
from reportgen.pair_influence import SlopesWithoutPairs
from reportgen.points import Points
from reportgen.sample import used_rows

ABOUT_LABELS = ("similar_labels", "missing_labels", "groups_lost")
"""Findings about the labels themselves; without labels they say how many groups it is, not which."""


def disclosed(analysis: Analysis, group_labels: GroupLabels = "show", min_cell: int = 0) -> Analysis:
    """The analysis with what must not be shown taken out. Estimates of the models rest on all rows all the same.

    Parameters
    ----------
    analysis : Analysis
        What was computed.
    group_labels : GroupLabels
        ``code`` or ``hide``: the rows are analysed again with codes for the labels (:mod:`reportgen.group_codes`), so that
        everything that is made of the result, the rows that travel with it included, holds codes and no label. ``hide`` leaves
        the codes out too wherever single groups would be named or listed.
    min_cell : int
        Rows a group must have for its own figures to be shown.

    Raises
    ------
    OptionConflict
        The labels are the values of a predictor, of the weights or of the response too.
    SmallCells
        A level of a factor, or a combination, rests on fewer rows than `min_cell`: its coefficient would be its figure.
    OutputNotWritable
        The data are not what they were when they were analysed.
    """
    shown = analysis if group_labels == "show" else _coded(analysis, group_labels)
    if min_cell:
        _check_cells(analysis, min_cell)
    small = np.flatnonzero(shown.moments.rows < min_cell)
    disclosure = Disclosure(group_labels, min_cell, len(small), _withheld(shown.moments.rows, min_cell))
    shown = replace(shown, disclosure=disclosure)
    if disclosure.withheld:
        shown = _without(shown, np.array(disclosure.withheld, dtype=np.int64))
    names = frozenset(shown.groups[j] for j in disclosure.withheld)
    return replace(
        shown,
        sample=replace(shown.sample, lost_groups=() if min_cell else shown.sample.lost_groups),
        findings=tuple(_masked(item, disclosure, names) for item in shown.findings if not _tells_of_rows(item, names)),
    )


def _coded(analysis: Analysis, group_labels: GroupLabels) -> Analysis:
    """The same rows analysed again with codes for the labels; what became of the other rows stays as it was."""
    formula, design = analysis.formula, analysis.design
    other = {*formula.predictor_columns, design.weights} | {formula.variables[i] for i in formula.coded.compared}
    if any(name in other for name in formula.grouping.columns):
        raise OptionConflict(
            f"--group-labels {group_labels}",
            "cannot keep labels back that are the values of a predictor too",
            "take the column of the group out of the predictors, or show the labels",
        )
    options = replace(analysis.options, name=analysis.sample.source, cluster="", missing=())  # a code may look like one
    again = walk(formula.text, table_of(coded_rows(analysed_rows(analysis), design.group_columns)), options)
    again = replace(again, sample=replace(analysis.sample, lost_groups=()), options=analysis.options)
    labels = [replace(item, values=_nameless(item.values)) for item in analysis.findings if item.kind in ABOUT_LABELS]
    return replace(again, findings=(*_found(again), *labels))


def _found(analysis: Analysis) -> tuple[Finding, ...]:
    """What there is to say about it."""
    return find(
        Evidence(
            formula=analysis.formula,
            sample=analysis.sample,
            groups=analysis.groups,
            levels=analysis.levels,
            moments=analysis.moments,
            points=analysis.points,
            fits=analysis.fits,
            comparison=analysis.comparison,
            products=analysis.design.products,
            level_spreads=analysis.level_spreads,
        )
    )


def _nameless(values: Mapping[str, object]) -> dict[str, object]:
    """Values of a finding without names of groups: examples are gone, a single name is absent."""
    found: dict[str, object] = {}
    for key, value in values.items():
        if key in NAMES_OF_GROUPS:
            found[key] = None
        elif isinstance(value, list):
            found[key] = _without_names(key, value)
        else:
            found[key] = value
    return found


def _without_names(key: str, items: list[object]) -> list[object]:
    """A list of groups, or of findings of their own: those of one group have one `key`, so that they can be told together."""
    if key in ("examples", "groups"):
        return [] if key == "examples" else [None] * len(items)
    order = list(dict.fromkeys(item["group"] for item in items if isinstance(item, Mapping) and "group" in item))
    found: list[object] = []
    for item in items:
        if isinstance(item, Mapping):
            found.append(_nameless(item) | ({"key": order.index(item["group"])} if "group" in item else {}))
        else:
            found.append(item)
    return found


def _withheld(rows: NDArray[np.int64], min_cell: int) -> tuple[int, ...]:
    """Groups to withhold: the small ones, and the next smallest up to two groups with `min_cell` rows together.

    The totals over all groups are shown. Were one group missing from a list of the others, its figures would be the difference.
    """
    n_small = int((rows < min_cell).sum())
    if not n_small:
        return ()
    order = np.argsort(rows, kind="stable")
    enough = int(np.searchsorted(np.cumsum(rows[order]), min_cell)) + 1
    return tuple(sorted(order[: max(n_small, 2, enough)].tolist()))


def _without(analysis: Analysis, gone: NDArray[np.int64]) -> Analysis:
    """The analysis without what shows groups that are withheld; what is to be said follows from the rest."""
    influence, kept = analysis.comparison.influence, ~np.isin(analysis.points.codes, gone)
    pairs = influence.between_pairs
    shown = replace(
        analysis,
        comparison=replace(
            analysis.comparison,
            influence=Influence(
                within=_others(influence.within, gone),
                between=_others(influence.between, gone),
                contextual=_others(influence.contextual, gone),
                random_intercept=_others(influence.random_intercept, gone),
                between_pairs=_other_pairs(pairs, gone),
            ),
            residual_spread=_spread_of_others(analysis.comparison.residual_spread, gone),
        ),
    )
    labels = [item for item in analysis.findings if item.kind in ABOUT_LABELS and analysis.disclosure.group_labels != "show"]
    points = Points(analysis.points.codes[kept], analysis.points.values[kept], analysis.points.n_rows)
    hidden = {analysis.groups[i] for i in gone.tolist()}
    others = [replace(f, values=_nameless(f.values)) if _names_one_of(f, hidden) else f for f in _found(shown)]
    return replace(shown, points=points, findings=(*others, *labels))


def _names_one_of(finding: Finding, groups: set[str]) -> bool:
    """Whether a finding about labels gives one of some groups as an example."""
    examples = finding.values.get("examples")
    if finding.kind not in ABOUT_LABELS or not isinstance(examples, list):
        return False
    return any(label in groups for item in examples for label in (item if isinstance(item, list) else [item]))


def _others(found: SlopesWithout | Undefined, gone: NDArray[np.int64]) -> SlopesWithout | Undefined:
    """Slopes without each group, those of groups withheld taken out."""
    if isinstance(found, Undefined):
        return found
    kept = ~np.isin(found.groups, gone)
    if not kept.any():
        return Undefined(Issue("groups_withheld"))
    return replace(
        found,
        groups=found.groups[kept],
        estimates=found.estimates[kept],
        errors=found.errors[kept],
        df=found.df[kept],
        refitted=found.refitted[kept],
        lost=tuple(j for j in found.lost if j not in gone),
    )


def _other_pairs(found: SlopesWithoutPairs | Undefined, gone: NDArray[np.int64]) -> SlopesWithoutPairs | Undefined:
    if isinstance(found, Undefined):
        return found
    kept = ~np.isin(found.pairs, gone).any(axis=1)
    if not kept.any():
        return Undefined(Issue("groups_withheld"))
    return replace(found, pairs=found.pairs[kept], estimates=found.estimates[kept], errors=found.errors[kept])


def _spread_of_others(found: ResidualSpread | Undefined, gone: NDArray[np.int64]) -> ResidualSpread | Undefined:
    if isinstance(found, Undefined):
        return found
    kept = ~np.isin(found.groups, gone)
    if not kept.any():
        return Undefined(Issue("groups_withheld"))
    return replace(found, groups=found.groups[kept], deviations=found.deviations[kept])


def _tells_of_rows(finding: Finding, withheld: frozenset[str]) -> bool:
    """Whether a finding says of single groups that are withheld how many rows lie far from the fit, and how far."""
    places = finding.values.get("places") if finding.kind == "far_rows" else ()
    assert isinstance(places, list | tuple)
    return any(place["group"] in withheld for place in places)


def _masked(finding: Finding, disclosure: Disclosure, withheld: frozenset[str]) -> Finding:
    """A finding without names and figures that must not be shown."""
    values = finding.values
    if not disclosure.lists_groups or (disclosure.min_cell and finding.kind == "groups_lost"):
        values = _nameless(values)
    if withheld and finding.kind == "extreme_rows":
        values = {**values, "value": None}
    elif withheld and finding.kind in ("singleton_groups", "groups_without_variation"):
        named = values["examples"]
        assert isinstance(named, list)
        values = {**values, "examples": [label for label in named if label not in withheld]}
    return replace(finding, values=values)


def _check_cells(analysis: Analysis, min_cell: int) -> None:
    """Raise where a level of a factor, or a combination of levels, rests on too few rows."""
    design, formula = analysis.design, analysis.formula
    factors = _factors(analysis)
    terms = dict.fromkeys(formula.factor_columns(term, factors) for term in formula.coded.terms)
    cells: dict[tuple[str, ...], Counter[tuple[int, ...]]] = {term: Counter() for term in terms if term}
    if not cells:
        return
    levels = {name: ColumnIndex() for name in factors}
    for table, _ in used_rows(design.source, design.source_columns, design.group_columns, design.text_columns):
        codes = {name: levels[name].encode(table.column(name)) for name in factors}
        for term, counts in cells.items():
            found, rows = np.unique(np.stack([codes[name] for name in term], axis=1), axis=0, return_counts=True)
            counts.update(dict(zip(map(tuple, found.tolist()), rows.tolist(), strict=True)))
    for term, counts in cells.items():
        n_small = sum(rows < min_cell for rows in counts.values())
        if n_small:
            raise SmallCells(":".join(term), n_small, min_cell)


def _factors(analysis: Analysis) -> tuple[str, ...]:
    """Predictors coded by level: texts (compared ones too), truth values, and what ``C()`` makes a factor."""
    formula = analysis.formula
    explicit = {formula.variables[i] for i in formula.coded.factors}
    types = analysis.design.source.types(formula.predictor_columns)
    return tuple(name for name in formula.predictor_columns if name in explicit or not _is_number(types[name]))


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
