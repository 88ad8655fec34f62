"""From a manifest in TOML to jobs; whatever is wrong with it is found before anything runs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from reportgen.batch.jobs import Job, check_distinct
from reportgen.disclosure import GROUP_LABELS
from reportgen.errors import ManifestError, UnknownKey, listed, quoted
from reportgen.presentation.languages import languages
from reportgen.presentation.options import MAX_MIN_CELL
from reportgen.presentation.rendering import DEFAULT_FORMATS, FORMATS

TABLES = ("defaults", "report")
PRIVACY_KEYS = ("attach_data", "group_labels", "min_cell")
DEFAULT_KEYS = ("formula", "formats", "lang", "missing", *PRIVACY_KEYS)
REPORT_KEYS = ("name", "data", "formula", "formats", "title", "lang", "missing", *PRIVACY_KEYS)
NAME_RULE = "a name has no slash, backslash or control character and is neither '.' nor '..'"


def read_manifest(path: Path) -> tuple[Job, ...]:
    """The jobs of a manifest.

    Parameters
    ----------
    path : Path
        A TOML file with a table ``[defaults]`` and one ``[[report]]`` a job. Paths in it are relative to it.

    Raises
    ------
    ManifestError
        It cannot be read, has an unknown key, a value of the wrong kind, a missing one, or a name that would leave the
        output folder.
    DuplicateName
        Two reports would have the same files.
    """
    tree = _parsed(path)
    _check_keys(path.name, "", tree, TABLES)
    defaults, reports = tree.get("defaults", {}), tree.get("report", [])
    if not isinstance(defaults, Mapping):
        raise ManifestError(path.name, "defaults", "is not a table", "write [defaults] on a line of its own")
    if not isinstance(reports, list) or not all(isinstance(entry, Mapping) for entry in reports):
        raise ManifestError(path.name, "report", "is not a list of tables", "write [[report]] above every report")
    if not reports:
        raise ManifestError(path.name, "", "has no report", "write [[report]] with a name and data for every report")
    _check_keys(path.name, "[defaults]", defaults, DEFAULT_KEYS)
    jobs = tuple(_job(path, f"report {number}", defaults, entry) for number, entry in enumerate(reports, start=1))
    check_distinct(jobs, path.name)
    return jobs


def _parsed(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ManifestError(path.name, "", f"cannot be read ({error.strerror})", "give the path of a TOML file") from error
    except UnicodeDecodeError as error:
        raise ManifestError(path.name, f"byte {error.start + 1}", "is not UTF-8", "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(path.name, "", f"is not TOML ({error})", "mend it there") from error
    except (RecursionError, ValueError) as error:  # brackets in thousands of brackets, numbers of thousands of digits
        raise ManifestError(path.name, "", "holds values that no manifest needs", "take them out") from error


def _check_keys(manifest: str, where: str, table: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise UnknownKey(manifest, where, key, known)


def _job(path: Path, where: str, defaults: Mapping[str, object], entry: Mapping[str, object]) -> Job:
    _check_keys(path.name, where, entry, REPORT_KEYS)
    name = _text(path.name, where, entry, "name")
    where = f"{where} ({quoted(name)})"
    if "/" in name or "\\" in name or name in (".", "..") or not name.isprintable():
        raise ManifestError(path.name, where, "the name would leave the output folder", NAME_RULE)
    merged = {**defaults, **entry}
    data = _text(path.name, where, entry, "data")
    return Job(
        name=name,
        data=str(path.parent / data),
        formula=_text(path.name, where, merged, "formula"),
        formats=_formats(path.name, where, merged.get("formats", list(DEFAULT_FORMATS))),
        title=_text(path.name, where, entry, "title") if "title" in entry else "",
        lang=_language(path.name, where, merged) if "lang" in merged else "",
        privacy=_privacy(path.name, where, merged),
        missing=_missing(path.name, where, merged["missing"]) if "missing" in merged else None,
    )


def _missing(manifest: str, where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ManifestError(manifest, where, "missing is not a list of texts", 'write missing = ["NA"]')
    return tuple(dict.fromkeys(value))


def _privacy(manifest: str, where: str, table: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
    """What the report keeps back, as far as the manifest says it."""
    attach, labels, rows = (table.get(key) for key in PRIVACY_KEYS)
    if attach is not None and not isinstance(attach, bool):
        raise ManifestError(manifest, where, "attach_data is neither true nor false", "write attach_data = false")
    if labels is not None and labels not in GROUP_LABELS:
        problem = f"group_labels = {quoted(labels)} is not allowed"
        raise ManifestError(manifest, where, problem, f"choose from {listed(GROUP_LABELS)}")
    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or not 0 <= rows <= MAX_MIN_CELL):
        raise ManifestError(manifest, where, "min_cell is not a number of rows", "write min_cell = 5")
    return tuple((key, table[key]) for key in PRIVACY_KEYS if key in table)


def _language(manifest: str, where: str, table: Mapping[str, object]) -> str:
    given = _text(manifest, where, table, "lang")
    if given not in languages():
        near = get_close_matches(given, languages(), n=1)
        hint = f"did you mean {quoted(near[0])}? " if near else ""
        raise ManifestError(manifest, where, f"unknown language {quoted(given)}", f"{hint}choose from {listed(languages())}")
    return given


def _text(manifest: str, where: str, table: Mapping[str, object], key: str) -> str:
    if key not in table:
        raise ManifestError(manifest, where, f"has no {key}", f'write {key} = "..."')
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise ManifestError(manifest, where, f"{key} is not a text", f'write {key} = "..."')
    return value


def _formats(manifest: str, where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ManifestError(manifest, where, "formats is not a list of texts", f"choose from {listed(FORMATS)}")
    for item in value:
        if item not in FORMATS:
            raise ManifestError(manifest, where, f"unknown format {quoted(item)}", f"choose from {listed(FORMATS)}")
    return tuple(dict.fromkeys(value))
