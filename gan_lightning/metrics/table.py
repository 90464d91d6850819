"""How close sampled rows are to real ones."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.correlations import correlation_errors
from gan_lightning.metrics.distances import (
    ks_statistic,
    total_variation,
    wasserstein_distance,
)
from gan_lightning.metrics.memorisation import closest_record_ratio, memorised_share
from gan_lightning.metrics.rows import row_vectors
from gan_lightning.metrics.transfer import transfer_accuracies
from gan_lightning.metrics.two_sample import two_sample_accuracy


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

    def __init__(self, names: Sequence[str], continuous: Sequence[int]) -> None:
        super().__init__()
        self.names = _tags(names)
        self.continuous = list(continuous)
        self.categorical = [i for i in range(len(names)) if i not in self.continuous]
        present = {
            "ks": self.continuous,
            "wasserstein": self.continuous,
            "tv": self.categorical,
            "correlation_error": self.names[1:],
        }
        self.goals = {name: 0.0 for name, columns in present.items() if columns}

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
    tells real rows and samples apart; ``dcr``, the distance of samples to the closest training
    row, relative to these from one another; ``memorised``, the share of samples nearer to a
    training row than held-out rows are; and ``tstr``, ``trtr`` and ``trts``, what
    ``transfer_accuracies`` says. What a classifier has to tell is the last categorical column, or
    else the labels that samples were asked for.

    Args:
        names: The columns' names.
        continuous: Indices of the measured columns; the others hold categories.
        training: The training rows in the data's own units, shape ``(num_training, num_columns)``.
        training_labels: Their labels, int64 of shape ``(num_training,)``.
    """

    def __init__(
        self,
        names: Sequence[str],
        continuous: Sequence[int],
        training: Tensor,
        training_labels: Tensor,
    ) -> None:
        super().__init__(names, continuous)
        self.training_rows = training
        self.training_labels = training_labels
        self.goals = {**self.goals, "c2st": 0.5, "dcr": 1.0, "memorised": 0.0}

    def compute(self) -> dict[str, Tensor]:
        sets = [self.training_rows, *(self.gathered(real).cpu() for real in (True, False))]
        training, real, generated = row_vectors(sets, self.categorical)
        return {
            **super().compute(),
            "c2st": two_sample_accuracy(real, generated),
            "dcr": closest_record_ratio(generated, training),
            "memorised": memorised_share(generated, training, held_out=real),
            **self._usefulness(sets),
        }

    def _usefulness(self, sets: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return what is learned on one set and tested on another, where there is what to learn."""
        if self.categorical:
            *categorical, target = self.categorical
            labels = [rows[:, target].long() for rows in sets]
            sets = [torch.cat([rows[:, :target], rows[:, target + 1 :]], 1) for rows in sets]
        else:
            categorical = []
            gathered = [self.gathered_labels(real) for real in (True, False)]
            labels = [self.training_labels, *(part.cpu() for part in gathered if part is not None)]
        if len(labels) < len(sets) or not sets[0].shape[1]:
            return {}
        return transfer_accuracies(*zip(row_vectors(sets, categorical), labels, strict=True))


def _tags(names: Sequence[str]) -> list[str]:
    """Return the names in characters that TensorBoard keeps; without units if they still differ."""
    without_units = [re.sub(r"\(.*?\)", "", name).strip() for name in names]
    chosen = without_units if len(set(without_units)) == len(names) else names
    return [re.sub(r"\W+", "_", name).strip("_") for name in chosen]
