"""Errors a user can mend.

Every error carries its data as attributes; the sentence is made in ``__str__`` and says what was given, where, and what is
allowed. The command line prints that sentence and ends with :attr:`ReportgenError.exit_code`; a traceback is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

MAX_SAID = 10_000  # characters of a library's message that are looked at
MAX_QUOTED = 20  # characters of a user's value that a message may repeat


def quoted(value: object) -> str:
    """A user's value for a message: printable, in quotes, at most ``MAX_QUOTED`` characters."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    return f"'{text[:MAX_QUOTED]}...'" if len(text) > MAX_QUOTED else f"'{text}'"


def said(message: str, longest: int = 120) -> str:
    """The first line of what a library said, cut where it repeats more than ``MAX_QUOTED`` characters of a value."""
    first = message.strip().split("\n", 1)[0][:MAX_SAID]
    in_quotes = re.sub(r"'([^']*)'|\"([^\"]*)\"", lambda found: quoted(found[1] or found[2] or ""), first)
    words = [f"{word[:MAX_QUOTED]}..." if len(word) > MAX_QUOTED + 5 else word for word in in_quotes.split(" ")]
    return " ".join(words)[:longest]


def listed(names: Sequence[str], limit: int = 8) -> str:
    """Names in quotes, separated by commas; what exceeds `limit` is counted."""
    shown = ", ".join(quoted(name) for name in names[:limit])
    rest = len(names) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown


class ReportgenError(Exception):
    """Root of the tree. `exit_code` is what the command line ends with."""

    exit_code = 2


class InputError(ReportgenError):
    """The formula, the data or an option is wrong (exit code 2)."""


class FormulaError(InputError):
    """The formula cannot be read, or asks for something that is not allowed.

    Parameters
    ----------
    text : str
        The formula as given.
    position : int
        Offset of the first offending character in `text`.
    problem : str
        What is wrong there.
    allowed : str
        What would be right.
    """

    def __init__(self, text: str, position: int, problem: str, allowed: str) -> None:
        super().__init__(text, position, problem, allowed)
        self.text, self.position, self.problem, self.allowed = text, position, problem, allowed

    def __str__(self) -> str:
        start = max(0, self.position - 60)
        window = "".join(c if c.isprintable() else " " for c in self.text[start : self.position + 60])
        caret = " " * (self.position - start) + "^"
        return f"formula, character {self.position + 1}: {self.problem}; {self.allowed}\n  {window}\n  {caret}"


class ColumnMissing(InputError):
    """A name of the formula or of an option is not a column of the data."""

    def __init__(self, name: str, available: Sequence[str], source: str) -> None:
        super().__init__(name, tuple(available), source)
        self.name, self.available, self.source = name, tuple(available), source

    def __str__(self) -> str:
        near = get_close_matches(self.name, self.available, n=1, cutoff=0.6)
        if not near:
            near = [c for c in self.available if c.casefold() == self.name.casefold()][:1]
        hint = f"did you mean {quoted(near[0])}? " if near else ""
        return f"no column {quoted(self.name)} in {self.source}: {hint}columns are {listed(self.available)}"


class NotEstimable(InputError):
    """The rows used cannot carry any of the models. Subclasses say why."""


class OneGroup(NotEstimable):
    """All rows used belong to one group; an empty label is not named."""

    def __init__(self, group: str, label: str) -> None:
        super().__init__(group, label)
        self.group, self.label = group, label

    def __str__(self) -> str:
        label = f" = {quoted(self.label)}" if self.label else " alike"
        return f"all rows used have {quoted(self.group)}{label}: at least two groups are needed"


class OneRowPerGroup(NotEstimable):
    """Every group has exactly one row."""

    def __init__(self, group: str, n_groups: int) -> None:
        super().__init__(group, n_groups)
        self.group, self.n_groups = group, n_groups

    def __str__(self) -> str:
        return (
            f"every one of the {self.n_groups} groups of {quoted(self.group)} has one row: "
            "groups with at least two rows are needed to tell variation within groups from variation between them"
        )


class ConstantResponse(NotEstimable):
    """The response has one value only."""

    def __init__(self, response: str, value: float) -> None:
        super().__init__(response, value)
        self.response, self.value = response, value

    def __str__(self) -> str:
        return f"response {quoted(self.response)} has the value {self.value:g} in every row used: it must vary"


class ConstantPredictor(NotEstimable):
    """A predictor has one value only, as far as 64-bit numbers tell."""

    def __init__(self, column: str, value: float) -> None:
        super().__init__(column, value)
        self.column, self.value = column, value

    def __str__(self) -> str:
        beyond = ", as far as 64-bit numbers tell (they keep 16 digits)" if abs(self.value) >= 2**53 else ""
        return (
            f"predictor {quoted(self.column)} has the same value in every row used{beyond}: it must vary, or leave the formula"
        )


class TooLittleVariation(NotEstimable):
    """A column varies, but by less than 64-bit numbers carry through sums of squares at its size."""

    def __init__(self, column: str, size: float, spread: float) -> None:
        super().__init__(column, size, spread)
        self.column, self.size, self.spread = column, size, spread

    def __str__(self) -> str:
        return (
            f"{quoted(self.column)} varies by {self.spread:.3g} only, at a size of {self.size:.3g}: 64-bit numbers cannot "
            "carry that; subtract a constant from it, or measure it in another unit"
        )


class CollinearColumns(NotEstimable):
    """Design columns are linear combinations of others."""

    def __init__(self, columns: Sequence[str], others: Sequence[str]) -> None:
        super().__init__(tuple(columns), tuple(others))
        self.columns, self.others = tuple(columns), tuple(others)

    def __str__(self) -> str:
        terms = {name.rpartition("[")[0] for name in (*self.columns, *self.others)}
        term = terms.pop() if len(terms) == 1 else ""
        if term.startswith(("cr(", "cs(", "cc(")) and "constraints" not in term:
            return f"the columns of {quoted(term)} add up to the intercept: add constraints='center' to its arguments"
        what = "is a linear combination" if len(self.columns) == 1 else "are linear combinations"
        return f"{listed(self.columns)} {what} of {listed(self.others)} and the intercept: remove one of them"


class TooFewRows(NotEstimable):
    """Not more rows than columns."""

    def __init__(self, n_rows: int, n_columns: int) -> None:
        super().__init__(n_rows, n_columns)
        self.n_rows, self.n_columns = n_rows, n_columns

    def __str__(self) -> str:
        return f"{self.n_rows} complete rows for {self.n_columns} coefficients: at least {self.n_columns + 2} rows are needed"


class OutputError(ReportgenError):
    """An output cannot be made here (exit code 3)."""

    exit_code = 3


class OutputNotWritable(OutputError):
    """A file or folder cannot be written."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, why)
        self.place, self.why = place, why

    def __str__(self) -> str:
        return f"cannot write {quoted(self.place)}: {self.why}"


class OptionError(InputError):
    """An option has a value that is not allowed."""

    def __init__(self, option: str, given: str, allowed: Sequence[str]) -> None:
        super().__init__(option, given, tuple(allowed))
        self.option, self.given, self.allowed = option, str(given), tuple(allowed)

    def __str__(self) -> str:
        near = get_close_matches(self.given, self.allowed, n=1)
        hint = f"did you mean {quoted(near[0])}? " if near else ""
        return f"{self.option}: {quoted(self.given)} is not allowed; {hint}choose from {listed(self.allowed)}"


class SourceUnreadable(InputError):
    """A data source cannot be opened or read; `where` is a line or row, or empty."""

    def __init__(self, source: str, where: str, problem: str, allowed: str) -> None:
        super().__init__(source, where, problem, allowed)
        self.source, self.where, self.problem, self.allowed = source, where, problem, allowed

    def __str__(self) -> str:
        place = f"{self.source}, {self.where}" if self.where else self.source
        return f"{place}: {self.problem}; {self.allowed}"


class BadValue(InputError):
    """A cell cannot be used; `row` counts the rows of data from 1."""

    def __init__(self, source: str, column: str, row: int, value: object, problem: str, allowed: str) -> None:
        super().__init__(source, column, row, value, problem, allowed)
        self.source, self.column, self.row, self.value = source, column, row, value
        self.problem, self.allowed = problem, allowed

    def __str__(self) -> str:
        place = f"{self.source}, column {quoted(self.column)}, row {self.row}"
        return f"{place}: {self.problem}: {quoted(self.value)}; {self.allowed}"


class ColumnUnusable(InputError):
    """A column, or a term of the formula, cannot play its part with these data."""

    def __init__(self, source: str, column: str, problem: str, allowed: str) -> None:
        super().__init__(source, column, problem, allowed)
        self.source, self.column, self.problem, self.allowed = source, column, problem, allowed

    def __str__(self) -> str:
        return f"{quoted(self.column)} in {self.source}: {self.problem}; {self.allowed}"


class NoCompleteRows(InputError):
    """No row has a value in every column of the formula; `dropped` maps a column to the rows dropped for it."""

    def __init__(self, source: str, n_rows: int, dropped: Mapping[str, int]) -> None:
        super().__init__(source, n_rows, dict(dropped))
        self.source, self.n_rows, self.dropped = source, n_rows, dict(dropped)

    def __str__(self) -> str:
        reasons = ", ".join(f"{rows} without {quoted(column)}" for column, rows in self.dropped.items())
        return (
            f"{self.source}: none of its {self.n_rows} rows is complete ({reasons}); the formula needs rows with every column"
        )


class UnseenLevel(InputError):
    """New rows have a level of a factor that the fitted rows did not have."""

    def __init__(self, column: str, level: str, known: Sequence[str]) -> None:
        super().__init__(column, level, tuple(known))
        self.column, self.level, self.known = column, level, tuple(known)

    def __str__(self) -> str:
        return (
            f"factor {quoted(self.column)} has the new level {quoted(self.level)}; the fitted levels are {listed(self.known)}"
        )


class TooManyColumns(InputError):
    """The formula would make more design columns than the rows, or the program, can carry; `widest` is the term with most."""

    def __init__(self, n_columns: int, limit: int, widest: str) -> None:
        super().__init__(n_columns, limit, widest)
        self.n_columns, self.limit, self.widest = n_columns, limit, widest

    def __str__(self) -> str:
        return (
            f"the formula makes {self.n_columns} design columns, most of them for {quoted(self.widest)}; "
            f"at most {self.limit} are allowed with these data"
        )


class SlopeNotFixed(InputError):
    """A slope of the grouping term is not among the fixed terms."""

    def __init__(self, slope: str, group: str, terms: Sequence[str]) -> None:
        super().__init__(slope, group, tuple(terms))
        self.slope, self.group, self.terms = slope, group, tuple(terms)

    def __str__(self) -> str:
        return (
            f"the slope of {quoted(self.slope)} varies by {quoted(self.group)} but is not among the fixed terms "
            f"({listed(self.terms) or 'there are none'}): add {quoted(self.slope)} to the formula outside the parentheses"
        )


class GroupNotFitted(InputError):
    """A variant with an intercept for every group is asked about a group it has not seen."""

    def __init__(self, variant: str, groups: Sequence[str]) -> None:
        super().__init__(variant, tuple(groups))
        self.variant, self.groups = variant, tuple(groups)

    def __str__(self) -> str:
        return (
            f"{quoted(self.variant)} has an intercept for each group and none for {listed(self.groups)}: "
            "predict new groups with a mixed or a pooled variant"
        )


class VariantMissing(InputError):
    """A variant that is not fitted is asked for."""

    def __init__(self, variant: str, available: Sequence[str]) -> None:
        super().__init__(variant, tuple(available))
        self.variant, self.available = variant, tuple(available)

    def __str__(self) -> str:
        near = get_close_matches(self.variant, self.available, n=1)
        hint = f"did you mean {quoted(near[0])}? " if near else ""
        return f"no fitted variant {quoted(self.variant)}: {hint}fitted are {listed(self.available, 20)}"


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


class OptionConflict(InputError):
    """An option that is missing, or does not go with the others given."""

    def __init__(self, option: str, problem: str, allowed: str) -> None:
        super().__init__(option, problem, allowed)
        self.option, self.problem, self.allowed = option, problem, allowed

    def __str__(self) -> str:
        return f"{self.option} {self.problem}; {self.allowed}"


class FolderInUse(OutputError):
    """Another run is writing to the same output folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"another batch is writing to {quoted(self.folder)}: wait until it has ended, or give another --out"


class NotAReport(InputError):
    """A file that is to be verified is no report of ours."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name, self.problem = name, problem

    def __str__(self) -> str:
        return f"{self.name} is no report of reportgen: {self.problem}; give a PDF that reportgen has written"


class TooManyDistinct(InputError):
    """A function needs all distinct values of a column, and there are more than are held in memory.

    `call` as written, `limit` values.
    """

    def __init__(self, call: str, limit: int) -> None:
        super().__init__(call, limit)
        self.call, self.limit = call, limit

    def __str__(self) -> str:
        return (
            f"the knots of {quoted(self.call)} are quantiles of the distinct values, of which there are more than "
            f"{self.limit}: give the knots themselves, knots=[...], or use bs()"
        )


class LibraryMissing(ReportgenError):
    """Something needs a library that is not installed (exit code 3); `extra` of this package brings it."""

    exit_code = 3

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(what, extra)
        self.what, self.extra = what, extra

    def __str__(self) -> str:
        return f"{self.what} needs a library that is not installed: pip install 'reportgen[{self.extra}]'"


class ClusterUnreachable(InputError):
    """Nobody answers at the address of a cluster."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address

    def __str__(self) -> str:
        return f"no cluster answers at {quoted(self.address)}: give the scheduler's address, as tcp://host:8786, or 'local'"


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
