"""The pages over all reports: a row a data set, and one coefficient over all of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import __version__
from reportgen.batch.folder import sync_folder
from reportgen.batch.jobs import LeftOut
from reportgen.batch.summary import Outcome
from reportgen.errors import OutputError, OutputNotWritable
from reportgen.presentation.languages import ENGLISH

if TYPE_CHECKING:
    from reportgen.presentation.figures.style import Figure
    from reportgen.presentation.html import Medium

Plain = dict[str, Any]

SLOPES = ("within", "between", "contextual")
TESTED = ("within", "contextual")  # each of these is a family of tests
MOST_PRINTED = 400  # rows of the table in the PDF; all of them stand in the HTML page
ATTACHED = "index.json"  # the figures behind the PDF


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index knows of one report: everything but the seconds, which differ from run to run."""

    name: str
    title: str
    stem: str
    formula: str
    status: str
    message: str
    formats: tuple[str, ...]
    line: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexAssignment:
    """What to make an index of: the reports, the coefficient (empty for the commonest), formats, folder to write into, and
    what no report has.
    """

    entries: tuple[Entry, ...]
    coefficient: str
    formats: tuple[str, ...]
    staging: str
    language: str = ENGLISH
    left_out: tuple[LeftOut, ...] = ()

    @classmethod
    def of(
        cls,
        outcomes: Sequence[Outcome],
        coefficient: str,
        formats: tuple[str, ...],
        staging: str,
        language: str,
        left_out: tuple[LeftOut, ...] = (),
    ) -> IndexAssignment:
        """The index of some outcomes, in their order; that of a resumed run is that of one that was never interrupted."""
        entries = tuple(
            Entry(
                name=outcome.job.name,
                title=outcome.job.title,
                stem=outcome.job.stem,
                formula=outcome.job.formula,
                status="done" if outcome.status == "unchanged" else outcome.status,
                message=outcome.message,
                formats=outcome.formats,
                line=outcome.line,
            )
            for outcome in outcomes
        )
        return cls(entries, coefficient, formats, staging, language, left_out)


def make_index(assignment: IndexAssignment) -> Mapping[str, Any]:
    """Make the pages and write them into the staging folder.

    Returns
    -------
    mapping
        ``files``: the suffixes written; ``failures``: sentences about those that could not be made.
    """
    from reportgen.presentation.layers import Layers
    from reportgen.presentation.number_style import number_style
    from reportgen.presentation.wording import wording

    with number_style(wording(Layers(assignment.language)).numbers):
        return _made(assignment)


def _made(assignment: IndexAssignment) -> Mapping[str, Any]:
    from reportgen.presentation.outputs import write_through

    context, figures = index_context(assignment.entries, assignment.coefficient, assignment.language, assignment.left_out)
    folder, files, failures = Path(assignment.staging), [], []
    try:
        folder.mkdir()
        for suffix in assignment.formats:
            try:
                content = _page(context, figures) if suffix == "html" else _pdf(context, figures, assignment.entries)
            except OutputError as error:
                failures.append(str(error))
                continue
            write_through(folder / suffix, content)
            files.append(suffix)
        sync_folder(folder)
    except OSError as error:
        raise OutputNotWritable("index", error.strerror or type(error).__name__) from error
    return {"files": files, "failures": failures}


def index_context(
    entries: Sequence[Entry], coefficient: str, language: str = ENGLISH, left_out: Sequence[LeftOut] = ()
) -> tuple[Plain, Mapping[str, Figure]]:
    """What the page says, as plain values, and its figures.

    Parameters
    ----------
    entries : sequence of Entry
        The reports.
    coefficient : str
        Design column to compare; empty for the one that most of them have.
    language : str
        Language of the page.
    left_out : sequence of LeftOut
        Rows that are in none of the reports.
    """
    from reportgen.batch.multiplicity import adjusted
    from reportgen.presentation.exports import provenance
    from reportgen.presentation.formatting import count, printable

    column = coefficient or commonest_column(entries)
    adjusted_p = {kind: adjusted(p_values(entries, column, kind)) for kind in TESTED}
    labels = batch_labels(language)
    rows = [_row(entry, column, adjusted_p, labels) for entry in entries]
    there = [entry for entry in entries if entry.line]
    statuses = Counter(entry.status for entry in entries)
    context: Plain = {
        "language": language,
        "n": count(len(entries)),
        "n_there": count(len(there)),
        "n_failed": statuses["failed"],
        "n_not_run": statuses["not_run"],
        "rows": rows,
        "left_out": [_left_out(part) for part in left_out],
        "failed": [row for row in rows if row["message"]],
        "column": printable(column, 60) if column else "",
        "n_with_column": sum(column in entry.line["slopes"] for entry in there),
        "formulas": [printable(text, 400) for text in dict.fromkeys(entry.formula for entry in entries)],
        "responses": [printable(text, 60) for text in dict.fromkeys(entry.line["response"] for entry in there)],
        "groups": [printable(text, 60) for text in dict.fromkeys(entry.line["group"] for entry in there)],
        "family": {kind: count(len(adjusted_p[kind])) for kind in TESTED},
        "version": __version__,
        "provenance": provenance(),
    }
    return context, _figures(entries, column, labels)


def commonest_column(entries: Sequence[Entry]) -> str:
    """The design column that most reports have; of several the first one met; empty where there is none."""
    counts = Counter(column for entry in entries if entry.line for column in entry.line["slopes"])
    return max(counts, key=counts.__getitem__, default="")


def p_values(entries: Sequence[Entry], column: str, kind: str) -> dict[str, float]:
    """Stem to p value, for the reports that have one: the family of tests."""
    found = {entry.stem: _slope(entry, column, kind).get("p_value") for entry in entries}
    return {stem: float(p) for stem, p in found.items() if p is not None}


def _slope(entry: Entry, column: str, kind: str) -> Mapping[str, Any]:
    slopes = entry.line["slopes"] if entry.line else {}
    found: Mapping[str, Any] = slopes.get(column, {}).get(kind, {})
    return found


def is_complete(term: Mapping[str, Any]) -> bool:
    """Whether a coefficient has everything that is shown of it."""
    return bool(term) and all(term[key] is not None for key in ("estimate", "std_error", "df", "conf_low", "conf_high"))


def _row(entry: Entry, column: str, adjusted_p: Mapping[str, Mapping[str, float]], labels: Mapping[str, str]) -> Plain:
    from reportgen.presentation.formatting import MISSING, count, printable, quantity

    line = entry.line
    cautions = [labels.get(f"caution.{kind}", kind.replace("_", " ")) for kind in line["cautions"]] if line else []
    return {
        "name": printable(entry.title or entry.name, 80),
        "id": printable(entry.name, 80) if entry.title else "",
        "links": [{"suffix": suffix, "file": f"{entry.stem}.{suffix}"} for suffix in entry.formats],
        "status": labels[f"status.{entry.status}"],
        "message": printable(entry.message, 400) if entry.message else "",
        "is_there": bool(line),
        "rows": count(line["rows"]) if line else MISSING,
        "groups": count(line["groups"]) if line else MISSING,
        "icc": quantity("icc", line["icc"]) if line and line["icc"] is not None else MISSING,
        "slopes": {kind: _texts(_slope(entry, column, kind), adjusted_p.get(kind, {}).get(entry.stem)) for kind in SLOPES},
        "cautions": cautions,
    }


def _left_out(rows: LeftOut) -> Plain:
    from reportgen.presentation.formatting import count, printable

    return {"data": printable(rows.data, 80), "column": printable(rows.column, 60), "rows": count(rows.rows)}


def _texts(term: Mapping[str, Any], adjusted_p: float | None) -> Plain:
    """The texts of a coefficient, formatted as in its own report."""
    from reportgen.fits import Coefficient, Issue, Undefined
    from reportgen.presentation.formatting import estimate, p_value

    if not is_complete(term):
        return {"defined": False}
    absent = Undefined(Issue("not_finite"))
    numbers = {key: absent if term[key] is None else term[key] for key in ("statistic", "p_value")}
    shown = estimate(Coefficient("", **{**term, **numbers}))
    return {
        "defined": True,
        "value": shown.value,
        "interval": shown.interval,
        "p": "" if term["p_value"] is None else shown.p,
        "adjusted": "" if adjusted_p is None else p_value(adjusted_p),
    }


def _figures(entries: Sequence[Entry], column: str, labels: Mapping[str, str]) -> Mapping[str, Figure]:
    from reportgen.presentation.figures.collection import Series, Span, collection_figure

    series = []
    for entry in entries:
        terms = {kind: _slope(entry, column, kind) for kind in TESTED}
        spans = {
            kind: Span(term["estimate"], term["conf_low"], term["conf_high"])
            for kind, term in terms.items()
            if is_complete(term)
        }
        if spans:
            series.append(Series(entry.title or entry.name, spans))
    if not series:
        return {}
    return {"collection": collection_figure(series, {kind: labels[f"panel.{kind}"] for kind in TESTED})}


@cache
def batch_labels(language: str = ENGLISH) -> Mapping[str, str]:
    """The short words of the index, and those it shares with the reports."""
    from reportgen.presentation.layers import Layers
    from reportgen.presentation.wording import catalogue, wording

    layers = Layers(language)
    return {**wording(layers).labels, **catalogue(layers, "batch/labels.toml")}


def _page(context: Plain, figures: Mapping[str, Figure]) -> bytes:
    return render_index(context, figures, "screen").encode()


def _pdf(context: Plain, figures: Mapping[str, Figure], entries: Sequence[Entry]) -> bytes:
    from reportgen.presentation.drawings import Drawings
    from reportgen.presentation.pdf import font_faces, pdf_of_page

    printed = {**context, "rows": context["rows"][:MOST_PRINTED], "failed": context["failed"][:MOST_PRINTED]}
    attached = json.dumps([asdict(entry) for entry in entries], sort_keys=True, indent=1) + "\n"
    page = render_index(printed, figures, "print", font_faces())
    return pdf_of_page(page, {ATTACHED: attached}, drawings=Drawings.of(figures))


def render_index(context: Plain, figures: Mapping[str, Figure], medium: Medium, fonts: str = "") -> str:
    """The page as HTML, for a browser (``screen``) or for the PDF (``print``)."""
    from markupsafe import Markup

    from reportgen.presentation.html import page_environment, plain_figures
    from reportgen.presentation.layers import Layers

    template = page_environment(Layers(context["language"])).get_template("batch/index.html.j2")
    shown = plain_figures(figures, medium)
    rules = Markup(fonts)  # noqa: S704 - made from font files, no text of the data
    labels = batch_labels(context["language"])
    return template.render(**context, labels=labels, figures=shown, medium=medium, fonts=rules)
