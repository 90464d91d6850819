"""Columns of a table, and their encoding for a network."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from gan_lightning.errors import InputError


@dataclass(frozen=True)
class Continuous:
    """A measured column.

    Args:
        name: Its name, with its unit.
        decimals: Places after the point in the source; values that return to the data's units are
            rounded to them. ``None`` leaves them as they are.
        minimum: Smallest value that there can be; what comes out smaller is raised to it.
    """

    name: str
    decimals: int | None = None
    minimum: float | None = None

    width = 1

    def __post_init__(self) -> None:
        if self.decimals is not None and self.decimals < 0:
            raise InputError(f"decimals must not be negative, found {self.decimals}.")

    def restored(self, values: Tensor) -> Tensor:
        """Return the nearest values that a column like this could hold."""
        if self.minimum is not None:
            values = values.clamp_min(self.minimum)
        # Adding 0 makes 0 of -0.
        return values if self.decimals is None else values.round(decimals=self.decimals) + 0.0


@dataclass(frozen=True)
class Categorical:
    """A column with one of a few values, held as its index among them."""

    name: str
    categories: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.categories)


Column = Continuous | Categorical


class RowScaler:
    """Maps rows to numbers in [-1, 1] and back.

    A row, shape ``(num_columns,)``, holds measured values in their units and indices of categories.
    Scaled, shape ``(width,)``, a measured value is linear in [-1, 1] and a category is one-hot,
    with -1 for cold and 1 for hot.

    Args:
        columns: The columns in their order.
        rows: The rows, shape ``(num_rows, num_columns)``, whose extremes become -1 and 1: the
            training rows, so that nothing of the others is known.
    """

    def __init__(self, columns: Sequence[Column], rows: Tensor) -> None:
        self.columns = columns
        self.minimum = rows.min(0).values.double()
        self.range = rows.max(0).values.double() - self.minimum
        self.range[self.range == 0] = 1  # a constant column

    def scale(self, rows: Tensor) -> Tensor:
        """Return encoded rows, float32, shape ``(num_rows, width)``."""
        unit = (rows.double() - self.minimum) / self.range
        parts = []
        for i, column in enumerate(self.columns):
            hot = isinstance(column, Categorical)
            parts.append(one_hot(rows[:, i].long(), column.width) if hot else unit[:, [i]])
        return (torch.cat(parts, 1) * 2 - 1).float()

    def unscale(self, x: Tensor) -> Tensor:
        """Return rows, float64, shape ``(num_rows, num_columns)``, on the CPU."""
        parts = x.detach().cpu().double().split([column.width for column in self.columns], 1)
        values = []
        for i, (column, part) in enumerate(zip(self.columns, parts, strict=True)):
            if isinstance(column, Categorical):
                values.append(part.argmax(1).double())
            else:
                value = (part[:, 0] + 1) / 2 * self.range[i] + self.minimum[i]
                values.append(column.restored(value))
        return torch.stack(values, 1)
