"""``verify``: hold the files of a report against each other, then fit its data again and compare every number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from reportgen import __version__
from reportgen.analysed_rows import AnalysedRows, Field, table_of
from reportgen.analysis import Analysis, walk
from reportgen.choices import RECORDED, Options, checked
from reportgen.collection import Progress
from reportgen.disclosed import disclosed
from reportgen.disclosure import Disclosure, checked_group_labels
from reportgen.errors import InputError
from reportgen.presentation.attachments import DATA, GROUPS, PACKAGE, RESULT, tables_of
from reportgen.presentation.exports import result_file
from reportgen.presentation.separated import csv_of, restored
from reportgen.presentation.sheets import groups_sheet
from reportgen.verify.comparing import Compared, Difference, compare, compare_tables, rows_of, shown
from reportgen.verify.reading import Evidence, read_evidence

OF_THE_FILE = ("source", "sha256", "n_rows_read", "n_rows_dropped", "ledger", "lost_groups")
"""What the result file says about the original data: the attached rows are what was left of them."""

OF_ROWS_DROPPED = frozenset({"dropped_rows", "groups_lost"})
"""Findings about rows that are not attached."""

MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading of a tree ends in whose branches are not those of a report."""

OF_THE_PROGRAM = ("provenance", "reportgen_version")

OF_THE_LABELS = frozenset({"similar_labels", "missing_labels"})
"""Findings about labels: where codes stand in their place, only the original data have them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    Attributes
    ----------
    name : str
        Name of the report.
    made_with : str
        Version of reportgen that made it.
    n_files : int
        Files held against their list.
    n_rows : int
        Rows that were fitted again, the attached ones or those given; 0 where there were none.
    n_numbers : int
        Pairs of numbers compared.
    differences : tuple of Difference
        Where the report is not what it should be, in the order met.
    is_given : bool
        Whether the rows were given beside the report.
    """

    name: str
    made_with: str
    n_files: int
    n_rows: int
    n_numbers: int
    differences: tuple[Difference, ...]
    is_given: bool = False

    @property
    def exit_code(self) -> int:
        """0 if every number was reproduced, 1 if not, 2 if there were no data to reproduce them from."""
        return 1 if self.differences else 0 if self.n_rows else 2


def verify(path: str | Path, progress: Progress | None = None, data: str | Path | None = None) -> Verdict:
    """Check a report.

    The attached files must have the SHA-256 that their list names, and the list the one that the page prints; the tables must
    be those of the result file; and a new fit to the attached data, with the recorded formula and options, must give every
    number of the result file and of the table of groups, up to a relative difference of 1e-9.

    Parameters
    ----------
    path : path
        A PDF written by reportgen.
    progress : callable, optional
        Told about each stage.
    data : path, optional
        The data the report was made of, for a report that carries none: they must have the SHA-256 that it names, and what it
        withholds is withheld again before the comparison.

    Raises
    ------
    NotAReport
        It is none.
    InputError
        The data given cannot be read.
    """
    evidence = read_evidence(Path(path))
    differences = [*_file_differences(evidence)]
    compared = [_inside(evidence)]
    n_rows = 0
    if data is not None:
        again, n_rows = _from_file(evidence, data, progress)
        compared.append(again)
    elif DATA in evidence.files:
        again, n_rows = _again(evidence, progress)
        compared.append(again)
    return Verdict(
        name=evidence.name,
        made_with=str(evidence.results.get("reportgen_version", "")),
        n_files=len(evidence.package),
        n_rows=n_rows,
        n_numbers=sum(part.n_numbers for part in compared),
        differences=(*differences, *(item for part in compared for item in part.differences)),
        is_given=data is not None,
    )


def _file_differences(evidence: Evidence) -> Iterator[Difference]:
    """Files that are not what their list says, and a list that is not the one of the page."""
    own = hashlib.sha256(evidence.files[PACKAGE]).hexdigest()
    if own not in evidence.printed:
        yield Difference(f"{PACKAGE}, SHA-256", "another one printed", own)
    for name, entry in evidence.package.items():
        if name not in evidence.files:
            yield Difference(name, "listed", "no such attachment")
            continue
        found = f"sha256:{hashlib.sha256(evidence.files[name]).hexdigest()}"
        if found != entry.get("hash"):
            yield Difference(f"{name}, SHA-256", str(entry.get("hash"))[:75], found)
    if DATA in evidence.files and DATA not in evidence.package:
        yield Difference(DATA, "attached", "not in the list")
    for name in evidence.repeated:
        yield Difference(shown(name), "one attached file", "several of that name")


def _inside(evidence: Evidence) -> Compared:
    """The attached tables against the attached result file."""
    try:
        tables = tables_of(evidence.results)
    except MALFORMED as error:
        return Compared(0, (Difference(RESULT, "the content of a result file", f"something else ({error})"),))
    parts = [
        compare_tables(name, evidence.text(name), csv_of(sheet)) for name, sheet in tables.items() if name in evidence.files
    ]
    return Compared(sum(part.n_numbers for part in parts), tuple(item for part in parts for item in part.differences))


def _again(evidence: Evidence, progress: Progress | None) -> tuple[Compared, int]:
    """The result file against a new fit, and the number of rows fitted."""
    try:
        rows = data_rows(evidence)
        options = checked(_options(evidence))
        # Rows without a value are gone; a code in the place of a label may look like a text that means "no value".
        analysis = walk(evidence.results["formula"]["text"], table_of(rows), replace(options, missing=()), progress)
    except InputError as error:
        return Compared(0, (Difference(DATA, "data that can be fitted", str(error).splitlines()[0]),)), 0
    except MALFORMED as error:
        return Compared(0, (Difference(DATA, "rows as described in the list", f"others ({error})"),)), 0
    shown = disclosed(replace(analysis, options=options), "show", _disclosure(evidence).min_cell)
    shown = replace(shown, disclosure=replace(shown.disclosure, group_labels=_disclosure(evidence).group_labels))
    return _compared(evidence, shown), rows.n_rows


def _from_file(evidence: Evidence, data: str | Path, progress: Progress | None) -> tuple[Compared, int]:
    """The result file against a new fit to the data file that is given, and the number of rows fitted."""
    analysis = walk(evidence.results["formula"]["text"], data, _options(evidence), progress)
    recorded = str(evidence.results["data"]["sha256"])
    if analysis.sample.sha256 != recorded:
        return Compared(0, (Difference("data, SHA-256", recorded, analysis.sample.sha256),)), analysis.sample.n_obs
    kept = _disclosure(evidence)
    shown = disclosed(analysis, kept.group_labels, kept.min_cell)
    return _compared(evidence, shown), analysis.sample.n_obs


def _disclosure(evidence: Evidence) -> Disclosure:
    """What the report says that it keeps back."""
    recorded = evidence.results.get("disclosure", {})
    return Disclosure(checked_group_labels(str(recorded.get("group_labels", "show"))), int(recorded.get("min_cell", 0)))


def _compared(evidence: Evidence, analysis: Analysis) -> Compared:
    found = orjson.loads(result_file(analysis))
    same_version = evidence.results.get("reportgen_version") == __version__
    whole = compare("", comparable(evidence.results), comparable(found), with_texts=same_version)
    numbers = Compared(whole.n_numbers, tuple(_in_result(item) for item in whole.differences))
    if GROUPS not in evidence.files:
        return numbers
    groups = compare_tables(GROUPS, evidence.text(GROUPS), csv_of(groups_sheet(analysis)), with_keys=True)
    return Compared(numbers.n_numbers + groups.n_numbers, numbers.differences + groups.differences)


def _in_result(item: Difference) -> Difference:
    return Difference(f"{RESULT}, {item.place}", item.given, item.found)


def comparable(results: Mapping[str, Any]) -> dict[str, Any]:
    """A result file without what belongs to the original data file or to the program that read it."""
    kept = {key: value for key, value in results.items() if key not in OF_THE_PROGRAM}
    if isinstance(kept.get("data"), dict):
        kept["data"] = {key: value for key, value in kept["data"].items() if key not in OF_THE_FILE}
    if isinstance(kept.get("findings"), list):
        coded = kept.get("disclosure", {}).get("group_labels") == "code"
        ignored = OF_ROWS_DROPPED | (OF_THE_LABELS if coded else frozenset())
        kept["findings"] = [item for item in kept["findings"] if item.get("kind") not in ignored]
    return kept


def data_rows(evidence: Evidence) -> AnalysedRows:
    """The attached rows.

    Raises
    ------
    KeyError, TypeError, ValueError
        They are not as the list describes them.
    """
    described = evidence.package[DATA]["schema"]["fields"]
    header, *rows = rows_of(evidence.text(DATA))
    if header != [field["name"] for field in described]:
        raise ValueError(f"header {shown(header)}")
    made = tuple(Field(restored(f["name"]), f["type"], tuple(f.get("categories", ()))) for f in described)
    columns = []
    for i, field in enumerate(made):
        columns.append([_cell(field, row[i] if len(row) == len(made) else "", number) for number, row in enumerate(rows, 1)])
    return AnalysedRows(made, tuple(columns))


def _cell(field: Field, text: str, row: int) -> Any:
    try:
        if field.kind == "integer":
            return int(text)
        if field.kind == "number":
            return float(text)
        if field.kind == "boolean":
            return {"TRUE": True, "FALSE": False}[text]
    except (KeyError, ValueError):
        raise ValueError(f"row {row}, {field.name}: {shown(text)} is no {field.kind}") from None
    if not text:
        raise ValueError(f"row {row}, {field.name} is empty")
    return restored(text)


def _options(evidence: Evidence) -> Options:
    """The options on record, and no others: a report of somebody else must not say where its rows are computed."""
    recorded = {key: value for key, value in evidence.results["options"].items() if key in RECORDED}
    return Options(name=str(evidence.results["data"]["source"]), **recorded)
