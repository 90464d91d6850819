"""How close sampled points are to a known density, and to its modes."""

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


class DensityMetrics(TwoSampleMetric):
    """Exact likelihoods of the samples, and distances of the coordinates.

    ``compute`` returns ``log_likelihood`` (mean log-density of the samples under the truth, in
    nats; if it exceeds that of true points, the samples are too narrow; a single outlier weighs
    heavily), ``ks`` and ``wasserstein`` (means over the two coordinates).

    Args:
        log_density: The true log-density in nats of points, shape ``(num_points,)``.
        entropy: The entropy of the truth in nats, minus the mean log-density of true points.
    """

    def __init__(self, log_density: Callable[[Tensor], Tensor], entropy: float) -> None:
        super().__init__()
        self.log_density = log_density
        self.goals = {"log_likelihood": -entropy, "ks": 0.0, "wasserstein": 0.0}

    def compute(self) -> dict[str, Tensor]:
        real, generated = self.gathered(real=True), self.gathered(real=False)
        return {
            "log_likelihood": self.log_density(generated).mean(),
            "ks": ks_statistic(real, generated).mean(),
            "wasserstein": wasserstein_distance(real, generated).mean(),
        }


class PointMetrics(DensityMetrics):
    """Modes found, share of high-quality samples and width of modes, beside ``DensityMetrics``.

    ``compute`` also returns ``modes`` (a count), ``high_quality`` (in [0, 1]), ``width`` (of the
    modes' high-quality samples, 1 if it is the true one) and ``reverse_kl`` (of all samples, each
    in its nearest mode, in nats) beside ``reverse_kl_floor``, its expectation for as many perfect
    samples. Modes and quality are the protocol of Lin et al., 2018, "PacGAN", with 2 500 samples;
    it rewards modes that are too narrow, which ``width`` reveals.

    Args:
        centres: Means of the modes, all equally likely, shape ``(num_modes, 2)``.
        std: Their standard deviation along each axis.
        log_density: The true log-density in nats of points, shape ``(num_points,)``.
        entropy: The entropy of the truth in nats, minus the mean log-density of true points.
    """

    def __init__(
        self,
        centres: Tensor,
        std: float,
        log_density: Callable[[Tensor], Tensor],
        entropy: float,
    ) -> None:
        super().__init__(log_density, entropy)
        self.centres = centres.double()
        self.std = std
        self.goals = {
            "modes": float(len(centres)),
            # This holds for a round Gaussian in the plane; overlapping modes have more.
            "high_quality": 1 - math.exp(-(HIGH_QUALITY_STDS**2) / 2),
            "width": 1.0,
            "reverse_kl": 0.0,
            **self.goals,
        }

    def compute(self) -> dict[str, Tensor]:
        generated = self.gathered(real=False)
        nearest = torch.cdist(generated, self.centres.to(generated)).argmin(1)
        num_modes = len(self.centres)
        modes, quality = modes_and_quality(generated, self.centres, self.std)
        weights = torch.full((num_modes,), 1 / num_modes, dtype=torch.float64)
        return {
            "modes": modes,
            "high_quality": quality,
            "width": width_of_modes(generated, self.centres, self.std),
            "reverse_kl": reverse_kl(nearest.bincount(minlength=num_modes), weights),
            "reverse_kl_floor": reverse_kl_floor(len(generated), weights),
            **super().compute(),
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


def width_of_modes(samples: Tensor, centres: Tensor, std: float) -> Tensor:
    """Return the standard deviation of high-quality samples in units of the true one, a scalar.

    Deviations are measured along an axis around the mean of each mode's own samples, so that a
    displaced mode does not look wide. The true value is that of a Gaussian cut off at three
    standard deviations, 0.974 ``std``. 0 where no mode has two samples.

    Args:
        samples: Shape ``(num_samples, 2)``.
        centres: Means of the modes, shape ``(num_modes, 2)``.
        std: Their standard deviation along each axis.
    """
    distances, nearest = torch.cdist(samples, centres.to(samples)).min(1)
    good = distances <= HIGH_QUALITY_STDS * std
    points, modes = samples[good], nearest[good]
    counts = modes.bincount(minlength=len(centres))
    sums = points.new_zeros(len(centres), 2).index_add(0, modes, points)
    means = sums / counts.clamp(min=1)[:, None]
    freedom = 2 * (counts - 1).clamp(min=0).sum().clamp(min=1)
    variance = (points - means[modes]).square().sum() / freedom
    edge = HIGH_QUALITY_STDS**2 / 2
    true_variance = std**2 * (1 - edge / math.expm1(edge))
    return (variance / true_variance).sqrt()
