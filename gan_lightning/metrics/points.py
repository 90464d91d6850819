"""How close sampled points are to a mixture of round Gaussians."""

import torch
from torch import Tensor

from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.distances import ks_statistic, wasserstein_distance

HIGH_QUALITY_STDS = 3
"""A sample is of high quality within this many standard deviations of a mode's mean."""

FOUND_SHARE = 0.1
"""A mode is found if it holds this share of the high-quality samples due to it."""


class PointMetrics(TwoSampleMetric):
    """Modes found, share of high-quality samples, and distances of the coordinates.

    ``compute`` returns ``modes`` (a count), ``high_quality`` (in [0, 1]; for one mode at 3
    standard deviations a perfect sampler has 1 - exp(-9/2) = 0.989), ``ks`` and ``wasserstein``
    (means over the two coordinates).

    Args:
        centres: Means of the modes, shape ``(num_modes, 2)``.
        std: Their standard deviation along each axis.
    """

    def __init__(self, centres: Tensor, std: float) -> None:
        super().__init__()
        self.centres = centres.double()
        self.std = std

    def compute(self) -> dict[str, Tensor]:
        real, generated = self.gathered(real=True), self.gathered(real=False)
        distances, nearest = torch.cdist(generated, self.centres.to(generated)).min(1)
        good = distances <= HIGH_QUALITY_STDS * self.std
        counts = nearest[good].bincount(minlength=len(self.centres))
        due = len(generated) / len(self.centres)
        return {
            "modes": (counts >= FOUND_SHARE * due).sum(),
            "high_quality": good.double().mean(),
            "ks": ks_statistic(real, generated).mean(),
            "wasserstein": wasserstein_distance(real, generated).mean(),
        }
