"""The package as a user gets it: built, installed in a fresh environment, run from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without this process's Python path; a failure shows what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the unpacked source distribution, so that both are known to be complete."""
    folder = tmp_path_factory.mktemp("build")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    source = folder / archive.name.removesuffix(".tar.gz")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=source)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel in it; the libraries it needs are borrowed from this one."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).stdout.strip())
    # A .pth file adds folders but does not read the .pth files in them: an editable installation is not borrowed.
    (own / "borrowed.pth").write_text("\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}))
    return folder


def test_the_installed_package_is_the_one_that_runs(environment: Path, tmp_path: Path) -> None:
    code = "import reportgen, reportgen.resources as r; print(reportgen.__file__); print(r.resource('templates'))"
    package, templates = run(environment / "bin" / "python", "-c", code, cwd=tmp_path).stdout.split()
    assert Path(package).is_relative_to(environment)
    assert Path(templates) == Path(package).parent / "templates"


def test_demo_renders_from_another_folder(environment: Path, tmp_path: Path) -> None:
    run(environment / "bin" / "reportgen", "demo", "--out", "out", cwd=tmp_path)
    files = {path.suffix: path for path in (tmp_path / "out").iterdir()}
    assert set(files) == {".html", ".pdf", ".json"}

    results = json.loads(files[".json"].read_text(encoding="utf-8"))
    assert results["schema"] == "reportgen.results/1"
    slopes = results["slopes"][0]
    assert slopes["pooled"] == pytest.approx(8.995627, abs=5e-7)
    assert slopes["random_intercept"] == pytest.approx(0.5376776, abs=5e-7)

    page = files[".html"].read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "mountainRange" in page

    document = PdfReader(files[".pdf"])
    assert "mountainRange" in "".join(sheet.extract_text() for sheet in document.pages)


def test_templates_in_the_wheel_are_those_of_the_checkout(environment: Path) -> None:
    (packaged,) = environment.glob("lib/python*/site-packages/reportgen/templates")
    names = {path.relative_to(packaged) for path in packaged.rglob("*") if path.is_file()}
    kept = {path.relative_to(ROOT / "templates") for path in (ROOT / "templates").rglob("*") if path.is_file()}
    assert names == kept
    assert names
