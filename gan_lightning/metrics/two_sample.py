"""Whether a classifier can tell samples from data."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
from torch import Tensor

from gan_lightning.metrics.features import all_finite, as_rows
from gan_lightning.metrics.rows import few_categories

NUM_TREES = 50
"""Trees of the classifier: twice as many do not improve it."""

NUM_FOLDS = 5

MOST_CATEGORIES = 250
"""Categories of a column that boosted trees distinguish; their limit is 255."""

FEWEST_IN_LEAF = 20
"""Rows of a leaf of boosted trees; half a set where that is fewer."""

FEWEST_PRESENT = 30
"""Cells of a column that are not missing, of which each fold is certain to hold one."""

NUM_BOOSTED = 60
"""Boosted trees: more do not help on so few rows."""

BOOSTED_FOLDS = 3
"""Likewise for boosted trees, which take longer."""

FEWEST_BOOSTED = 2 * BOOSTED_FOLDS
"""Rows of each set without which there is nothing to train them on."""

MAX_ROUNDS = 5
"""Draws from the larger of two sets, over which the accuracy is averaged."""

MAX_ROWS = 2000
"""Rows of each set in one round, enough for a standard error of 0.01."""


def two_sample_accuracy(real: Tensor, generated: Tensor) -> Tensor:
    """Return how well real and generated points can be told apart, in [0, 1]: 0.5 is perfect.

    The cross-validated accuracy on as many points of each (Lopez-Paz & Oquab, 2017), averaged over
    up to five random parts of the larger set. The classifier is a forest of extremely randomised
    trees (Geurts et al., 2006) with fixed random numbers: it needs no tuning, and finds in 45 rows
    what boosted trees and nearest neighbours find in 200. NaN if a set has fewer than two points or
    a value is not finite.

    Args:
        real: Shape ``(num_real, …)``.
        generated: Shape ``(num_generated, …)``.

    Raises:
        InputError: If a set is empty, or the dimensions differ.
    """
    sets = as_rows(1, real=real, generated=generated)
    size = min(*map(len, sets), MAX_ROWS)
    if size < 2 or not all_finite(*sets):
        return torch.tensor(torch.nan, dtype=torch.float64)
    ordered = [_ordered(rows.cpu().numpy()) for rows in sets]
    generator = np.random.default_rng(0)
    accuracies = []
    for seed in range(min(max(map(len, sets)) // size, MAX_ROUNDS)):
        x = np.concatenate([generator.permutation(rows)[:size] for rows in ordered])
        trees = ExtraTreesClassifier(NUM_TREES, random_state=0)
        folds = StratifiedKFold(min(NUM_FOLDS, size), shuffle=True, random_state=seed)
        accuracies.append(cross_val_score(trees, x, np.repeat([0, 1], size), cv=folds).mean())
    return torch.tensor(np.mean(accuracies))


def boosted_auc(
    real: Tensor, generated: Tensor, categorical: Sequence[int] = (), most: int = MAX_ROWS
) -> Tensor:
    """Return how well boosted trees tell real rows from generated ones: 0.5 is perfect.

    The cross-validated area under the ROC curve on as many rows of each, at most 2000. The trees
    (Ke et al., 2017, as histograms of scikit-learn) split several categories at once, handle
    missing cells, and see dependencies among several columns that a forest misses. NaN if a set has
    fewer than six rows.

    Args:
        real: Rows, shape ``(num_real, num_columns)``; NaN is missing.
        generated: Shape ``(num_generated, num_columns)``.
        categorical: Indices of the columns that hold categories.
        most: The largest number of rows used of each set.
    """
    size = min(len(real), len(generated), most, MAX_ROWS)
    if size < FEWEST_BOOSTED:
        return torch.tensor(torch.nan, dtype=torch.float64)
    generator = np.random.default_rng(0)
    merged = few_categories([real, generated], categorical, MOST_CATEGORIES)
    sets = [generator.permutation(_ordered(rows.cpu().numpy()))[:size] for rows in merged]
    x = _marked(np.concatenate(sets))
    for column in categorical:
        x[:, column] = _numbered(x[:, column])
    trees = HistGradientBoostingClassifier(
        max_iter=NUM_BOOSTED,
        min_samples_leaf=min(FEWEST_IN_LEAF, size // 2),  # else no tree would split few rows
        categorical_features=list(categorical) or None,
        early_stopping=False,
        random_state=0,
    )
    folds = StratifiedKFold(BOOSTED_FOLDS, shuffle=True, random_state=0)
    labels = np.repeat([0, 1], size)
    chances = cross_val_predict(trees, x, labels, cv=folds, method="predict_proba")[:, 1]
    return torch.tensor(roc_auc_score(labels, chances), dtype=torch.float64)


def _marked(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows with a number for what is missing in columns that hold few numbers.

    A fold of the cross-validation may hold none of these, which boosted trees do not take.
    """
    for column in x.T:
        missing = np.isnan(column)
        if 0 < len(column) - missing.sum() < FEWEST_PRESENT:
            column[missing] = column[~missing].min() - 1
        elif missing.all():
            column[:] = 0
    return x


def _numbered(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Number categories from 0; NaN stays NaN."""
    numbers = np.unique(codes, return_inverse=True, equal_nan=True)[1]
    return np.where(np.isnan(codes), np.nan, numbers)


def _ordered(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rows sorted: ranks gather them in different orders and must agree."""
    return rows[np.lexsort(rows.T)]
