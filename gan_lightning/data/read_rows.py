"""Rows of numbers from a table whose columns are known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Constant, Continuous, Discrete, Moment
from gan_lightning.data.texts import DASHES, cell_text, numbers_of, seconds_of, truths_of
from gan_lightning.errors import InputError


def rows_of(columns: Sequence[Column], frame: pd.DataFrame) -> Tensor:
    """Return the rows of a frame, float64, ``(num_rows, num_columns)``; NaN is empty.

    Args:
        columns: The table's columns.
        frame: Their cells and perhaps others, as texts or of any type that can be read so.

    Raises:
        InputError: If a column is absent, or a cell cannot belong to its column.
    """
    rows = np.full((len(frame), len(columns)), np.nan)
    for i, column in enumerate(columns):
        if column.name not in frame.columns:
            raise InputError(f"impute: the table has no column {column.name!r}.")
        there = is_there(column, frame[column.name]).to_numpy()
        values = _values(column, frame[column.name][there]).to_numpy(dtype=float)
        if np.isnan(values).any():
            row = int(np.flatnonzero(there)[np.isnan(values)][0]) + 1
            raise InputError(
                f"impute: row {row} of column {column.name!r} holds a value that the model has "
                f"never seen: expected {_expected(column)} or nothing."
            )
        rows[there, i] = values
    return torch.from_numpy(rows)


def is_there(column: Column, cells: "pd.Series[Any]") -> "pd.Series[bool]":
    """Return which cells are not empty; among numbers, a dash is."""
    there = cells.notna()
    if isinstance(column, Continuous) and not pd.api.types.is_numeric_dtype(cells.dtype):
        there &= ~cells.astype(str).str.strip().isin(DASHES)
    return there


def _values(column: Column, cells: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return the numbers of cells that are there; NaN for one that cannot belong to its column."""
    values: pd.Series[Any] = pd.Series(np.nan, cells.index)
    if isinstance(column, Constant):
        return values.fillna(0.0)
    if isinstance(column, Categorical):
        texts = cells.map(cell_text)
        values = texts.map({name: i for i, name in enumerate(column.categories)})
        if column.dtype is not None and column.dtype.startswith("bool"):
            values = values.fillna(truths_of(texts))
        return values
    if isinstance(column, Moment):
        if not pd.api.types.is_datetime64_any_dtype(cells.dtype):
            cells = pd.to_datetime(cells.map(cell_text), format=column.pattern, errors="coerce")
        known = cells.notna().to_numpy()
        values[known] = seconds_of(cells[known], column.pattern) / column.unit
        return values
    if pd.api.types.is_numeric_dtype(cells.dtype):
        values = cells.astype(float)
    else:
        values = numbers_of(cells.map(cell_text), fewest_with_unit=1)
    return values.where(values.isin(column.values)) if isinstance(column, Discrete) else values


def _expected(column: Column) -> str:
    if isinstance(column, Moment):
        return f"a moment written as {column.pattern}"
    if isinstance(column, Categorical | Discrete):
        return f"one of its {len(column.levels)} values"
    return "a number"
