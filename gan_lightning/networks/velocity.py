"""Velocity fields: how points move over time."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks.building import known_labels
from gan_lightning.networks.contracts import Shape, VelocityField
from gan_lightning.networks.mlp import Activation, MLPEncoder


class TimedVelocity(VelocityField):
    """A velocity field that sees the time, and a label if asked for, as features of both.

    Time enters as Fourier features, cos(π k t) and sin(π k t) for k = 1 … num_frequencies (Tancik
    et al., 2020): a single number would easily be lost among those of the point.

    Args:
        num_frequencies: Number of frequencies of the time.
        embedding_dim: Length of a label's learned embedding; 0 for a field that knows no labels.
        num_classes: Number of labels, passed by the model.
    """

    frequencies: Tensor

    def __init__(self, num_frequencies: int, embedding_dim: int, num_classes: int | None) -> None:
        super().__init__()
        name = type(self).__name__
        if num_frequencies < 1 or embedding_dim < 0:
            raise InputError(
                f"{name}: num_frequencies must be positive and embedding_dim not negative, "
                f"found {num_frequencies} and {embedding_dim}."
            )
        if embedding_dim > 0:
            self.num_classes = known_labels(name, num_classes)
            self.embedding = nn.Embedding(self.num_classes, embedding_dim)
        frequencies = math.pi * torch.arange(1, num_frequencies + 1)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.num_features = 2 * num_frequencies + embedding_dim

    def features(self, t: Tensor, labels: Tensor | None) -> Tensor:
        """Return features of times and labels, shape ``(batch, num_features)``."""
        angles = t[:, None] * self.frequencies
        inputs = [angles.cos(), angles.sin()]
        if self.num_classes is not None:
            inputs.append(self.embedding(labels))
        return torch.cat(inputs, 1)


class MLPVelocity(TimedVelocity):
    """Linear layers from a point of any shape, the time and, if asked for, a label to a velocity.

    Args:
        data_shape: Shape of one point.
        hidden_dims: Widths of the hidden layers.
        activation: Makes the module after each hidden layer; a smooth one gives a smooth field,
            which few steps can follow.
        num_frequencies: Number of frequencies of the time.
        embedding_dim: Length of a label's learned embedding; 0 for a field that knows no labels.
        num_classes: Number of labels, passed by the model.
    """

    def __init__(
        self,
        data_shape: Shape,
        hidden_dims: Sequence[int] = (128, 128, 128),
        activation: Activation = nn.SiLU,
        num_frequencies: int = 4,
        embedding_dim: int = 0,
        num_classes: int | None = None,
    ) -> None:
        super().__init__(num_frequencies, embedding_dim, num_classes)
        size = math.prod(data_shape)
        self.layers = MLPEncoder((size + self.num_features,), size, hidden_dims, activation)

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(torch.cat([x.flatten(1), self.features(t, labels)], 1)).view_as(x)
