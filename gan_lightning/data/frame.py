"""Your own table: a frame of pandas, or a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.data.baselines import baselines
from gan_lightning.data.columns import Column, Constant
from gan_lightning.data.found_columns import ColumnType, found_column
from gan_lightning.data.found_formulas import found_formulas
from gan_lightning.data.loader import TensorLoader
from gan_lightning.data.memory import Split
from gan_lightning.data.table import Table
from gan_lightning.data.table_file import read_table
from gan_lightning.data.table_labels import labels_of, target_of
from gan_lightning.data.table_report import table_report
from gan_lightning.data.table_units import TableUnits
from gan_lightning.errors import InputError, did_you_mean, require_positive

FEWEST_ROWS = 10
"""Fewer rows leave nothing to learn or to hold out."""


class FrameTable(Table):
    """Rows of a frame of pandas with columns of any kind, which are inferred from their cells.

    Numbers, whole numbers, dates and times, categories and truth values are distinguished; missing
    cells are modelled too; samples have the same decimals, bounds, types and order of columns. A
    column that numbers or identifies the rows or holds free text is left out, and one that follows
    from others in every row does so in every sample; a warning names both.

    Args:
        frame: The table, with a name for each column.
        target: The column that classifiers predict, and within whose categories rows are held out;
            by default the last one, if it has few values.
        drop: Columns to leave out.
        types: Types of columns by name, where their cells do not show them.
        batch_size: Rows in a batch.
        batches_per_epoch: Batches in an epoch, for which rows are repeated as needed; by default
            each row is used once.
        val_fraction: Share of the rows that is held out for validation.
        test_fraction: Share that is held out only for ``test``; with 0, ``test`` uses the
            validation rows.
        split_seed: Seed of the split, separate from the run's, so that runs can be compared.
    """

    mixed_pictures = True

    def __init__(
        self,
        frame: pd.DataFrame,
        target: str | None = None,
        drop: Sequence[str] = (),
        types: Mapping[str, ColumnType] | None = None,
        batch_size: int = 256,
        batches_per_epoch: int | None = None,
        val_fraction: float = 0.2,
        test_fraction: float = 0.0,
        split_seed: int = 0,
    ) -> None:
        require_positive(batches_per_epoch=batches_per_epoch)
        frame = _checked(frame)
        drop = [drop] if isinstance(drop, str) else drop
        _check_types(types or {})
        _check_names(frame, [*([target] if target else []), *drop, *(types or {})])
        columns, rows = _columns_of(frame.drop(columns=list(drop)), types or {})
        columns = _with_formulas(columns, rows, types or {})
        self.target = target_of(columns, target)
        labels, names = labels_of(columns, rows, self.target)
        super().__init__(
            columns,
            rows,
            labels,
            batch_size,
            val_fraction,
            test_fraction,
            split_seed,
            label_names=names,
        )
        self.batches_per_epoch = batches_per_epoch

    def units_of(
        self, columns: Sequence[Column], rows: Tensor, label_names: Sequence[str] | None
    ) -> TableUnits:
        return TableUnits.of_rows(columns, rows, label_names)

    def _take(self, indices: Tensor) -> Split:
        return Split(self.rows[indices], self.labels[indices])  # scaled batch by batch

    def baselines(self) -> dict[str, Callable[[int], Tensor]]:
        assert isinstance(self.units, TableUnits)
        return baselines(self.units, self.train)

    def report(self, samples: Tensor, scores: Mapping[str, Mapping[str, float]]) -> str:
        return table_report(self.columns, self.train.x, samples, scores)

    def from_stored(self, x: Tensor) -> Tensor:
        return x

    def training_rows(self) -> Tensor:
        return self.train.x

    def scale(self, x: Tensor) -> Tensor:
        return self.units.scale(x)

    def train_dataloader(self) -> TensorLoader:
        loader = super().train_dataloader()
        loader.scale = self._at_random_places
        assert isinstance(self.units, TableUnits)
        if len(loader.x) <= (self.batches_per_epoch or 0) * self.batch_size:
            loader.x = self.units.cells(loader.x)  # once, since each row is seen several times
            loader.scale = partial(self.units.placed, random_places=True)
        return loader

    def predict_dataloader(self) -> TensorLoader:
        loader = super().predict_dataloader()
        loader.scale = self._at_random_places
        return loader

    def _at_random_places(self, x: Tensor) -> Tensor:
        assert isinstance(self.units, TableUnits)
        return self.units.scale(x, random_places=True)


class CSV(FrameTable):
    """Your own table in a CSV or Parquet file.

    Args:
        path: The file; one that ends in ``.parquet`` is read as Parquet.
        separator: The separator of cells in a CSV; by default inferred from its first lines.
        encoding: The encoding of its text; by default UTF-8, or else Windows-1252.
    """

    def __init__(
        self, path: str, separator: str | None = None, encoding: str | None = None, **shared: Any
    ) -> None:
        try:
            types: Mapping[str, ColumnType] = shared.get("types") or {}
            words = [name for name in types if types[name] == "categorical"]
            super().__init__(read_table(Path(path), separator, encoding, words=words), **shared)
        except OSError as error:
            raise InputError(f"path: {path} cannot be read: {error.strerror or error}.") from error


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with valid rows and names."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"The table must be a DataFrame of pandas, found {type(frame).__name__}.")
    others = [str(name) for name in frame.columns if not isinstance(name, str)]
    if others:
        rank_zero_warn(f"Names of columns become texts: {', '.join(others)}.")
    frame = frame.reset_index(drop=True)
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f"The table has two columns {twice!r}: give each a name of its own.")
    if len(frame) < FEWEST_ROWS:
        raise InputError(
            f"The table needs {FEWEST_ROWS} rows or more below its column names, found "
            f"{len(frame)}."
        )
    return frame


def _check_types(types: Mapping[str, str]) -> None:
    known = get_args(ColumnType)
    for name, kind in types.items():
        if kind not in known:
            raise InputError(
                f"types: expected {', '.join(known)} for {name!r}, found {kind!r}."
                f"{did_you_mean(str(kind), known)}"
            )


def _check_names(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            hint = did_you_mean(name, frame.columns)
            raise InputError(f"The table has no column {name!r}.{hint}")


def _columns_of(
    frame: pd.DataFrame, types: Mapping[str, ColumnType]
) -> tuple[list[Column], Tensor]:
    """Return the usable columns and their values; report what is left out, and why."""
    all_found = {name: found_column(frame[name], types.get(name)) for name in frame.columns}
    left_out, read, levels, assumed = (
        [f"{name!r} ({why})" for name, found in all_found.items() if (why := getattr(found, part))]
        for part in ("why_left_out", "how_read", "as_levels", "assumed")
    )
    columns = [found.column for found in all_found.values() if found.column is not None]
    values = [found.values for found in all_found.values() if found.column is not None]
    if not any(column.width for column in columns):
        raise InputError(
            "The table has no column to learn from: "
            + (f"left out are {', '.join(left_out)}." if left_out else "each holds one value.")
        )
    if left_out:
        rank_zero_warn(
            f"Left out of the table: {', '.join(left_out)}; --data.types.NAME keeps such a column."
        )
    if read:
        rank_zero_warn(
            f"Read as numbers: {', '.join(read)}; samples have decimal points, no units and empty "
            "cells."
        )
    if levels:
        rank_zero_warn(
            f"Read as categories: {', '.join(levels)}; correct the texts, or leave them empty, to "
            "have numbers."
        )
    if assumed:
        rank_zero_warn(
            f"Dates that can be read in two ways: {', '.join(assumed)}; dates written as "
            "2024-12-31 can not."
        )
    return columns, torch.stack(values, 1)


def _with_formulas(
    columns: Sequence[Column], rows: Tensor, types: Mapping[str, ColumnType]
) -> list[Column]:
    """Return the columns with their formulas, and report which have one."""
    asked = [i for i, column in enumerate(columns) if column.name in types]
    formulas = found_formulas(columns, rows, asked)
    names = tuple(column.name for column in columns)
    if formulas:
        written = "; ".join(formulas[i].written(names, names[i]) for i in sorted(formulas))
        rank_zero_warn(
            f"True in every row, and so in every sample: {written}. --data.types.NAME lets such a "
            "column be learned like any other."
        )
    return [
        column if isinstance(column, Constant) else replace(column, formula=formulas.get(i))
        for i, column in enumerate(columns)
    ]
