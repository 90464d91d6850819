"""Units of a table with columns of any kind."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Continuous, Discrete, column_from
from gan_lightning.data.formulas import in_order
from gan_lightning.data.row_units import ColumnUnits
from gan_lightning.data.scales import NormalScores


class TableUnits(ColumnUnits):
    """Maps rows to normal scores and one-hot blocks, and back.

    A row, shape ``(num_columns,)``, holds measured values, indices of categories and NaN for what
    is missing. Scaled, shape ``(width,)``, a measured value is a normal score, and one-hot blocks,
    -1 for cold and 1 for hot, say what is missing and which of a few values there is.

    Args:
        columns: The columns in their order.
        scores: Normal scores of the measured columns that are not discrete, in their order.
        label_names: Names of the labels.
    """

    kind = "table"

    def __init__(
        self,
        columns: Sequence[Column],
        scores: NormalScores,
        label_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(columns, label_names)
        self.scores = scores
        self.measured = [i for i, column in enumerate(columns) if _is_measured(column)]
        self.discrete = [i for i, column in enumerate(columns) if _is_discrete(column)]
        self.valued = [i for i in self.discrete if isinstance(columns[i], Discrete)]
        starts = torch.tensor([0, *(column.width for column in columns)]).cumsum(0)[:-1]
        self.starts: list[int] = starts.tolist()
        """The place where each column begins in an encoded row."""
        self.width = sum(column.width for column in columns)
        self.named = {
            i: (self.starts[i], self.starts[i] + columns[i].width - 1)
            for i in self.discrete
            if i not in self.valued
        }
        """The places of the first and the last category of a column in an encoded row."""
        self.gaps = {i: self.starts[i] + 1 for i in self.measured if columns[i].missing}
        """The place of the mark that a number is present; the mark that it is missing follows."""
        formulas = {i: c.formula for i, c in enumerate(columns) if c.formula is not None}
        self.formulas = in_order(formulas)

    @classmethod
    def of_rows(
        cls, columns: Sequence[Column], rows: Tensor, label_names: Sequence[str] | None = None
    ) -> "TableUnits":
        """Return units with the quantiles of rows.

        Args:
            columns: The columns in their order.
            rows: The training rows, shape ``(num_rows, num_columns)``, and no others.
            label_names: Names of the labels.
        """
        measured = [(c, v) for c, v in zip(columns, rows.T, strict=True) if _is_measured(c)]
        both = [(v, c.step) for c, v in measured if isinstance(c, Continuous)]
        scores = NormalScores.of([values for values, _ in both], [step for _, step in both])
        return cls(columns, scores, label_names)

    def with_columns(self, columns: Sequence[Column]) -> "TableUnits":
        return TableUnits(columns, self.scores, self.label_names)

    def fit(self, data_shape: Sequence[int]) -> bool:
        shape = self.scores.values.shape
        alike = shape == self.scores.levels.shape and len(self.scores.steps) == len(self.measured)
        return alike and len(self.measured) == shape[0] and list(data_shape) == [self.width]

    def scale(self, rows: Tensor, random_places: bool = False) -> Tensor:
        """Return encoded rows, float32, shape ``(num_rows, width)``.

        Args:
            rows: Shape ``(num_rows, num_columns)``.
            random_places: Put each value at a random place within its cell, as in training, instead
                of the middle.
        """
        return self.placed(self.cells(rows), random_places)

    def placed(self, cells: Tensor, random_places: bool) -> Tensor:
        """Return encoded rows with each value at a place within its cell.

        Args:
            cells: As from ``cells``.
            random_places: Whether the place is random, and not the middle.
        """
        x, ends = cells[:, : self.width].float(), cells[:, self.width :]
        if self.measured:
            ends = ends.unflatten(1, (3, -1)).transpose(0, 1)
            place = torch.rand_like(ends[0]) if random_places else torch.full_like(ends[0], 0.5)
            x[:, [self.starts[i] for i in self.measured]] = self.scores.placed(ends, place).float()
        return x

    def cells(self, rows: Tensor) -> Tensor:
        """Return encoded rows whose values have no place within their cells yet.

        Float64, shape ``(num_rows, width + 3 * num_measured)``: behind each row are the cells of
        its values, all that is slow to find.

        Args:
            rows: Shape ``(num_rows, num_columns)``.
        """
        ends = rows.new_zeros(3, 0, len(rows))
        if self.measured:
            ends = self.scores.cells(rows[:, self.measured].T.contiguous())
        x = torch.cat([rows.new_full((len(rows), self.width), -1.0), ends.flatten(0, 1).T], 1)
        hot = [self.starts[i] + _place(self.columns[i], rows[:, i])[:, None] for i in self.valued]
        if self.named:
            firsts, lasts = (torch.tensor(ends) for ends in zip(*self.named.values(), strict=True))
            index = rows[:, list(self.named)].nan_to_num(nan=torch.inf)
            hot.append((index + firsts).minimum(lasts).long())
        if self.gaps:
            hot.append(rows[:, list(self.gaps)].isnan() + torch.tensor([*self.gaps.values()]))
        return x.scatter_(1, torch.cat(hot, 1), 1.0) if hot else x

    def in_units(self, x: Tensor) -> Tensor:
        """Return rows, float64, shape ``(num_rows, num_columns)``."""
        return self.with_formulas(self._decoded(x))

    def unscale(self, x: Tensor) -> Tensor:
        return self.rounded(self._decoded(x.detach().cpu()))  # formulas hold for rounded numbers

    def rounded(self, points: Tensor) -> Tensor:
        return self.with_formulas(super().rounded(points))

    def _decoded(self, x: Tensor) -> Tensor:
        """Return rows with 0 in the columns that follow from others."""
        x = x.double()
        columns = [x.new_zeros(x.shape[0])] * len(self.columns)  # constants stay so
        scores = x[:, [self.starts[i] for i in self.measured]].T.contiguous()
        unscaled = self.scores.unscaled(scores) if self.measured else scores
        for i, values in zip(self.measured, unscaled, strict=True):
            column, start = self.columns[i], self.starts[i]
            assert isinstance(column, Continuous)
            columns[i] = column.within(values)
            if column.missing:
                gone = x[:, start + 2] > x[:, start + 1]
                columns[i] = torch.where(gone, torch.nan, columns[i])
        for i in self.discrete:
            column, start = self.columns[i], self.starts[i]
            columns[i] = _value(column, x[:, start : start + column.width].argmax(1))
        return torch.stack(columns, 1)

    def with_formulas(self, rows: Tensor) -> Tensor:
        """Return rows with the formulas of columns evaluated, in the data's own units.

        Results are not limited to the range of the data: a sum may exceed every known one.
        """
        columns = list(rows.unbind(1))
        for i, formula in self.formulas.items():
            column, values = self.columns[i], formula(torch.stack(columns, 1))
            columns[i] = column.rounded(values) if isinstance(column, Continuous) else values
        return torch.stack(columns, 1)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "scores": vars(self.scores)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "TableUnits":
        columns = [column_from(**description) for description in state["columns"]]
        scores = NormalScores(**state["scores"])
        for name, values in vars(scores).items():
            if not isinstance(values, Tensor) or values.dim() != 2:
                raise TypeError(f"the scores' {name} are not a matrix")
        units = cls(columns, scores, state["label_names"])
        for formula in units.formulas.values():
            if not {*formula.sources} <= {*range(len(columns))}:
                raise TypeError("a formula refers to a column that does not exist")
        return units


def _is_measured(column: Column) -> bool:
    """Return whether a column is a number to the model."""
    measured = isinstance(column, Continuous) and not isinstance(column, Discrete)
    return measured and column.formula is None


def _is_discrete(column: Column) -> bool:
    """Return whether a column is a one-hot block to the model."""
    return isinstance(column, Discrete | Categorical) and column.formula is None


def _place(column: Column, values: Tensor) -> Tensor:
    """Return the index of each of a few values, int64; the last one for a missing value."""
    assert isinstance(column, Discrete)
    known = torch.tensor(column.values, dtype=torch.float64)
    index = torch.searchsorted(known, values.contiguous()).clamp(max=len(known) - 1)
    return torch.where(values.isnan(), column.width - 1, index)


def _value(column: Column, index: Tensor) -> Tensor:
    """Return the value of an index, float64."""
    known = index.double()
    if isinstance(column, Discrete):
        known = torch.tensor([*column.values, torch.nan], dtype=torch.float64)[index]
    return torch.where(index < len(column.levels), known, torch.nan)
