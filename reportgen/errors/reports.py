"""Errors of reports: outputs, batches, templates, what may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from reportgen.errors.base import InputError, OutputError, listed, quoted


class OutputNotWritable(OutputError):
    """A file or folder cannot be written."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, why)
        self.place, self.why = place, why

    def __str__(self) -> str:
        return f"cannot write {quoted(self.place)}: {self.why}"


class NotEnoughMemory(OutputError):
    """The memory of the machine, or that this process may take, does not suffice."""

    def __str__(self) -> str:
        return (
            "there is not enough memory: read fewer rows at a time (--chunk-rows), leave out what is not needed, "
            "or use a machine that has more"
        )


class ManifestError(InputError):
    """The manifest of a batch is wrong; `where` names the entry, `problem` what is wrong with it."""

    def __init__(self, manifest: str, where: str, problem: str, allowed: str) -> None:
        super().__init__(manifest, where, problem, allowed)
        self.manifest, self.where, self.problem, self.allowed = manifest, where, problem, allowed

    def __str__(self) -> str:
        place = f"{self.manifest}, {self.where}" if self.where else self.manifest
        return f"{place}: {self.problem}; {self.allowed}"


class UnknownKey(ManifestError):
    """A key of a manifest that means nothing."""

    def __init__(self, manifest: str, where: str, key: str, known: Sequence[str]) -> None:
        near = get_close_matches(key, known, n=1)
        hint = f"did you mean {quoted(near[0])}? keys are" if near else "keys are"
        super().__init__(manifest, where, f"unknown key {quoted(key)}", f"{hint} {listed(known)}")
        self.args = (manifest, where, key, tuple(known))
        self.key, self.known = key, tuple(known)


class DuplicateName(InputError):
    """Two reports of a batch would be written to the same files."""

    def __init__(self, source: str, first: str, second: str) -> None:
        super().__init__(source, first, second)
        self.source, self.first, self.second = source, first, second

    def __str__(self) -> str:
        return (
            f"{self.source}: the reports {quoted(self.first)} and {quoted(self.second)} would have the same files; "
            "give every report a name of its own"
        )


class FolderInUse(OutputError):
    """Another run is writing to the same output folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"another batch is writing to {quoted(self.folder)}: wait until it has ended, or give another --out"


class NoCurrentFolder(InputError):
    """The folder in which a command was started has been removed: no process can be started in it."""

    def __str__(self) -> str:
        return "the current folder has been removed: change to one that exists, and start again"


class NotAReport(InputError):
    """A file that is to be verified is no report of ours."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name, self.problem = name, problem

    def __str__(self) -> str:
        return f"{self.name} is no report of reportgen: {self.problem}; give a PDF that reportgen has written"


class TemplateFault(InputError):
    """A template of the user's own cannot be used; `line` is 0 where it is not known."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(name, line, problem)
        self.name, self.line, self.problem = name, line, problem

    def __str__(self) -> str:
        place = f"{self.name}, line {self.line}" if self.line else self.name or "a template of --templates"
        return f"{place}: {self.problem[:200]}; what templates may use is described in the README.md beside them"


class UnknownTemplate(InputError):
    """A file among the user's own templates replaces none of the project's."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, tuple(known))
        self.name, self.known = name, tuple(known)

    def __str__(self) -> str:
        near = get_close_matches(self.name, self.known, n=1)
        hint = f"did you mean {quoted(near[0])}? " if near else ""
        return (
            f"--templates: {quoted(self.name)} replaces no template and none of yours includes it; {hint}"
            "'reportgen templates copy DIR' shows them all"
        )


class SmallCells(InputError):
    """Levels of a factor, or combinations of levels, rest on fewer rows than a report may show figures of."""

    def __init__(self, column: str, n_cells: int, limit: int) -> None:
        super().__init__(column, n_cells, limit)
        self.column, self.n_cells, self.limit = column, n_cells, limit

    def __str__(self) -> str:
        what = "1 level rests" if self.n_cells == 1 else f"{self.n_cells} levels rest"
        return (
            f"--min-cell {self.limit}: {what} on fewer rows in factor {quoted(self.column)}, and its coefficients would be "
            "their figures; put levels together, or leave the factor out"
        )


class OutputWithheld(OutputError):
    """A format holds what must not be shown."""

    def __init__(self, name: str, option: str) -> None:
        super().__init__(name, option)
        self.name, self.option = name, option

    def __str__(self) -> str:
        return f"{self.name} is not written: its lines show rows and figures of their groups, which {self.option} withholds"
