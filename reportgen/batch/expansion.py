"""From data files on the command line to jobs: patterns, one report a value of a column, one a response."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from reportgen.batch.jobs import Job, Jobs, LeftOut, Selection, check_distinct
from reportgen.errors import OptionConflict, SourceUnreadable

PLAIN_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Split:
    """How one file becomes several reports: a column and responses, each empty where not asked for; texts that are no value."""

    by: str = ""
    responses: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def jobs_of_files(given: Sequence[str], formula: str, formats: tuple[str, ...], split: Split) -> Jobs:
    """The jobs for some files; a formula that cannot be read is an error of all of them, and found first.

    Parameters
    ----------
    given : sequence of str
        Paths, or patterns with ``*``, ``?``, ``[...]`` and ``**``.
    formula : str
        For all of them.
    formats : tuple of str
        Outputs wanted of each.
    split : Split
        How to split each file.

    Raises
    ------
    InputError
        A pattern matches nothing, the formula cannot be read, the column is missing, or names clash.
    """
    from reportgen.formula import parse_formula

    files: dict[str, str] = {}
    for path in (path for item in given for path in _matches(item)):
        files.setdefault(os.path.abspath(path), path)  # a.csv is ./a.csv
    paths = list(files.values())
    names = distinct_names(paths)
    for item in split.responses or ("",):
        parse_formula(with_response(formula, item) if item else formula)
    whole = [Job(name, path, formula, formats) for name, path in zip(names, paths, strict=True)]
    pieces = [_by_value(job, split.by, split.missing) for job in whole]
    jobs = tuple(part for piece in pieces for job in piece.jobs for part in _by_response(job, split.responses))
    check_distinct(jobs, "the data files" if len(paths) > 1 else Path(paths[0]).name)
    return Jobs(jobs, tuple(rows for piece in pieces for rows in piece.left_out))


def _matches(item: str) -> list[str]:
    """The paths of a pattern in a fixed order; a path that exists is itself, whatever characters it has."""
    if Path(item).exists() or not glob.has_magic(item):
        return [item]
    found = sorted(glob.glob(item, recursive=True))
    if not found:
        raise SourceUnreadable(item, "", "no file matches", "check the pattern")
    return found


def distinct_names(paths: Sequence[str]) -> tuple[str, ...]:
    """A name for each path: the file's without its endings, with as many of its folders, and its ending, as set it apart."""
    names: dict[str, str] = {}
    waiting = list(paths)
    for depth in range(1, max((len(Path(path).parts) for path in paths), default=0) + 2):
        candidates = {path: _name(path, depth) for path in waiting}
        counts, taken = Counter(candidates.values()), set(names.values())
        names |= {path: name for path, name in candidates.items() if counts[name] == 1 and name not in taken}
        waiting = [path for path in waiting if path not in names]
    names |= {path: "-".join(Path(path).parts) for path in waiting}
    return tuple(names[path] for path in paths)


def _name(path: str, depth: int) -> str:
    *folders, last = [part for part in Path(path).parts if part not in ("/", ".", "..")] or ["data"]
    stem = last.lstrip(".").split(".", 1)[0] or last
    return "-".join([*folders[len(folders) - (depth - 1) :], stem] if depth > 1 else [stem])


def _by_value(job: Job, column: str, missing: Sequence[str]) -> Jobs:
    if not column:
        return Jobs((job,))
    from reportgen.batch.selection import values_of

    values = values_of(job.data, column, missing)
    jobs = tuple(
        replace(job, name=name, selections=(*job.selections, Selection(column, label)))
        for name, label in zip(_apart([f"{job.name}-{label}" for label in values.labels]), values.labels, strict=True)
    )
    return Jobs(jobs, (LeftOut(Path(job.data).name, column, values.rows_without),) if values.rows_without else ())


def _apart(names: Sequence[str]) -> Iterator[str]:
    """The names, numbered where capital letters alone set one apart from an earlier one: labels cannot be given other names."""
    taken = {name.casefold() for name in names}
    seen: set[str] = set()
    for name in names:
        numbered = name
        if name.casefold() in seen:
            numbers = (f"{name} ({number})" for number in count(2))
            numbered = next(other for other in numbers if other.casefold() not in taken | seen)
        seen.add(numbered.casefold())
        yield numbered


def _by_response(job: Job, responses: Sequence[str]) -> Iterator[Job]:
    if not responses:
        yield job
        return
    for response in responses:
        yield replace(job, name=f"{job.name}-{response}", formula=with_response(job.formula, response))


def with_response(formula: str, response: str) -> str:
    """The formula with another left side; a name with odd characters is put in backticks."""
    _, tilde, right = formula.rpartition("~")
    if not tilde:
        raise OptionConflict("--formula", "has no '~'", "write it as 'y ~ x + (1 | g)'")
    is_written = PLAIN_NAME.fullmatch(response) or "(" in response or "`" in response
    return f"{response if is_written else f'`{response}`'} ~ {right.strip()}"


def responses_of(text: str) -> tuple[str, ...]:
    """The responses of ``a,b,c``, each once; commas in parentheses and in backticks do not count.

    Raises
    ------
    OptionConflict
        There is none.
    """
    parts = [part.strip() for part in re.split(r",(?![^()]*\))(?=(?:[^`]*`[^`]*`)*[^`]*$)", text)]
    found = tuple(dict.fromkeys(part for part in parts if part))
    if not found:
        raise OptionConflict("--responses", "names no response", "give names separated by commas")
    return found
