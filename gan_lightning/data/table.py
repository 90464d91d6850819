"""Rows of a table in memory."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Continuous
from gan_lightning.data.contracts import DataModule, Picture, Stage
from gan_lightning.data.held_out import HeldOut, parted, row_hashes
from gan_lightning.data.memory import Split, described_points
from gan_lightning.data.row_neighbours import nearest_training_rows
from gan_lightning.data.row_units import ColumnUnits, RowUnits
from gan_lightning.data.table_pictures import TablePictures
from gan_lightning.errors import InputError, checked_seed
from gan_lightning.metrics import CompleteTableMetrics, TableMetrics, TwoSampleMetric


class Table(DataModule):
    """Rows with continuous and categorical columns, split within each label.

    Args:
        columns: The columns in their order.
        rows: Measured values in their units and indices of categories, float64, shape
            ``(num_rows, num_columns)``.
        labels: A label for each row, int64, shape ``(num_rows,)``.
        batch_size: Rows in a batch.
        val_fraction: Share of the rows of each label that is held out for validation.
        test_fraction: Share that is held out only for ``test``.
        split_seed: Seed of the split, separate from the run's, so that runs can be compared.
        label_names: Names of the labels.

    Raises:
        InputError: If a cell holds NaN, infinity or no index of a category; the message names
            column and row.
    """

    file_ending = ".csv"
    data_range = (-1, 1)

    split_by_content = True
    """Whether content decides which rows are held out: adding rows then moves no other."""

    target: int | None = None
    """Index of the column that classifiers predict; None for the last one with categories."""

    mixed_pictures = False
    """Whether numbers and categories share a picture, in the columns' own order."""

    units: ColumnUnits

    _pictures: TablePictures | None = None

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Tensor,
        labels: Tensor,
        batch_size: int,
        val_fraction: float,
        test_fraction: float,
        split_seed: int,
        label_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(batch_size)
        if not (val_fraction >= 0 and test_fraction >= 0 and val_fraction + test_fraction < 1):
            raise InputError(
                "val_fraction and test_fraction must not be negative and leave rows for training, "
                f"found {val_fraction} and {test_fraction}."
            )
        _check_cells(columns, rows)
        self.columns = tuple(columns)
        self.label_names = label_names
        self.rows = rows
        self.labels = labels
        self.val_fraction = val_fraction
        self.test_fraction = test_fraction
        self.split_seed = checked_seed("split_seed", split_seed)
        self.monitor = "val/ks" if self._continuous() else "val/tv"
        self.blocks = tuple(width for column in columns for width in column.blocks)
        self.num_points = len(rows)
        self.data_shape = (sum(column.width for column in columns),)
        self.num_classes = int(labels.max()) + 1

    def setup(self, stage: str) -> None:
        self._pictures = None  # they show other rows
        train, val, test = self._split()
        known = None if self.memory is None else self.memory.units
        if isinstance(known, ColumnUnits):
            self.units = known.for_columns(self.columns)
        else:
            self.units = self.units_of(self.columns, self.rows[train], self.label_names)
        self.train = self._take(train)
        self.val = self._take(val) if len(val) else self.train
        self.test = self._take(test) if len(test) else self.val

    def units_of(
        self, columns: Sequence[Column], rows: Tensor, label_names: Sequence[str] | None
    ) -> ColumnUnits:
        """Return the units of columns, learned from the training rows."""
        return RowUnits.of_rows(columns, rows, label_names)

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        names, continuous = [column.name for column in self.columns], self._continuous()
        columns = list(enumerate(self.columns))
        kinds: dict[str, list[int]] = {
            "categorical": [i for i, column in columns if isinstance(column, Categorical)],
            "missing": [i for i, column in columns if column.missing],
        }
        if stage == "val":
            return TableMetrics(names, continuous, **kinds)
        return CompleteTableMetrics(
            names, continuous, self.training_rows(), self.train.labels, self.target, **kinds
        )

    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        if self._pictures is None:
            training = Split(self.training_rows(), self.train.labels)
            self._pictures = TablePictures(
                self.columns, training, self._coloured_by(), self.label_names, self.mixed_pictures
            )
        return self._pictures.show(samples, labels)

    def neighbours(self, samples: Tensor) -> Picture:
        return nearest_training_rows(self.columns, self.training_rows(), samples).picture()

    def _coloured_by(self) -> int | None:
        """Return the index of the column that points are coloured by: the target, or the last."""
        categories = [i for i, c in enumerate(self.columns) if isinstance(c, Categorical)]
        return self.target if self.target is not None else max(categories, default=None)

    def training_rows(self) -> Tensor:
        """Return the training rows in their units, float64, ``(num_rows, num_columns)``."""
        return self.unscale(self.train.x)

    def _continuous(self) -> list[int]:
        return [i for i, column in enumerate(self.columns) if isinstance(column, Continuous)]

    def _split(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the indices of the training, validation and test rows, each in order."""
        splits: tuple[list[Tensor], ...] = ([], [], [])
        for label, part in enumerate(self._parts()):
            for split, indices in zip(splits, part, strict=True):
                split.append((self.labels == label).nonzero().flatten()[indices])
        train, val, test = (torch.cat(split).sort().values for split in splits)
        if not len(train):
            raise InputError(
                f"val_fraction {self.val_fraction} and test_fraction {self.test_fraction} leave "
                f"none of the {len(self.rows)} rows for training."
            )
        return train, val, test

    def _parts(self) -> Iterator[Sequence[Tensor]]:
        """Yield the indices of training, validation and test rows among those of each label."""
        generator = torch.Generator().manual_seed(self.split_seed)
        known = None if self.memory is None else self.memory.held_out
        for label in range(self.num_classes):
            rows = self.rows[self.labels == label]
            if self.split_by_content:
                yield parted(self._hashes[label], *self._shares(), known)
                continue
            order = torch.randperm(len(rows), generator=generator)
            num_val, num_test = (round(share * len(rows)) for share in self._shares())
            yield order.split([len(rows) - num_val - num_test, num_val, num_test])

    def held_out(self) -> HeldOut | None:
        if not self.split_by_content:
            return None
        hashes: list[set[str]] = [set(), set()]
        for label, (_, *parts) in enumerate(self._parts()):
            for found, part in zip(hashes, parts, strict=True):
                found.update(self._hashes[label][i] for i in part.tolist())
        return HeldOut(*map(frozenset, hashes))

    @cached_property
    def _hashes(self) -> list[list[str]]:
        """A hash for each row of each label."""
        rows = [self.rows[self.labels == label] for label in range(self.num_classes)]
        return [row_hashes(part, label, self.split_seed) for label, part in enumerate(rows)]

    def fingerprint(self) -> dict[str, str]:
        splits = dict(zip(("training", "validation", "test"), self._split(), strict=True))
        return {
            name: described_points(Split(self.rows[indices], self.labels[indices]))
            for name, indices in splits.items()
        }

    def _shares(self) -> tuple[float, float]:
        return self.val_fraction, self.test_fraction

    def _take(self, indices: Tensor) -> Split:
        return Split(self.units.scale(self.rows[indices]), self.labels[indices])


def _check_cells(columns: Sequence[Column], rows: Tensor) -> None:
    """Make sure that every cell holds a number, and every category is one of its column's.

    Raises:
        InputError: If one does not; rows are counted from 1.
    """
    for column, values in zip(columns, rows.T, strict=True):
        bad = values.isinf() if column.missing else ~values.isfinite()
        what = "NaN or infinity"
        if isinstance(column, Categorical) and not bad.any():
            bad = (values < 0) | (values >= len(column.categories)) | (values % 1 > 0)
            what = f"no index of its {len(column.categories)} categories"
        if bad.any():
            first, count = int(bad.nonzero()[0]) + 1, int(bad.sum())
            others = f" (and {count - 1} further rows)" if count > 1 else ""
            raise InputError(
                f"Column {column.name!r} holds {what} in row {first}{others}: expected a number in "
                "every cell. Leave such rows out, or fill in what is missing."
            )
