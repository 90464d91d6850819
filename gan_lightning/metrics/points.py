"""How close sampled points are to a mixture of round Gaussians."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.distances import ks_statistic, wasserstein_distance
from gan_lightning.metrics.modes import reverse_kl, reverse_kl_floor

HIGH_QUALITY_STDS = 3
"""A sample is of high quality within this many standard deviations of a mode's mean."""

FOUND_SHARE = 0.1
"""A mode is found if it holds this share of the high-quality samples due to it."""


class PointMetrics(TwoSampleMetric):
    """Modes found, share of high-quality samples, exact likelihoods, distances of the coordinates.

    ``compute`` returns ``modes`` (a count), ``high_quality`` (in [0, 1]), ``reverse_kl`` (of all
    samples, each in its nearest mode, in nats) beside ``reverse_kl_floor``, what so many perfect
    samples have on average, ``log_likelihood`` (mean log-density of the samples under the truth,
    in nats; too high means too narrow, and a single sample far out weighs heavily), ``ks`` and
    ``wasserstein`` (means over the two coordinates).

    Args:
        centres: Means of the modes, all equally likely, shape ``(num_modes, 2)``.
        std: Their standard deviation along each axis.
        log_density: The true log-density in nats of points, shape ``(num_points,)``.
        entropy: The entropy of the truth in nats: minus what true points have on average.
    """

    def __init__(
        self,
        centres: Tensor,
        std: float,
        log_density: Callable[[Tensor], Tensor],
        entropy: float,
    ) -> None:
        super().__init__()
        self.centres = centres.double()
        self.std = std
        self.log_density = log_density
        self.goals = {
            "modes": float(len(centres)),
            # Of one round Gaussian in the plane; modes that overlap have more.
            "high_quality": 1 - math.exp(-(HIGH_QUALITY_STDS**2) / 2),
            "reverse_kl": 0.0,
            "log_likelihood": -entropy,
            "ks": 0.0,
            "wasserstein": 0.0,
        }

    def compute(self) -> dict[str, Tensor]:
        real, generated = self.gathered(real=True), self.gathered(real=False)
        nearest = torch.cdist(generated, self.centres.to(generated)).argmin(1)
        num_modes = len(self.centres)
        modes, quality = modes_and_quality(generated, self.centres, self.std)
        weights = torch.full((num_modes,), 1 / num_modes, dtype=torch.float64)
        return {
            "modes": modes,
            "high_quality": quality,
            "reverse_kl": reverse_kl(nearest.bincount(minlength=num_modes), weights),
            "reverse_kl_floor": reverse_kl_floor(len(generated), weights),
            "log_likelihood": self.log_density(generated).mean(),
            "ks": ks_statistic(real, generated).mean(),
            "wasserstein": wasserstein_distance(real, generated).mean(),
        }


def modes_and_quality(samples: Tensor, centres: Tensor, std: float) -> tuple[Tensor, Tensor]:
    """Return the number of modes found and the share of samples of high quality, two scalars.

    Args:
        samples: Shape ``(num_samples, 2)``.
        centres: Means of the modes, all equally likely, shape ``(num_modes, 2)``.
        std: Their standard deviation along each axis.
    """
    distances, nearest = torch.cdist(samples, centres.to(samples)).min(1)
    good = distances <= HIGH_QUALITY_STDS * std
    due = len(samples) / len(centres)
    found = nearest[good].bincount(minlength=len(centres)) >= FOUND_SHARE * due
    return found.sum(), good.double().mean()
