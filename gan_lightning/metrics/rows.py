"""Rows of a table as vectors that distances and classifiers understand."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

Vectors = NDArray[np.float64]


def row_vectors(sets: Sequence[Tensor], categorical: Sequence[int]) -> list[Vectors]:
    """Return sets of rows as vectors, each of shape ``(num_rows, width)``.

    A continuous column is in standard deviations of the first set, so that no unit weighs more
    than another. Categories are one-hot, and different ones have the distance 1.

    Args:
        sets: Each of shape ``(num_rows, num_columns)``; the first sets the units.
        categorical: Indices of the columns that hold categories.
    """
    rows = torch.cat([part.cpu().double() for part in sets])
    parts = []
    for i, column in enumerate(rows.T):
        if i in categorical:
            parts.append(one_hot(column.unique(return_inverse=True)[1]) / math.sqrt(2))
        else:
            std = column[: len(sets[0])].std(correction=0)
            parts.append(column[:, None] / torch.where(std > 0, std, 1.0))
    sizes = [len(part) for part in sets]
    return [part.numpy() for part in torch.cat(parts, 1).double().split(sizes)]


def are_finite(*sets: Vectors) -> bool:
    """Return whether no value of any set is infinite or NaN."""
    return all(bool(np.isfinite(rows).all()) for rows in sets)
