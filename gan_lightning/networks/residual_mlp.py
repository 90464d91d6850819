"""A multi-layer perceptron with identity shortcuts."""

import math

from torch import Tensor, nn

from gan_lightning.errors import InputError, require_positive
from gan_lightning.networks.contracts import Generator, Shape
from gan_lightning.networks.mlp import Activation


class ResidualMLPGenerator(Generator):
    """Linear layers of one width, each after an activation, added to the activation's input.

    The identity shortcuts of He et al., 2016, "Identity Mappings in Deep Residual Networks", with
    one layer in each branch. With an activation that saturates, such as ``Tanh``, the branches make
    steps from mode to mode, and the shortcuts carry what varies within a mode past them.

    Args:
        data_shape: Shape of one point.
        latent_dim: Length of a latent vector.
        width: Width of the hidden layers.
        num_blocks: Residual blocks, each with one layer.
        gain: Factor of the latents: the larger, the steeper the steps from the start.
        activation: Makes the module before each layer but the first.
        output: Makes the module after the last layer; its range must contain the data's: ``Tanh``
            for [-1, 1], ``Sigmoid`` for [0, 1], ``Identity`` for any real number.

    Example:
        >>> import torch
        >>> generator = ResidualMLPGenerator((2,), latent_dim=2, output=torch.nn.Identity)
        >>> generator(torch.randn(5, 2)).shape
        torch.Size([5, 2])
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 100,
        width: int = 128,
        num_blocks: int = 2,
        gain: float = 1.0,
        activation: Activation = nn.ReLU,
        output: Activation = nn.Tanh,
    ) -> None:
        super().__init__()
        require_positive(latent_dim=latent_dim, width=width, num_blocks=num_blocks)
        if not 0 < gain < math.inf:
            raise InputError(f"ResidualMLPGenerator: gain must be positive, found {gain}.")
        self.latent_dim = latent_dim
        self.gain = gain
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, width),
            *(ResidualLayer(width, activation) for _ in range(num_blocks)),
            activation(),
            nn.Linear(width, math.prod(data_shape)),
            output(),
            nn.Unflatten(1, data_shape),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(self.gain * z)


class ResidualLayer(nn.Module):
    """Adds a linear layer of activated features to the features, shape ``(batch, width)``."""

    def __init__(self, width: int, activation: Activation) -> None:
        super().__init__()
        self.branch = nn.Sequential(activation(), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)
