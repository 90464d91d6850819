"""Rows of a table as pixels, each sample above the row to which it is compared."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gan_lightning.figures.captions import ROOM, font
from gan_lightning.figures.palette import FAINT, GENERATED, INK, REAL, shortened

LINE = 24
"""Height of a line of text in pixels."""

MOST_COLUMNS = 8
MOST_LETTERS = 18
"""Columns shown, and letters shown of a cell or a name."""

SAME = "#fbe3d0"
"""Background of cells that are equal in both rows."""

Cells = Sequence[Sequence[str]]


def row_pairs(
    names: Sequence[str], above: Cells, below: Cells, notes: Sequence[str], title: str
) -> NDArray[np.uint8]:
    """Return pixels of rows with their counterparts directly below them.

    Args:
        names: Names of the columns; the first eight are shown.
        above: Cells of samples.
        below: Cells of their counterparts; those that equal the sample's are marked.
        notes: A text at the end of each pair.
        title: A line above, or several.
    """
    left_out = len(names) - MOST_COLUMNS
    if left_out > 0:
        title += f"\nThe first {MOST_COLUMNS} of {len(names)} columns"
    head = [*_shown(names), "distance"]
    pairs = [
        ([*_shown(first), note], [*_shown(second), ""])
        for first, second, note in zip(above, below, notes, strict=True)
    ]
    texts = [head, *(row for pair in pairs for row in pair)]
    widths = [max(_width(row[i]) for row in texts) + 2 * ROOM for i in range(len(head))]
    rights = [_width("training row") + 2 * ROOM + sum(widths[: i + 1]) for i in range(len(widths))]
    top = LINE * (title.count("\n") + 1) + ROOM
    height = top + LINE * len(texts) + ROOM * len(pairs) + ROOM
    page = Image.new("RGB", (max(rights[-1], _width(title, 15)) + 2 * ROOM, height), "white")
    pen = ImageDraw.Draw(page)
    pen.multiline_text((ROOM, ROOM), title, INK, font(15), spacing=5)
    y = top + LINE // 2
    _write_row(pen, y, rights, head, INK)
    for first, second in pairs:
        y += LINE + ROOM
        pen.line((ROOM, y - LINE // 2 - ROOM // 2, rights[-1], y - LINE // 2 - ROOM // 2), FAINT)
        for right, width, cell, other in zip(rights, widths, first, second, strict=True):
            if cell == other:
                half = LINE // 2
                pen.rectangle((right - width + ROOM, y - half, right, y + LINE + half - 2), SAME)
        pen.text((ROOM, y), "sample", GENERATED, font(14), anchor="lm")
        _write_row(pen, y, rights, first, INK)
        y += LINE
        pen.text((ROOM, y), "training row", REAL, font(14), anchor="lm")
        _write_row(pen, y, rights, second, INK)
    return np.asarray(page)


def _write_row(
    pen: ImageDraw.ImageDraw, y: int, rights: Sequence[int], cells: Sequence[str], color: str
) -> None:
    for right, cell in zip(rights, cells, strict=True):
        pen.text((right - ROOM // 2, y), cell, color, font(14), anchor="rm")


def _shown(cells: Sequence[str]) -> list[str]:
    return [shortened(cell, MOST_LETTERS) for cell in cells[:MOST_COLUMNS]]


def _width(text: str, size: int = 14) -> int:
    return max(round(font(size).getlength(line)) for line in text.split("\n"))
