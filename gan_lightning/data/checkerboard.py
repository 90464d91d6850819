"""Points on the dark squares of a board."""

import torch
from torch import Tensor

from gan_lightning.data.memory import Split
from gan_lightning.data.plane import PlanePoints
from gan_lightning.data.points import STDS_IN_REACH

SIDE = 4
"""Squares of side 1 along each axis, around 0."""


class Checkerboard(PlanePoints):
    """Points spread evenly over the 8 dark squares of a 4 by 4 board; labels are the squares.

    Normal noise blurs the edges: without it the density would be 0 on the light squares, and a
    single sample there would make the mean log-density infinite.

    Args:
        std: Standard deviation of the noise along each axis; squares have the side 1.
        num_samples: Points for training; a tenth of that number is drawn for validation, and
            another tenth for ``test``.
        batch_size: Points in a batch.
        data_seed: Seed of the points, separate from the run's, so that runs can be compared.
    """

    def __init__(
        self,
        std: float = 0.02,
        num_samples: int = 8192,
        batch_size: int = 256,
        data_seed: int = 0,
    ) -> None:
        reach = SIDE / 2 + STDS_IN_REACH * std
        super().__init__(std, SIDE**2 // 2, reach, num_samples, batch_size, data_seed)

    def squares(self) -> Tensor:
        """Return the column and row of each dark square, shape ``(num_squares, 2)``."""
        cells = torch.cartesian_prod(torch.arange(SIDE), torch.arange(SIDE))
        return cells[cells.sum(1) % 2 == 0]

    def log_prob(self, points: Tensor) -> Tensor:
        middles = torch.arange(SIDE, dtype=torch.float64) - (SIDE - 1) / 2
        # Along each axis: the log-density of every column and row, (num_points, 2, SIDE).
        log_density = blurred_unit_interval(points.double()[..., None] - middles, self.std)
        columns, rows = self.squares().unbind(1)
        of_squares = log_density[:, 0, columns] + log_density[:, 1, rows]
        return (of_squares.logsumexp(1) - torch.tensor(self.num_classes).log()).to(points.dtype)

    def draw(self, num_samples: int, generator: torch.Generator) -> Split:
        labels = torch.randint(self.num_classes, (num_samples,), generator=generator)
        inside = torch.rand(num_samples, 2, generator=generator) - SIDE / 2
        noise = torch.randn(num_samples, 2, generator=generator)
        return Split(self.squares()[labels] + inside + self.std * noise, labels)


def blurred_unit_interval(x: Tensor, std: float) -> Tensor:
    """Return the log-density of u + std · n, where u is uniform on [-1/2, 1/2] and n is normal.

    It is log(Φ((x + 1/2) / std) - Φ((x - 1/2) / std)), computed on the side where Φ is small, so
    that far tails neither cancel nor underflow.
    """
    above = torch.special.log_ndtr((0.5 - x.abs()) / std)
    below = torch.special.log_ndtr((-0.5 - x.abs()) / std)
    return above + torch.log1p(-(below - above).exp())
