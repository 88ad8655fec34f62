"""The command line: arguments and exit codes.

Exit codes: 0 all done; 1 some jobs of a batch failed; 2 the input was wrong; 3 an output could not be written or a needed
system library is missing; 130 interrupted. Results go to standard output, messages and progress to standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen import __version__
from reportgen.arguments import Parser, add_batch, add_command, add_model, add_output, given_choices, given_presentation
from reportgen.console import Messages, hold_descriptors, print_result, silence
from reportgen.errors import NotEnoughMemory, ReportgenError, UsageError, quoted

if TYPE_CHECKING:
    from reportgen.analysis import Analysis
    from reportgen.choices import Options
    from reportgen.presentation.options import Presentation
    from reportgen.verify import Verdict

DEMO_FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # the matrices are small: threads only wait
DEMO_DATA = "examples/dragons/dragons.csv"
SHOWN_DIFFERENCES = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; by default those of the process.
    """
    hold_descriptors()
    parser = build_parser()
    try:
        options = parser.parse_args(arguments)
    except UsageError as error:
        Messages(quiet=False, verbose=False).error(str(error))
        return error.exit_code
    if not hasattr(options, "run"):
        parser.print_help()
        return 0
    messages = Messages(quiet=options.quiet, verbose=options.verbose)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    os.environ["MPLBACKEND"] = "agg"  # it needs none, and one that it does not know is the end of matplotlib
    try:
        return int(options.run(options, messages))
    except ReportgenError as error:
        messages.error(str(error))
        return error.exit_code
    except MemoryError:
        messages.error(str(NotEnoughMemory()))
        return NotEnoughMemory.exit_code
    except BrokenPipeError:
        silence(sys.stdout)  # its reader has gone (as `head` does): nothing to say
        return 0
    except KeyboardInterrupt:
        messages.error("interrupted")
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = Parser(
        prog="reportgen",
        description="Fit every model variant for grouped data and report why their slopes differ.",
        epilog="Example: reportgen render scores.csv 'score ~ ses + (1 | school)' --out reports",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"reportgen {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    render = add_command(commands, "render", "write a report for one data set", _render)
    add_model(render)
    add_output(render)

    fit = add_command(commands, "fit", "print the models side by side", _fit)
    add_model(fit)
    fit.add_argument("--json", action="store_true", help="print the result file instead of the table")

    add_batch(
        add_command(commands, "batch", "write a report for each of many data sets, and an index over all of them", _batch)
    )

    demo = add_command(commands, "demo", "write the report of the bundled example", _demo)
    add_output(demo)

    verify = add_command(commands, "verify", "fit the data inside a PDF report again and compare every number", _verify)
    verify.add_argument("report", metavar="REPORT", type=Path, help="a PDF that reportgen has written")
    verify.add_argument(
        "--data", metavar="FILE", type=Path, help="the data it was made of, for a report that carries none inside"
    )

    templates = add_command(commands, "templates", "copy the report's templates, to change them for --templates", _templates)
    templates.add_argument("action", metavar="copy", choices=["copy"], help="what to do")
    templates.add_argument("folder", metavar="DIR", type=Path, help="where to")
    templates.add_argument("--lang", metavar="TAG", default="en", help="language of the copied templates (default: en)")

    add_command(commands, "doctor", "say which optional parts work here, and what mends the others", _doctor)
    return parser


def _render(options: argparse.Namespace, messages: Messages) -> int:
    from reportgen.presentation.rendering import checked_formats

    formats, presentation = checked_formats(options.format), given_presentation(options)
    analysis = _analyze(options.data, options.formula, given_choices(options), messages)
    name = options.name or _stem(options.data)
    return _write(analysis, Output(options.out, name, formats, presentation), messages)


def _demo(options: argparse.Namespace, messages: Messages) -> int:
    from reportgen.presentation.rendering import checked_formats
    from reportgen.resources import resource

    formats, presentation = checked_formats(options.format), given_presentation(options)
    analysis = _analyze(str(resource(DEMO_DATA)), DEMO_FORMULA, None, messages)
    return _write(analysis, Output(options.out, options.name or "dragons", formats, presentation), messages)


def _fit(options: argparse.Namespace, messages: Messages) -> int:
    # The table does not name the data's fingerprint, which takes as long as a third of the moments of a large file.
    analysis = _analyze(options.data, options.formula, given_choices(options), messages, with_fingerprint=options.json)
    messages.clear()
    if options.json:
        from reportgen.presentation.exports import result_bytes

        print_result(result_bytes(analysis))
    else:
        from reportgen.presentation.text import comparison_text

        print_result(comparison_text(analysis))
    return 0


def _batch(options: argparse.Namespace, messages: Messages) -> int:
    import math
    from contextlib import ExitStack
    from dataclasses import asdict, replace

    from reportgen.batch.progress import PlainWatcher, live_watcher
    from reportgen.batch.remote import supervise_on
    from reportgen.batch.requests import Request, default_megabytes, default_workers, jobs_of
    from reportgen.batch.runner import Plan, run_batch
    from reportgen.batch.supervisor import Limits, supervise
    from reportgen.cluster import connected
    from reportgen.presentation.rendering import checked_formats

    formats = checked_formats(options.format) if options.format else ()
    given = given_choices(options)
    asked = jobs_of(Request(tuple(options.data), options.formula, formats, options.by, options.responses, tuple(given.missing)))
    for rows in asked.left_out:
        messages.say(f"{rows.data}: {rows.rows:,} rows have no value of {quoted(rows.column)} and are in none of the reports")
    choices, presentation = asdict(given), given_presentation(options)
    jobs = tuple(replace(job, choices=job.chosen(choices), presentation=job.presented(presentation)) for job in asked.jobs)
    workers = options.jobs or default_workers()
    megabytes = options.memory_limit if options.memory_limit >= 0 else default_megabytes(workers)
    limits = Limits(workers, options.time_limit if options.time_limit > 0 else math.inf, megabytes)
    plan = Plan(limits, options.resume, options.fail_fast, options.coefficient, asked.left_out)
    with ExitStack() as stack:
        supervisor = supervise
        if options.batch_cluster:
            supervisor = supervise_on(stack.enter_context(connected(options.batch_cluster)))
            jobs = tuple(replace(job, data=str(Path(job.data).absolute())) for job in jobs)
        plain = PlainWatcher(len(jobs), messages.say)
        watcher = stack.enter_context(live_watcher(len(jobs), sys.stderr)) if messages.is_live else plain
        result = run_batch(jobs, options.out, plan, watcher, supervisor=supervisor)
    for sentence in result.index_failures:
        messages.error(f"index: {sentence}")
    counts = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in result.counts.items() if number)
    messages.say(f"{len(jobs)} reports: {counts}; index and summary in {options.out}")
    return result.exit_code


def _verify(options: argparse.Namespace, messages: Messages) -> int:
    from reportgen.verify import verify

    verdict = verify(options.report, messages.progress, options.data)
    messages.clear()
    lines = [str(item) for item in verdict.differences[:SHOWN_DIFFERENCES]]
    rest = len(verdict.differences) - SHOWN_DIFFERENCES
    if rest > 0:
        lines.append(f"and {rest} more")
    print_result("".join(f"{line}\n" for line in (*lines, _summary(verdict))))
    return verdict.exit_code


def _summary(verdict: Verdict) -> str:
    """The verdict in one line."""
    from reportgen.verify.comparing import TOLERANCE

    made = f"{verdict.name}, made with reportgen {verdict.made_with}"
    if verdict.differences:
        return f"{made}: NOT reproduced, {len(verdict.differences)} differences"
    if not verdict.n_rows:
        return (
            f"{made}: its {verdict.n_files} files belong together, but it carries no data, so no number could be reproduced; "
            "give the file it was made of with --data FILE"
        )
    rows = f"{verdict.n_rows} {'given' if verdict.is_given else 'attached'} rows"
    return (
        f"{made}: reproduced, {verdict.n_numbers} numbers from {rows} "
        f"(relative difference at most {TOLERANCE:.0e}); its {verdict.n_files} files belong together"
    )


def _templates(options: argparse.Namespace, messages: Messages) -> int:
    from reportgen.presentation.languages import checked_language
    from reportgen.presentation.own_templates import copy_templates

    n_files = copy_templates(options.folder, checked_language(options.lang))
    messages.say(f"copied {n_files} files to {options.folder}; its README.md says how to use them")
    return 0


def _doctor(_options: argparse.Namespace, messages: Messages) -> int:
    from reportgen.doctor import examine

    messages.progress("trying every optional part", 0)
    checks = examine()
    messages.clear()
    lines = []
    for check in checks:
        state = "works" if check.works else "does not work"
        lines.append(f"{check.name}: {state} ({check.detail})\n")
        if not check.works:
            lines.append(f"    to mend it: {check.remedy}\n")
    print_result("".join(lines))
    return 0


def _stem(data: str) -> str:
    """The data file's name without its endings (``scores.csv.gz``: ``scores``)."""
    name = Path(data).name
    return name.split(".", 1)[0] if not name.startswith(".") else name.lstrip(".")


def _analyze(
    data: str, formula: str, choices: Options | None, messages: Messages, *, with_fingerprint: bool = True
) -> Analysis:
    from reportgen.garbage import collection_paused

    with collection_paused():  # hundreds of modules are loaded, and nothing of them is garbage
        from reportgen.analysis import walk

        return walk(formula, data, choices, messages.progress, with_fingerprint=with_fingerprint)


@dataclass(frozen=True, slots=True)
class Output:
    """Where the files of a report go, and what they are."""

    folder: Path
    name: str
    formats: tuple[str, ...]
    presentation: Presentation


def _write(analysis: Analysis, output: Output, messages: Messages) -> int:
    """Make and write the outputs, then say what could not be made."""
    from reportgen.presentation.outputs import write_outputs
    from reportgen.presentation.rendering import render

    rendered = render(analysis, output.formats, messages.progress, output.presentation)
    for path in write_outputs(output.folder, output.name, rendered.contents):
        messages.say(f"wrote {path}")
    for error in rendered.failures.values():
        raise error
    return 0
