"""What the models ask of a network."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

Shape = tuple[int, ...]
"""Shape of one data point, without the batch: ``(1, 28, 28)`` for a digit, ``(4,)`` for a row."""


class Generator(nn.Module, ABC):
    """Maps latents, shape ``(batch, latent_dim)``, to points, shape ``(batch, *data_shape)``."""

    latent_dim: int

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Return one point for each latent vector."""


class Discriminator(nn.Module, ABC):
    """Maps points, shape ``(batch, *data_shape)``, to logits, shape ``(batch,)``.

    A logit is any real number, never a probability: the loss holds the sigmoid, and a Wasserstein
    critic reads the same number as a score.
    """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return one logit for each point."""
