"""Points of the plane whose density is known."""

import math
from abc import abstractmethod

import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from gan_lightning.data.contracts import DataModule, Picture, Stage, checked_seed
from gan_lightning.data.memory import Split
from gan_lightning.data.units import PointUnits
from gan_lightning.errors import InputError, require_positive
from gan_lightning.figures import PointScene
from gan_lightning.metrics import PointMetrics, TwoSampleMetric, modes_and_quality

QUADRATURE_NODES = 64
"""Nodes along each axis: five digits of the entropy, also where modes overlap."""


class GaussianMixture(DataModule):
    """Points of an equal mixture of round Gaussians; labels are the modes they were drawn from.

    Args:
        std: Standard deviation of each mode along each axis.
        num_samples: Points for training; a tenth as many, drawn apart, are for validation and
            as many again for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, apart from the run's, so that runs can be compared.
    """

    data_shape = (2,)
    monitor = "val/ks"
    file_ending = ".csv"

    _picture: PointScene | None = None

    def __init__(self, std: float, num_samples: int, batch_size: int, data_seed: int) -> None:
        super().__init__(batch_size)
        self.units = PointUnits()
        if not std > 0 or num_samples < 10:
            raise InputError(
                "Expected a positive std and at least 10 num_samples, "
                f"found {std} and {num_samples}."
            )
        self.std = std
        self.num_samples = num_samples
        self.data_seed = checked_seed("data_seed", data_seed)
        self.num_classes = len(self.centres())

    @abstractmethod
    def centres(self) -> Tensor:
        """Return the means of the modes, shape ``(num_modes, 2)``."""

    def setup(self, stage: str) -> None:
        generator = torch.Generator().manual_seed(self.data_seed)
        self.train = self._draw(self.num_samples, generator)
        self.val = self._draw(self.num_samples // 10, generator)
        self.test = self._draw(self.num_samples // 10, generator)

    def log_density(self, points: Tensor) -> Tensor:
        """Return the exact log-density in nats of points, shape ``(num_points,)``."""
        squared_distances = (points[:, None] - self.centres().to(points)).square().sum(2)
        normaliser = math.log(2 * math.pi * self.std**2) + math.log(self.num_classes)
        return torch.logsumexp(-squared_distances / (2 * self.std**2), 1) - normaliser

    def entropy(self) -> float:
        """Return the entropy in nats, by Gauss-Hermite quadrature around each mode."""
        nodes, weights = (torch.from_numpy(part) for part in hermegauss(QUADRATURE_NODES))
        offsets = self.std * torch.cartesian_prod(nodes, nodes)
        points = (self.centres().double()[:, None] + offsets).flatten(0, 1)
        log_densities = self.log_density(points).reshape(self.num_classes, -1)
        # The weights are those of exp(-x²/2): along each axis they sum to sqrt(2π).
        return (
            -(log_densities @ torch.outer(weights, weights).flatten() / (2 * math.pi)).mean().item()
        )

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        return PointMetrics(self.centres(), self.std, self.log_density, self.entropy())

    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        if self._picture is None:
            self._picture = PointScene(self.log_density, self.centres(), self.std)
        modes, quality = modes_and_quality(samples, self.centres(), self.std)
        num_modes = self.num_classes
        headline = f"{modes} of {num_modes} mode{'s' * (num_modes > 1)}, {quality:.1%} within 3 σ"
        return {"points": self._picture.showing(samples, headline)}

    def _draw(self, num_samples: int, generator: torch.Generator) -> Split:
        labels = torch.randint(self.num_classes, (num_samples,), generator=generator)
        noise = torch.randn(num_samples, 2, generator=generator)
        return Split(self.centres()[labels] + self.std * noise, labels)


class StandardNormal(GaussianMixture):
    """Points from N(0, I), the easiest task there is.

    Args:
        num_samples: Points for training; a tenth as many, drawn apart, are for validation and
            as many again for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, apart from the run's, so that runs can be compared.
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
        num_samples: Points for training; a tenth as many, drawn apart, are for validation and
            as many again for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, apart from the run's, so that runs can be compared.
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
