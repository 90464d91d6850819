"""Columns that are functions of others in the same row."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lightning.errors import InputError

Candidate = tuple[tuple[int, ...], str, tuple[float, ...]]
"""Sources, kind and weights of a formula."""

KINDS = ("sum", "product", "ratio")


@dataclass(frozen=True)
class Formula:
    """A cell as a function of others in its row.

    A weighted sum of other cells, the product or ratio of two, or a step function of one of these:
    an age band, a tenth of a sum, the country of a town. Categories count as their indices, and a
    missing one as -1.

    Args:
        sources: Indices of the columns that it depends on, none of which has a formula.
        kind: ``sum``, ``product`` or ``ratio``.
        weights: For a sum, the weights of its sources and a constant; for other kinds, one factor.
        thresholds: Ascending values at which steps begin; empty for the number itself.
        steps: Values of the steps, one more than there are thresholds; NaN is missing.
    """

    sources: tuple[int, ...]
    kind: str = "sum"
    weights: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()
    steps: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        expected = len(self.sources) + 1 if self.kind == "sum" else 1
        complete = self.kind in KINDS and len(self.weights) == expected
        pair = self.kind == "sum" or len(self.sources) == 2
        if not complete or not pair or len(self.steps) not in (0, len(self.thresholds) + 1):
            raise InputError(f"A formula of the kind {self.kind!r} is incomplete.")

    def __call__(self, rows: Tensor) -> Tensor:
        """Return the formula's cells before rounding, float64, shape ``(num_rows,)``.

        Args:
            rows: Shape ``(num_rows, num_columns)``.
        """
        values = rows[:, list(self.sources)].double()
        if not self.steps:
            return combined(values, self.kind, self.weights)
        if len(self.sources) == 1:
            values = values.nan_to_num(-1)
        score = combined(values, self.kind, self.weights)
        thresholds = torch.tensor(self.thresholds, dtype=torch.float64)
        step = (score.nan_to_num()[:, None] >= thresholds).sum(1)
        cells = torch.tensor(self.steps, dtype=torch.float64)[step]
        return torch.where(score.isnan(), torch.nan, cells)

    def solved(self, rows: Tensor, column: int) -> Tensor:
        """Return rows in which a sum's only missing source is solved for.

        Args:
            rows: Shape ``(num_rows, num_columns)``; NaN is missing.
            column: Index of the formula's column.
        """
        if self.steps or self.kind != "sum":
            return rows
        rows = rows.clone()
        sources, weights = list(self.sources), torch.tensor(self.weights, dtype=torch.float64)
        values = rows[:, sources]
        known = values.nan_to_num() @ weights[:-1] + weights[-1]
        alone = (values.isnan().sum(1) == 1) & ~rows[:, column].isnan()
        for source, weight in zip(sources, weights, strict=False):
            chosen = alone & rows[:, source].isnan()
            rows[chosen, source] = (rows[chosen, column] - known[chosen]) / weight
        return rows

    def settled(self, rows: Tensor, known: Tensor, column: int) -> Tensor:
        """Return filled rows whose last missing source is set to the rest of a known sum.

        Args:
            rows: Shape ``(num_rows, num_columns)``, without gaps.
            known: The same rows with their gaps.
            column: Index of the formula's column.
        """
        missing = known[:, list(self.sources)].isnan()
        last = missing.shape[1] - 1 - missing.flip(1).long().argmax(1)
        chosen = (missing.any(1) & ~known[:, column].isnan()).nonzero().flatten()
        rows = rows.clone()
        if not self.steps and self.kind == "sum":
            rows[chosen, torch.tensor(self.sources)[last[chosen]]] = torch.nan
        return self.solved(rows, column)

    def written(self, names: tuple[str, ...], own: str) -> str:
        """Return the formula as text.

        Args:
            names: The names of all columns.
            own: The name of the formula's column.
        """
        sources = [names[i] for i in self.sources]
        if self.kind == "sum":
            parts = [
                f"{'- ' if weight < 0 else '+ '}{'' if abs(weight) == 1 else f'{abs(weight):g} '}"
                f"{source}"
                for weight, source in zip(self.weights, sources, strict=False)
            ]
            if self.weights[-1] and not self.steps:
                parts.append(f"{'-' if self.weights[-1] < 0 else '+'} {abs(self.weights[-1]):g}")
            text = " ".join(parts).removeprefix("+ ")
        else:
            text = f" {'*' if self.kind == 'product' else '/'} ".join(sources)
            text += "" if self.weights[0] == 1 else f" * {self.weights[0]:g}"
        return f"{own!r} follows from {text}" if self.steps else f"{own!r} = {text}"


def in_order(formulas: Mapping[int, Formula]) -> dict[int, Formula]:
    """Return the formulas of columns, each after those of its sources.

    Raises:
        InputError: If one depends on itself.
    """
    ordered: dict[int, Formula] = {}
    while len(ordered) < len(formulas):
        ready = {
            column: formula
            for column, formula in formulas.items()
            if column not in ordered and not {*formula.sources} & ({*formulas} - {*ordered})
        }
        if not ready:
            raise InputError("A column of the table follows from itself.")
        ordered |= ready
    return ordered


def combined(values: Tensor, kind: str, weights: tuple[float, ...]) -> Tensor:
    """Return sums, products or ratios of cells, float64, shape ``(num_rows,)``; NaN stays.

    Args:
        values: The sources' cells, shape ``(num_rows, num_sources)``.
        kind: As in a formula.
        weights: As in a formula.
    """
    factors = torch.tensor(weights, dtype=torch.float64)
    if kind == "sum":
        return (values * factors[:-1]).sum(1) + factors[-1]  # in the author's order
    first, second = values.T
    return factors[0] * (first * second if kind == "product" else first / second)
