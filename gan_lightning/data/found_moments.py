"""Dates and times in a column of a frame."""

from typing import Any

import numpy as np
import pandas as pd

from gan_lightning.data.columns import Moment
from gan_lightning.data.found import Found, placed
from gan_lightning.data.grids import Months, spacing_of
from gan_lightning.data.texts import (
    MOSTLY,
    PATTERNS,
    cell_text,
    moment_pattern,
    month_first,
    readable,
    seconds_of,
    unit_of,
)
from gan_lightning.errors import InputError

TO_THE_SECOND = "%Y-%m-%d %H:%M:%S"
"""How moments are written that are no texts."""


def found_moments(series: "pd.Series[Any]", present: "pd.Series[Any]") -> Found:
    """Return the column of dates and times.

    Args:
        series: The column.
        present: Its cells that are not empty.

    Raises:
        InputError: If they do not have one form.
    """
    pattern = TO_THE_SECOND
    if not pd.api.types.is_datetime64_any_dtype(present.dtype):
        present = present.map(cell_text)
        pattern = _one_pattern(present)
    other = month_first(pattern)
    open_order = other is not None and bool(readable(present, other).all())
    seconds = seconds_of(present, pattern)
    unit = unit_of(seconds)
    if unit == 86400.0 and pattern == TO_THE_SECOND:
        pattern = "%Y-%m-%d"
    counts, months = np.round(seconds / unit), Months.of(np.asarray(seconds))
    column = Moment(
        str(series.name),
        decimals=0,
        minimum=float(counts.min()),
        maximum=float(counts.max()),
        missing=len(present) < len(series),
        dtype=str(series.dtype),
        spacing=spacing_of(np.unique(counts), 0),
        pattern=pattern,
        unit=unit,
        months=None if months is None else tuple(months),
    )
    assumed = "the day comes before the month" if open_order else ""
    return Found(column, placed(series, present, counts), assumed=assumed)


def _one_pattern(texts: "pd.Series[Any]") -> str:
    pattern = moment_pattern(texts)
    if pattern is None:
        raise InputError(
            f"Column {str(texts.name)!r}: expected dates or times of one form in every cell that "
            "is not empty, such as 2024-12-31 or 2024-12-31 23:59:59"
            f"{nearly_moments(texts)}."
        )
    return pattern


def nearly_moments(texts: "pd.Series[Any]") -> str:
    """Return the end of a sentence that names the first text that is no date, if most are."""
    for pattern in PATTERNS:
        if readable(texts.iloc[:50], pattern).mean() > MOSTLY:
            fits = readable(texts, pattern)
            if fits.mean() > MOSTLY and not fits.all():
                row = int(texts.index[~fits][0]) + 1
                return f"; {int(fits.sum())} cells are written as {pattern}, row {row} is not"
    return ""
