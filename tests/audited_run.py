"""A process that runs command lines and notes what a formula or a report must never do.

Reads a JSON object from standard input: ``out``, a folder that may be written to, and ``runs``, lists of arguments. Writes a
JSON object: for each run its exit code and messages, and all that was noted. With ``misbehave`` it does what must be noted.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
import warnings

FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "pty.spawn",
    "subprocess.Popen",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.sendto",
    "urllib.Request",
    "webbrowser.open",
)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "shutil.rmtree",
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch(out: str, noted: list[str]) -> None:
    """Note every forbidden event, and every change outside `out`, the temporary files and the drawing library's cache."""
    places = (out, os.devnull, *(os.environ[name] for name in ("MPLCONFIGDIR", "TMPDIR") if name in os.environ))
    allowed = tuple(os.path.realpath(path) + os.sep for path in places)

    def is_outside(path: object) -> bool:
        if isinstance(path, int):
            return False
        return not (os.path.realpath(os.fsdecode(path)) + os.sep).startswith(allowed)  # type: ignore[arg-type]

    def is_pdf_process(arguments: tuple[object, ...]) -> bool:
        """The PDF's own process: this interpreter with a fixed text; what it reads comes on standard input."""
        command = arguments[1]
        return (
            arguments[0] == sys.executable
            and isinstance(command, list)
            and command[1:3] == ["-P", "-c"]
            and command[3].endswith("from reportgen.presentation.pdf_process import child; child()")
        )

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "urllib.Request" and str(arguments[0]).startswith("data:"):
            return
        if event == "subprocess.Popen" and is_pdf_process(arguments):
            return
        if event in FORBIDDEN or (event in CHANGES and is_outside(arguments[0])):
            noted.append(f"{event} {str(arguments)[:200]}")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES and is_outside(arguments[0]):
            noted.append(f"open to write {str(arguments)[:200]}")

    sys.addaudithook(hook)


def run(arguments: list[str]) -> dict[str, object]:
    """Exit code and messages of one command line; an exception that gets through is a code of its own."""
    from reportgen.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            code: object = main(arguments)
        except BaseException:
            code = traceback.format_exc()
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def main() -> None:
    """Run what standard input asks for."""
    wanted = json.load(sys.stdin)
    sys.dont_write_bytecode = True
    noted: list[str] = []
    watch(wanted["out"], noted)
    if wanted.get("misbehave"):
        os.system("true")
        with open(os.path.join(os.path.dirname(wanted["out"]), "outside"), "w"):
            pass
    results = [run(arguments) for arguments in wanted["runs"]]
    json.dump({"results": results, "noted": noted}, sys.stdout)


if __name__ == "__main__":
    main()
