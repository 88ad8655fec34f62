"""The picture in the README: made from the report, small, and of the pages it shows."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "dragons"
sys.path.insert(0, str(EXAMPLE))

from picture import GAP, PAGES, TARGET, make_picture  # noqa: E402 - a script beside the example, not a package

MAX_BYTES = 300_000


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="no Poppler here; to have this test run: apt-get install poppler-utils"
)
def test_the_first_pages_are_drawn(tmp_path: Path) -> None:
    made = tmp_path / "report.png"
    make_picture(made)
    assert made.stat().st_size < MAX_BYTES
    with Image.open(made) as drawn, Image.open(TARGET) as shown:
        assert drawn.size == shown.size
        page_width = (drawn.width - GAP * (PAGES + 1)) / PAGES
        assert page_width / (drawn.height - 2 * GAP) == pytest.approx(210 / 297, abs=0.01)
        grey = drawn.convert("L")
        for page in range(PAGES):
            left = round(GAP + page * (page_width + GAP))
            part = grey.crop((left, GAP, round(left + page_width), drawn.height - GAP))
            dark = sum(part.histogram()[:128]) / (part.width * part.height)
            assert 0.01 < dark < 0.5  # text and figures, neither a blank page nor a black one


def test_the_picture_shown_is_small() -> None:
    assert TARGET.stat().st_size < MAX_BYTES
