"""How close sampled rows are to real ones."""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gan_lightning.metrics.classifiers import Labelled, transfer_accuracies, two_sample_accuracy
from gan_lightning.metrics.closest_records import closest_record_ratio, copied_share, repeated_share
from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.correlations import correlation_errors
from gan_lightning.metrics.distances import (
    ks_statistic,
    total_variation,
    wasserstein_distance,
)
from gan_lightning.metrics.rows import row_vectors


class TableMetrics(TwoSampleMetric):
    """Distances of the columns' distributions and of their correlations: quick.

    ``compute`` returns ``ks`` (mean over the continuous columns) and ``ks/<column>``,
    ``wasserstein`` likewise, in units of the real standard deviation, ``tv`` likewise for the
    categorical columns, and ``correlation_error``, the largest over pairs of columns of any kind,
    with ``correlation_error/mean``. What there are no columns for is left out.

    Args:
        names: The columns' names.
        continuous: Indices of the measured columns; the others hold categories.
    """

    goals: Mapping[str, float] = {
        "ks": 0.0,
        "wasserstein": 0.0,
        "tv": 0.0,
        "correlation_error": 0.0,
    }

    def __init__(self, names: Sequence[str], continuous: Sequence[int]) -> None:
        super().__init__()
        self.names = _tags(names)
        self.continuous = list(continuous)
        self.categorical = [i for i in range(len(names)) if i not in self.continuous]

    def compute(self) -> dict[str, Tensor]:
        real, generated = self.gathered(real=True), self.gathered(real=False)
        results = {}
        for quantity, distance, columns in [
            ("ks", ks_statistic, self.continuous),
            ("wasserstein", wasserstein_distance, self.continuous),
            ("tv", total_variation, self.categorical),
        ]:
            if columns:
                distances = distance(real[:, columns], generated[:, columns])
                results[quantity] = distances.mean()
                for i, value in zip(columns, distances, strict=True):
                    results[f"{quantity}/{self.names[i]}"] = value
        if len(self.names) > 1:
            errors = correlation_errors(real, generated, self.categorical)
            results["correlation_error"] = errors.max()
            results["correlation_error/mean"] = errors.mean()
        return results


class CompleteTableMetrics(TableMetrics):
    """Also whether a classifier tells samples apart or learns from them, and whether they are new.

    ``compute`` returns what ``TableMetrics`` does and ``c2st``, the accuracy of a classifier that
    tells real and sampled rows apart; ``tstr``, ``trtr`` and ``trts``, its accuracy in telling the
    last categorical column, or else the labels that samples were asked for, from the other columns,
    trained and tested on synthetic (s) and real (r) rows; ``dcr``, the distance of samples to the
    closest training row, relative to these from one another; and ``copies``, the share of samples
    that equal a training row. What cannot be told, as from rows that are not finite, is NaN.

    Args:
        names: The columns' names.
        continuous: Indices of the measured columns; the others hold categories.
        train: The training rows in the data's own units, shape ``(num_train, num_columns)``.
        train_labels: Their labels, int64 of shape ``(num_train,)``.
    """

    def __init__(
        self, names: Sequence[str], continuous: Sequence[int], train: Tensor, train_labels: Tensor
    ) -> None:
        super().__init__(names, continuous)
        self.train_rows = train
        self.train_labels = train_labels
        self.goals = {
            **TableMetrics.goals,
            "c2st": 0.5,
            "dcr": 1.0,
            "copies": repeated_share(train.numpy()),
        }

    def compute(self) -> dict[str, Tensor]:
        sets = [self.train_rows, *(self.gathered(real).cpu() for real in (False, True))]
        train, generated, real = row_vectors(sets, self.categorical)
        found = {
            "c2st": two_sample_accuracy(real, generated),
            **self._transferred(sets),
            "dcr": closest_record_ratio(generated, train),
            "copies": copied_share(generated, train),
        }
        scalars = {name: torch.tensor(value) for name, value in found.items()}
        return {**super().compute(), **scalars}

    def _transferred(self, sets: list[Tensor]) -> dict[str, float]:
        """Return what is learned on one set and tested on another, if there is what to learn."""
        labels = [self.train_labels, *(self.gathered_labels(real) for real in (False, True))]
        categorical = list(self.categorical)
        if categorical:
            target = categorical.pop()
            labels = [rows[:, target].long() for rows in sets]
            sets = [torch.cat([rows[:, :target], rows[:, target + 1 :]], 1) for rows in sets]
        present = [part.cpu().numpy() for part in labels if part is not None]
        if len(present) < len(sets) or not sets[0].shape[1]:
            return {}
        vectors = row_vectors(sets, categorical)
        return transfer_accuracies(*map(Labelled, vectors, present))


def _tags(names: Sequence[str]) -> list[str]:
    """Return the names in characters that TensorBoard keeps; without units if they still differ."""
    without_units = [re.sub(r"\(.*?\)", "", name).strip() for name in names]
    chosen = without_units if len(set(without_units)) == len(names) else names
    return [re.sub(r"\W+", "_", name).strip("_") for name in chosen]
