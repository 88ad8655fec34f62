"""What works on this machine: the optional parts and the system libraries, each with the one command that mends it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from reportgen.resources import resource

PDF_TRIAL = """
import warnings
warnings.simplefilter("ignore")
from reportgen.presentation.library_search import by_name_only
with by_name_only():
    import weasyprint
from weasyprint.text.ffi import harfbuzz_subset, pango
weasyprint.HTML(string="<p>A").write_pdf()
number = pango.pango_version()
print(f"{number // 10000}.{number // 100 % 100}.{number % 100}", "subset" if harfbuzz_subset else "whole")
"""
SECONDS = 60  # after which a trial counts as failed
DEBIAN_PDF = "apt-get install libpangoft2-1.0-0 libharfbuzz-subset0"
DEBIAN_FONTS = "apt-get install fonts-dejavu-core"
R_PACKAGES = "apt-get install r-cran-lme4 r-cran-lmertest"


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the program on this machine.

    Attributes
    ----------
    name : str
        What is wanted, as ``PDF``.
    works : bool
        Whether it does.
    detail : str
        Versions found, or what is missing.
    remedy : str
        The one command that mends it; empty where nothing has to be mended.
    """

    name: str
    works: bool
    detail: str
    remedy: str


def examine() -> tuple[Check, ...]:
    """Try every optional part, in the order in which a user meets them. Takes about a second: a small PDF is written."""
    checks: tuple[Callable[[], Check], ...] = (check_files, check_pdf, check_excel, check_polars, check_cluster, check_r)
    return tuple(check() for check in checks)


def check_files() -> Check:
    """Whether the templates and the example came with the installation."""
    try:
        for name in ("templates", "examples/dragons/dragons.csv"):
            resource(name)
    except FileNotFoundError as error:
        return Check("templates", False, str(error), "pip install --force-reinstall reportgen")
    return Check("templates", True, "templates and example found", "")


def check_pdf() -> Check:
    """Whether a PDF can be written.

    The trial runs in a process of its own: without any font the text library ends the process that asks it.
    """
    try:
        trial = subprocess.run([sys.executable, "-c", PDF_TRIAL], capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Check("PDF", False, f"no answer from WeasyPrint within {SECONDS} seconds", DEBIAN_FONTS)
    if trial.returncode < 0:
        return Check("PDF", False, "the text library crashed: most likely no font is installed", DEBIAN_FONTS)
    if trial.returncode > 0:
        return failed_pdf(trial.stderr)
    pango, subset = trial.stdout.split()
    if subset != "subset":
        return Check("PDF", False, "HarfBuzz-Subset is missing: whole fonts would be embedded", DEBIAN_PDF)
    return Check("PDF", True, f"WeasyPrint {version('weasyprint')}, Pango {pango}", "")


def failed_pdf(messages: str) -> Check:
    """The check of a trial that ended with a Python error; its last line says why."""
    last = messages.strip().splitlines()[-1] if messages.strip() else "no message"
    if "No module named" in last:
        return Check("PDF", False, "WeasyPrint is not installed", "pip install 'weasyprint>=70,<71'")
    return Check("PDF", False, last, DEBIAN_PDF)


def check_excel() -> Check:
    """Whether Excel files can be read."""
    return check_package("Excel", "openpyxl", "pip install 'reportgen[excel]'")


def check_polars() -> Check:
    """Whether polars frames can be given as data."""
    return check_package("polars", "polars", "pip install 'reportgen[polars]'")


def check_cluster() -> Check:
    """Whether rows can be read on a Dask cluster."""
    return check_package("Cluster", "distributed", "pip install 'reportgen[cluster]'")


def check_r() -> Check:
    """Whether R is there, to run the R lines that a report prints for checking."""
    path = shutil.which("Rscript")
    if path is None:
        return Check("R", False, "not found; needed only to run a report's R lines", R_PACKAGES)
    trial = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=SECONDS, check=False)
    words = (trial.stdout or trial.stderr).split()
    number = next((word for word in words if word[:1].isdigit()), "version unknown")
    return Check("R", trial.returncode == 0, f"R {number}", "")


def check_package(name: str, package: str, remedy: str) -> Check:
    """Whether an optional Python package is installed."""
    try:
        return Check(name, True, f"{package} {version(package)}", "")
    except PackageNotFoundError:
        return Check(name, False, f"{package} is not installed", remedy)
