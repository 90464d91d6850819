"""Given cells of a table, with which samples must agree."""

import csv
import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Constant, Continuous, Discrete, Moment
from gan_lightning.data.texts import numbers_of, seconds_of
from gan_lightning.errors import InputError, did_you_mean

SIGNS: dict[str, Callable[[Tensor, float], Tensor]] = {
    ">=": torch.ge,
    "<=": torch.le,
    ">": torch.gt,
    "<": torch.lt,
    "=": lambda cells, value: (cells == value) | (cells.isnan() & (value != value)),
}


class Given(NamedTuple):
    """Conditions that rows must meet."""

    row: Tensor
    """Values of the given cells, shape ``(num_columns,)``."""

    cells: Tensor
    """Which cells are given, booleans."""

    bounds: list[tuple[int, str, float]]
    """Columns, signs and values by which rows are selected: inequalities, and conditions on columns
    that follow from others.
    """

    def accepted(self, rows: Tensor) -> Tensor:
        """Return which rows meet the conditions; a missing cell meets no inequality."""
        kept = torch.ones(len(rows), dtype=torch.bool)
        for place, sign, value in self.bounds:
            kept &= SIGNS[sign](rows[:, place], value)
        return kept


def given_by(columns: Sequence[Column], text: str) -> Given:
    """Return the conditions in a text.

    Args:
        columns: The table's columns.
        text: ``species=setosa,age>=40``; nothing after an equality sign means a missing cell, and
            a part that holds a comma is quoted: ``"town=Ham, North",age>=40``.

    Raises:
        InputError: If the table has no such column or value.
    """
    row = torch.full((len(columns),), torch.nan, dtype=torch.float64)
    given = Given(row, torch.zeros(len(columns), dtype=torch.bool), [])
    for part in next(csv.reader([text], skipinitialspace=True), [""]):
        found = re.fullmatch(r"(.+?)(>=|<=|>|<|=)(.*)", part.strip())
        if not found:
            raise InputError(f"--given: expected NAME=VALUE or NAME>VALUE, found {part.strip()!r}.")
        name, sign, value = (piece.strip() for piece in found.groups())
        place = _place([column.name for column in columns], name)
        if sign == "=" and given.cells[place]:
            raise InputError(f"--given: {name!r} is given twice.")
        if sign == "=" and columns[place].formula is not None:
            given.bounds.append((place, sign, _value(columns[place], value)))
        elif sign == "=":
            row[place], given.cells[place] = _value(columns[place], value), True
        else:
            given.bounds.append((place, sign, _bound(columns[place], value)))
    return given


def _place(names: Sequence[str], name: str) -> int:
    if name in names:
        return names.index(name)
    raise InputError(f"--given: the table has no column {name!r}.{did_you_mean(name, names)}")


def _bound(column: Column, text: str) -> float:
    if not isinstance(column, Continuous):
        raise InputError(f"--given: {column.name!r} holds no numbers that < or > could compare.")
    return _parsed(column, text)


def held_cells(
    columns: Sequence[Column], rows: Tensor, given: Tensor, filled: bool = False
) -> Tensor:
    """Return which encoded cells are given: first numbers in order, then categories.

    Args:
        columns: The table's columns.
        rows: Rows in the data's own units, shape ``(num_rows, num_columns)``.
        given: Which of their cells are given, booleans of the same shape.
        filled: Whether every number is known to be present.
    """
    numbers, categories = [], []
    for i, column in enumerate(columns):
        if not column.blocks:
            continue
        if isinstance(column, Discrete | Categorical):
            categories.append(given[:, i])
            continue
        numbers.append(given[:, i] & ~rows[:, i].isnan())
        if column.missing:
            categories.append(given[:, i] | filled)
    return torch.stack([*numbers, *categories], 1)


def _value(column: Column, text: str) -> float:
    if not text:
        if not column.missing:
            raise InputError(f"--given: cells of {column.name!r} are never missing.")
        return float("nan")
    if isinstance(column, Constant):
        raise InputError(f"--given: {column.name!r} has a single value.")
    if isinstance(column, Categorical):
        if text not in column.categories:
            raise InputError(
                f"--given: {column.name!r} has {len(column.categories)} values, and {text!r} is "
                f"none of them.{did_you_mean(text, column.categories)}"
            )
        return float(column.categories.index(text))
    return _number(column, text)


def _number(column: Continuous, text: str) -> float:
    value, low, high = _parsed(column, text), column.minimum, column.maximum
    if low is not None and high is not None and not low <= value <= high:
        ends = column.cells(torch.tensor([low, high], dtype=torch.float64))
        raise InputError(
            f"--given: {column.name!r} lies between {ends[0]} and {ends[1]}, found {text}."
        )
    rounded = float(column.rounded(torch.tensor(value, dtype=torch.float64)))
    known = not isinstance(column, Discrete) or value in column.values
    if not known or abs(rounded - value) > 1e-9 * max(1, abs(value)):
        raise InputError(f"--given: {column.name!r} is never {text}.")
    return value


def _parsed(column: Continuous, text: str) -> float:
    try:
        if isinstance(column, Moment):
            return float(seconds_of(pd.Series([text]), column.pattern)[0] / column.unit)
        value = float(numbers_of(pd.Series([text]), fewest_with_unit=1)[0])
        if math.isfinite(value):
            return value
        raise ValueError
    except ValueError as error:
        form = column.pattern if isinstance(column, Moment) else "a number"
        name = column.name
        raise InputError(f"--given: expected {form} for {name!r}, found {text!r}.") from error
