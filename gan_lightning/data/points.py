"""Equal mixtures of round Gaussians, whose modes can be counted."""

import math
from abc import abstractmethod

import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from gan_lightning.data.contracts import Stage
from gan_lightning.data.memory import Split
from gan_lightning.data.plane import PlanePoints
from gan_lightning.errors import InputError, require_positive
from gan_lightning.figures import PointScene
from gan_lightning.metrics import PointMetrics, TwoSampleMetric, modes_and_quality

QUADRATURE_NODES = 64
"""Nodes along each axis: five correct digits of the entropy, even where modes overlap."""

STDS_IN_REACH = 7
"""Only one point in 10¹⁰ is farther from its mode along an axis."""


class GaussianMixture(PlanePoints):
    """Points of an equal mixture of round Gaussians; labels are their modes.

    Args:
        std: Standard deviation of each mode along each axis.
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    def __init__(self, std: float, num_samples: int, batch_size: int, data_seed: int) -> None:
        centres = self.centres()
        reach = float(centres.abs().max()) + STDS_IN_REACH * std
        super().__init__(std, len(centres), reach, num_samples, batch_size, data_seed)

    @abstractmethod
    def centres(self) -> Tensor:
        """Return the means of the modes, shape ``(num_modes, 2)``."""

    def log_prob(self, points: Tensor) -> Tensor:
        return mixture_log_prob(points, self.centres(), self.std)

    def entropy(self) -> float:
        """Return the entropy in nats, by Gauss-Hermite quadrature around each mode."""
        nodes, weights = (torch.from_numpy(part) for part in hermegauss(QUADRATURE_NODES))
        offsets = self.std * torch.cartesian_prod(nodes, nodes)
        # The weights are those of exp(-x²/2): along each axis they sum to sqrt(2π).
        weights = torch.outer(weights, weights).flatten() / (2 * math.pi)
        means = [self.log_prob(centre + offsets) @ weights for centre in self.centres().double()]
        return -torch.stack(means).mean().item()

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        return PointMetrics(self.centres(), self.std, self.log_prob, self.entropy())

    def draw(self, num_samples: int, generator: torch.Generator) -> Split:
        return drawn_around(self.centres(), self.std, num_samples, generator)

    def _scene(self) -> PointScene:
        return PointScene(self.log_prob, self.centres(), self.std)

    def _headline(self, samples: Tensor) -> str:
        modes, quality = modes_and_quality(samples, self.centres(), self.std)
        num_modes = self.num_classes
        return f"{modes} of {num_modes} mode{'s' * (num_modes > 1)}, {quality:.1%} within 3 σ"


class StandardNormal(GaussianMixture):
    """Points from N(0, I), the easiest task there is.

    Args:
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    def __init__(self, num_samples: int = 8192, batch_size: int = 64, data_seed: int = 0) -> None:
        super().__init__(1.0, num_samples, batch_size, data_seed)

    def centres(self) -> Tensor:
        return torch.zeros(1, 2)


class GaussianRing(GaussianMixture):
    """Narrow Gaussians evenly spaced on the unit circle: a small test for mode collapse.

    Args:
        num_modes: Number of Gaussians.
        std: Their standard deviation; the circle's radius is 1.
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    def __init__(
        self,
        num_modes: int = 8,
        std: float = 0.01,
        num_samples: int = 8192,
        batch_size: int = 256,
        data_seed: int = 0,
    ) -> None:
        require_positive(num_modes=num_modes)
        self.num_modes = num_modes
        super().__init__(std, num_samples, batch_size, data_seed)

    def centres(self) -> Tensor:
        angles = 2 * math.pi * torch.arange(self.num_modes) / self.num_modes
        return torch.stack([angles.cos(), angles.sin()], 1)


class GaussianGrid(GaussianMixture):
    """Narrow Gaussians on a square grid around 0: the task of VEEGAN and PacGAN.

    Srivastava et al., 2017, and Lin et al., 2018, use 5 by 5 modes; the grid of 100 has
    ``side`` 10.

    Args:
        side: Modes along each axis.
        spacing: Distance between neighbours.
        std: Standard deviation of each mode along each axis.
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    def __init__(
        self,
        side: int = 5,
        spacing: float = 2.0,
        std: float = 0.05,
        num_samples: int = 16384,
        batch_size: int = 256,
        data_seed: int = 0,
    ) -> None:
        require_positive(side=side)
        if not 0 < spacing < math.inf:
            raise InputError(f"spacing must be a positive number, found {spacing}.")
        self.side = side
        self.spacing = spacing
        super().__init__(std, num_samples, batch_size, data_seed)

    def centres(self) -> Tensor:
        return torch.cartesian_prod(self._line(), self._line())

    def log_prob(self, points: Tensor) -> Tensor:
        # The density is a product over the axes: 2 side terms in place of side².
        squares = (points[..., None] - self._line().to(points)).square()
        of_axes = torch.logsumexp(-squares / (2 * self.std**2), 2)
        normaliser = math.log(2 * math.pi * self.std**2) / 2 + math.log(self.side)
        return (of_axes - normaliser).sum(1)

    def _line(self) -> Tensor:
        return self.spacing * (torch.arange(self.side) - (self.side - 1) / 2)


def mixture_log_prob(points: Tensor, centres: Tensor, std: float) -> Tensor:
    """Return the log-density of an equal mixture of round Gaussians, shape ``(num_points,)``."""
    exactly = "donot_use_mm_for_euclid_dist"  # expanded, it would cancel far from 0
    squared_distances = torch.cdist(points, centres.to(points), compute_mode=exactly).square()
    normaliser = math.log(2 * math.pi * std**2) + math.log(len(centres))
    return torch.logsumexp(-squared_distances / (2 * std**2), 1) - normaliser


def drawn_around(
    centres: Tensor, std: float, num_samples: int, generator: torch.Generator
) -> Split:
    """Draw points of an equal mixture of round Gaussians, labelled by their centres."""
    labels = torch.randint(len(centres), (num_samples,), generator=generator)
    noise = torch.randn(num_samples, 2, generator=generator)
    return Split(centres[labels] + std * noise, labels)
