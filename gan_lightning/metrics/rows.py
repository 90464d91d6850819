"""Rows of a table as vectors that distances and classifiers understand.

NaN is a missing cell in columns that may have some, and an invalid number elsewhere.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot

MOST_JUDGED = 100
"""Categories of a column that forests distinguish: 2000 took one forest more than four minutes."""


def row_vectors(
    sets: Sequence[Tensor], categorical: Sequence[int], missing: Sequence[int] = ()
) -> list[Tensor]:
    """Return sets of rows as vectors, each float64 of shape ``(num_rows, width)``.

    A continuous column is measured in standard deviations of the first set, so that no unit
    outweighs another. Categories are one-hot, and two different ones are 1 apart. So are a number
    and a missing number, which is placed at the mean.

    Args:
        sets: Each of shape ``(num_rows, num_columns)``; the first sets the units.
        categorical: Indices of the columns that hold categories.
        missing: Indices of those in which cells may be missing.
    """
    parts = []
    for i, column in enumerate(torch.cat(list(sets)).double().T):
        gone = column.isnan()
        if i in categorical:
            codes = torch.where(gone, -1, column)
            parts.append(one_hot(codes.unique(return_inverse=True)[1]) / math.sqrt(2))
            continue
        if i in missing and gone.any():
            parts.append(one_hot(gone.long(), 2) / math.sqrt(2))
            known = column[: len(sets[0])]
            column = torch.where(gone, known[~known.isnan()].mean().nan_to_num(), column)
        std = column[: len(sets[0])].std(correction=0)
        parts.append(column[:, None] / torch.where(std > 0, std, 1.0))
    return list(torch.cat(parts, 1).double().split([len(rows) for rows in sets]))


def few_categories(
    sets: Sequence[Tensor], categorical: Sequence[int], most: int = MOST_JUDGED
) -> list[Tensor]:
    """Return sets of rows with all but the most frequent categories of a column as one.

    Missing cells stay missing, and are not counted.

    Args:
        sets: Each of shape ``(num_rows, num_columns)``; categories are counted in all of them.
        categorical: Indices of the columns that hold categories.
        most: The largest number of categories of a column.
    """
    rows = torch.cat(list(sets)).clone()
    for i in categorical:
        present = ~rows[:, i].isnan()
        cells = rows[present, i]
        values, codes, counts = cells.unique(return_inverse=True, return_counts=True)
        if len(values) > most:
            rare = counts.argsort(descending=True, stable=True)[most - 1 :]
            rows[present, i] = torch.where(torch.isin(codes, rare), values[rare[0]], cells)
    return list(rows.split([len(part) for part in sets]))


def copied_share(generated: Tensor, training: Tensor) -> Tensor:
    """Return the share of samples that equal a training row in every cell, in [0, 1]."""
    both = torch.cat([training, generated]).double()
    codes = torch.where(both.isnan(), torch.inf, both)
    same = codes.unique(dim=0, return_inverse=True)[1]
    known = torch.zeros(int(same.max()) + 1, dtype=torch.bool, device=same.device)
    known[same[: len(training)]] = True
    return known[same[len(training) :]].double().mean()


def filled(rows: Tensor, missing: Sequence[int], categorical: Sequence[int]) -> Tensor:
    """Return rows with the column's mean for missing numbers and -1 for missing categories."""
    rows = rows.clone()
    for i in missing:
        gone = rows[:, i].isnan()
        if gone.any():
            rows[gone, i] = -1.0 if i in categorical else rows[~gone, i].mean().nan_to_num()
    return rows
