"""Noise on what the discriminator sees."""

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.networks.building import MakeDiscriminator, built
from gan_lightning.networks.contracts import Discriminator, Shape, conditioned
from gan_lightning.networks.mlp import MLPDiscriminator


class InstanceNoise(Discriminator):
    """Any discriminator, with Gaussian noise on real and fake points alike while it trains.

    Sønderby et al., 2017, Section 3: where both distributions are thin, noise gives them a common
    support, and the discriminator a slope to follow.

    Args:
        data_shape: Shape of one point.
        discriminator: Makes the discriminator inside, with or without labels.
        std: Standard deviation of the noise, in the model's scale.
        num_classes: Number of labels, passed by the model.
    """

    def __init__(
        self,
        data_shape: Shape,
        discriminator: MakeDiscriminator = MLPDiscriminator,
        std: float = 0.1,
        num_classes: int | None = None,
    ) -> None:
        super().__init__()
        if not std >= 0:
            raise InputError(f"InstanceNoise: std must not be negative, found {std}.")
        self.discriminator = built(
            "discriminator", Discriminator, discriminator, data_shape, num_classes=num_classes
        )
        self.num_classes = self.discriminator.num_classes
        self.std = std

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        noisy = x + self.std * torch.randn_like(x) if self.training else x
        return conditioned(self.discriminator, noisy, labels)
