"""Makes report.png: the first two pages of the report on the example, side by side, for the README.

    make picture

It needs Poppler's pdftoppm.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from reportgen.cli import main

PAGES = 2
DOTS_PER_INCH = 96
GAP = 14  # pixels around and between the pages
DESK = (214, 216, 219)
COLOURS = 64
TARGET = Path(__file__).with_name("report.png")


def page_images(pdf: Path, folder: Path) -> list[Image.Image]:
    """The first pages of a PDF as pictures."""
    command = ["pdftoppm", "-png", "-r", str(DOTS_PER_INCH), "-f", "1", "-l", str(PAGES), str(pdf), str(folder / "page")]
    subprocess.run(command, check=True, timeout=120)
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob("page*.png"))]


def side_by_side(pages: list[Image.Image]) -> Image.Image:
    """Pages on one desk, from the left."""
    width, height = sum(page.width for page in pages), max(page.height for page in pages)
    desk = Image.new("RGB", (width + GAP * (len(pages) + 1), height + 2 * GAP), DESK)
    left = GAP
    for page in pages:
        desk.paste(page, (left, GAP))
        left += page.width + GAP
    return desk.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def make_picture(target: Path) -> None:
    """Render the example and draw its first pages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if main(["demo", "--out", name, "--format", "pdf", "--quiet"]) != 0:
            raise SystemExit("the report could not be made")
        side_by_side(page_images(folder / "dragons.pdf", folder)).save(target, optimize=True)


if __name__ == "__main__":
    make_picture(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
