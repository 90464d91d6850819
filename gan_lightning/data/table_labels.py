"""The target of a table, and the labels that it gives to rows."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Discrete
from gan_lightning.errors import InputError


def target_of(columns: Sequence[Column], asked: str | None) -> int | None:
    """Return the target's index."""
    names = [column.name for column in columns]
    if asked is not None:
        if asked not in names:
            raise InputError(f"target: the column {asked!r} is left out.")
        return names.index(asked)
    last = columns[-1]
    few = isinstance(last, Categorical) and len(last.categories) <= 20
    return len(columns) - 1 if few else None


def labels_of(
    columns: Sequence[Column], rows: Tensor, target: int | None
) -> tuple[Tensor, Sequence[str] | None]:
    """Return a label for each row, by its target, and the labels' names."""
    nothing = torch.zeros(len(rows), dtype=torch.int64), None
    if target is None:
        return nothing
    column, values = columns[target], rows[:, target]
    if isinstance(column, Discrete):
        names = column.cells(torch.tensor(column.values, dtype=torch.float64))
        known = torch.searchsorted(torch.tensor(column.values, dtype=torch.float64), values)
    elif isinstance(column, Categorical):
        names, known = list(column.categories), values.nan_to_num().long()
    else:
        return nothing
    names = [*names, *(["(missing)"] if column.missing else [])]
    return torch.where(values.isnan(), len(names) - 1, known), names
