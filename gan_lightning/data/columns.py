"""Columns of a table: what a cell can hold, how it is encoded and how it is written.

In a tensor of rows, float64, a measured column holds its values, a categorical one the indices of
its categories, and NaN is a missing cell.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from torch import Tensor

from gan_lightning.data.formulas import Formula
from gan_lightning.data.frame_types import as_type
from gan_lightning.data.grids import Months
from gan_lightning.errors import InputError


@dataclass(frozen=True)
class Continuous:
    """A measured column.

    Args:
        name: Its name, with its unit.
        decimals: Decimal places in the source, -1 if all values are tens; values that return to the
            data's units are rounded to them. ``None`` leaves them unrounded.
        minimum: Smallest possible value; smaller samples are raised to it.
        maximum: Largest possible value; larger samples are lowered to it.
        missing: Whether a cell may be empty.
        dtype: The column's type in pandas.
        formula: How it follows from other columns, in which case it is not learned.
        spacing: Step of a grid that starts at the smallest value and holds all others, such as 10
            minutes or half a star, if decimals do not express it.
    """

    name: str
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    missing: bool = False
    dtype: str | None = None
    formula: Formula | None = None
    spacing: float | None = None

    def __post_init__(self) -> None:
        if self.decimals is not None and not -20 <= self.decimals <= 20:
            raise InputError(f"decimals must lie in [-20, 20], found {self.decimals}.")
        if self.spacing is not None and not (self.spacing > 0 and self.minimum is not None):
            found = f"{self.spacing} and {self.minimum}"
            raise InputError(f"spacing: expected a positive number and a minimum, found {found}.")

    @property
    def blocks(self) -> tuple[int, ...]:
        """Widths of the parts that encode a cell: a number, and whether it is present."""
        if self.formula is not None:
            return ()
        return (1, 2) if self.missing else (1,)

    @property
    def width(self) -> int:
        """Number of encoded values."""
        return sum(self.blocks)

    @property
    def levels(self) -> tuple[Any, ...]:
        """The values of a one-hot block; none for a number."""
        return ()

    @property
    def step(self) -> float:
        """Difference between neighbouring values; 0 if they are not rounded."""
        return self.spacing or (0.0 if self.decimals is None else 10.0**-self.decimals)

    def within(self, values: Tensor) -> Tensor:
        """Return values clipped to the smallest and the largest possible one."""
        if self.minimum is None and self.maximum is None:
            return values
        return values.clamp(self.minimum, self.maximum)

    def rounded(self, values: Tensor) -> Tensor:
        """Return values rounded to the column's spacing and decimals."""
        if self.spacing is not None and self.minimum is not None:
            values = self.minimum + ((values - self.minimum) / self.spacing).round() * self.spacing
        # Adding 0 makes 0 of -0.
        return values if self.decimals is None else values.round(decimals=self.decimals) + 0.0

    def cells(self, values: Tensor) -> list[str]:
        """Return values as a file holds them; a missing one is empty."""
        if self.decimals is None:
            return ["" if value != value else repr(value) for value in values.tolist()]
        places = max(self.decimals, 0)
        return ["" if value != value else f"{value:.{places}f}" for value in values.tolist()]

    def series(self, values: Tensor) -> "pd.Series[Any]":
        """Return values as a column of pandas, of the source's type where it can hold them."""
        series = pd.Series(values.numpy(), name=self.name)
        if self.decimals is not None and self.decimals <= 0:
            series = series.astype("Int64" if self.missing else "int64")
        return as_type(series, self.dtype)


@dataclass(frozen=True)
class Moment(Continuous):
    """A column of dates or times, counted from 1970 on.

    Args:
        pattern: How a file writes them, as ``strftime`` does.
        unit: Length of the counted unit in seconds: 86400 for days.
        months: The months of whose first or last days all are, if so.
    """

    pattern: str = "%Y-%m-%d"
    unit: float = 86400.0
    months: tuple[int, ...] | None = None

    def rounded(self, values: Tensor) -> Tensor:
        values = super().rounded(values)
        return values if self.months is None else Months(*self.months).nearest(values, self.unit)

    def cells(self, values: Tensor) -> list[str]:
        written = self._moments(values).dt.strftime(self.pattern)
        return ["" if cell != cell else cell for cell in written]

    def series(self, values: Tensor) -> "pd.Series[Any]":
        if self.dtype is None or not self.dtype.startswith("datetime"):  # they were texts
            written = self._moments(values).dt.strftime(self.pattern)
            return as_type(written.astype(object).where(~values.isnan().numpy(), None), self.dtype)
        return as_type(self._moments(values), self.dtype)

    def _moments(self, values: Tensor) -> "pd.Series[Any]":
        seconds = pd.Series((values * self.unit).numpy(), name=self.name)
        return pd.to_datetime(seconds, unit="s").dt.round("ms")


@dataclass(frozen=True)
class Discrete(Continuous):
    """A measured column of few values, which are encoded like categories.

    Args:
        values: All its values, ascending.
    """

    values: tuple[float, ...] = ()

    @property
    def levels(self) -> tuple[float, ...]:
        return self.values

    @property
    def blocks(self) -> tuple[int, ...]:
        return () if self.formula is not None else (len(self.values) + self.missing,)


@dataclass(frozen=True)
class Categorical:
    """A column of few values, each stored as its index.

    Args:
        name: Its name.
        categories: Names of the values.
        missing: Whether a cell may be empty, which is then a separate level.
        dtype: The column's type in pandas.
        formula: How it follows from other columns, in which case it is not learned.
    """

    name: str
    categories: tuple[str, ...]
    missing: bool = False
    dtype: str | None = None
    formula: Formula | None = None

    @property
    def levels(self) -> tuple[str, ...]:
        """The values of the one-hot block."""
        return self.categories

    @property
    def blocks(self) -> tuple[int, ...]:
        """Width of the one-hot block that encodes a cell, with the missing level last."""
        return () if self.formula is not None else (len(self.categories) + self.missing,)

    @property
    def width(self) -> int:
        """Number of encoded values."""
        return sum(self.blocks)

    def cells(self, values: Tensor) -> list[str]:
        """Return the names of categories by their index; a missing one is empty."""
        return ["" if value != value else self.categories[int(value)] for value in values.tolist()]

    def series(self, values: Tensor) -> "pd.Series[Any]":
        """Return the categories as a column of pandas, of the source's type."""
        if self.dtype is not None and self.dtype.startswith("bool"):
            truth = pd.Series(values.numpy() == 1, name=self.name)
            return truth.astype("boolean").mask(values.isnan().numpy()) if self.missing else truth
        names = [
            None if value != value else self.categories[int(value)] for value in values.tolist()
        ]
        return as_type(pd.Series(names, name=self.name, dtype=object), self.dtype)


@dataclass(frozen=True)
class Constant:
    """A column of one value, or of none: there is nothing to learn.

    Args:
        name: Its name.
        text: The content of every cell.
        dtype: The column's type in pandas.
    """

    name: str
    text: str
    dtype: str | None = None

    blocks = ()
    levels = ()
    width = 0
    missing = False
    formula = None

    def cells(self, values: Tensor) -> list[str]:
        """Return the same text for every cell."""
        return [self.text] * len(values)

    def series(self, values: Tensor) -> "pd.Series[Any]":
        """Return the same value for every row."""
        texts = pd.Series([self.text or None] * len(values), name=self.name, dtype=object)
        return as_type(texts, self.dtype)


Column = Continuous | Categorical | Constant

COLUMN_TYPES = {
    kind.__name__: kind for kind in (Continuous, Moment, Discrete, Categorical, Constant)
}


def described(column: Column) -> dict[str, Any]:
    """Return a column's attributes and the name of its type as values for a checkpoint."""
    kept = {"type": type(column).__name__, **vars(column)}
    return kept if column.formula is None else {**kept, "formula": vars(column.formula)}


def column_from(type: str, formula: dict[str, Any] | None = None, **arguments: Any) -> Column:
    """Return the column with a type of this name and with these attributes."""
    if formula is not None:
        arguments["formula"] = Formula(**formula)
    made: Column = COLUMN_TYPES[type](**arguments)
    return made
