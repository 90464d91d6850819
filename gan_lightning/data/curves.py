"""Points along curves, with normal noise.

A curve is a row of centres no farther apart than the noise's standard deviation, and points come
from an equal mixture of round Gaussians around them. The density is thus an exact finite sum, and
differs from that of the continuous curve by less than one part in 10⁸ away from the ends.
"""

import math
from abc import abstractmethod

import torch
from torch import Tensor

from gan_lightning.data.memory import Split
from gan_lightning.data.plane import PlanePoints
from gan_lightning.data.points import STDS_IN_REACH, drawn_around, mixture_log_prob
from gan_lightning.errors import InputError


class NoisyCurves(PlanePoints):
    """Points along curves of equal length and weight; labels are the curves.

    Args:
        std: Standard deviation of the noise along each axis.
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    def __init__(self, std: float, num_samples: int, batch_size: int, data_seed: int) -> None:
        if not 0.001 <= std < math.inf:
            raise InputError(f"Expected a std of at least 0.001 along a curve, found {std}.")
        curves = self.curves(std)
        reach = float(curves.abs().max()) + STDS_IN_REACH * std
        super().__init__(std, len(curves), reach, num_samples, batch_size, data_seed)

    @abstractmethod
    def curves(self, spacing: float) -> Tensor:
        """Return centres along each curve, shape ``(num_curves, num_centres, 2)``.

        Args:
            spacing: The largest distance between neighbouring centres along the curve.
        """

    def log_prob(self, points: Tensor) -> Tensor:
        return mixture_log_prob(points, self.curves(self.std).flatten(0, 1), self.std)

    def draw(self, num_samples: int, generator: torch.Generator) -> Split:
        curves = self.curves(self.std)
        points, centres = drawn_around(curves.flatten(0, 1), self.std, num_samples, generator)
        return Split(points, centres // curves.shape[1])


class TwoMoons(NoisyCurves):
    """Two interleaving half circles of radius 1, as in scikit-learn's ``make_moons``.

    Args:
        std: Standard deviation of the noise along each axis.
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    def __init__(
        self,
        std: float = 0.05,
        num_samples: int = 8192,
        batch_size: int = 256,
        data_seed: int = 0,
    ) -> None:
        super().__init__(std, num_samples, batch_size, data_seed)

    def curves(self, spacing: float) -> Tensor:
        angles = math.pi * midpoints(math.pi, spacing)
        outer = torch.stack([angles.cos(), angles.sin()], 1)
        return torch.stack([outer, torch.tensor([1.0, 0.5]) - outer])


class Spiral(NoisyCurves):
    """Two turns of an Archimedean spiral from the centre to the unit circle.

    Points are spread evenly along its length.

    Args:
        std: Standard deviation of the noise along each axis.
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    NUM_TURNS = 2

    def __init__(
        self,
        std: float = 0.03,
        num_samples: int = 8192,
        batch_size: int = 256,
        data_seed: int = 0,
    ) -> None:
        super().__init__(std, num_samples, batch_size, data_seed)

    def curves(self, spacing: float) -> Tensor:
        last = 2 * math.pi * self.NUM_TURNS
        length = _spiral_length(torch.tensor(last, dtype=torch.float64)).item()
        wanted = length * midpoints(length / last, spacing).double()
        # The length grows with the angle, so each is found by bisection.
        low, high = torch.zeros_like(wanted), torch.full_like(wanted, last)
        for _ in range(60):
            middle = (low + high) / 2
            short = _spiral_length(middle) < wanted
            low, high = torch.where(short, middle, low), torch.where(short, high, middle)
        points = torch.stack([low * low.cos(), low * low.sin()], 1) / last
        return points.float()[None]


def midpoints(length: float, spacing: float) -> Tensor:
    """Return midpoints of equal parts of [0, 1], no longer than ``spacing`` on ``length``."""
    num_parts = math.ceil(length / spacing)
    return (torch.arange(num_parts) + 0.5) / num_parts


def _spiral_length(angle: Tensor) -> Tensor:
    """Return the length of the spiral whose radius is its angle."""
    return (angle * (1 + angle.square()).sqrt() + angle.asinh()) / 2
