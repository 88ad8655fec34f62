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

import audit


def watch(out: str, noted: list[str]) -> None:
    """Note every forbidden event, whoever asks for it, and every change outside `out`, temporary files and the fonts' cache."""
    chosen = [os.environ[name] for name in ("MPLCONFIGDIR", "TMPDIR") if name in os.environ]
    allowed = audit.folders(out, os.devnull, *chosen)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in audit.FORBIDDEN:
            is_wrong = not (audit.is_asked_of_nobody(event, arguments) or audit.is_pdf_process(event, arguments))
        else:
            is_wrong = not all(audit.is_within(path, allowed) for path in audit.written(event, arguments))
        if is_wrong:
            noted.append(f"{event} {str(arguments)[:200]}")

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
