"""Columns of a table, and their encoding for a network."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from gan_lightning.data.units import Units
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


class RowUnits(Units):
    """Maps rows to numbers in [-1, 1] and back, and writes them.

    A row, shape ``(num_columns,)``, holds measured values in their units and indices of categories.
    Scaled, shape ``(width,)``, a measured value is linear in [-1, 1] and a category is one-hot,
    with -1 for cold and 1 for hot.

    Args:
        columns: The columns in their order.
        minimum: What becomes -1 in each column, float64, shape ``(num_columns,)``.
        span: How far above it 1 is, likewise; for categories without meaning.
        label_names: What each label is called.
    """

    kind = "rows"
    file_endings = (".csv",)
    written_as = "Rows are written as .csv"

    def __init__(
        self,
        columns: Sequence[Column],
        minimum: Tensor,
        span: Tensor,
        label_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(label_names)
        self.columns = tuple(columns)
        self.minimum = minimum
        self.span = span

    @classmethod
    def of_rows(
        cls, columns: Sequence[Column], rows: Tensor, label_names: Sequence[str] | None = None
    ) -> "RowUnits":
        """Return units by which the extremes of rows become -1 and 1.

        Args:
            columns: The columns in their order.
            rows: The training rows, shape ``(num_rows, num_columns)``, and no others.
            label_names: What each label is called.
        """
        minimum = rows.min(0).values.double()
        span = rows.max(0).values.double() - minimum
        span[span == 0] = 1  # a constant column
        return cls(columns, minimum, span, label_names)

    def fit(self, data_shape: Sequence[int]) -> bool:
        known = (len(self.columns),)
        complete = self.minimum.shape == known and self.span.shape == known
        return complete and list(data_shape) == [sum(column.width for column in self.columns)]

    def scale(self, rows: Tensor) -> Tensor:
        """Return encoded rows, float32, shape ``(num_rows, width)``."""
        unit = (rows.double() - self.minimum) / self.span
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
                value = (part[:, 0] + 1) / 2 * self.span[i] + self.minimum[i]
                values.append(column.restored(value))
        return torch.stack(values, 1)

    def write(self, samples: Iterable[Tensor], path: Path, labels: Tensor | None = None) -> None:
        """Write rows as CSV with a header, categories by name."""
        self.check_output(path)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(column.name for column in self.columns)
            for chunk in samples:
                for row in chunk.tolist():
                    writer.writerow(map(_text, self.columns, row))

    def state_dict(self) -> dict[str, Any]:
        columns = [{"type": type(column).__name__, **vars(column)} for column in self.columns]
        return {
            "kind": self.kind,
            "columns": columns,
            "minimum": self.minimum,
            "span": self.span,
            "label_names": self.label_names,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "RowUnits":
        columns = [_column(**description) for description in state["columns"]]
        return cls(columns, state["minimum"], state["span"], state["label_names"])


def _column(type: str, **arguments: Any) -> Column:
    return {"Continuous": Continuous, "Categorical": Categorical}[type](**arguments)


def _text(column: Column, value: float) -> str:
    if isinstance(column, Categorical):
        return column.categories[int(value)]
    return repr(value) if column.decimals is None else f"{value:.{column.decimals}f}"
