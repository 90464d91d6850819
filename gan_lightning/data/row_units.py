"""Units of tables: their columns, how rows are scaled for a model, and how they are written."""

import csv
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from gan_lightning.data.columns import Categorical, Column, Continuous, column_from, described
from gan_lightning.data.parquet import write_parquet
from gan_lightning.data.units import Units
from gan_lightning.errors import InputError


class ColumnUnits(Units):
    """Columns, and rows as files and as frames of pandas.

    Args:
        columns: The columns in their order.
        label_names: Names of the labels.
    """

    file_endings = (".csv", ".parquet")
    written_as = "Rows are written as .csv or .parquet"

    def __init__(self, columns: Sequence[Column], label_names: Sequence[str] | None = None) -> None:
        super().__init__(label_names)
        self.columns = tuple(columns)

    @abstractmethod
    def scale(self, rows: Tensor) -> Tensor:
        """Return rows in the model's scale, float32, shape ``(num_rows, width)``."""

    @abstractmethod
    def with_columns(self, columns: Sequence[Column]) -> "ColumnUnits":
        """Return the same scale for columns that were read again."""

    def for_columns(self, columns: Sequence[Column]) -> "ColumnUnits":
        """Return the same scale for columns that were read again.

        Raises:
            InputError: If they are different columns.
        """
        asked, found = ([column.name for column in c] for c in (self.columns, columns))
        if asked != found:
            raise InputError(
                f"The checkpoint's columns are not the data's: expected {', '.join(asked)}, found "
                f"{', '.join(found)}."
            )
        for known, column in zip(self.columns, columns, strict=True):
            if known.blocks != column.blocks or known.levels != column.levels:
                raise InputError(
                    f"The checkpoint's column {known.name!r} is not the data's: it has other "
                    "values, or only one of the two has missing cells, or follows from other "
                    "columns."
                )
        return self.with_columns(columns)

    def rounded(self, points: Tensor) -> Tensor:
        """Return rows whose measured values have the decimals of their columns."""
        parts = zip(self.columns, points.T, strict=True)
        return torch.stack(
            [c.rounded(part) if isinstance(c, Continuous) else part for c, part in parts], 1
        )

    def values(self, samples: Tensor) -> pd.DataFrame:
        """Return rows as a frame with the source's columns and types."""
        return self.frame(samples)

    def frame(self, rows: Tensor) -> pd.DataFrame:
        """Return rows as a frame with the source's columns and types.

        Args:
            rows: Values and indices of categories, float64, shape ``(num_rows, num_columns)``.
        """
        parts = zip(self.columns, rows.T, strict=True)
        return pd.concat([column.series(values) for column, values in parts], axis=1)

    def write(self, samples: Iterable[Tensor], path: Path, labels: Tensor | None = None) -> None:
        """Write rows as CSV with a header, or as Parquet, categories by name."""
        self.check_output(path)
        if path.suffix.lower() == ".parquet":
            write_parquet(map(self.frame, samples), path)
            return
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(column.name for column in self.columns)
            for chunk in samples:
                parts = zip(self.columns, chunk.T, strict=True)
                writer.writerows(zip(*(column.cells(part) for column, part in parts), strict=True))

    def state_dict(self) -> dict[str, Any]:
        columns = [described(column) for column in self.columns]
        return {"kind": self.kind, "columns": columns, "label_names": self.label_names}


class RowUnits(ColumnUnits):
    """Maps rows to numbers in [-1, 1] and back, and writes them.

    A row, shape ``(num_columns,)``, holds measured values in their units and indices of categories.
    Scaled, shape ``(width,)``, a measured value is linear in [-1, 1] and a category is one-hot,
    with -1 for cold and 1 for hot.

    Args:
        columns: The columns in their order.
        minimum: The value mapped to -1 in each column, float64, shape ``(num_columns,)``.
        span: Its distance to the value mapped to 1, of the same shape; meaningless for categories.
        label_names: Names of the labels.
    """

    kind = "rows"

    def __init__(
        self,
        columns: Sequence[Column],
        minimum: Tensor,
        span: Tensor,
        label_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(columns, label_names)
        self.minimum = minimum
        self.span = span

    @classmethod
    def of_rows(
        cls, columns: Sequence[Column], rows: Tensor, label_names: Sequence[str] | None = None
    ) -> "RowUnits":
        """Return units that map the extremes of rows to -1 and 1.

        Args:
            columns: The columns in their order.
            rows: The training rows, shape ``(num_rows, num_columns)``, and no others.
            label_names: Names of the labels.
        """
        minimum = rows.min(0).values.double()
        span = rows.max(0).values.double() - minimum
        span[span == 0] = 1  # a constant column
        return cls(columns, minimum, span, label_names)

    def with_columns(self, columns: Sequence[Column]) -> "RowUnits":
        return RowUnits(columns, self.minimum, self.span, self.label_names)

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

    def in_units(self, x: Tensor) -> Tensor:
        """Return rows, float64, shape ``(num_rows, num_columns)``."""
        parts = x.double().split([column.width for column in self.columns], 1)
        values = []
        for i, (column, part) in enumerate(zip(self.columns, parts, strict=True)):
            if isinstance(column, Categorical):
                values.append(part.argmax(1).double())
            else:
                assert isinstance(column, Continuous)
                value = (part[:, 0] + 1) / 2 * self.span[i] + self.minimum[i]
                values.append(column.within(value))
        return torch.stack(values, 1)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "minimum": self.minimum, "span": self.span}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "RowUnits":
        columns = [column_from(**description) for description in state["columns"]]
        return cls(columns, state["minimum"], state["span"], state["label_names"])
