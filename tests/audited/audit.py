"""What the package must never do, and a watch that notes whatever it does of that while tests run.

A hook of the interpreter sees everything that happens in a process, tests, servers and pytest itself included. What counts is
who asked: of the functions under way, the innermost that is the package's or a test's. Where it is a test's, nothing is noted;
where it is the package's, its module says what it may do. So a formula is watched while it is read, a report while it is made,
in whichever thread, and no test has to say so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from types import FrameType

HERE = os.path.dirname(os.path.abspath(__file__))

FORBIDDEN = frozenset(
    {
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "pty.spawn",
        "subprocess.Popen",
        "socket.connect",
        "socket.bind",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.sendto",
        "socket.sendmsg",
        "urllib.Request",
        "webbrowser.open",
    }
)
"""Starting a program, asking another process or machine."""

CHANGES: Mapping[str, tuple[int, ...]] = {
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.utime": (0,),
    "os.setxattr": (0,),
    "os.removexattr": (0,),
    "shutil.rmtree": (0,),
}
"""Changing files, and which arguments are those that are changed."""

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
WATCHED = frozenset({"open", *CHANGES, *FORBIDDEN})

MAKE_FILES = frozenset(
    f"reportgen.{name}"
    for name in (
        "presentation.outputs",
        "presentation.own_templates",
        "batch.folder",
        "batch.index",
        "batch.lock",
        "batch.report",
        "batch.runner",
        "batch.supervisor",
    )
)
"""The modules that may make, replace and remove files; all others make none, not even a temporary one."""

NOTES = "REPORTGEN_AUDIT_NOTES"
"""Variable of the environment: the file into which the processes of a test run write what they note."""

PLACES = "REPORTGEN_AUDIT_PLACES"
"""Variable of the environment: folders in which tests have files made, with a separator as in ``PATH``."""


def written(event: str, arguments: tuple[object, ...]) -> tuple[object, ...]:
    """The files that an event changes: paths, or descriptors of files that are open already."""
    if event == "open":
        flags = arguments[2]
        return (arguments[0],) if isinstance(flags, int) and flags & WRITES else ()
    return tuple(arguments[place] for place in CHANGES.get(event, ()))


def is_within(path: object, folders: tuple[str, ...]) -> bool:
    """Whether a file lies in one of the folders; what is open already does, wherever it is."""
    if isinstance(path, int):
        return True
    return (os.path.realpath(os.fsdecode(path)) + os.sep).startswith(folders)  # type: ignore[arg-type]


def is_asked_of_nobody(event: str, arguments: tuple[object, ...]) -> bool:
    """A picture that stands in the page itself is no request, although it goes the same way."""
    return event == "urllib.Request" and str(arguments[0]).startswith("data:")


def is_pdf_process(event: str, arguments: tuple[object, ...]) -> bool:
    """The PDF's own process: this interpreter with a fixed text; what it reads comes on standard input."""
    command = arguments[1] if event == "subprocess.Popen" else None
    return (
        isinstance(command, list)
        and arguments[0] == sys.executable
        and command[1:3] == ["-P", "-c"]
        and "reportgen.presentation" in command[3]
        and command[3].endswith("child()")
    )


def folders(*paths: str) -> tuple[str, ...]:
    """Folders as :func:`is_within` takes them."""
    return tuple(os.path.realpath(path) + os.sep for path in paths)


def places() -> tuple[str, ...]:
    """Where tests have files made. (Not asked of `tempfile`: a hook may run while that is looking for an answer.)"""
    return folders(*filter(None, os.environ.get(PLACES, "").split(os.pathsep)))


def is_cache(path: object) -> bool:
    """Whether libraries keep fonts there: the drawing library its list of them, the PDF library those of the page it sets."""
    chosen = [os.environ[name] for name in ("MPLCONFIGDIR",) if name in os.environ]
    homes = [os.path.join(os.path.realpath(os.path.expanduser("~")), name) for name in (".cache", ".config")]
    kept = folders(os.devnull, *chosen, *(os.path.join(home, "matplotlib") for home in homes))
    if isinstance(path, int) or is_within(path, kept) or os.path.realpath(path) in homes:  # type: ignore[call-overload]
        return True
    parts = os.fsdecode(path).split(os.sep)  # type: ignore[arg-type]
    return is_within(path, places()) and any(part.startswith(("matplotlib-", "weasyprint-")) for part in parts)


def asker(frame: FrameType | None) -> str:
    """Module of the package on whose behalf something happens; empty where it is not the package's doing.

    Parameters
    ----------
    frame : FrameType, optional
        What was under way.
    """
    tests = os.path.dirname(HERE) + os.sep
    while frame is not None:
        name, code = str(frame.f_globals.get("__name__", "")), frame.f_code
        if name.partition(".")[0] == "reportgen":
            return name
        if code.co_filename.startswith(tests):
            return ""
        if name.startswith("distributed."):  # a cluster, which was asked for by name
            return ""
        if code.co_name in ("set_data", "_write_atomic") and "importlib" in code.co_filename:  # an imported module, compiled
            return ""
        if code.co_name.startswith("_rmtree"):  # names within a folder that has been judged by "shutil.rmtree"
            return ""
        if code.co_name == "_get_default_tempdir":  # whether there is a folder for temporary files, tried once
            return ""
        frame = frame.f_back
    return ""


def is_allowed(module: str, event: str, arguments: tuple[object, ...]) -> bool:
    """Whether a module of the package may do this.

    Parameters
    ----------
    module : str
        What :func:`asker` gave.
    event : str
        Any of ``WATCHED``.
    arguments : tuple
        What comes with the event.
    """
    if event == "subprocess.Popen":
        is_list_of_fonts = arguments[0] == "fc-list"  # which the drawing library makes once on a machine
        return is_list_of_fonts or module in ("reportgen.presentation.pdf_process", "reportgen.doctor")
    if event in ("socket.connect", "socket.bind"):  # the process that forks those of a batch is spoken to through a file
        return module.startswith("reportgen.batch.") and isinstance(arguments[1], str) and is_within(arguments[1], places())
    if event in ("socket.sendto", "socket.sendmsg"):  # to nobody in particular: through a connection that has been judged
        return arguments[1] is None
    if event in FORBIDDEN:
        return is_asked_of_nobody(event, arguments)
    return all(is_cache(path) or (module in MAKE_FILES and is_within(path, places())) for path in written(event, arguments))


def hook_of(note: Callable[[str], None]) -> Callable[[str, tuple[object, ...]], None]:
    """A hook that tells `note` of what a module of the package must not do; everything else costs a look into a set."""
    watched, get_frame, writes = WATCHED, sys._getframe, WRITES

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event not in watched or (event == "open" and not (isinstance(arguments[2], int) and arguments[2] & writes)):
            return
        module = asker(get_frame(1))
        if module and not is_allowed(module, event, arguments):
            note(f"{event} {str(arguments)[:300]}, asked for by {module}")

    return hook


def note_in_file(text: str) -> None:
    """Write a line into the file of this test run; several processes may do so at once."""
    try:
        descriptor = os.open(os.environ[NOTES], os.O_WRONLY | os.O_APPEND)
    except (KeyError, FileNotFoundError):  # the test run has ended
        return
    try:
        os.write(descriptor, (text.encode("unicode_escape").decode("ascii") + "\n").encode("ascii"))
    finally:
        os.close(descriptor)


def surroundings(*path: object) -> dict[str, str]:
    """Variables for a process with an environment of its own that is to be watched nevertheless.

    Parameters
    ----------
    *path : path-like
        What is to be on its path for modules.
    """
    noted = {name: os.environ[name] for name in (NOTES, PLACES) if name in os.environ}
    return {"PYTHONPATH": os.pathsep.join([HERE, *map(str, path)]), **noted}


_watching: list[bool] = []


def watch() -> None:
    """Have this process noted from now on; once, since a hook cannot be taken away."""
    if not _watching:
        _watching.append(True)
        sys.addaudithook(hook_of(note_in_file))
