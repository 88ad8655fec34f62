"""The doctor says what works and how to mend what does not."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from reportgen import doctor
from reportgen.doctor import Check


def finished(returncode: int, stdout: str = "", stderr: str = "") -> Any:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], returncode, stdout, stderr)

    return run


def test_everything_needed_works_where_the_tests_run() -> None:
    checks = {check.name: check for check in doctor.examine()}
    assert list(checks) == ["templates", "PDF", "Excel", "polars", "Cluster", "R"]
    for name in ("templates", "PDF", "Excel", "polars"):
        assert checks[name].works, checks[name]
        assert checks[name].remedy == ""
    assert checks["PDF"].detail.startswith("WeasyPrint 70.")


@pytest.mark.parametrize(
    ("returncode", "stderr", "detail", "remedy"),
    [
        (-11, "", "no font", "fonts-dejavu-core"),
        (1, "Traceback\nOSError: cannot load library 'libpango-1.0-0'\n", "libpango", "libpangoft2-1.0-0"),
        (1, "ModuleNotFoundError: No module named 'weasyprint'\n", "not installed", "weasyprint>=70"),
        (1, "", "no message", "libpangoft2-1.0-0"),
    ],
)
def test_a_failed_pdf_trial_names_cause_and_remedy(
    monkeypatch: pytest.MonkeyPatch, returncode: int, stderr: str, detail: str, remedy: str
) -> None:
    monkeypatch.setattr(subprocess, "run", finished(returncode, stderr=stderr))
    check = doctor.check_pdf()
    assert not check.works
    assert detail in check.detail
    assert remedy in check.remedy


def test_pdf_without_the_subset_library_needs_mending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", finished(0, "1.50.12 whole\n"))
    check = doctor.check_pdf()
    assert not check.works
    assert "libharfbuzz-subset0" in check.remedy


def test_a_trial_that_hangs_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired("python", doctor.SECONDS)

    monkeypatch.setattr(subprocess, "run", run)
    assert not doctor.check_pdf().works


def test_a_missing_package_is_named_with_its_extra() -> None:
    check = doctor.check_package("Excel", "no-such-package-here", "pip install 'reportgen[excel]'")
    assert check == Check("Excel", False, "no-such-package-here is not installed", "pip install 'reportgen[excel]'")


def test_missing_r_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    check = doctor.check_r()
    assert not check.works
    assert "needed only" in check.detail


def test_missing_templates_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise FileNotFoundError(f"{name} is missing")

    monkeypatch.setattr(doctor, "resource", missing)
    assert doctor.check_files().detail == "templates is missing"
