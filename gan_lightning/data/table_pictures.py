"""Pictures of tables of any width: the columns that differ most, and pairs of them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Constant, Continuous, Discrete
from gan_lightning.data.contracts import Picture
from gan_lightning.figures import Panel, column_panels, feature_pairs
from gan_lightning.metrics.distances import ks_statistic, total_variation

MOST_PANELS = 12
"""Columns of one picture."""

MOST_PAIRED = 4
"""Columns whose pairs are drawn."""

MOST_POINTS = 500
"""Points of each kind in a picture of pairs."""


def table_pictures(
    columns: Sequence[Column], real: Tensor, generated: Tensor
) -> dict[str, Picture]:
    """Draw the columns that differ most between two sets of rows, and pairs of measured ones.

    Args:
        columns: The columns.
        real: Rows in the data's own units, shape ``(num_rows, num_columns)``.
        generated: Likewise.
    """
    drawn = most_different(columns, real, generated)[:MOST_PANELS]
    panels = [panel(columns[i], real[:, i], generated[:, i]) for i in drawn]
    pictures: dict[str, Picture] = {"columns": column_panels(panels, len(real), len(generated))}
    measured = [i for i in drawn if isinstance(columns[i], Continuous)][:MOST_PAIRED]
    if len(measured) > 1:
        first, second = (
            rows[~rows.isnan().any(1)][:MOST_POINTS].numpy()
            for rows in (real[:, measured], generated[:, measured])
        )
        pictures["pairs"] = feature_pairs(first, second, [columns[i].name for i in measured])
    return pictures


def most_different(columns: Sequence[Column], real: Tensor, generated: Tensor) -> list[int]:
    """Return the indices of the columns that are not constant, those that differ most first."""
    shown = [i for i, column in enumerate(columns) if not isinstance(column, Constant)]
    found = {i: difference(columns[i], real[:, i], generated[:, i]) for i in shown}
    return sorted(shown, key=lambda i: -found[i])


def difference(column: Column, real: Tensor, generated: Tensor) -> float:
    """Return the KS statistic of numbers, the total variation of categories; missing ones count."""
    sets = real[:, None], generated[:, None]
    missing = [values.isnan() for values in sets]
    gone = total_variation(*(part.double() for part in missing))
    if isinstance(column, Categorical):
        return float(total_variation(*(values.nan_to_num(-1) for values in sets)))
    there = [values[~part][:, None] for values, part in zip(sets, missing, strict=True)]
    if min(map(len, there)) == 0:
        return float(gone)
    return max(float(gone), float(ks_statistic(*there)))


def panel(column: Column, real: Tensor, generated: Tensor) -> Panel:
    """Return what a picture of one column needs."""
    levels = None
    if isinstance(column, Discrete):
        known = torch.tensor(column.values, dtype=torch.float64)
        levels = column.cells(known)
        real, generated = (
            torch.where(v.isnan(), v, torch.searchsorted(known, v.contiguous()).double())
            for v in (real, generated)
        )
    elif isinstance(column, Categorical):
        levels = list(column.categories)
    step = column.step or None if isinstance(column, Continuous) else None
    return Panel(column.name, real.numpy(), generated.numpy(), step, levels)
