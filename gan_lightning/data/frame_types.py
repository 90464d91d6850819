"""Types of the columns of a frame."""

from typing import Any

import pandas as pd


def as_type(series: "pd.Series[Any]", dtype: str | None) -> "pd.Series[Any]":
    """Return a column as a type of pandas, or as it is where the type cannot hold it.

    Moments without a time zone are those of UTC.
    """
    if dtype is not None and isinstance(pd.api.types.pandas_dtype(dtype), pd.DatetimeTZDtype):
        series = series.dt.tz_localize("UTC")
    try:
        return series if dtype is None else series.astype(dtype)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return series
