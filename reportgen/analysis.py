"""The walk from data and formula to findings, in one short function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from reportgen.choices import CROSS_CHECK_ROWS, Options, checked, shows_kenward_roger
from reportgen.cluster import collect_on, connected
from reportgen.collection import Collected, Progress, collect
from reportgen.design import Design, build_design
from reportgen.disclosure import OPEN, Disclosure
from reportgen.errors import OptionConflict
from reportgen.fits import Coefficient, MixedFit
from reportgen.formula import parse_formula
from reportgen.points import CAPACITY
from reportgen.sources import open_source

if TYPE_CHECKING:
    from reportgen.column_levels import ColumnLevel
    from reportgen.comparison import Comparison
    from reportgen.conditional_slopes import ConditionalSlope
    from reportgen.estimation.cross_check import Agreement
    from reportgen.findings import Finding
    from reportgen.fits import Fit, ModelFit, Undefined
    from reportgen.formula import ModelFormula
    from reportgen.level_spread import LevelSpread
    from reportgen.moments import GroupMoments
    from reportgen.points import Points
    from reportgen.sample import Sample
    from reportgen.variance import VarianceSide


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
    level_spreads : tuple of LevelSpread
        Residual spread at the levels of each factor of the groups.
    conditional_slopes : tuple of ConditionalSlope
        Slopes within groups at the levels of factors that multiply them.
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
    level_spreads: tuple[LevelSpread, ...] = ()
    conditional_slopes: tuple[ConditionalSlope, ...] = ()

    @property
    def uses_kenward_roger(self) -> bool:
        """Whether the report shows Kenward-Roger figures for mixed models (else Satterthwaite)."""
        return shows_kenward_roger(self.options.inference, self.moments.n_groups)

    def shown(self, fit: ModelFit) -> tuple[Coefficient, ...]:
        """The coefficients of a fit with the standard errors and degrees of freedom that the report shows first."""
        if not isinstance(fit, MixedFit) or not self.uses_kenward_roger:
            return fit.coefficients
        adjusted = {(c.column, c.role): c for c in fit.kenward_roger}
        return tuple(adjusted.get((c.column, c.role), c) for c in fit.coefficients)


def walk(
    formula: str,
    data: object,
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    with_fingerprint: bool = True,
) -> Analysis:
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
    with_fingerprint : bool
        Whether the fingerprint of the data is taken: for whatever says what data it was made of.

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
    source = open_source(data, options.name or None, chunk_rows=options.chunk_rows, missing=options.missing)
    tell(f"reading {source.name}", 0)
    with _models_loading():
        design = build_design(model, source, options.weights)
        collected = _collected(design, options, tell, with_fingerprint)
    from reportgen.modelling import fit_and_compare

    models = fit_and_compare(design, collected, options, tell)
    return Analysis(
        formula=model,
        sample=collected.sample,
        groups=collected.groups,
        levels=models.levels,
        term_of=design.term_of,
        moments=collected.moments,
        points=collected.points,
        fits=models.fits,
        comparison=models.comparison,
        variance=models.variance,
        agreement=models.agreement,
        findings=models.findings,
        design=design,
        options=options,
        level_spreads=models.level_spreads,
        conditional_slopes=models.conditional_slopes,
    )


def _collected(design: Design, options: Options, tell: Progress, with_fingerprint: bool) -> Collected:
    """One pass over the rows, here or on a cluster."""
    capacity = CROSS_CHECK_ROWS if options.cross_check else CAPACITY
    if not options.cluster:
        return collect(design, tell, capacity, with_fingerprint=with_fingerprint)
    with connected(options.cluster) as client:
        return collect_on(client, design, tell, capacity, with_fingerprint=with_fingerprint)


@contextmanager
def _models_loading() -> Iterator[None]:
    """Load what fits the models in the meantime; what goes wrong comes up again when it is asked for."""

    def load() -> None:
        with suppress(Exception):
            import_module("reportgen.modelling")

    thread = Thread(target=load, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
