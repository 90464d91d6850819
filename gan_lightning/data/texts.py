"""Numbers, dates and times in texts."""

from typing import Any

import numpy as np
import pandas as pd

DASHES = ("-", "--", "?", ".", "*")
"""Texts that stand for an empty cell in a table of numbers."""

PATTERNS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%MZ",
    "%Y%m%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%H:%M:%S",
    "%H:%M",
)
"""Formats of dates and times; where both readings of 03/04/2024 fit, the day comes first."""

UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
"""Units of time in seconds: days, hours, minutes, seconds, milliseconds."""


TRUTHS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "1": 1.0, "0": 0.0}
"""Truth values, in small letters."""

WITH_UNIT = r"([+-]?)([$€£¥₹]?) ?([+-]?[\d.,]*\d)( ?[^\d.,:+-]*)"
"""A number with a currency in front or a unit behind, such as $1,234.50, 12 kg or 7.5%."""

MOSTLY = 0.8
"""A column with a larger share of numbers is one of numbers, and other texts are mistakes."""

FEWEST_WITH_UNIT = 21
"""Fewer distinct texts are categories, which keep their unit."""


def cell_text(cell: Any) -> str:
    """Return a cell as text; whole numbers stored as floats are written without a point."""
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell)) if whole else str(cell).strip()


def truths_of(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return 1 for true, 0 for false, and NaN for another text."""
    return texts.str.lower().str.removesuffix(".0").map(TRUTHS)


def numbers_of(
    texts: "pd.Series[Any]", fewest_with_unit: int = FEWEST_WITH_UNIT
) -> "pd.Series[Any]":
    """Return the numbers in texts; NaN for a dash or another text.

    The comma is a decimal comma, as in 1.234,5 and 12,75, unless a text has another group of digits
    or a point after it, as in 1,234,567 and 1,234.5. The attributes say how many ``dashes`` there
    were, whether there were ``commas`` in place of points, and which ``unit`` all had.
    """
    numbers = pd.to_numeric(texts, errors="coerce")
    unit = ""
    if numbers.isna().any():
        texts, unit = _without_unit(texts, fewest_with_unit)
        numbers = pd.to_numeric(texts, errors="coerce")
    commas = numbers.isna().any() and texts.str.contains(",").any()
    grouped = commas and texts.str.contains(r",\d{3}[,.]").any()
    if grouped and _all(texts, r"[+-]?\d{1,3}(,\d{3})*(\.\d+)?"):
        numbers = pd.to_numeric(texts.str.replace(",", "", regex=False), errors="coerce")
    elif commas and _all(texts, r"[+-]?\d+(\.\d{3})*(,\d+)?([eE][+-]?\d+)?"):
        points = texts.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        numbers = pd.to_numeric(points, errors="coerce")
    numbers = numbers.astype(float)
    numbers.attrs["dashes"] = int(texts.isin(DASHES).sum())
    numbers.attrs["commas"] = bool(commas)
    numbers.attrs["unit"] = unit
    return numbers


def _without_unit(texts: "pd.Series[Any]", fewest: int) -> tuple["pd.Series[Any]", str]:
    """Return texts without the currency or unit that all share, and that unit."""
    dashes = texts.isin(DASHES)
    if dashes.all():
        return texts, ""
    for part in (texts[~dashes].iloc[:50], texts[~dashes]):
        found = part.str.extract(f"^{WITH_UNIT}$")
        shared = found[[1, 3]].drop_duplicates()
        if len(shared) != 1 or shared.isna().any(axis=None):
            return texts, ""
    unit = "".join(shared.iloc[0]).strip()
    codes = found[2].str.fullmatch(r"0\d+").any()
    if not unit or codes or found[2].nunique() < fewest:
        return texts, ""
    return texts.where(dashes, found[0] + found[2]), unit


def _all(texts: "pd.Series[Any]", pattern: str) -> bool:
    return bool((texts.str.fullmatch(pattern) | texts.isin(DASHES)).all())


def moment_pattern(texts: "pd.Series[Any]") -> str | None:
    """Return the format in which all texts are dates or times, or None."""
    first = texts.iloc[:50]
    if not first.str.contains(r"\d").all():  # words, which no format needs to be tried on
        return None
    for pattern in PATTERNS:
        if readable(first, pattern).all() and readable(texts, pattern).all():
            return pattern
    return None


def month_first(pattern: str) -> str | None:
    """Return the format with the month before the day, if both orders are common."""
    swapped = pattern.replace("%d/%m", "%m/%d")
    return swapped if swapped != pattern else None


def readable(texts: "pd.Series[Any]", pattern: str) -> "pd.Series[bool]":
    """Return which texts are moments in a format."""
    return pd.to_datetime(texts, format=pattern, errors="coerce").notna()


def seconds_of(moments: "pd.Series[Any]", pattern: str) -> "np.ndarray[Any, Any]":
    """Return moments, or texts in a format, in seconds since 1970."""
    if not pd.api.types.is_datetime64_any_dtype(moments.dtype):
        moments = pd.to_datetime(moments.astype(str).str.strip(), format=pattern)
    if moments.dt.tz is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    milliseconds = moments.astype("datetime64[ms]").astype("int64")
    return milliseconds.to_numpy() / 1000


def unit_of(seconds: "np.ndarray[Any, Any]") -> float:
    """Return the largest unit that represents all moments."""
    for unit in UNITS:
        if np.allclose(seconds / unit, np.round(seconds / unit), rtol=0, atol=1e-6):
            return unit
    return UNITS[-1]
