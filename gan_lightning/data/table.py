"""Rows of a table in memory."""

import csv
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Continuous, RowScaler
from gan_lightning.data.contracts import DataModule, Picture, Split, Stage, checked_seed
from gan_lightning.errors import InputError
from gan_lightning.figures import feature_histograms, feature_pairs
from gan_lightning.metrics import CompleteTableMetrics, TableMetrics, TwoSampleMetric


class Table(DataModule):
    """Rows with continuous and categorical columns, split at random within each label.

    Args:
        columns: The columns in their order.
        rows: Measured values in their units and indices of categories, float64, shape
            ``(num_rows, num_columns)``.
        labels: A label for each row, int64, shape ``(num_rows,)``.
        batch_size: Rows in a batch.
        val_fraction: Share of the rows of each label that is held out for validation.
        test_fraction: Share that is held out for ``test`` alone.
        split_seed: Seed of the split, apart from the run's, so that runs can be compared.
    """

    monitor = "val/ks"
    file_ending = ".csv"

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Tensor,
        labels: Tensor,
        batch_size: int,
        val_fraction: float,
        test_fraction: float,
        split_seed: int,
    ) -> None:
        super().__init__(batch_size)
        if not (val_fraction >= 0 and test_fraction >= 0 and val_fraction + test_fraction < 1):
            raise InputError(
                "val_fraction and test_fraction must not be negative and leave rows for training, "
                f"found {val_fraction} and {test_fraction}."
            )
        self.columns = tuple(columns)
        self.rows = rows
        self.labels = labels
        self.val_fraction = val_fraction
        self.test_fraction = test_fraction
        self.split_seed = checked_seed("split_seed", split_seed)
        self.data_shape = (sum(column.width for column in columns),)
        self.num_classes = int(labels.max()) + 1

    def setup(self, stage: str) -> None:
        train, val, test = self._split()
        self.scaler = RowScaler(self.columns, self.rows[train])
        self.train = self._take(train)
        self.val = self._take(val) if len(val) else self.train
        self.test = self._take(test) if len(test) else self.val

    def unscale(self, x: Tensor) -> Tensor:
        return self.scaler.unscale(x)

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        names, continuous = [column.name for column in self.columns], self._continuous()
        if stage == "val":
            return TableMetrics(names, continuous)
        train = self.unscale(self.train.x)
        return CompleteTableMetrics(names, continuous, train, self.train.labels)

    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        continuous = self._continuous()
        if not continuous:
            return {}
        names = [self.columns[i].name for i in continuous]
        real = self.unscale(self.train.x)[:, continuous].numpy()
        generated = samples[:, continuous].numpy()
        decimals = [column.decimals for column in self.columns if isinstance(column, Continuous)]
        steps = [None if places is None else 10.0**-places for places in decimals]
        return {
            "histograms": feature_histograms(real, generated, names, steps),
            "pairs": feature_pairs(real, generated, names),
        }

    def write(self, samples: Tensor, path: Path, labels: Tensor | None = None) -> None:
        """Write rows as CSV with a header, categories by name.

        Raises:
            InputError: If the path does not end in ``.csv``.
        """
        if path.suffix.lower() != ".csv":
            raise InputError(f"Rows are written as .csv, found the output {path}.")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(column.name for column in self.columns)
            for row in samples.tolist():
                writer.writerow(map(_text, self.columns, row))

    def _continuous(self) -> list[int]:
        return [i for i, column in enumerate(self.columns) if not isinstance(column, Categorical)]

    def _split(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the indices of the training, validation and test rows, each in order."""
        generator = torch.Generator().manual_seed(self.split_seed)
        splits: tuple[list[Tensor], ...] = ([], [], [])
        for label in range(self.num_classes):
            rows = (self.labels == label).nonzero().flatten()
            rows = rows[torch.randperm(len(rows), generator=generator)]
            num_val = round(self.val_fraction * len(rows))
            num_test = round(self.test_fraction * len(rows))
            sizes = [len(rows) - num_val - num_test, num_val, num_test]
            for split, part in zip(splits, rows.split(sizes), strict=True):
                split.append(part)
        train, val, test = (torch.cat(split).sort().values for split in splits)
        if not len(train):
            raise InputError(
                f"val_fraction {self.val_fraction} and test_fraction {self.test_fraction} leave "
                f"none of the {len(self.rows)} rows for training."
            )
        return train, val, test

    def _take(self, indices: Tensor) -> Split:
        return Split(self.scaler.scale(self.rows[indices]), self.labels[indices])


def _text(column: Column, value: float) -> str:
    if isinstance(column, Categorical):
        return column.categories[int(value)]
    return repr(value) if column.decimals is None else f"{value:.{column.decimals}f}"
