"""Text around pixels: a title, and names of the rows and columns of a grid of images."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.font_manager import findfont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gan_lightning.figures.palette import INK

SMALLEST_IMAGE = 56
"""Images are magnified to at least about this many pixels a side: digits to twice their size."""

ROOM = 8
"""Pixels between text and picture."""


def magnification(size: int) -> int:
    """Return the factor that magnifies images of ``size`` pixels a side; 1 for a size of 0."""
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
        title: One line or several.
        rows: Names of parts of equal height, from the top.
        columns: Names of parts of equal width, from the left; those for which there is no room
            beside their neighbours are left out.
        times: Factor by which the grid is magnified.
    """
    pixels = grid.repeat(times, 0).repeat(times, 1)
    height, width, _ = pixels.shape
    left = max((_width(name, 14) for name in rows), default=0)
    left += 2 * ROOM if left else 0
    lines = title.split("\n")
    head = len(lines) * _line_height(15) + ROOM if title else 0
    top = head + (_line_height(12) + ROOM // 2 if columns else 0)
    wide = max(left + width, *(_width(line, 15) + 2 * ROOM for line in lines))
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


def _line_height(size: int) -> int:
    ascent, descent = font(size).getmetrics()
    return ascent + descent + 4
