"""How close sampled rows are to real ones."""

import re
from collections.abc import Sequence

from torch import Tensor

from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.distances import (
    correlation_error,
    ks_statistic,
    wasserstein_distance,
)


class TableMetrics(TwoSampleMetric):
    """Distances of the continuous columns' distributions and of their correlations.

    ``compute`` returns ``ks`` (mean over columns) and ``ks/<column>``, ``wasserstein`` likewise, in
    units of the real standard deviation, and ``correlation_error``.

    Args:
        names: The columns' names.
        continuous: Indices of the columns that are compared.
    """

    def __init__(self, names: Sequence[str], continuous: Sequence[int]) -> None:
        super().__init__()
        self.names = _tags([names[i] for i in continuous])
        self.continuous = list(continuous)

    def compute(self) -> dict[str, Tensor]:
        if not self.continuous:
            return {}
        real = self.gathered(real=True)[:, self.continuous]
        generated = self.gathered(real=False)[:, self.continuous]
        results = {"correlation_error": correlation_error(real, generated)}
        for quantity, distance in [("ks", ks_statistic), ("wasserstein", wasserstein_distance)]:
            distances = distance(real, generated)
            results[quantity] = distances.mean()
            for name, value in zip(self.names, distances, strict=True):
                results[f"{quantity}/{name}"] = value
        return results


def _tags(names: Sequence[str]) -> list[str]:
    """Return the names in characters that TensorBoard keeps; without units if they still differ."""
    without_units = [re.sub(r"\(.*?\)", "", name).strip() for name in names]
    chosen = without_units if len(set(without_units)) == len(names) else names
    return [re.sub(r"\W+", "_", name).strip("_") for name in chosen]
