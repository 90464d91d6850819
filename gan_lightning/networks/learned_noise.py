"""Noise on what a generator makes, as wide as the game wants it."""

import math

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks.building import MakeGenerator, built
from gan_lightning.networks.contracts import Generator, Shape, conditioned
from gan_lightning.networks.mlp import MLPGenerator


class LearnedNoise(Generator):
    """Any generator, with Gaussian noise of a learned width on each number of its points.

    Dieng et al., 2019, "Prescribed Generative Adversarial Networks", Section 3.1. The generator
    inside chooses a mode, and the noise fills it: all modes share one width, learned from many
    points, while without noise each step of a network ends in a plateau with its own slope. The
    noise is the last part of the latent vector, so that a latent still stands for one point.

    Args:
        data_shape: Shape of one point.
        generator: Makes the generator inside, with or without labels.
        std: Initial standard deviation of the noise, in the model's scale. Its logarithm is
            learned.
        num_classes: Number of labels, passed by the model.

    Example:
        >>> LearnedNoise((2,), std=0.2).std
        tensor([0.2000, 0.2000], grad_fn=<ExpBackward0>)
    """

    def __init__(
        self,
        data_shape: Shape,
        generator: MakeGenerator = MLPGenerator,
        std: float = 0.1,
        num_classes: int | None = None,
    ) -> None:
        super().__init__()
        if not 0 < std < math.inf:
            raise InputError(f"LearnedNoise: std must be positive, found {std}.")
        self.generator = built(
            "generator", Generator, generator, data_shape, num_classes=num_classes
        )
        self.num_classes = self.generator.num_classes
        self.latent_dim = self.generator.latent_dim + math.prod(data_shape)
        self.log_std = nn.Parameter(torch.full(data_shape, math.log(std)))

    @property
    def std(self) -> Tensor:
        """The standard deviation of the noise on each number of a point, shape ``data_shape``."""
        return self.log_std.exp()

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        inside, noise = z.tensor_split([self.generator.latent_dim], 1)
        points = conditioned(self.generator, inside, labels)
        return points + self.std * noise.view_as(points)
