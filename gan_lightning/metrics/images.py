"""How close sampled images are to real ones, without any network."""

import torch
from torch import Tensor

from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.distances import wasserstein_distance

NUM_DIRECTIONS = 128
"""Random directions that pixels are projected onto, the same for everybody."""


class ImageMetrics(TwoSampleMetric):
    """Distance of the pixels' distributions along random directions.

    ``compute`` returns ``sliced_wasserstein``, the Wasserstein-1 distance of both sets projected
    onto a random direction, in units of the real standard deviation there, averaged over 128
    directions (Rabin et al., 2011). It needs no features, and sees blur and missing classes rather
    than the shape of strokes.
    """

    def compute(self) -> dict[str, Tensor]:
        real, generated = (self.gathered(real=real).flatten(1).float() for real in (True, False))
        generator = torch.Generator().manual_seed(0)
        directions = torch.randn(real.shape[1], NUM_DIRECTIONS, generator=generator).to(real)
        directions = directions / directions.norm(dim=0)
        distances = wasserstein_distance(real @ directions, generated @ directions)
        return {"sliced_wasserstein": distances.mean()}
