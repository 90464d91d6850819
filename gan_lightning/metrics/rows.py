"""Rows of a table as vectors that distances and classifiers understand."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot


def row_vectors(sets: Sequence[Tensor], categorical: Sequence[int]) -> list[Tensor]:
    """Return sets of rows as vectors, each float64 of shape ``(num_rows, width)``.

    A continuous column is in standard deviations of the first set, so that no unit weighs more
    than another. Categories are one-hot, and different ones have the distance 1.

    Args:
        sets: Each of shape ``(num_rows, num_columns)``; the first sets the units.
        categorical: Indices of the columns that hold categories.
    """
    parts = []
    for i, column in enumerate(torch.cat(list(sets)).double().T):
        if i in categorical:
            parts.append(one_hot(column.unique(return_inverse=True)[1]) / math.sqrt(2))
        else:
            std = column[: len(sets[0])].std(correction=0)
            parts.append(column[:, None] / torch.where(std > 0, std, 1.0))
    return list(torch.cat(parts, 1).double().split([len(rows) for rows in sets]))
