"""A report to be made, and the rules of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reportgen.errors import DuplicateName
from reportgen.presentation.options import PLAIN, Presentation
from reportgen.presentation.outputs import safe_name

RESERVED = ("index", "summary")  # names of the batch's own files


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows whose `column` has the label `value`."""

    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Job:
    """One report to be made.

    Attributes
    ----------
    name : str
        As given; the files are named by `stem`.
    data : str
        Path of the data.
    formula : str
        Wilkinson formula.
    formats : tuple of str
        Outputs wanted.
    title : str
        Title of the report, and in the index; empty for one made of the formula, and the name.
    selections : tuple of Selection
        Rows to use; all of them where there is none.
    choices : tuple of (str, object)
        Choices of the analysis, as attributes of :class:`reportgen.choices.Options`; the others have their defaults.
    presentation : Presentation
        How the report looks; its title is that of the job where the job has one.
    lang : str
        Language that the manifest gives it; empty for that of the whole batch.
    privacy : tuple of (str, object)
        What the manifest says about what the report keeps back, as attributes of the presentation.
    missing : tuple of str, optional
        Texts that mean "no value", as the manifest says; without, those of the whole batch.
    """

    name: str
    data: str
    formula: str
    formats: tuple[str, ...]
    title: str = ""
    selections: tuple[Selection, ...] = ()
    choices: tuple[tuple[str, object], ...] = ()
    presentation: Presentation = PLAIN
    lang: str = ""
    privacy: tuple[tuple[str, object], ...] = ()
    missing: tuple[str, ...] | None = None

    def chosen(self, choices: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
        """The choices, from what is given for the whole batch: what the manifest says of this report goes before."""
        own = {} if self.missing is None else {"missing": self.missing}
        return tuple({**choices, **own}.items())

    def presented(self, presentation: Presentation) -> Presentation:
        """How the report looks, from what is given for the whole batch: what the manifest says of this report goes before."""
        return replace(presentation, lang=self.lang or presentation.lang, **dict(self.privacy))  # type: ignore[arg-type]

    @property
    def stem(self) -> str:
        """Stem of the files, the same on every machine."""
        stem = safe_name(self.name)
        return safe_name(f"{stem} report") if stem.casefold() in RESERVED else stem


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of a file that are in none of its reports, because the column by which it is split has no value there.

    Attributes
    ----------
    data, column : str
        Name of the data, and of the column.
    rows : int
        How many.
    """

    data: str
    column: str
    rows: int


@dataclass(frozen=True, slots=True)
class Jobs:
    """The reports of a batch, and the rows that are in none of them."""

    jobs: tuple[Job, ...]
    left_out: tuple[LeftOut, ...] = ()


def check_distinct(jobs: Iterable[Job], source: str) -> None:
    """Raise where two jobs would write the same files, also on a file system that takes capital letters for small ones.

    Raises
    ------
    DuplicateName
        Names both.
    """
    seen: dict[str, str] = {}
    for job in jobs:
        key = job.stem.casefold()
        if key in seen:
            raise DuplicateName(source, seen[key], job.name)
        seen[key] = job.name
