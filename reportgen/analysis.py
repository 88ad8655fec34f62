"""The walk from data and formula to findings, in one short function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal

from reportgen.cluster import collect_on, connected
from reportgen.collection import Progress, collect
from reportgen.comparison import Comparison, compare
from reportgen.design import Design, build_design
from reportgen.disclosure import OPEN, Disclosure
from reportgen.errors import OptionConflict, OptionError, quoted
from reportgen.estimability import check_estimable
from reportgen.estimation.bootstrap import SEED
from reportgen.estimation.cross_check import MAX_ROWS, Agreement, cross_check
from reportgen.estimation.random_slopes import RandomEffects
from reportgen.estimation.refinement import refined
from reportgen.estimation.runner import fit_variants
from reportgen.findings import Evidence, Finding, find
from reportgen.fits import Coefficient, Fit, Issue, MixedFit, ModelFit, Undefined
from reportgen.formula import ModelFormula, parse_formula
from reportgen.moments import ColumnLevel, GroupMoments, column_levels
from reportgen.points import CAPACITY, Points
from reportgen.sample import Sample
from reportgen.sources import CHUNK_ROWS, open_source
from reportgen.variance import FittedData, Resampling, VarianceSide, variance_side

Inference = Literal["auto", "kenward-roger", "satterthwaite"]
Interactions = Literal["product", "double-demeaned"]
INTERACTIONS: tuple[Interactions, ...] = ("product", "double-demeaned")
INFERENCES: tuple[Inference, ...] = ("auto", "kenward-roger", "satterthwaite")
MAX_SAMPLES = 100_000  # of the bootstrap; all of them are held in memory
MAX_SEED = 2**63 - 1  # what a result file can hold
MANY_GROUPS = 50  # up to which the report shows Kenward-Roger figures unless told otherwise


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of an analysis.

    Attributes
    ----------
    name : str
        Name of the data for the report; empty for that of the file.
    weights : str
        Column of positive prior weights, Var(e_i) = sigma2 / w_i; empty without.
    cross_check : bool
        Refit the variants with statsmodels too.
    bootstrap : int
        Samples of the parametric bootstrap of each mixed variant; 0 for none.
    seed : int
        Of the bootstrap.
    interactions : Interactions
        ``product``: the within part of an interaction is the deviation of the product from its group mean.
        ``double-demeaned``: a variant more, in which the deviations are multiplied (Giesselmann & Schmidt-Catran 2022).
    inference : Inference
        Which small-sample method the report shows first for mixed models; ``auto`` is Kenward-Roger up to
        ``MANY_GROUPS`` groups, Satterthwaite above. The result file always holds both.
    chunk_rows : int
        Rows read at a time.
    cluster : str
        Address of the scheduler of a Dask cluster on which the rows are read, or ``local``; empty to read them here.
    """

    name: str = ""
    weights: str = ""
    cross_check: bool = False
    bootstrap: int = 0
    seed: int = SEED
    interactions: Interactions = "product"
    inference: Inference = "auto"
    chunk_rows: int = CHUNK_ROWS
    cluster: str = ""


def checked_interactions(given: str) -> Interactions:
    """The treatment of interactions of that name.

    Raises
    ------
    OptionError
        There is none.
    """
    for name in INTERACTIONS:
        if given == name:
            return name
    raise OptionError("--interactions", given, INTERACTIONS)


def checked_inference(given: str) -> Inference:
    """The small-sample method of that name.

    Raises
    ------
    OptionError
        There is none.
    """
    for name in INFERENCES:
        if given == name:
            return name
    raise OptionError("--inference", given, INFERENCES)


def checked(options: Options) -> Options:
    """The options with whole numbers as such.

    Raises
    ------
    InputError
        One of them is of another type, or out of its range.
    """
    for name in ("name", "weights", "cluster"):
        given = getattr(options, name)
        if not isinstance(given, str):
            raise OptionConflict(name, f"is {quoted(given)}, not a text", "give one text, or leave it out")
    checked_interactions(options.interactions)
    checked_inference(options.inference)
    return replace(
        options,
        bootstrap=_whole_number("--bootstrap", options.bootstrap, 0, MAX_SAMPLES),
        seed=_whole_number("--seed", options.seed, 0, MAX_SEED),
        chunk_rows=_whole_number("--chunk-rows", options.chunk_rows, 1, MAX_SEED),
    )


def _whole_number(option: str, given: object, least: int, largest: int) -> int:
    is_flag = isinstance(given, bool)
    number = int(given) if isinstance(given, Integral) and not is_flag else -1
    if least <= number <= largest:
        return number
    raise OptionConflict(option, f"is {quoted(given)}", f"give a whole number from {least} to {largest}")


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything computed for one report.

    Attributes
    ----------
    formula : ModelFormula
        The formula as parsed.
    sample : Sample
        What was read, dropped and used.
    groups : tuple of str
        The J group labels, in the order of every (J, ...) array.
    levels : tuple of ColumnLevel
        Where each design column varies, the response last.
    term_of : mapping
        Design column to the term of the formula it comes from.
    moments : GroupMoments
        The data, as far as the models are concerned.
    points : Points
        Rows for the figures.
    fits : mapping
        Variant id to fit, in the order of the catalogue.
    comparison : Comparison
        What the variants say side by side.
    variance : VarianceSide
        Variance parts, intervals, design effects, reliability of group means, bootstrap.
    agreement : tuple of Agreement or Undefined
        The same figures from statsmodels; undefined where not asked for, or where the rows are too many.
    findings : tuple of Finding
        What the report must say.
    design : Design
        What turns rows into design columns, for predictions.
    options : Options
        The choices made.
    disclosure : Disclosure
        What may be shown of single groups.
    """

    formula: ModelFormula
    sample: Sample
    groups: tuple[str, ...]
    levels: tuple[ColumnLevel, ...]
    term_of: Mapping[str, str]
    moments: GroupMoments
    points: Points
    fits: Mapping[str, Fit]
    comparison: Comparison
    variance: VarianceSide
    agreement: tuple[Agreement, ...] | Undefined
    findings: tuple[Finding, ...]
    design: Design
    options: Options
    disclosure: Disclosure = OPEN

    @property
    def uses_kenward_roger(self) -> bool:
        """Whether the report shows Kenward-Roger figures for mixed models (else Satterthwaite)."""
        if self.options.inference == "auto":
            return self.moments.n_groups <= MANY_GROUPS
        return self.options.inference == "kenward-roger"

    def shown(self, fit: ModelFit) -> tuple[Coefficient, ...]:
        """The coefficients of a fit with the standard errors and degrees of freedom that the report shows first."""
        if not isinstance(fit, MixedFit) or not self.uses_kenward_roger:
            return fit.coefficients
        adjusted = {(c.column, c.role): c for c in fit.kenward_roger}
        return tuple(adjusted.get((c.column, c.role), c) for c in fit.coefficients)


def walk(formula: str, data: object, options: Options | None = None, progress: Progress | None = None) -> Analysis:
    """Walk from the data and the formula to the findings.

    Parameters
    ----------
    formula : str
        Wilkinson formula with one grouping term.
    data : path or data frame
        What :func:`reportgen.sources.open_source` opens.
    options : Options, optional
        Choices.
    progress : callable, optional
        Told about each stage.

    Raises
    ------
    InputError
        The formula, the data or an option is wrong, or the rows cannot carry any model.
    """
    options = checked(options or Options())
    if not isinstance(formula, str):
        raise OptionConflict("formula", f"is a {type(formula).__name__}, not a text", "write for example 'y ~ x + (1 | group)'")
    tell = progress or (lambda _stage, _rows: None)
    model = parse_formula(formula)
    source = open_source(data, options.name or None, chunk_rows=options.chunk_rows)
    tell(f"reading {source.name}", 0)
    design = build_design(model, source, options.weights)
    capacity = MAX_ROWS if options.cross_check else CAPACITY
    if options.cluster:
        with connected(options.cluster) as client:
            collected = collect_on(client, design, tell, capacity)
    else:
        collected = collect(design, tell, capacity)
    moments, groups = collected.moments, collected.groups
    levels = column_levels(moments)
    check_estimable(moments, levels, collected.points, model.grouping.name, groups)
    tell("fitting", 0)
    effects = RandomEffects(model.grouping.intercept, design.slope_columns, model.grouping.correlated)
    fits = fit_variants(moments, levels[:-1], effects, options.interactions == "double-demeaned")
    fits = refined(fits, moments, collected.points)
    comparison = compare(moments, levels[:-1], fits)
    agreement: tuple[Agreement, ...] | Undefined = Undefined(Issue("cross_check_not_asked_for"))
    if options.cross_check:
        tell("refitting with statsmodels", 0)
        agreement = cross_check(collected.points, moments.columns, fits)
    evidence = Evidence(model, collected.sample, groups, levels, moments, collected.points, fits, comparison)
    return Analysis(
        formula=model,
        sample=collected.sample,
        groups=groups,
        levels=levels,
        term_of=design.term_of,
        moments=moments,
        points=collected.points,
        fits=fits,
        comparison=comparison,
        variance=variance_side(
            FittedData(moments, levels[:-1], fits, effects), comparison.null_icc, Resampling(options.bootstrap, options.seed)
        ),
        agreement=agreement,
        findings=find(evidence),
        design=design,
        options=options,
    )
