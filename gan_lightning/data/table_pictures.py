"""Pictures of tables: their columns, and pairs of measured columns."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Constant, Continuous, Discrete, Moment
from gan_lightning.data.contracts import Picture
from gan_lightning.data.memory import Split
from gan_lightning.figures import CATEGORIES, ColumnScene, Groups, PairScene, Panel
from gan_lightning.metrics.distances import ks_statistic, total_variation

MOST_PANELS = 12
"""The largest number of columns in a picture."""

MOST_PAIRED = 4
"""The largest number of columns whose pairs are drawn."""

MOST_POINTS = 1000
"""The largest number of real and of generated points in a picture of pairs."""


class TablePictures:
    """Pictures of samples beside training rows, made once and updated with other samples.

    The first columns that are not constant are drawn, numbers as histograms and categories as bars,
    and each pair of the first measured columns, coloured by the target or by the labels of a
    conditional model. The choice of columns depends only on the data, so that the frames of a film
    match.

    Args:
        columns: The columns.
        training: The training rows in the data's own units and their labels.
        target: Index of the column with categories that the points are coloured by.
        label_names: Names of the labels.
        together: Whether numbers and categories share one picture, ``columns``; by default there
            are two, ``histograms`` and ``categories``.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        training: Split,
        target: int | None,
        label_names: Sequence[str] | None,
        together: bool = False,
    ) -> None:
        self.columns, self.training = columns, training
        self.label_names = label_names
        shown = [i for i, column in enumerate(columns) if not isinstance(column, Constant)]
        numbers = [i for i in shown if isinstance(columns[i], Continuous)]
        others = [i for i in shown if i not in numbers]
        parts = {"histograms": numbers, "categories": others}
        self.parts = {
            name: indices[:MOST_PANELS]
            for name, indices in ({"columns": shown} if together else parts).items()
            if indices
        }
        self.paired = numbers[:MOST_PAIRED] if len(numbers) > 1 else []
        self.target = target if target is not None and self._has_colours(target) else None
        self.scenes: dict[str, ColumnScene] = {}
        self.pairs: PairScene | None = None

    def show(self, samples: Tensor, labels: Tensor | None) -> dict[str, Picture]:
        """Return the pictures of samples in the data's own units; the next call changes them."""
        pictures: dict[str, Picture] = {}
        for name, indices in self.parts.items():
            scene = self.scenes.get(name) or self._scene(indices)
            self.scenes[name] = scene
            values = [levelled(self.columns[i], samples[:, i]).numpy() for i in indices]
            pictures[name] = scene.showing(values, TITLES[name])
        if self.paired:
            pictures["pairs"] = self._pairs(samples[:MOST_POINTS], labels)
        return pictures

    def _scene(self, indices: Sequence[int]) -> ColumnScene:
        rows = self.training.x
        panels = [panel(self.columns[i], rows[:, i]) for i in indices]
        return ColumnScene(panels, len(rows))

    def _pairs(self, samples: Tensor, labels: Tensor | None) -> PairScene:
        chosen = None if labels is None else labels[: len(samples)].cpu().numpy()
        if self.target is not None:
            chosen = samples[:, self.target].nan_to_num(-1).long().numpy()
        if self.pairs is None:
            rows = self.training.x[:MOST_POINTS]
            names = [self.columns[i].name for i in self.paired]
            groups = self._groups(rows, chosen is not None)
            words = [_word(self.columns[i]) for i in self.paired]
            self.pairs = PairScene(rows[:, self.paired].numpy(), names, groups, words=words)
        return self.pairs.showing(samples[:, self.paired].numpy(), chosen, TITLES["pairs"])

    def _groups(self, rows: Tensor, labelled: bool) -> Groups | None:
        """Return what colours the real rows: the target, the labels, or None."""
        if self.target is not None:
            column = self.columns[self.target]
            assert isinstance(column, Categorical)
            real = rows[:, self.target].nan_to_num(-1).long().numpy()
            return Groups(real, column.categories)
        num_labels = int(self.training.labels.max()) + 1
        if not labelled or not 1 < num_labels <= len(CATEGORIES):
            return None
        real = self.training.labels[: len(rows)].numpy()
        return Groups(real, self.label_names or [str(k) for k in range(num_labels)])

    def _has_colours(self, index: int) -> bool:
        column = self.columns[index]
        return isinstance(column, Categorical) and 1 < len(column.categories) <= len(CATEGORIES)


TITLES = {
    "columns": "Columns of real and generated rows",
    "histograms": "Distribution of each feature",
    "categories": "Share of each category",
    "pairs": "Pairs of features",
}


def most_different(columns: Sequence[Column], real: Tensor, generated: Tensor) -> list[int]:
    """Return the indices of the columns that are not constant, those that differ most first."""
    shown = [i for i, column in enumerate(columns) if not isinstance(column, Constant)]
    found = {i: difference(columns[i], real[:, i], generated[:, i]) for i in shown}
    return sorted(shown, key=lambda i: -found[i])


def difference(column: Column, real: Tensor, generated: Tensor) -> float:
    """Return the KS statistic of numbers, the total variation of categories; missing counts."""
    sets = real[:, None], generated[:, None]
    missing = [values.isnan() for values in sets]
    gone = total_variation(*(part.double() for part in missing))
    if isinstance(column, Categorical):
        return float(total_variation(*(values.nan_to_num(-1) for values in sets)))
    there = [values[~part][:, None] for values, part in zip(sets, missing, strict=True)]
    if min(map(len, there)) == 0:
        return float(gone)
    return max(float(gone), float(ks_statistic(*there)))


def panel(column: Column, real: Tensor) -> Panel:
    """Return the panel of one column."""
    levels = None
    if isinstance(column, Discrete):
        levels = column.cells(torch.tensor(column.values, dtype=torch.float64))
    elif isinstance(column, Categorical):
        levels = list(column.categories)
    step = column.step or None if isinstance(column, Continuous) else None
    return Panel(column.name, levelled(column, real).numpy(), step, levels, word=_word(column))


def _word(column: Column) -> Callable[[float], str] | None:
    """Return the function that writes dates and times; None for plain numbers."""
    return partial(_written, column) if isinstance(column, Moment) else None


def _written(column: Moment, value: float) -> str:
    return column.cells(torch.tensor([value], dtype=torch.float64))[0]


def levelled(column: Column, values: Tensor) -> Tensor:
    """Return a column's values, float64; for a discrete one, indices of its levels."""
    if not isinstance(column, Discrete):
        return values
    known = torch.tensor(column.values, dtype=torch.float64)
    indices = torch.searchsorted(known, values.contiguous()).double()
    return torch.where(values.isnan(), values, indices.clamp(max=len(known) - 1))
