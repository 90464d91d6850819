"""Multi-layer perceptrons for points, rows and small images."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import (
    Decoder,
    Encoder,
    FeatureDiscriminator,
    Generator,
    Shape,
)

Activation = Callable[[], nn.Module]
Norm = Callable[[int], nn.Module]


class MLPGenerator(Generator):
    """Linear layers from a latent vector to a point of any shape.

    Args:
        data_shape: Shape of one point.
        latent_dim: Length of a latent vector.
        hidden_dims: Widths of the hidden layers, from the latent to the data.
        activation: Makes the module after each hidden layer.
        norm: Makes the normalisation after each activation for its width; none by default. Keras's
            ``BatchNormalization(momentum=0.8)`` is ``BatchNorm1d`` with ``momentum: 0.2``.
        output: Makes the module after the last layer; its range must contain the data's: ``Tanh``
            for [-1, 1], ``Sigmoid`` for [0, 1], ``Identity`` for any real number.

    Example:
        >>> import torch
        >>> generator = MLPGenerator((1, 28, 28), latent_dim=16, hidden_dims=[64])
        >>> generator(torch.randn(5, 16)).shape
        torch.Size([5, 1, 28, 28])
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 100,
        hidden_dims: Sequence[int] = (128, 128),
        activation: Activation = nn.ReLU,
        norm: Norm | None = None,
        output: Activation = nn.Tanh,
    ) -> None:
        super().__init__()
        dims = _checked([latent_dim, *hidden_dims])
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(
            *_hidden_layers(dims, activation, norm),
            nn.Linear(dims[-1], math.prod(data_shape)),
            output(),
            nn.Unflatten(1, data_shape),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(z)


class MLPDiscriminator(FeatureDiscriminator):
    """Linear layers from a point of any shape to one logit.

    Args:
        data_shape: Shape of one point.
        hidden_dims: Widths of the hidden layers, from the data to the logit.
        activation: Makes the module after each hidden layer.
        norm: Makes the normalisation after each activation for its width; none by default. Batch
            normalisation would give real and generated batches the same mean logit.
    """

    judges_each_alone = True

    def __init__(
        self,
        data_shape: Shape,
        hidden_dims: Sequence[int] = (128, 128),
        activation: Activation = nn.ReLU,
        norm: Norm | None = None,
    ) -> None:
        dims = _checked([math.prod(data_shape), *hidden_dims])
        super().__init__(num_features=dims[-1])
        self.layers = nn.Sequential(nn.Flatten(), *_hidden_layers(dims, activation, norm))
        self.head = nn.Linear(dims[-1], 1)

    def features(self, x: Tensor) -> Tensor:
        return self.layers(x)


class MLPEncoder(Encoder):
    """Linear layers from a point of any shape to a code.

    Args:
        data_shape: Shape of one point.
        code_dim: Length of a code, chosen by the model.
        hidden_dims: Widths of the hidden layers, from the data to the code.
        activation: Makes the module after each hidden layer.
        norm: Makes the normalisation after each activation for its width; none by default.
        output: Makes the module after the last layer; means and log-variances need ``Identity``.
    """

    def __init__(
        self,
        data_shape: Shape,
        code_dim: int,
        hidden_dims: Sequence[int] = (128, 128),
        activation: Activation = nn.ReLU,
        norm: Norm | None = None,
        output: Activation = nn.Identity,
    ) -> None:
        super().__init__()
        dims = _checked([math.prod(data_shape), *hidden_dims, code_dim])
        self.layers = nn.Sequential(
            nn.Flatten(),
            *_hidden_layers(dims[:-1], activation, norm),
            nn.Linear(dims[-2], code_dim),
            output(),
        )

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(x)


class MLPDecoder(Decoder):
    """Linear layers from a latent vector to the numbers of a point of any shape.

    Args:
        data_shape: Shape of one point.
        latent_dim: Length of a latent vector.
        hidden_dims: Widths of the hidden layers, from the latent to the data.
        activation: Makes the module after each hidden layer.
        norm: Makes the normalisation after each activation for its width; none by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 16,
        hidden_dims: Sequence[int] = (128, 128),
        activation: Activation = nn.ReLU,
        norm: Norm | None = None,
    ) -> None:
        super().__init__()
        dims = _checked([latent_dim, *hidden_dims])
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(
            *_hidden_layers(dims, activation, norm),
            nn.Linear(dims[-1], math.prod(data_shape)),
            nn.Unflatten(1, data_shape),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(z)


def _checked(dims: list[int]) -> list[int]:
    if min(dims) < 1:
        raise InputError(f"Layer widths must be positive integers, found {dims}.")
    return dims


def _hidden_layers(
    dims: Sequence[int], activation: Activation, norm: Norm | None
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise(dims):
        layers += [nn.Linear(width_in, width_out), activation()]
        if norm is not None:
            layers.append(norm(width_out))
    return layers
