"""Samples beside the training rows nearest to them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Constant, Continuous
from gan_lightning.figures import row_pairs
from gan_lightning.metrics import random_order
from gan_lightning.metrics.rows import row_vectors

MOST_SEARCHED = 100_000
"""The largest number of training rows searched: of more, a fixed random choice."""

MISSING = "–"

TITLE = (
    "Samples, and the training rows nearest to them\nDistances in standard deviations; a different "
    "category counts 1; shaded: the same in both"
)


class RowNeighbours(NamedTuple):
    """Samples and the training rows nearest to them, written as texts."""

    names: list[str]
    """Names of the columns that are not constant."""
    samples: list[list[str]]
    """The cells of each sample."""
    nearest: list[list[str]]
    """The cells of the training row nearest to each sample."""
    distances: list[float]
    """Distances between the two, in standard deviations; a different category counts 1."""

    def picture(self) -> NDArray[np.uint8]:
        """Return each sample above its training row, as pixels."""
        notes = [f"{distance:.2f}" for distance in self.distances]
        return row_pairs(self.names, self.samples, self.nearest, notes, TITLE)


def nearest_training_rows(
    columns: Sequence[Column], training: Tensor, samples: Tensor
) -> RowNeighbours:
    """Find the training row nearest to each sample.

    Args:
        columns: The columns.
        training: Training rows in the data's own units, shape ``(num_rows, num_columns)``.
        samples: Samples in the same units, shape ``(num_samples, num_columns)``.
    """
    shown = [i for i, column in enumerate(columns) if not isinstance(column, Constant)]
    kinds = [columns[i] for i in shown]
    searched = random_order(len(training))[:MOST_SEARCHED].sort().values
    known, drawn = training[searched][:, shown], samples[:, shown]
    vectors = row_vectors(
        [known, drawn],
        [i for i, column in enumerate(kinds) if isinstance(column, Categorical)],
        [i for i, column in enumerate(kinds) if column.missing],
    )
    # Without the shortcut by norms, the distance of a copy is exactly 0.
    distances, indices = torch.cdist(
        vectors[1], vectors[0], compute_mode="donot_use_mm_for_euclid_dist"
    ).min(1)
    return RowNeighbours(
        [column.name for column in kinds],
        _written(kinds, drawn),
        _written(kinds, known[indices]),
        distances.tolist(),
    )


def _written(columns: Sequence[Column], rows: Tensor) -> list[list[str]]:
    positive = rows + 0.0  # adding 0 makes 0 of -0
    cells = [_cells(column, values) for column, values in zip(columns, positive.T, strict=True)]
    return [[cell or MISSING for cell in row] for row in zip(*cells, strict=True)]


def _cells(column: Column, values: Tensor) -> list[str]:
    if isinstance(column, Continuous) and column.decimals is None:
        return ["" if value != value else f"{value:.4g}" for value in values.tolist()]
    return column.cells(values)
