"""The rules of the house: imports point one way, heavy libraries stay in their rooms, and only the console prints."""

from __future__ import annotations

import ast
import graphlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "reportgen"

# The walk of a report, from formula to command line. A module may import what stands to its left, or in its own room.
WALK = (
    "errors",
    "resources",
    "current_folder",
    "garbage",
    "formula",
    "sources",
    "sample",
    "design",
    "block_moments",
    "moments",
    "column_levels",
    "moment_sum",
    "points",
    "collection",
    "cluster",
    "fits",
    "variants",
    "choices",
    "estimation",
    "estimability",
    "blends",
    "hypothesis_tests",
    "slope_variance_tests",
    "hausman",
    "variance_parts",
    "variance",
    "identities",
    "pair_influence",
    "influence",
    "influence_moves",
    "comparison",
    "conditional_slopes",
    "compared_at",
    "level_spread",
    "findings",
    "modelling",
    "prediction",
    "disclosure",
    "analysis",
    "prediction_rows",
    "analysed_rows",
    "group_codes",
    "disclosed",
    "presentation",
    "library",
    "verify",
    "batch",
    "doctor",
    "arguments",
    "console",
    "cli",
    "__main__",
)

# What a room must not know although it stands to its left.
BLIND = {
    "presentation": {"estimation", "sources", "design"},
    "batch": {"estimation", "moments", "comparison", "blends", "findings"},
}

# The only places that may import a heavy library.
HOMES = {
    "statsmodels": ("estimation/cross_check.py", "batch/multiplicity.py"),
    "weasyprint": ("presentation/pdf.py", "presentation/figure_ink.py"),
    "matplotlib": ("presentation/figures/",),
    "distributed": ("cluster.py",),
}

FORBIDDEN_TEXT = tuple("/" + name + "/" for name in ("work", "root"))  # places of one machine
SKIPPED_FOLDERS = {".git", ".venv", ".venv-lowest", "demo", "build", "dist", "node_modules"}
TEXT_SUFFIXES = {".py", ".md", ".toml", ".j2", ".css", ".html", ".json", ".csv", ".txt", ".cfg", ".yml", ".yaml", ".svg", ""}


@dataclass(frozen=True, slots=True)
class Import:
    """One import: `target` is the dotted name that is imported, as far as the syntax tells."""

    target: str
    line: int


def read_imports(source: str, module: str) -> Iterator[Import]:
    """Every import of a module's source, those inside functions and type-checking blocks too, names made absolute."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (Import(f"{origin}.{alias.name}", node.lineno) for alias in node.names)


def name_of(path: Path) -> str:
    """Dotted name of a module file; a package's ``__init__`` keeps that part so that relative imports resolve alike."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def resolve(target: str) -> str:
    """The module of the project that an imported name lies in, or the empty string if it is not the project's."""
    parts = target.split(".")
    while parts:
        name = ".".join(parts)
        for candidate in (name, f"{name}.__init__"):
            if candidate in MODULES:
                return candidate
        parts.pop()
    return ""


def room_of(module: str) -> str:
    """First part of a module's name below the package: ``reportgen.estimation.mixed`` lies in ``estimation``."""
    return module.split(".")[1]


def wrong_turns(module: str, source: str) -> list[str]:
    """Imports of the project's own modules that point right in the walk, or into a room this one must not know."""
    room = room_of(module)
    if room == "__init__":
        return []  # the front door shows what stands inside
    wrong = []
    for item in read_imports(source, module):
        target = resolve(item.target)
        if not target:
            continue
        other = room_of(target)
        if other == "__init__":
            if item.target != "reportgen.__version__":
                wrong.append(f"{module}:{item.line} imports {item.target} from the package's front door")
        elif {room, other} - set(WALK):
            wrong.append(f"{module}:{item.line} imports {target}; one of them has no place in WALK")
        elif WALK.index(other) > WALK.index(room) or other in BLIND.get(room, ()):
            wrong.append(f"{module}:{item.line} imports {target}")
    return wrong


def strays(relative: str, source: str) -> list[str]:
    """Imports of a heavy library outside its home, and of pyplot anywhere."""
    wrong = []
    for item in read_imports(source, "reportgen." + relative.removesuffix(".py").replace("/", ".")):
        library = item.target.split(".")[0]
        if library in HOMES and not relative.startswith(HOMES[library]):
            wrong.append(f"{relative}:{item.line} imports {library}; its place is {HOMES[library][0]}")
        if "pyplot" in item.target.split(".") or item.target.split(".")[0] == "pylab":
            wrong.append(f"{relative}:{item.line} imports pyplot, which keeps figures in global state")
    return wrong


def printing_lines(source: str) -> list[int]:
    """Lines that call ``print``, which fails where a stream is full and goes to the wrong one where it is closed."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def project_files() -> Iterator[Path]:
    """Every text file of the checkout, folders made by tools left out."""
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = sorted(
            s for s in subfolders if s not in SKIPPED_FOLDERS and not s.endswith(("_cache", "__pycache__", ".egg-info"))
        )
        if ".hypothesis" in subfolders:
            subfolders.remove(".hypothesis")
        yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix in TEXT_SUFFIXES)


def imported_by(*arguments: str) -> set[str]:
    """Top-level packages that a run of the command line imports."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reportgen", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=True,
    )
    lines = [line for line in run.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


def test_every_module_has_its_place_in_the_walk() -> None:
    rooms = {room_of(module) for module in MODULES} - {"__init__"}
    assert rooms <= set(WALK), f"give {sorted(rooms - set(WALK))} a place in WALK"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_to_the_left(module: str) -> None:
    assert wrong_turns(module, MODULES[module].read_text(encoding="utf-8")) == []


def test_no_two_modules_import_each_other() -> None:
    graph = {}
    for module, path in MODULES.items():
        if module == "reportgen.__init__":
            continue
        targets = {resolve(item.target) for item in read_imports(path.read_text(encoding="utf-8"), module)}
        graph[module] = targets - {"", "reportgen.__init__", module}
    order = list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError with the cycle
    assert set(graph) <= set(order)


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_stay_in_their_rooms(module: str) -> None:
    path = MODULES[module]
    assert strays(path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", MODULES)
def test_nothing_prints_but_through_the_console(module: str) -> None:
    assert printing_lines(MODULES[module].read_text(encoding="utf-8")) == []


def test_no_file_names_a_place_of_one_machine() -> None:
    found = []
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # test data in other encodings
        found += [f"{path.relative_to(ROOT)}: {word}" for word in FORBIDDEN_TEXT if word in text]
    assert found == []


def test_help_loads_no_heavy_library() -> None:
    heavy = {"numpy", "pandas", "pyarrow", "formulaic", "scipy", "matplotlib", "weasyprint", "statsmodels", "jinja2"}
    assert imported_by("--help") & heavy == set()


def test_fit_loads_no_library_of_documents() -> None:
    loaded = imported_by(
        "fit", "examples/dragons/dragons.csv", "testScore ~ bodyLength2 + (1 | mountainRange)", "--json", "--quiet"
    )
    assert "numpy" in loaded
    assert loaded & {"matplotlib", "weasyprint", "statsmodels"} == set()


# The rules themselves, each broken once on purpose.


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("reportgen.moments", "from reportgen.variants import CATALOGUE"),
        ("reportgen.moments", "def f() -> None:\n    import reportgen.analysis"),
        ("reportgen.fits", "from reportgen import moments, analysis"),
        ("reportgen.estimation.mixed", "from ..comparison import Comparison"),
        ("reportgen.presentation.tables", "from reportgen.estimation import mixed"),
        ("reportgen.fits", "from reportgen import analyze"),
        (
            "reportgen.findings",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from reportgen.analysis import Analysis",
        ),
    ],
)
def test_an_import_that_points_right_is_found(module: str, source: str) -> None:
    assert len(wrong_turns(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("reportgen.variants", "from reportgen.fits import Role"),
        ("reportgen.estimation.mixed", "from reportgen.estimation import least_squares\nfrom . import least_squares"),
        ("reportgen.analysis", "from reportgen import __version__\nimport numpy"),
    ],
)
def test_an_import_that_points_left_is_allowed(module: str, source: str) -> None:
    assert wrong_turns(module, source) == []


@pytest.mark.parametrize(
    ("relative", "source"),
    [
        ("estimation/mixed.py", "def f() -> None:\n    import statsmodels.api"),
        ("presentation/html.py", "from weasyprint import HTML"),
        ("presentation/document.py", "from matplotlib.figure import Figure"),
        ("presentation/figures/forest.py", "from matplotlib import pyplot"),
        ("presentation/figures/forest.py", "import matplotlib.pyplot as plt"),
    ],
)
def test_a_heavy_library_outside_its_room_is_found(relative: str, source: str) -> None:
    assert len(strays(relative, source)) == 1


def test_a_print_is_found() -> None:
    assert printing_lines("def f() -> None:\n    print('x')\n") == [2]
