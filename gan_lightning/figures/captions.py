"""Text around pixels: what the rows and the columns of a grid of images are, and a title."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.font_manager import findfont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gan_lightning.figures.palette import INK

SMALLEST_IMAGE = 56
"""Images are shown with about so many pixels a side at least: digits at twice their size."""

ROOM = 8
"""Pixels between texts and pictures."""


def magnification(size: int) -> int:
    """Return by how much images of so many pixels a side are magnified; 0 for no images."""
    return max(1, round(SMALLEST_IMAGE / size)) if size else 1


def captioned(
    grid: NDArray[np.uint8],
    title: str = "",
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    times: int = 1,
) -> NDArray[np.uint8]:
    """Return pixels of a grid with a title above, and with names beside its rows and columns.

    Args:
        grid: uint8, shape ``(height, width, 3)``.
        title: Of one line or several.
        rows: Names of parts of equal height, from the top.
        columns: Names of parts of equal width, from the left; those for which there is no room
            beside their neighbours are left out.
        times: Each pixel of the grid becomes a square of so many pixels a side.
    """
    pixels = grid.repeat(times, 0).repeat(times, 1)
    height, width, _ = pixels.shape
    left = max((_width(name, 14) for name in rows), default=0)
    left += 2 * ROOM if left else 0
    head = sum(_height(line, 15) for line in title.split("\n")) + ROOM if title else 0
    top = head + (_height("0", 12) + ROOM // 2 if columns else 0)
    wide = max(left + width, *(_width(line, 15) + 2 * ROOM for line in title.split("\n")))
    page = Image.new("RGB", (wide, top + height), "white")
    page.paste(Image.fromarray(pixels), (left, top))
    pen = ImageDraw.Draw(page)
    pen.multiline_text((max(left, ROOM // 2), ROOM // 2), title, INK, font(15), spacing=4)
    for i, name in enumerate(rows):
        middle = top + (i + 0.5) * height / len(rows)
        pen.text((left - ROOM, middle), name, INK, font(14), anchor="rm")
    end = 0.0
    for i, name in enumerate(columns):
        middle, half = left + (i + 0.5) * width / len(columns), _width(name, 12) / 2
        if middle - half >= end:
            pen.text((middle, top - ROOM // 2), name, INK, font(12), anchor="mb")
            end = middle + half + ROOM / 2
    return np.asarray(page)


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font of all pictures."""
    return ImageFont.truetype(findfont("DejaVu Sans"), size)


def _width(text: str, size: int) -> int:
    return round(font(size).getlength(text))


def _height(text: str, size: int) -> int:
    ascent, descent = font(size).getmetrics()
    return ascent + descent + 4
