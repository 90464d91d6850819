"""Cheap models of a table, with which the metrics of an expensive one are compared."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column, Constant
from gan_lightning.data.memory import Split
from gan_lightning.data.table_units import TableUnits
from gan_lightning.samplers import GaussianCopula

FEWEST_IN_LEAF = 5
"""The smallest number of rows in a leaf: fewer would be copies."""

Rows = NDArray[np.float64]

Baseline = Callable[[int], Tensor]
"""Fits a model and draws rows, float64, shape ``(num_rows, num_columns)``."""


def baselines(units: TableUnits, train: Split) -> dict[str, Baseline]:
    """Return models that are fitted when called, always with the same result.

    ``independent`` draws each column separately; ``copula`` is a ``GaussianCopula`` for each label;
    ``cart`` draws one column after another from the leaves of a tree on the previous ones (Reiter,
    2005), and thus only values that occur in the training rows.

    Args:
        units: The units of the table.
        train: Its training rows and their labels.
    """
    return {
        "independent": lambda num_rows: _independent(train.x, num_rows),
        "copula": lambda num_rows: _copula(units, train, num_rows),
        "cart": lambda num_rows: _cart(units.columns, train.x.numpy(), num_rows),
    }


def _independent(rows: Tensor, num_rows: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    columns = [
        column[torch.randint(len(rows), (num_rows,), generator=generator)] for column in rows.T
    ]
    return torch.stack(columns, 1)


def _copula(units: TableUnits, train: Split, num_rows: int) -> Tensor:
    counts = train.labels.bincount()
    sampler = GaussianCopula(units.width, len(counts), [w for c in units.columns for w in c.blocks])
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        sampler.fit(units.scale(train.x, random_places=True), train.labels)
        labels = counts.double().multinomial(num_rows, replacement=True)
        return units.unscale(sampler.sample(num_rows, labels))


def _cart(columns: Sequence[Column], rows: Rows, num_rows: int) -> Tensor:
    random = np.random.default_rng(0)
    varying = [i for i, column in enumerate(columns) if not isinstance(column, Constant)]
    order = sorted(varying, key=lambda i: not isinstance(columns[i], Categorical))
    drawn = np.zeros((num_rows, rows.shape[1]))
    first, *others = order
    drawn[:, first] = random.choice(rows[:, first], num_rows)
    for place, target in enumerate(others, 1):
        known = [(_features(columns[i], rows[:, i]), i) for i in order[:place]]
        asked = [_features(columns[i], drawn[:, i]) for _, i in known]
        kind: Any = DecisionTreeRegressor
        if isinstance(columns[target], Categorical):
            kind = DecisionTreeClassifier
        tree = kind(min_samples_leaf=FEWEST_IN_LEAF, random_state=0)
        tree.fit(np.concatenate([f for f, _ in known], 1), np.nan_to_num(rows[:, target], nan=-1))
        donors = tree.apply(np.concatenate([f for f, _ in known], 1))
        drawn[:, target] = _from_leaves(
            donors, rows[:, target], tree.apply(np.concatenate(asked, 1)), random
        )
    return torch.from_numpy(drawn)


def _features(column: Column, values: Rows) -> Rows:
    """Return a column as a tree's inputs: a number, or one-hot categories."""
    if isinstance(column, Categorical):
        return (values[:, None] == np.arange(len(column.categories))).astype(float)
    missing = np.isnan(values)
    return np.stack([np.nan_to_num(values), missing.astype(float)], 1)


def _from_leaves(
    donors: NDArray[np.int64], values: Rows, asked: NDArray[np.int64], random: np.random.Generator
) -> Rows:
    """Return, for each requested leaf, the value of a random row in it."""
    order = np.argsort(donors, kind="stable")
    leaves, starts, counts = np.unique(donors[order], return_index=True, return_counts=True)
    place = np.searchsorted(leaves, asked)
    chosen = starts[place] + (random.random(len(asked)) * counts[place]).astype(int)
    return values[order][chosen]
