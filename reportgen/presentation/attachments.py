"""What travels inside the PDF: every number, the tables, the references, the analysed data, and a list of all that.

The list is a data package (frictionlessdata.io): for each file its size, its SHA-256 and, for a table, the types of its
columns. The report prints the SHA-256 of the list, so that page, list and files can be held against each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import orjson

from reportgen import __version__
from reportgen.analysed_rows import AnalysedRows, analysed_rows
from reportgen.presentation.collector import Json
from reportgen.presentation.references import bibtex
from reportgen.presentation.separated import csv_of, neutral, separated
from reportgen.presentation.sheets import Results, Sheet, glance_sheet, groups_sheet, tidy_sheet

if TYPE_CHECKING:
    from reportgen.analysis import Analysis

RESULT, TIDY, GLANCE, GROUPS = "results.json", "tidy.csv", "glance.csv", "groups.csv"
REFERENCES, DATA, PACKAGE = "references.bib", "data.csv", "datapackage.json"
MAX_ROWS = 200_000  # rows up to which the analysed data are attached
MEDIA = {"json": "application/json", "csv": "text/csv", "bib": "application/x-bibtex"}

Fields = Sequence[Mapping[str, Json]]


def attachments(analysis: Analysis, result: str, attach_data: bool = True) -> dict[str, str]:
    """The files that travel inside the PDF.

    Parameters
    ----------
    analysis : Analysis
        What was computed.
    result : str
        The result file.
    attach_data : bool
        Whether to attach the analysed columns; data of more than ``MAX_ROWS`` rows are not attached,
        nor where groups are hidden or withheld.

    Returns
    -------
    dict
        Name to text.

    Raises
    ------
    OutputNotWritable
        The data are not what they were when they were analysed.
    """
    sheets = tables_of(orjson.loads(result))
    if analysis.disclosure.lists_groups:
        sheets[GROUPS] = groups_sheet(analysis)
    files = {RESULT: result, **{name: csv_of(sheet) for name, sheet in sheets.items()}, REFERENCES: bibtex(analysis)}
    fields: dict[str, Fields] = {name: _fields(sheet) for name, sheet in sheets.items()}
    if attach_data and analysis.disclosure.carries_data and analysis.sample.n_obs <= MAX_ROWS:
        rows = analysed_rows(analysis)
        files[DATA] = data_csv(rows)
        fields[DATA] = [_described(field.name, field.kind, field.levels) for field in rows.fields]
    files[PACKAGE] = package(files, fields)
    return files


def tables_of(found: Results) -> dict[str, Sheet]:
    """The attached tables that follow from the content of a result file alone."""
    return {TIDY: tidy_sheet(found), GLANCE: glance_sheet(found)}


def data_csv(rows: AnalysedRows) -> str:
    """The analysed columns as comma-separated text."""
    return separated([field.name for field in rows.fields], zip(*rows.columns, strict=True))


def package(files: Mapping[str, str], fields: Mapping[str, Fields]) -> str:
    """The list of the files: a data package.

    Parameters
    ----------
    files : mapping
        Name to text.
    fields : mapping
        Name of a table to the description of its columns.
    """
    resources = []
    for name, text in files.items():
        ending = name.rsplit(".", 1)[1]
        entry: dict[str, Json] = {
            "name": name.rsplit(".", 1)[0],
            "path": name,
            "format": ending,
            "mediatype": MEDIA[ending],
            "encoding": "utf-8",
            "bytes": len(text.encode()),
            "hash": f"sha256:{digest(text)}",
        }
        if name in fields:
            entry |= {"profile": "tabular-data-resource", "schema": {"fields": list(fields[name]), "missingValues": [""]}}
        resources.append(entry)
    content = {"name": "report", "profile": "data-package", "resources": resources, "reportgen": __version__}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).decode()


def digest(text: str) -> str:
    """SHA-256 of a text's bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def _described(name: str, kind: str, levels: Sequence[str] = ()) -> dict[str, Json]:
    field: dict[str, Json] = {"name": neutral(name), "type": kind}
    return field | {"categories": list(levels)} if levels else field


def _fields(sheet: Sheet) -> list[dict[str, Json]]:
    columns = list(zip(*sheet.rows, strict=True)) if sheet.rows else [()] * len(sheet.columns)
    return [_described(name, _type(values)) for name, values in zip(sheet.columns, columns, strict=True)]


def _type(values: Sequence[object]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {bool}:
        return "boolean"
    if kinds and kinds <= {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "string"
