"""Rows of a table that agree with given cells, and tables with their gaps filled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning.pytorch import LightningModule
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.data import Units
from gan_lightning.data.columns import Categorical, Column, Continuous, Discrete, Moment
from gan_lightning.data.given_cells import given_by, held_cells
from gan_lightning.data.read_rows import is_there, rows_of
from gan_lightning.data.table_file import MISSING_WORDS, read_table
from gan_lightning.data.table_units import TableUnits
from gan_lightning.errors import InputError
from gan_lightning.models import TableModel
from gan_lightning.sampling import CHUNK_SIZE

MOST_TRIED = 1000
"""Rows drawn for each one that meets the inequalities, before they count as impossible."""

MOST_ROUNDS = 20
"""Draws of a cell that may come out missing again, before it is left empty."""


def drawn_given(
    model: LightningModule, units: Units, wanted: str, num_samples: int
) -> Iterator[Tensor]:
    """Yield rows that agree with given cells, in chunks, in the data's own units.

    Given cells condition the model. Inequalities and cells that follow from others reject rows; the
    share is reported.

    Args:
        model: A model of a table.
        units: The units of its table.
        wanted: What is given, as ``given_by`` reads it.
        num_samples: Number of rows.

    Raises:
        InputError: If the model is not one of tables, or hardly any row meets the inequalities.
    """
    table_model, table_units = of_tables("--given", model, units)
    given = given_by(table_units.columns, wanted)
    inequalities = all(sign != "=" for _, sign, _ in given.bounds)
    asked = (
        "the inequalities" if inequalities else "the formulas of columns that follow from others"
    )
    found, accepted, tried = 0, 0, 0
    rows = given.row[None].expand(CHUNK_SIZE, -1)
    while found < num_samples:
        chunk = completed_rows(table_model, table_units, rows, given.cells.expand_as(rows))
        kept = chunk[given.accepted(chunk)]
        accepted, tried = accepted + len(kept), tried + len(chunk)
        if tried >= MOST_TRIED * max(accepted, 1):
            raise InputError(f"--given: of {tried} rows, {accepted} satisfy {asked}.")
        yield kept[: num_samples - found]
        found += min(len(kept), num_samples - found)
    if given.bounds:
        rank_zero_warn(f"--given: {accepted / tried:.1%} of the rows satisfied {asked}.")


def write_table(
    model: LightningModule,
    units: Units,
    path: Path,
    num_samples: int,
    given: str | None,
    impute: str | None,
) -> None:
    """Write rows with given cells, or the table of a file with its gaps filled.

    Args:
        model: A model of a table.
        units: The units of its table.
        path: The output file.
        num_samples: Number of rows with given cells.
        given: What is given, as ``given_by`` reads it.
        impute: A CSV file with gaps, instead of given cells.
    """
    if impute is None:
        units.write(drawn_given(model, units, given or "", num_samples), path)
    else:
        _, units = of_tables("impute", model, units)
        known = [column for column in units.columns if isinstance(column, Categorical)]
        words = [column.name for column in known if {*column.categories} & {*MISSING_WORDS}]
        table = read_table(Path(impute), as_texts=True, words=words)
        imputed(model, units, table).to_csv(path, index=False)


def completed_rows(
    model: TableModel, units: TableUnits, rows: Tensor, given: Tensor, filled: bool = False
) -> Tensor:
    """Return rows, in the data's own units, with all cells drawn that are not given.

    Args:
        model: The model.
        units: The units of its table.
        rows: Shape ``(num_rows, num_columns)``, in the data's own units.
        given: Which cells are given, booleans of the same shape.
        filled: Draw no missing numbers.
    """
    held = held_cells(units.columns, rows, given, filled).to(model.device)
    known = torch.where(given, rows, torch.tensor([_any(column) for column in units.columns]))
    drawn = units.unscale(model.completed(model.at_home(units.scale(known)), held))
    drawn = torch.where(given, rows, drawn)
    return torch.where(given, rows, units.with_formulas(drawn))


def imputed(model: LightningModule, units: Units, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its empty cells drawn given the others.

    Args:
        model: A model of a table like this one.
        units: The units of that table.
        frame: Cells as texts or of other types; columns that the model does not know stay as they
            are.

    Raises:
        InputError: If the model draws no rows of a table, or a known column is absent, occurs twice
            or holds a cell that cannot belong to it.
    """
    table_model, table_units = of_tables("impute", model, units)
    complete = frame.reset_index(drop=True)
    complete.columns = pd.Index([str(name).strip() for name in frame.columns])
    for name in complete.columns[complete.columns.duplicated()]:
        raise InputError(f"impute: the table has two columns {name!r}.")
    parts = rows_of(table_units.columns, complete).split(CHUNK_SIZE)
    rows = torch.cat([_filled(table_model, table_units, part) for part in parts])
    for column, values in zip(table_units.columns, rows.T, strict=True):
        complete[column.name] = _complete_cells(column, complete[column.name], values)
    return complete.set_axis(frame.index).set_axis(frame.columns, axis=1)


def _complete_cells(column: Column, cells: "pd.Series[Any]", values: Tensor) -> "pd.Series[Any]":
    """Return cells without gaps; those that were there stay, but for numbers with units.

    Args:
        column: Their column.
        cells: The cells, some of which may be empty.
        values: The values of all.
    """
    there = is_there(column, cells)
    if not cells[there].map(lambda cell: isinstance(cell, str)).all():
        filled = column.series(values)
        return filled.mask(there, cells) if filled.dtype == cells.dtype else filled
    written = pd.Series(column.cells(values), dtype=object)
    numbers = isinstance(column, Continuous) and not isinstance(column, Moment)
    if numbers and pd.to_numeric(cells[there], errors="coerce").isna().any():
        rank_zero_warn(f"impute: {column.name!r} is written as numbers without units or commas.")
        return written
    return cells.astype(object).where(there, written).astype(cells.dtype)


def _filled(model: TableModel, units: TableUnits, rows: Tensor) -> Tensor:
    for column, formula in reversed(units.formulas.items()):
        rows = formula.solved(rows, column)
    known, given, formulas = rows, ~rows.isnan(), list(units.formulas)
    for _ in range(MOST_ROUNDS):
        rows = completed_rows(model, units, rows, ~rows.isnan(), filled=True)
        for column, formula in reversed(units.formulas.items()):
            rows = formula.settled(rows, known, column)
        again = torch.where(given, rows, units.with_formulas(rows))
        wrong = (units.with_formulas(again) - rows).abs()[:, formulas] > 1e-6
        wrong &= given[:, formulas]
        rows = again
        if not rows.isnan().any() and not wrong.any():
            break
        rows = torch.where(wrong.any(1, keepdim=True), known, rows)  # drawn once more
    else:
        rows = completed_rows(model, units, rows, ~rows.isnan(), filled=True)
    assert rows[given].isfinite().all()
    return rows


def of_tables(who: str, model: LightningModule, units: Units) -> tuple[TableModel, TableUnits]:
    """Return a model and units, if they are those of a table.

    Raises:
        InputError: If they are not.
    """
    if isinstance(model, TableModel) and isinstance(units, TableUnits):
        return model, units
    raise InputError(
        f"{who}: {type(model).__name__} draws no rows with given cells; a TableModel of your own "
        "table does."
    )


def _any(column: Column) -> float:
    """Return some value that a cell may hold, where it does not matter."""
    if isinstance(column, Discrete):
        return column.values[0]
    return column.minimum or 0.0 if isinstance(column, Continuous) else 0.0
