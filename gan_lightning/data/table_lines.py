"""The lines of a CSV file: whether they agree, and which columns hold codes."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from gan_lightning.errors import InputError


class Lines(NamedTuple):
    """What all lines of a file say of its columns."""

    codes: list[int]
    """Places of columns of digits that leading zeros show to be codes, such as 01067."""

    num_short: int
    """Lines with fewer cells than the header."""

    first_short: int
    """Number of the first of them, from 1; 0 if there is none."""


def looked_through(path: Path, separator: str, encoding: str) -> Lines:
    """Look through all lines of a file.

    Lines that end in a separator may do so where the header does not.

    Raises:
        InputError: If a line has more cells than the header.
    """
    codes: set[int] = set()
    num_short = first_short = 0
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = csv.reader(file, delimiter=separator, skipinitialspace=True)
        try:
            width = len(next(filter(None, lines)))
            for cells in lines:
                if len(cells) > width and "".join(cells[width:]).strip():
                    raise unequal(path, lines.line_num, len(cells), width, separator)
                if 0 < len(cells) < width and "".join(cells).strip():
                    num_short, first_short = num_short + 1, first_short or lines.line_num
                for cell in [cell for cell in cells if cell[:1] == "0" and len(cell) > 1]:
                    if re.fullmatch(r"0\d+\s*", cell):
                        codes.update(i for i, other in enumerate(cells) if other is cell)
        except csv.Error:  # pandas says what is wrong
            pass
    return Lines(sorted(codes), num_short, first_short)


def unequal(
    path: Path, line: int | str, found: int | str, expected: int | str, separator: str
) -> InputError:
    """Return the error of a line with too many cells."""
    return InputError(
        f"{path}: line {line} holds {found} cells, and those above {expected}; is {separator!r} "
        "the separator, and are texts that hold it quoted?"
    )
