"""How close sampled rows are to real ones."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.correlations import correlation_errors
from gan_lightning.metrics.distances import ks_statistic, wasserstein_distance
from gan_lightning.metrics.features import all_finite
from gan_lightning.metrics.memorisation import closer_share, closest_record_ratio, memorised_share
from gan_lightning.metrics.missing import (
    Distance,
    missing_difference,
    of_categories,
    of_present,
)
from gan_lightning.metrics.rows import copied_share, few_categories, filled, row_vectors
from gan_lightning.metrics.subsets import random_order
from gan_lightning.metrics.transfer import (
    transfer_accuracies,
    transfer_accuracy,
    transfer_r2,
)
from gan_lightning.metrics.two_sample import FEWEST_BOOSTED, boosted_auc, two_sample_accuracy

MOST_REFERENCE = 10_000
"""Training rows among which ``dcr`` searches; of larger tables a random subset."""

MOST_FRESH = 5000
"""Held-out rows that set the threshold of ``memorised``; of more, a random subset."""

MOST_CLASSES = 20
"""A target with more different numbers than this is predicted as a number, else as classes."""


class TableMetrics(TwoSampleMetric):
    """Distances between distributions of columns and between correlations, quick to compute.

    ``compute`` returns ``ks`` (mean over the continuous columns) and ``ks/<column>``,
    in the same way ``wasserstein``, in units of the real standard deviation, ``tv`` for the
    categorical columns and ``missing``, the difference of the shares that are missing; and
    ``correlation_error``, the largest over pairs of columns of any kind, with
    ``correlation_error/mean``. Quantities without a matching column are left out. NaN is a missing
    cell: numbers are compared where present, and missing is a category of its own.

    Args:
        names: The columns' names.
        continuous: Indices of the measured columns.
        categorical: Indices of those that hold categories; by default all others.
        missing: Indices of those in which cells may be missing.
    """

    def __init__(
        self,
        names: Sequence[str],
        continuous: Sequence[int],
        categorical: Sequence[int] | None = None,
        missing: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.names = _tags(names)
        self.continuous = list(continuous)
        others = [i for i in range(len(names)) if i not in self.continuous]
        self.categorical = others if categorical is None else list(categorical)
        self.missing = list(missing)
        self.compared = sorted([*self.continuous, *self.categorical])
        present = {
            "ks": self.continuous,
            "wasserstein": self.continuous,
            "tv": self.categorical,
            "missing": self.missing,
            "correlation_error": self.compared[1:],
        }
        self.goals = {name: 0.0 for name, columns in present.items() if columns}

    def compute(self) -> dict[str, Tensor]:
        real, generated = self.gathered(real=True), self.gathered(real=False)
        results = {}
        for quantity, distance, columns in [
            ("ks", ks_statistic, self.continuous),
            ("wasserstein", wasserstein_distance, self.continuous),
            ("tv", of_categories, self.categorical),
            ("missing", missing_difference, self.missing),
        ]:
            if columns:
                distances = [
                    self._present(distance, i)(real[:, [i]], generated[:, [i]])[0] for i in columns
                ]
                results[quantity] = torch.stack(distances).mean()
                for i, value in zip(columns, distances, strict=True):
                    results[f"{quantity}/{self.names[i]}"] = value
        if len(self.compared) > 1:
            errors = self.correlation_errors(real, generated)
            results["correlation_error"] = errors.max()
            results["correlation_error/mean"] = errors.mean()
        return results

    def _present(self, distance: Distance, column: int) -> Distance:
        """Return a distance that takes missing cells of a column into account."""
        numbers = column in self.missing and column in self.continuous
        return of_present(distance) if numbers and distance is not missing_difference else distance

    def correlation_errors(self, real: Tensor, generated: Tensor) -> Tensor:
        """Return by how much the correlations of two sets of rows differ, for each pair."""
        first, second = (
            filled(rows, self.missing, self.categorical)[:, self.compared]
            for rows in (real, generated)
        )
        return correlation_errors(first, second, [self.compared.index(i) for i in self.categorical])


class CompleteTableMetrics(TableMetrics):
    """Also whether classifiers can tell samples apart or learn from them, and whether they are new.

    ``compute`` returns what ``TableMetrics`` does and ``c2st``, the accuracy of a forest that tells
    real rows and samples apart; ``boosted``, the area under the ROC curve of boosted trees that do;
    ``gap``, by how much less they tell samples from training rows than from held-out ones;
    ``correlation_excess``, the mean error of correlations beyond that of as many training rows;
    ``closer``, the share of samples nearer to training rows than to as many held-out ones; ``dcr``,
    the distance of samples to the closest training row, relative to the distances among those;
    ``copies``, the share of samples that are training rows; ``memorised``, the share of samples
    closer to one than held-out rows are; and ``tstr``, ``trtr`` and ``trts`` of
    ``transfer_accuracies``, as R² where the target is a number. Classifiers predict the target, by
    default the last categorical column, or else the labels for which samples were drawn.

    Args:
        names: The columns' names.
        continuous: Indices of the measured columns.
        training: The training rows in the data's own units, shape ``(num_training, num_columns)``.
        training_labels: Their labels, int64 of shape ``(num_training,)``.
        target: Index of the column that classifiers predict.
        categorical: Indices of the columns that hold categories; by default all others.
        missing: Indices of those in which cells may be missing.
    """

    def __init__(
        self,
        names: Sequence[str],
        continuous: Sequence[int],
        training: Tensor,
        training_labels: Tensor,
        target: int | None = None,
        categorical: Sequence[int] | None = None,
        missing: Sequence[int] = (),
    ) -> None:
        super().__init__(names, continuous, categorical, missing)
        self.training_rows = training
        self.training_labels = training_labels
        self.target = self.categorical[-1] if target is None and self.categorical else target
        self.predicts_number = self.target in self.continuous and (
            len(training[:, self.target].unique()) > MOST_CLASSES
        )
        if self.predicts_number and self.target is not None:
            self.protocol = f"tstr, trtr and trts are R² of forests for {names[self.target]!r}"
        fresh = {"c2st": 0.5, "boosted": 0.5, "gap": 0.0, "closer": 0.5, "dcr": 1.0}
        self.goals = {**self.goals, **fresh, "copies": 0.0, "memorised": 0.0}
        if len(self.compared) > 1:
            self.goals["correlation_excess"] = 0.0

    def compute(self) -> dict[str, Tensor]:
        sets = [self.training_rows, *(self.gathered(real).cpu() for real in (True, False))]
        sets = [rows[:, self.compared] for rows in sets]
        categorical, missing = (
            [self.compared.index(i) for i in columns if i in self.compared]
            for columns in (self.categorical, self.missing)
        )
        training, real, generated = row_vectors(sets, categorical, missing)
        judged = row_vectors(few_categories(sets, categorical), categorical, missing)
        held_out = real[_chosen(len(real), MOST_FRESH)]
        return {
            **super().compute(),
            **self._excess(),
            "c2st": two_sample_accuracy(*judged[1:]),
            **self._boosted(sets, categorical, missing),
            "closer": closer_share(generated, training, held_out=real),
            "dcr": closest_record_ratio(
                generated, training[_chosen(len(training), MOST_REFERENCE)]
            ),
            "copies": copied_share(sets[2], sets[0]),
            "memorised": memorised_share(generated, training, held_out),
            **self._usefulness(sets, categorical, missing),
        }

    def _excess(self) -> dict[str, Tensor]:
        """Return the mean error of correlations beyond that of as many training rows."""
        if len(self.compared) < 2:
            return {}
        real, generated = (self.gathered(real).cpu() for real in (True, False))
        known = self.training_rows[_chosen(len(self.training_rows), len(generated))]
        errors = [self.correlation_errors(real, rows).mean() for rows in (generated, known)]
        return {"correlation_excess": errors[0] - errors[1]}

    def _boosted(
        self, sets: Sequence[Tensor], categorical: Sequence[int], missing: Sequence[int]
    ) -> dict[str, Tensor]:
        others = [i for i in range(len(self.compared)) if i not in (*missing, *categorical)]
        if not all_finite(*(rows[:, others] for rows in sets)):
            broken = sets[0].new_tensor(torch.nan)
            return {"boosted": broken, "gap": broken}
        training, real, generated = sets
        size = min(len(training), len(real))
        if size < FEWEST_BOOSTED and "boosted" not in self.protocol:
            told = f"; boosted and gap need {FEWEST_BOOSTED} held-out rows, found {len(real)}"
            self.protocol = (self.protocol + told).removeprefix("; ")
        held_out = boosted_auc(real, generated, categorical, size)
        known = boosted_auc(training, generated, categorical, size)
        return {"boosted": held_out, "gap": held_out - known}

    def _usefulness(
        self, sets: Sequence[Tensor], categorical: list[int], missing: list[int]
    ) -> dict[str, Tensor]:
        """Return what is learned on one set and tested on another, if there is a target."""
        if self.target is not None:
            target = self.compared.index(self.target)
            labels = [rows[:, target] for rows in sets]
            if not self.predicts_number:
                labels = [values.nan_to_num(-1).long() for values in labels]
            sets = [torch.cat([rows[:, :target], rows[:, target + 1 :]], 1) for rows in sets]
            categorical, missing = (
                [i - (i > target) for i in columns if i != target]
                for columns in (categorical, missing)
            )
        else:
            gathered = [self.gathered_labels(real) for real in (True, False)]
            labels = [self.training_labels, *(part.cpu() for part in gathered if part is not None)]
        nothing_to_learn = self.target is None and len(self.training_labels.unique()) < 2
        if nothing_to_learn or len(labels) < len(sets) or not sets[0].shape[1]:
            return {}
        sets = few_categories(sets, categorical)
        labelled = zip(row_vectors(sets, categorical, missing), labels, strict=True)
        judge = transfer_r2 if self.predicts_number else transfer_accuracy
        known, held_out, samples = labelled
        return transfer_accuracies(known, held_out, samples, judge)


def _chosen(num_rows: int, size: int) -> Tensor:
    """Return the indices of random rows, the same each time."""
    return random_order(num_rows)[:size] if size < num_rows else torch.arange(num_rows)


def _tags(names: Sequence[str]) -> list[str]:
    """Return names in characters that TensorBoard keeps, without units if they stay distinct."""
    without_units = [re.sub(r"\(.*?\)", "", name).strip() for name in names]
    chosen = without_units if len(set(without_units)) == len(names) else names
    return [re.sub(r"\W+", "_", name).strip("_") for name in chosen]
