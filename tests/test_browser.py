"""The page in a real browser: nothing blocked, no sideways scroll on a telephone, no fault of accessibility, light and dark.

The browser is Debian's Chromium, run once a page without any driver: what it found stands in the page it prints at the end.
Both it and the rules of axe-core are put in place by ``make test``; where they are missing the tests are skipped and say so.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from situations import analysis, document

from reportgen import analyze
from reportgen.presentation.document import build_document
from reportgen.presentation.html import render_html
from reportgen.presentation.options import PLAIN

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(sys.prefix) / "axe" / "axe_playwright_python" / "axe.min.js"
DATA = Path(__file__).resolve().parent / "reference" / "data"
PAGES = {
    "hsb82": "mAch ~ ses + minrty + sector + (1 + ses | school)",
    "produc": "log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp + (1 | state)",
}
SITUATIONS = ("example", "hostile", "many_predictors", "no_predictor", "several in German")
MEGABYTE = 1_000_000
NARROW = 320  # pixels: the narrowest telephone, and a page of 1280 at 400 %
SHADES = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 27)"}
UNJUDGED = {"shortTextContent", "nonBmp"}  # single characters, whose contrast the rules leave to the reader

PROBE = """<style>body { max-width: none; } .scroll { overflow: visible; width: max-content; }</style>
<script>AXE</script><script>
axe.run(document).then(found => {
  const unjudged = found.incomplete.flatMap(rule => rule.nodes.flatMap(node => node.any.map(
    check => [rule.id, check.data && check.data.messageKey, node.html])));
  const said = document.createElement("script");
  said.type = "application/json";
  said.id = "said";
  said.textContent = JSON.stringify({
    shade: getComputedStyle(document.body).backgroundColor,
    passes: found.passes.length,
    violations: found.violations.map(rule => [rule.id, rule.nodes.map(node => node.failureSummary + " " + node.html)]),
    unjudged: unjudged,
  }).replaceAll("<", "\\\\u003c");
  document.body.append(said);
});
</script></body>"""
FRAME = """<!DOCTYPE html><html lang="en"><title>frame</title><body>
<iframe title="page" width="320" height="700" style="border: 0" srcdoc="PAGE" onload="
const root = this.contentDocument.documentElement; document.title = JSON.stringify([root.clientWidth, root.scrollWidth])
"></iframe></body></html>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; to have these tests run: apt-get install chromium"),
]
needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not here; to have these tests run: make test")


@cache
def page(name: str) -> str:
    """The report of a data set or of a situation."""
    if name in PAGES:
        return analyze(PAGES[name], str(DATA / f"{name}.csv")).to_html()
    situation, _, language = name.partition(" in ")
    if language:
        return render_html(build_document(analysis(situation), replace(PLAIN, lang="de")))
    return render_html(document(situation))


def shown(content: str, folder: Path, *options: str) -> tuple[str, list[str]]:
    """What the browser makes of a page: the document at the end, and the lines of its console."""
    file = folder / "page.html"
    file.write_text(content, encoding="utf-8")
    assert CHROMIUM is not None
    run = subprocess.run(
        [
            CHROMIUM,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"),
            *("--enable-logging=stderr", "--virtual-time-budget=60000", f"--user-data-dir={folder / 'profile'}"),
            *options,
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=True,
    )
    return run.stdout, [line for line in run.stderr.splitlines() if "CONSOLE" in line]


def judged(content: str, shade: str, folder: Path) -> dict[str, Any]:
    """What the rules of accessibility say about a page in light or dark.

    They run in a copy without the policy that forbids scripts, in which no cell hides in a scroll region: what is out of view
    has no contrast to judge.
    """
    copy, n = re.subn(r"<meta http-equiv=\"Content-Security-Policy\".*?>", "", content)
    assert n == 1
    copy = copy.replace("</body>", PROBE.replace("AXE", AXE.read_text(encoding="utf-8")))
    scheme = "0" if shade == "dark" else "1"
    dom, _ = shown(copy, folder, "--window-size=6000,900", f"--blink-settings=preferredColorScheme={scheme}")
    found = re.search(r'<script type="application/json" id="said">(.*?)</script>', dom, re.DOTALL)
    assert found is not None
    said: dict[str, Any] = json.loads(found[1])
    return said


def widths(content: str, folder: Path) -> tuple[int, int, list[str]]:
    """Width of the window and of the page in it on a telephone, and the lines of the console."""
    dom, console = shown(FRAME.replace("PAGE", html.escape(content)), folder)
    found = re.search(r"<title>\[(\d+),(\d+)\]</title>", dom)
    assert found is not None
    return int(found[1]), int(found[2]), console


@needs_axe
@pytest.mark.parametrize("shade", SHADES)
@pytest.mark.parametrize("name", ["example", "hsb82", "produc", "hostile"])
def test_no_fault_of_accessibility(name: str, shade: str, tmp_path: Path) -> None:
    said = judged(page(name), shade, tmp_path)
    assert said["shade"] == SHADES[shade]
    assert said["passes"] > 30
    assert said["violations"] == []
    assert [entry for entry in said["unjudged"] if entry[1] not in UNJUDGED] == []


@pytest.mark.parametrize("name", [*PAGES, *SITUATIONS])
def test_a_telephone_scrolls_one_way_and_nothing_is_blocked(name: str, tmp_path: Path) -> None:
    """The policy of the page itself is in force here; whatever it blocked would stand in the console."""
    assert widths(page(name), tmp_path) == (NARROW, NARROW, [])


@pytest.mark.parametrize("name", [*PAGES, *SITUATIONS])
def test_a_page_is_small(name: str) -> None:
    assert len(page(name).encode()) < MEGABYTE


# Each check on a page that must fail it.


@needs_axe
@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda text: text.replace('<html lang="en">', "<html>"), "html-has-lang"),
        (lambda text: re.sub(r' alt="[^"]*"', "", text), "image-alt"),
        (lambda text: text.replace("--soft: #565656", "--soft: #c0c0c0"), "color-contrast"),
    ],
)
def test_a_fault_of_accessibility_is_found(spoil: Callable[[str], str], rule: str, tmp_path: Path) -> None:
    assert rule in {entry[0] for entry in judged(spoil(page("example")), "light", tmp_path)["violations"]}


def test_a_page_too_wide_and_a_script_are_found(tmp_path: Path) -> None:
    spoilt = page("example").replace("<main>", '<main><div style="width: 500px">x</div><script>document.title = 1</script>')
    window, content, console = widths(spoilt, tmp_path)
    assert content > window == NARROW
    assert any("Content Security Policy" in line for line in console)
