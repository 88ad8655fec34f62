"""Templates of the user's own, laid over those of the project: read once, kept as texts, run in a sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import TracebackType

from reportgen.errors import OptionConflict, OutputNotWritable, TemplateFault, UnknownTemplate, printable_name, quoted
from reportgen.presentation.languages import ENGLISH, language_folder, languages
from reportgen.resources import resource

MAX_BYTES = 4_000_000
SUFFIXES = (".j2", ".css", ".toml")
KINDS = "give a folder of templates (.j2, .css, .toml), as 'reportgen templates copy DIR' makes one"
BASE = "!base"  # prefix under which the project's own templates stay in reach of those that replace them


@dataclass(frozen=True, slots=True)
class OwnTemplates:
    """Files that replace templates of the same name; without any, the project's own are used.

    Attributes
    ----------
    files : tuple of (str, str)
        Name below the folder, with forward slashes, and text; in the order of the names.
    """

    files: tuple[tuple[str, str], ...] = ()

    def text(self, name: str) -> str:
        """Text of a file; empty if it is not replaced."""
        return dict(self.files).get(name, "")


PROJECT = OwnTemplates()
"""Nothing replaced."""


def read_templates(folder: str) -> OwnTemplates:
    """The templates of a folder; an empty path is none.

    Raises
    ------
    OptionConflict
        It is no folder, holds no template, too much, or what is no text.
    UnknownTemplate
        A file replaces nothing and is not included by one that does; most likely its name is mistyped.
    """
    if not folder:
        return PROJECT
    root = Path(folder)
    if not root.is_dir():
        raise OptionConflict("--templates", f"{quoted(printable_name(root))} is not a folder", KINDS)
    try:
        paths = sorted(path for path in root.rglob("*") if path.suffix in SUFFIXES and path.is_file())
        if sum(path.stat().st_size for path in paths) > MAX_BYTES:
            raise OptionConflict("--templates", f"{quoted(printable_name(root))} holds more than 4 MB", KINDS)
        texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", "") or "not UTF-8"
        raise OptionConflict("--templates", f"{quoted(printable_name(root))} cannot be read ({why})", KINDS) from error
    if not texts:
        raise OptionConflict("--templates", f"{quoted(printable_name(root))} holds no template", KINDS)
    known = template_names()
    for name in texts:
        is_used = any(name in text for other, text in texts.items() if other != name)
        if name not in known and not is_used:
            raise UnknownTemplate(name, known)
    return OwnTemplates(tuple(texts.items()))


def template_names() -> tuple[str, ...]:
    """Names of the project's templates; every language has them under the same names."""
    root = resource("templates")
    paths = (path.relative_to(root) for path in root.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    return tuple(sorted(path.as_posix() for path in paths if path.parts[0] not in languages()))


def copy_templates(folder: Path, language: str = ENGLISH) -> int:
    """Copy the project's templates and their description into a folder, made if absent; the number of files.

    Parameters
    ----------
    folder : Path
        Where to.
    language : str
        Language of the copied templates.

    Raises
    ------
    OutputNotWritable
        A file of that name is there already, or cannot be written. Nothing is overwritten.
    """
    root = resource("templates")
    names = (*template_names(), "README.md")
    begun: list[Path] = []
    try:
        taken = next((name for name in names if (folder / name).exists()), "")
        if taken:
            raise OutputNotWritable(taken, "it is there already; choose another folder")
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            translated = language_folder(language) / name
            with (folder / name).open("xb") as file:
                begun.append(folder / name)
                file.write((translated if translated.is_file() else root / name).read_bytes())
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        for path in begun:  # half a set would be in the way of the next try
            path.unlink(missing_ok=True)
        raise OutputNotWritable(str(folder), getattr(error, "strerror", None) or f"{error}") from error
    return len(names)


@contextmanager
def faults_named(templates: OwnTemplates) -> Iterator[None]:
    """Turn what goes wrong in a user's template into a sentence with its file and line; the project's own raise as ever."""
    if not templates.files:
        yield
        return
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        yield
    except TemplateSyntaxError as error:
        raise TemplateFault(error.name or error.filename or "", error.lineno, error.message or "") from error
    except Exception as error:
        name, line = _place(templates, error.__traceback__)
        if not name and not isinstance(error, TemplateError):
            raise
        raise TemplateFault(name, line, str(error) or type(error).__name__) from error


def _place(templates: OwnTemplates, trace: TracebackType | None) -> tuple[str, int]:
    """File and line of the innermost template of the user's that the fault went through; an empty name for none."""
    own = {name for name, _ in templates.files}
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(trace) if frame.f_code.co_filename in own]
    return places[-1] if places else ("", 0)
