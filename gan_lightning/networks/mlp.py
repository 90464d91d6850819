"""Multi-layer perceptrons for points, rows and small images."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import Discriminator, Generator, Shape

Activation = Callable[[], nn.Module]


class MLPGenerator(Generator):
    """Linear layers from a latent vector to a point of any shape.

    Args:
        data_shape: Shape of one point.
        latent_dim: Length of a latent vector.
        hidden_dims: Widths of the hidden layers, from the latent to the data.
        activation: Makes the module after each hidden layer.
        output: Makes the module after the last layer; its range must hold the data's: ``Tanh``
            for [-1, 1], ``Sigmoid`` for [0, 1], ``Identity`` for any real number.
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 100,
        hidden_dims: Sequence[int] = (128, 128),
        activation: Activation = nn.ReLU,
        output: Activation = nn.Tanh,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(
            *_linear_layers([latent_dim, *hidden_dims, math.prod(data_shape)], activation),
            output(),
            nn.Unflatten(1, data_shape),
        )

    def forward(self, z: Tensor) -> Tensor:
        points: Tensor = self.layers(z)
        return points


class MLPDiscriminator(Discriminator):
    """Linear layers from a point of any shape to one logit.

    Args:
        data_shape: Shape of one point.
        hidden_dims: Widths of the hidden layers, from the data to the logit.
        activation: Makes the module after each hidden layer.
    """

    def __init__(
        self,
        data_shape: Shape,
        hidden_dims: Sequence[int] = (128, 128),
        activation: Activation = nn.ReLU,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            *_linear_layers([math.prod(data_shape), *hidden_dims, 1], activation),
            nn.Flatten(0),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits


def _linear_layers(dims: Sequence[int], activation: Activation) -> list[nn.Module]:
    """Linear layers of the given widths with activations between them, none after the last."""
    if min(dims) < 1:
        raise InputError(f"Layer widths must be positive integers, found {list(dims)}.")
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise(dims):
        layers += [nn.Linear(width_in, width_out), activation()]
    return layers[:-1]
