"""Points in the plane with an exact, known density."""

from abc import abstractmethod

import torch
from torch import Tensor

from gan_lightning.data.contracts import DataModule, Picture, Stage
from gan_lightning.data.memory import Split
from gan_lightning.data.units import PointUnits
from gan_lightning.errors import InputError, checked_seed
from gan_lightning.figures import PointScene
from gan_lightning.metrics import DensityMetrics, TwoSampleMetric

CELLS_PER_STD = 2
"""Midpoints of the quadrature, whose error is below any digit shown."""

CHUNK = 4096
"""Points whose density is computed at once."""


class PlanePoints(DataModule):
    """Points in the plane with an exact density, blurred by normal noise.

    A subclass defines the density and how to draw from it.

    Args:
        std: Standard deviation of the noise along each axis.
        num_classes: Number of labels.
        reach: The square [-reach, reach]² contains all but one in 10⁹ points.
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    data_shape = (2,)
    monitor = "val/ks"
    file_ending = ".csv"

    _picture: PointScene | None = None

    def __init__(
        self,
        std: float,
        num_classes: int,
        reach: float,
        num_samples: int,
        batch_size: int,
        data_seed: int,
    ) -> None:
        super().__init__(batch_size)
        self.units = PointUnits()
        if not std > 0 or num_samples < 10:
            raise InputError(
                "Expected a positive std and at least 10 num_samples, "
                f"found {std} and {num_samples}."
            )
        self.std = std
        self.num_classes = num_classes
        self.reach = reach
        self.num_samples = num_samples
        self.data_seed = checked_seed("data_seed", data_seed)

    @abstractmethod
    def log_prob(self, points: Tensor) -> Tensor:
        """Return the exact log-density in nats of points, shape ``(num_points,)``.

        Args:
            points: Shape ``(num_points, 2)``.
        """

    @abstractmethod
    def draw(self, num_samples: int, generator: torch.Generator) -> Split:
        """Draw points from the density, and their labels."""

    def setup(self, stage: str) -> None:
        generator = torch.Generator().manual_seed(self.data_seed)
        self.train = self.draw(self.num_samples, generator)
        self.val = self.draw(self.num_samples // 10, generator)
        self.test = self.draw(self.num_samples // 10, generator)

    def entropy(self) -> float:
        """Return the entropy in nats, by the midpoint rule over the square."""
        num_cells = int(2 * self.reach / self.std * CELLS_PER_STD) + 1
        side = 2 * self.reach / num_cells
        line = (torch.arange(num_cells, dtype=torch.float64) + 0.5) * side - self.reach
        entropy = 0.0
        for points in torch.cartesian_prod(line, line).split(CHUNK):
            log_prob = self.log_prob(points)
            entropy -= (log_prob.exp() * log_prob).sum().item() * side**2
        return entropy

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        return DensityMetrics(self.log_prob, self.entropy())

    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        if self._picture is None:
            self._picture = self._scene()
        return {"points": self._picture.showing(samples, self._headline(samples))}

    def _scene(self) -> PointScene:
        return PointScene(self.log_prob, reach=self.reach)

    def _headline(self, samples: Tensor) -> str:
        likelihood = self.log_prob(samples).mean().item()
        return f"Mean log-density {likelihood:.2f}, that of true points {-self.entropy():.2f}"
