"""Noise on what the discriminator sees."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import Discriminator, Shape


class InstanceNoise(Discriminator):
    """Any discriminator, with Gaussian noise on real and fake points alike while it trains.

    Sønderby et al., 2017, Section 3: where both distributions are thin, noise gives them a common
    support, and the discriminator a slope to follow.

    Args:
        data_shape: Shape of one point.
        discriminator: Makes the discriminator inside.
        std: Standard deviation of the noise, in the model's scale.
    """

    def __init__(
        self,
        data_shape: Shape,
        discriminator: Callable[[Shape], Discriminator],
        std: float = 0.1,
    ) -> None:
        super().__init__()
        if not std >= 0:
            raise InputError(f"InstanceNoise: std must not be negative, found {std}.")
        self.discriminator = discriminator(data_shape)
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        noisy = x + self.std * torch.randn_like(x) if self.training else x
        return self.discriminator(noisy)
