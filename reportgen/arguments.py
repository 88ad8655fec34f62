"""Arguments of the command line: what each command takes, and the records they become."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from reportgen.errors import UsageError

if TYPE_CHECKING:
    from reportgen.choices import Options
    from reportgen.presentation.options import Presentation

FORMAT_HELP = "html, pdf, json (the default), docx, xlsx, md, tex, tidy.csv, glance.csv, augment.csv"


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one sentence, as everything else that is wrong: no usage above it."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError(self.prog, message.strip())


def add_command(commands: argparse._SubParsersAction[Parser], name: str, summary: str, run: object) -> argparse.ArgumentParser:
    """A command with what all of them take; `run` is called with the options and the messages, and returns the exit code."""
    parser = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".", allow_abbrev=False)
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument("--quiet", action="store_true", help="say nothing but errors")
    volume.add_argument("--verbose", action="store_true", help="say what is being done, and how long it took")
    parser.set_defaults(run=run)
    return parser


def add_model(parser: argparse.ArgumentParser) -> None:
    """Data, formula and choices of one analysis."""
    parser.add_argument("data", metavar="DATA", help="CSV, Parquet, Feather or Excel file, or a folder of Parquet files")
    parser.add_argument("formula", metavar="FORMULA", help="Wilkinson formula, e.g. 'score ~ ses + (1 | school)'")
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        default="",
        help="read the rows on the Dask cluster with this scheduler (tcp://host:8786), or with 'local' on one made here",
    )
    add_choices(parser)


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Choices of an analysis; their defaults stand in :class:`reportgen.choices.Options`."""
    parser.add_argument(
        "--missing",
        metavar="TEXT",
        action="append",
        default=[],
        help="a text that means 'no value' in any cell, as NA; may be given several times (default: only empty cells do)",
    )
    parser.add_argument("--weights", metavar="COLUMN", default="", help="column of positive prior weights")
    parser.add_argument(
        "--inference",
        metavar="METHOD",
        default="auto",
        help="standard errors and degrees of freedom shown for mixed models: kenward-roger, satterthwaite or auto "
        "(Kenward-Roger up to 50 groups; the default)",
    )
    parser.add_argument(
        "--interactions",
        metavar="METHOD",
        default="product",
        help="within part of an interaction: product (its deviation from the group mean; the default) or double-demeaned "
        "(a variant more, in which the deviations are multiplied)",
    )
    parser.add_argument("--cross-check", action="store_true", help="refit every variant with statsmodels as well")
    parser.add_argument(
        "--bootstrap", metavar="N", type=_count, default=0, help="samples of a parametric bootstrap (default: none)"
    )
    parser.add_argument("--seed", metavar="S", type=_count, help="where the bootstrap's random numbers start")
    parser.add_argument(
        "--chunk-rows", metavar="N", type=_rows, help="rows read at a time: less memory, more time (default: about a million)"
    )


def _rows(text: str) -> int:
    """A number of rows from 1 up."""
    rows = _count(text)
    if not rows:
        raise argparse.ArgumentTypeError("at least 1 row must be read at a time")
    return rows


def _count(text: str) -> int:
    """A whole number that is not negative."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"'{text[:20]}' is not a whole number from 0 up")
    return int(text)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Where the files go, which, and how they look."""
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(), help="output folder (default: the current one)")
    parser.add_argument("--name", metavar="NAME", help="name of the files without ending (default: that of the data)")
    parser.add_argument("--format", metavar="F", nargs="+", action="extend", help=f"any of {FORMAT_HELP}")
    add_looks(parser)


def add_looks(parser: argparse.ArgumentParser) -> None:
    """How the report looks."""
    looks = parser.add_argument_group("how the report looks")
    looks.add_argument("--title", metavar="TEXT", default="", help="title of the report")
    looks.add_argument("--author", metavar="TEXT", default="", help="who answers for it")
    looks.add_argument("--date", metavar="DATE", default="", help="its date, as 2026-12-31 (default: none; never the clock)")
    looks.add_argument("--logo", metavar="FILE", default="", help="PNG or JPEG image for its head")
    looks.add_argument(
        "--p-style", metavar="S", default="apa", help="how p values are written: apa, ama or plain (default: apa)"
    )
    looks.add_argument("--templates", metavar="DIR", default="", help="folder of templates that replace those of the same name")
    looks.add_argument("--lang", metavar="TAG", default="en", help="its language, as de for German (default: en)")
    add_privacy(parser)


def add_privacy(parser: argparse.ArgumentParser) -> None:
    """What the report keeps back."""
    kept = parser.add_argument_group("what the report keeps back")
    kept.add_argument("--no-attach-data", action="store_true", help="leave the analysed columns out of the PDF's attachments")
    kept.add_argument(
        "--group-labels",
        metavar="HOW",
        default="show",
        help="show them (the default), code (G01, G02, ... everywhere instead, in the attached data too) or hide (no single "
        "group is named or listed)",
    )
    kept.add_argument(
        "--min-cell",
        metavar="N",
        type=_count,
        default=0,
        help="withhold what would show figures of a single group of fewer than N rows (default: nothing)",
    )


def add_batch(parser: argparse.ArgumentParser) -> None:
    """Data sets of a batch, how they are split, and the limits of the run."""
    add = parser.add_argument
    add("data", metavar="DATA", nargs="+", help="one manifest (.toml), or data files and patterns such as 'data/*.csv'")
    add("--formula", metavar="FORMULA", default="", help="for data files: the formula of all of them")
    add("--out", metavar="DIR", type=Path, required=True, help="output folder")
    add("--format", metavar="F", nargs="+", action="extend", help=f"for data files: any of {FORMAT_HELP}")
    add("--by", metavar="COLUMN", default="", help="for data files: one report for each value of this column")
    add("--responses", metavar="A,B,C", default="", help="for data files: one report for each of these responses")
    add("--coefficient", metavar="COLUMN", default="", help="design column to compare in the index (default: the commonest)")
    add("--jobs", metavar="N", type=_count, default=0, help="reports made at once (default: one for each processor)")
    add("--time-limit", metavar="S", type=_seconds, default=600.0, help="seconds one report may take, 0 for any (default: 600)")
    add(
        "--memory-limit",
        metavar="MB",
        type=_count,
        default=-1,
        help="megabytes one may take, 0 for any (default: its share)",
    )
    add(
        "--cluster",
        metavar="ADDRESS",
        dest="batch_cluster",
        default="",
        help="make the reports on the Dask cluster with this scheduler, or with 'local' on one made here; data and output "
        "folder must be the same to its workers, whose number counts instead of --jobs",
    )
    add("--resume", action="store_true", help="keep the reports of an earlier run that would come out the same")
    add("--fail-fast", action="store_true", help="stop at the first report that fails")
    add_choices(parser)
    add_looks(parser)


def _seconds(text: str) -> float:
    """A number of seconds; 0 for no limit."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text[:20]}' is not a number of seconds from 0 up")
    return seconds


def given_choices(options: argparse.Namespace) -> Options:
    """The choices of an analysis as given on the command line."""
    from reportgen.choices import Options, checked_inference, checked_interactions, checked_missing

    defaults = Options()
    return Options(
        weights=options.weights,
        inference=checked_inference(options.inference),
        interactions=checked_interactions(options.interactions),
        cross_check=options.cross_check,
        bootstrap=options.bootstrap,
        seed=defaults.seed if options.seed is None else options.seed,
        chunk_rows=options.chunk_rows or defaults.chunk_rows,
        cluster=getattr(options, "cluster", ""),
        missing=checked_missing(options.missing),
    )


def given_presentation(options: argparse.Namespace) -> Presentation:
    """How the report is to look, as given on the command line."""
    from reportgen.disclosure import checked_group_labels
    from reportgen.presentation.languages import checked_language
    from reportgen.presentation.options import Presentation, checked_date, checked_min_cell, checked_p_style, read_logo
    from reportgen.presentation.own_templates import read_templates

    return Presentation(
        title=options.title,
        author=options.author,
        date=checked_date(options.date),
        logo=read_logo(options.logo),
        p_style=checked_p_style(options.p_style),
        attach_data=not options.no_attach_data,
        templates=read_templates(options.templates),
        lang=checked_language(options.lang),
        group_labels=checked_group_labels(options.group_labels),
        min_cell=checked_min_cell(options.min_cell, "--min-cell"),
    )
