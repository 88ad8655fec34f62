"""The files inside a report, read out of the PDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from reportgen.disclosure import GROUP_LABELS
from reportgen.errors import NotAReport, printable_name
from reportgen.presentation.attachments import PACKAGE, RESULT
from reportgen.presentation.exports import SCHEMA


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a report carries.

    Attributes
    ----------
    name : str
        Name of the PDF.
    files : mapping
        Name to bytes of the attached files.
    printed : str
        Text of the pages without white space, the last page first.
    repeated : tuple of str
        Names that several attached files have: a reader may show another one than was looked at here.
    """

    name: str
    files: Mapping[str, bytes]
    printed: str
    repeated: tuple[str, ...] = ()

    @cached_property
    def results(self) -> Mapping[str, Any]:
        """Content of the result file."""
        return _parsed(self.name, RESULT, self.files)

    @cached_property
    def package(self) -> Mapping[str, Mapping[str, Any]]:
        """Entries of the list of the files, by name of the file."""
        found = _parsed(self.name, PACKAGE, self.files)
        try:
            return {str(entry["path"]): dict(entry) for entry in found["resources"]}
        except (KeyError, TypeError, ValueError) as error:
            raise NotAReport(self.name, f"the list of its files, {PACKAGE}, is not one of reportgen") from error

    def text(self, name: str) -> str:
        """An attached file as text; bytes that are none become replacement characters and so differ from what they were."""
        return self.files[name].decode("utf-8", "replace")


def read_evidence(path: Path) -> Evidence:
    """Read the files out of a PDF.

    Raises
    ------
    NotAReport
        It cannot be read, is no PDF, or carries no result file of reportgen.
    """
    name = printable_name(path)
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise NotAReport(name, "it is a folder, a pipe or a device")
    files, printed, repeated = _read(path, name)
    if RESULT not in files or PACKAGE not in files:
        lacking = RESULT if RESULT not in files else PACKAGE
        raise NotAReport(name, f"it has no attached file {lacking}")
    evidence = Evidence(name, files, printed, repeated)
    if evidence.results.get("schema") != SCHEMA:
        raise NotAReport(name, f"its {RESULT} has another schema than {SCHEMA}")
    if not _is_whole(evidence.results):
        raise NotAReport(name, f"its {RESULT} lacks what every result file has")
    return evidence


def _read(path: Path, name: str) -> tuple[Mapping[str, bytes], str, tuple[str, ...]]:
    """The attached files, the text of the pages where it is needed, and the names that occur more than once."""
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it has to say about damaged files is said below
    try:
        reader = PdfReader(path)
        attached = {str(key): contents for key, contents in reader.attachments.items() if contents}
        pages = reversed(reader.pages) if PACKAGE in attached else ()
        printed = "".join("".join(page.extract_text().split()) for page in pages)
    except OSError as error:
        raise NotAReport(name, f"it cannot be read ({error.strerror or type(error).__name__})") from error
    except Exception as error:  # a damaged file is anything to the parser
        raise NotAReport(name, _reason(error)) from error
    files = {key: contents[0] for key, contents in attached.items()}
    return files, printed, tuple(key for key, contents in attached.items() if len(contents) > 1)


def _reason(error: Exception) -> str:
    """Why a file cannot be taken apart."""
    from pypdf import errors

    if isinstance(error, errors.FileNotDecryptedError | errors.WrongPasswordError | errors.DependencyError):
        return "it is encrypted"
    if isinstance(error, getattr(errors, "LimitReachedError", ())):  # not in the lowest version allowed
        return "something inside unpacks to more than is read"
    return "it is no PDF, or a damaged one"


def _is_whole(results: Mapping[str, Any]) -> bool:
    """Whether a result file has what the checks read of it, of the right kind; everything else is compared as it is."""
    formula, disclosure = results.get("formula"), results.get("disclosure", {})
    if not isinstance(formula, dict) or not isinstance(formula.get("text"), str):
        return False
    if not isinstance(results.get("options"), dict) or not isinstance(results.get("data"), dict):
        return False
    if not isinstance(results.get("reportgen_version", ""), str):
        return False
    findings = results.get("findings", [])
    if not isinstance(findings, list) or not all(isinstance(item, dict) for item in findings):
        return False
    if not all(isinstance(item.get("kind", ""), str) for item in findings):
        return False
    if not isinstance(disclosure, dict) or disclosure.get("group_labels", "show") not in GROUP_LABELS:
        return False
    min_cell = disclosure.get("min_cell", 0)
    return isinstance(min_cell, int) and not isinstance(min_cell, bool) and min_cell >= 0


def _parsed(report: str, name: str, files: Mapping[str, bytes]) -> Mapping[str, Any]:
    try:
        found = orjson.loads(files[name])
    except orjson.JSONDecodeError as error:
        raise NotAReport(report, f"its {name} is no JSON") from error
    if not isinstance(found, dict):
        raise NotAReport(report, f"its {name} holds something else")
    return found
