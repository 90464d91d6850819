"""Residual networks for images, after Miyato et al., 2018, Appendix B.4."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from gan_lightning.networks.contracts import FeatureDiscriminator, Generator, Shape
from gan_lightning.networks.sizes import halvings
from gan_lightning.networks.spectral_norm import normalise_spectrally


class ResNetGenerator(Generator):
    """Residual blocks that double an image 4 to 7 pixels wide until it has its size.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        latent_dim: Length of a latent vector.
        base_channels: Channels of all hidden images.
        output: Makes the module after the last layer; its range must contain the data's.
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 128,
        base_channels: int = 128,
        output: Callable[[], nn.Module] = nn.Tanh,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        count, smallest = halvings(data_shape, "ResNetGenerator")
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, base_channels * smallest**2),
            nn.Unflatten(1, (base_channels, smallest, smallest)),
            *(DoublingBlock(base_channels) for _ in range(count)),
            nn.BatchNorm2d(base_channels),
            nn.ReLU(),
            nn.Conv2d(base_channels, data_shape[0], 3, padding=1),
            output(),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(z)


class ResNetDiscriminator(FeatureDiscriminator):
    """Residual blocks that halve the image until it is 4 to 7 pixels wide, summed at the end.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        base_channels: Channels of all hidden images.
        spectral_norm: Divide each weight by its largest singular value.
    """

    judges_each_alone = True

    def __init__(
        self, data_shape: Shape, base_channels: int = 128, spectral_norm: bool = True
    ) -> None:
        super().__init__(num_features=base_channels)
        count, _ = halvings(data_shape, "ResNetDiscriminator")
        self.stem = nn.Conv2d(data_shape[0], base_channels, 3, padding=1)
        self.blocks = nn.Sequential(*(HalvingBlock(base_channels) for _ in range(count)))
        self.head = nn.Linear(base_channels, 1)
        if spectral_norm:
            self.apply(normalise_spectrally)

    def features(self, x: Tensor) -> Tensor:
        return relu(self.blocks(self.stem(x))).sum((2, 3))


class DoublingBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut, on an image of twice the size.

    Args:
        channels: Channels in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(2))
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channels, size, size)`` to ``(batch, channels, 2 size, 2 size)``."""
        hidden = self.convolutions[0](_doubled(relu(self.norms[0](x))))
        hidden = self.convolutions[1](relu(self.norms[1](hidden)))
        return torch.add(_doubled(x), hidden)


class HalvingBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut, averaged to half the size.

    Args:
        channels: Channels in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channels, size, size)`` to ``(batch, channels, size / 2, size / 2)``."""
        hidden = self.convolutions[0](relu(x))
        hidden = self.convolutions[1](relu(hidden))
        return avg_pool2d(x + hidden, 2)


def _doubled(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="nearest")
