"""The lines of a CSV file: whether they agree, and which columns hold codes."""

import csv
import re
from collections.abc import Iterable, Iterator
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
        text = _WithZeros(file, separator)
        lines = csv.reader(text, delimiter=separator, skipinitialspace=True)
        try:
            width = len(next(filter(None, lines)))
            for cells in lines:
                if len(cells) > width and "".join(cells[width:]).strip():
                    raise unequal(path, lines.line_num, len(cells), width, separator)
                if 0 < len(cells) < width and "".join(cells).strip():
                    num_short, first_short = num_short + 1, first_short or lines.line_num
                if text.found:
                    text.found = False
                    codes.update(i for i, c in enumerate(cells) if re.fullmatch(r"0\d+\s*", c))
        except csv.Error:  # pandas says what is wrong
            pass
    return Lines(sorted(codes), num_short, first_short)


class _WithZeros:
    """Lines of text, which remember whether one may hold a cell such as 01067.

    Looking at each cell would take longer than splitting the lines.

    Args:
        lines: The lines.
        separator: The separator of their cells.
    """

    def __init__(self, lines: Iterable[str], separator: str) -> None:
        self.lines = lines
        self.found = False
        # Expressions that begin with fixed letters are found fastest.
        starts = ["\n", re.escape(separator), f"{re.escape(separator)} ", '"']
        rest = rf'0\d+\s*(?:$|["{re.escape(separator)}])'
        self.searches = [re.compile(start + rest).search for start in starts]

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            if not self.found:
                whole = f"\n{line}"
                self.found = any(search(whole) for search in self.searches)
            yield line


def unequal(
    path: Path, line: int | str, found: int | str, expected: int | str, separator: str
) -> InputError:
    """Return the error of a line with too many cells."""
    return InputError(
        f"{path}: line {line} holds {found} cells, and those above {expected}; is {separator!r} "
        "the separator, and are texts that hold it quoted?"
    )
