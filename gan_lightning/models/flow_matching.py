"""Flow matching: Lipman et al., 2023."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_lightning.errors import require_positive
from gan_lightning.losses import Times, velocity_loss
from gan_lightning.models.one_loss import OneLossModel
from gan_lightning.networks import MakeVelocity, MLPVelocity, Shape, VelocityField, built
from gan_lightning.networks.transport import carried


class FlowMatching(OneLossModel):
    """A velocity field carries noise x_0 ~ N(0, I) to points x_1 of the data along straight lines.

    At x_t = (1 - t) x_0 + t x_1 the field learns x_1 - x_0 by least squares (Lipman et al., 2023,
    Equation 23 with σ_min = 0), and thus the mean over all pairs that pass there. With a field that
    knows labels the model is conditional.

    ``train/velocity_loss``, ``val/…`` and ``test/…`` are the mean squared error over a point's
    numbers, the latter two with the same noise each time. Even a perfect field has a loss above 0,
    since lines cross: π s / 2 for data N(m, s² I) and uniform times.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels, for a field that uses them; also from the data module.
        velocity: Makes the velocity field for a shape of data.
        num_steps: Midpoint steps of equal length from noise to a sample, each with two evaluations
            of the field; the error falls with the square of their number.
        times: Distribution of the times that training and its losses see: ``uniform``, or
            ``logit_normal``, which is rarely near 0 or 1. For images, where most is decided in
            between.
    """

    has_latents = True

    averaged: ClassVar[tuple[str, ...]] = ("velocity",)

    def __init__(
        self,
        data_shape: Shape,
        *,
        num_classes: int | None = None,
        velocity: MakeVelocity = MLPVelocity,
        num_steps: int = 20,
        times: Times = "uniform",
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        require_positive(num_steps=num_steps)
        self.data_shape = tuple(data_shape)
        self.velocity = built(
            "velocity", VelocityField, velocity, self.data_shape, num_classes=num_classes
        )
        self.know_labels(self.velocity.num_classes)
        self.num_steps = num_steps
        self.times: Times = times

    def losses(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        loss = velocity_loss(x, lambda x, t: self.velocity_at(x, t, labels), self.times)
        return {"loss": loss, "velocity_loss": loss.detach()}

    def velocity_at(self, x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        """Return the velocities, shaped like the points; ``t`` has the shape ``(batch,)``."""
        known = None if self.num_classes is None else labels
        return self.best("velocity")(x, t, known)

    def sample(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        labels = self.asked_labels(num_samples, labels)
        return self.points_of(self.draw_latents(num_samples), labels)

    def draw_latents(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        return self.at_home(torch.randn(num_samples, *self.data_shape, device=self.device))

    def points_of(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        with self.evaluating():
            return carried(
                self.at_home(z), lambda x, t: self.velocity_at(x, t, labels), self.num_steps
            )

    def project(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the noise that flows to given points, by following the field backwards."""
        with self.evaluating():
            return carried(
                self.at_home(x), lambda x, t: -self.velocity_at(x, 1 - t, labels), self.num_steps
            )
