"""``build_design``: what each column is, and a first pass over the rows where the formula needs to know all of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from reportgen.design.blocks import Design
from reportgen.design.encoding import Encoder, Inputs, LibraryColumns, PlainColumns, fit_library_columns
from reportgen.design.factors import Factor
from reportgen.design.failures import explained
from reportgen.design.first_pass import FirstPass, read_first
from reportgen.design.groups import GroupIndex
from reportgen.design.kinds import Kinds, column_kinds
from reportgen.design.parts import ColumnPart, column_parts
from reportgen.design.streamed_states import streamed_states
from reportgen.design.widths import MAX_COLUMNS, check_width
from reportgen.errors import ColumnUnusable, SlopeNotFixed, TooManyColumns, listed, quoted
from reportgen.formula import ModelFormula, check_columns
from reportgen.formula.signatures import STATEFUL
from reportgen.sources import Source
from reportgen.sources.source import check_known

_ALIAS = re.compile(r"\b([cfr])([0-9]+)\b")
_STATEFUL = re.compile(rf"\b(?:{'|'.join(sorted(STATEFUL))})\(")


def build_design(formula: ModelFormula, source: Source, weights: str = "") -> Design:
    """Make a design for a formula and a source.

    The rows are read once beforehand if the formula has factors (their levels) or functions that look at all rows (``scale``,
    ``poly``, splines), otherwise not at all.

    Parameters
    ----------
    formula : ModelFormula
        The formula.
    source : Source
        The data.
    weights : str
        Column of positive prior weights; empty without.

    Raises
    ------
    InputError
        A column that is missing or cannot play its part: text or dates as numbers, a factor with one level, a factor that is
        the group, too many design columns.
    """
    check_columns(formula, source.columns, source.name)
    check_known([weights] if weights else [], source.columns, source.name)
    slopes = _slope_terms(formula)
    source_columns = tuple(dict.fromkeys([*formula.variables, *([weights] if weights else [])]))
    kinds = column_kinds(formula, source, weights)
    terms = formula.coded.terms
    needs = [name for side in (terms, ((formula.coded.response,),)) for name in _needed_whole(formula, side)]
    first = FirstPass.empty(source.name)
    if kinds.factors or needs:
        first = read_first(formula, source, source_columns, kinds, tuple(dict.fromkeys(needs)))
        check_width(formula, first.factors, first.n_rows)
    predictors = _encoder(formula, terms, kinds, first)
    if len(predictors.columns) > MAX_COLUMNS:
        raise TooManyColumns(len(predictors.columns), MAX_COLUMNS, formula.terms[0])
    outcome = _encoder(formula, ((formula.coded.response,),), kinds, first)
    columns = _names(formula, predictors.columns, first)
    parts = [column_parts(coded, formula, _levels(first)) for coded in predictors.columns]
    return Design(
        formula=formula,
        source=source,
        columns=columns,
        term_of={column: formula.terms[i] for column, i in zip(columns, predictors.terms, strict=True)},
        parts_of=dict(zip(columns, parts, strict=True)),
        references=_references(parts, first),
        response=formula.response,
        slope_columns=tuple(column for column, i in zip(columns, predictors.terms, strict=True) if i in slopes),
        source_columns=source_columns,
        weights=weights,
        index=GroupIndex.of(len(formula.grouping.columns)),
        predictors=predictors,
        outcome=outcome,
    )


def _needed_whole(formula: ModelFormula, terms: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns of the terms whose rows are all needed at once: of all if a function of one looks at all rows, else of none."""
    if not _looks_at_all_rows(terms):
        return []
    return [formula.variables[int(i)] for term in terms for code in term for _, i in _ALIAS.findall(code)]


def _looks_at_all_rows(terms: Sequence[tuple[str, ...]]) -> bool:
    return any(_STATEFUL.search(code) for term in terms for code in term)


def _slope_terms(formula: ModelFormula) -> frozenset[int]:
    """Numbers of the fixed terms whose slopes vary by group."""
    known = {frozenset(term): i for i, term in enumerate(formula.coded.terms)}
    for term, shown in zip(formula.coded.slopes, formula.grouping.slopes, strict=True):
        if frozenset(term) not in known:
            raise SlopeNotFixed(shown, formula.grouping.name, formula.terms)
    return frozenset(known[frozenset(term)] for term in formula.coded.slopes)


def _encoder(formula: ModelFormula, terms: Sequence[tuple[str, ...]], kinds: Kinds, first: FirstPass) -> Encoder:
    """Plain columns where every factor of every term is a column of numbers, else the formula library."""
    factors = [[_ALIAS.fullmatch(code) for code in term] for term in terms]
    names = [tuple(formula.variables[int(m[2])] for m in term if m is not None) for term in factors]
    is_plain = all(len(found) == len(term) for found, term in zip(names, terms, strict=True))
    if is_plain and not any(name in kinds.factors for term in names for name in term):
        return PlainColumns(tuple(":".join(term) for term in terms), tuple(range(len(terms))), tuple(names))
    return library_encoder(formula, terms, kinds, first)


def library_encoder(formula: ModelFormula, terms: Sequence[tuple[str, ...]], kinds: Kinds, first: FirstPass) -> LibraryColumns:
    """Design columns by the formula library, whatever the terms are."""
    inputs = _inputs(formula, terms, kinds, first)
    with explained(formula, first.source, terms):
        if not _looks_at_all_rows(terms):
            return fit_library_columns(terms, inputs, inputs.trial_frame())
        states = {} if first.is_whole else streamed_states(terms, inputs, first.again)
        return fit_library_columns(terms, inputs, inputs.frame(first.rows), states)


def _inputs(formula: ModelFormula, terms: Sequence[tuple[str, ...]], kinds: Kinds, first: FirstPass) -> Inputs:
    aliases = sorted({match for term in terms for code in term for match in _ALIAS.findall(code)})
    numbers: dict[str, str] = {}
    texts: dict[str, str] = {}
    factors: dict[str, Factor] = {}
    for letter, i in aliases:
        name = formula.variables[int(i)]
        if letter == "f" or (letter == "c" and name in kinds.factors):
            factors[letter + i] = first.factors[name]
        elif letter == "r" and name in kinds.texts:
            texts[letter + i] = name
        else:
            numbers[letter + i] = name
    return Inputs(numbers, texts, factors, first.first_level, _literals(formula, first))


def _literals(formula: ModelFormula, first: FirstPass) -> Mapping[str, object]:
    """Values of the user's texts; the reference level of a factor in our own name for it."""
    bases = dict(formula.coded.bases)
    values: dict[str, object] = {}
    for j, text in enumerate(formula.coded.literals):
        value = ast.literal_eval(text)
        if j in bases:
            name = formula.variables[bases[j]]
            levels = first.factors[name].levels
            if str(value) not in levels:
                problem = f"has no level {quoted(str(value))}"
                raise ColumnUnusable(first.source, name, problem, f"its levels are {listed(levels)}")
            value = f"k{first.first_level[name] + levels.index(str(value))}"
        values[f"s{j}"] = value
    return values


def _levels(first: FirstPass) -> list[str]:
    """Levels of all factors, counted through: level j is ``k<j>``."""
    return [level for factor in first.factors.values() for level in factor.levels]


def _references(columns: Sequence[tuple[ColumnPart, ...]], first: FirstPass) -> dict[str, str]:
    """Factor to its reference level: the one level that has no column."""
    coded: dict[str, set[str]] = {}
    for part in (part for parts in columns for part in parts if part.level):
        coded.setdefault(part.name, set()).add(part.level)
    known = {name: first.factors[name].levels for name in coded if name in first.factors}
    left = {name: [level for level in levels if level not in coded[name]] for name, levels in known.items()}
    return {name: levels[0] for name, levels in left.items() if len(levels) == 1}


def _names(formula: ModelFormula, coded: Sequence[str], first: FirstPass) -> tuple[str, ...]:
    """Design columns in the user's names; backticks where two would be the same."""
    levels = _levels(first)
    plain = tuple(formula.shown(code, levels) for code in coded)
    if len(set(plain)) == len(plain):
        return plain
    return tuple(formula.shown(code, levels, ticks=True) for code in coded)
