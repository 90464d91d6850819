"""The residual networks of R3GAN, without any normalisation: Huang et al., 2024, Section 4."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from gan_lightning.errors import InputError, require_positive
from gan_lightning.networks.contracts import FeatureDiscriminator, Generator, Shape
from gan_lightning.networks.sizes import halvings

SLOPE = 0.2
"""Slope of the leaky rectifiers below 0."""

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


class R3Generator(Generator):
    """A modulated basis, then residual blocks at each size, doubled by bilinear interpolation.

    A 1×1 convolution comes before each doubling that changes the number of channels. At
    initialisation every block is the identity, and the image, except for ``output``, linear in z.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        latent_dim: Length of a latent vector.
        base_channels: Channels of the widest hidden image; each smaller one has twice as many.
        max_channels: No hidden image has more.
        num_blocks: Residual blocks at each size.
        group_size: Channels of a group in the blocks' 3×3 convolutions.
        expansion: Channels inside a block, as a multiple of those outside.
        output: Makes the module after the last layer; the paper has none.
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 64,
        base_channels: int = 64,
        max_channels: int = 512,
        num_blocks: int = 2,
        group_size: int = 16,
        expansion: int = 2,
        output: Callable[[], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        count, smallest = halvings(data_shape, "R3Generator")
        sizes = Sizes(base_channels, max_channels, num_blocks, group_size, expansion)
        widths = sizes.widths(count)[::-1]
        stages = sizes.stages(widths)
        layers: list[nn.Module] = [Basis(latent_dim, widths[0], smallest), stages[0]]
        for (channels_in, channels_out), blocks in zip(pairwise(widths), stages[1:], strict=True):
            layers += [_changed(channels_in, channels_out), Doubling(), blocks]
        layers += [_scaled(nn.Conv2d(widths[-1], data_shape[0], 1, bias=False)), output()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(z)


class R3Discriminator(FeatureDiscriminator):
    """Residual blocks at each size, halved by interpolation, then weighted sums over the pixels.

    A 1×1 convolution comes after each halving that changes the number of channels. At
    initialisation every block is the identity, and the logit linear in the image.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        base_channels: Channels of the widest hidden image; each smaller one has twice as many.
        max_channels: No hidden image has more.
        num_blocks: Residual blocks at each size.
        group_size: Channels of a group in the blocks' 3×3 convolutions.
        expansion: Channels inside a block, as a multiple of those outside.
    """

    judges_each_alone = True

    def __init__(
        self,
        data_shape: Shape,
        base_channels: int = 64,
        max_channels: int = 512,
        num_blocks: int = 2,
        group_size: int = 16,
        expansion: int = 2,
    ) -> None:
        count, smallest = halvings(data_shape, "R3Discriminator")
        sizes = Sizes(base_channels, max_channels, num_blocks, group_size, expansion)
        widths = sizes.widths(count)
        super().__init__(num_features=widths[-1])
        stages = sizes.stages(widths)
        layers: list[nn.Module] = [_scaled(nn.Conv2d(data_shape[0], widths[0], 1, bias=False))]
        for (channels_in, channels_out), blocks in zip(pairwise(widths), stages[:-1], strict=True):
            layers += [blocks, Halving(), _changed(channels_in, channels_out)]
        layers += [stages[-1], WeightedSum(widths[-1], smallest)]
        self.layers = nn.Sequential(*layers)
        self.head = _scaled(nn.Linear(widths[-1], 1, bias=False))

    def features(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Sizes(NamedTuple):
    """The sizes of either network, as in its arguments of the same names."""

    base_channels: int
    max_channels: int
    num_blocks: int
    group_size: int
    expansion: int

    def widths(self, count: int) -> list[int]:
        """Return the channels of the hidden images, from the widest to the smallest.

        Args:
            count: How often the image is halved.
        """
        require_positive(**self._asdict())
        return [min(self.base_channels * 2**i, self.max_channels) for i in range(count + 1)]

    def stages(self, widths: Sequence[int]) -> list[nn.Sequential]:
        """Return the residual blocks of each hidden image."""
        total = self.num_blocks * len(widths)
        return [
            nn.Sequential(
                *(
                    R3Block(channels, self.group_size, self.expansion, total)
                    for _ in range(self.num_blocks)
                )
            )
            for channels in widths
        ]


class R3Block(nn.Module):
    """x + 1×1(leaky ReLU(grouped 3×3(leaky ReLU(1×1(x))))), with more channels inside than outside.

    Fix-up initialisation (Zhang et al., 2019): the last convolution is 0, and the m - 1 = 2 others
    are scaled by L^(-1/(2m - 2)), so that L blocks together add a variance that L does not change.

    Args:
        channels: Channels in and out.
        group_size: Channels of a group of the 3×3 convolution.
        expansion: Its channels, as a multiple of ``channels``.
        total: Number of blocks in the whole network, L.
    """

    def __init__(self, channels: int, group_size: int, expansion: int, total: int) -> None:
        super().__init__()
        inside = channels * expansion
        if inside % group_size:
            raise InputError(
                f"A residual block of {channels} channels has {inside} inside (expansion "
                f"{expansion}), which must be a multiple of group_size, found {group_size}."
            )
        gain = nn.init.calculate_gain("leaky_relu", SLOPE) * total ** (-1 / 4)
        groups = inside // group_size
        self.expand = _scaled(nn.Conv2d(channels, inside, 1), gain)
        self.grouped = _scaled(nn.Conv2d(inside, inside, 3, padding=1, groups=groups), gain)
        self.reduce = _scaled(nn.Conv2d(inside, channels, 1, bias=False), 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Map images to images of the same shape."""
        hidden = leaky_relu(self.expand(x), SLOPE)
        hidden = leaky_relu(self.grouped(hidden), SLOPE)
        return torch.add(x, self.reduce(hidden))


class Basis(nn.Module):
    """A learned small image, each of whose channels is multiplied by a linear function of z.

    Args:
        latent_dim: Length of a latent vector.
        channels: Channels of the image.
        size: Its height and width.
    """

    def __init__(self, latent_dim: int, channels: int, size: int) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.randn(channels, size, size))
        self.linear = _scaled(nn.Linear(latent_dim, channels, bias=False))

    def forward(self, z: Tensor) -> Tensor:
        """Map ``(batch, latent_dim)`` to ``(batch, channels, size, size)``."""
        return self.image * self.linear(z)[:, :, None, None]


class WeightedSum(nn.Module):
    """A depthwise convolution as large as the image: a weighted sum over the pixels of a channel.

    Args:
        channels: Channels of the image.
        size: Its height and width.
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, size, size) / size)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channels, size, size)`` to ``(batch, channels)``."""
        return (self.weight * x).sum((2, 3))


class Doubling(nn.Module):
    """Twice the height and width, by bilinear interpolation."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channels, size, size)`` to ``(batch, channels, 2 size, 2 size)``."""
        return interpolate(x, scale_factor=2.0, mode="bilinear")


class Halving(nn.Module):
    """Half the height and width: means weighted 1, 3, 3, 1 along each, against aliasing."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channels, size, size)`` to ``(batch, channels, size / 2, size / 2)``."""
        wide = x.float() if x.element_size() < 4 else x  # PyTorch lacks it for bfloat16 on CPUs
        return interpolate(wide, scale_factor=0.5, mode="bilinear", antialias=True).to(x.dtype)


def _changed(channels_in: int, channels_out: int) -> nn.Module:
    if channels_in == channels_out:
        return nn.Identity()
    return _scaled(nn.Conv2d(channels_in, channels_out, 1, bias=False))


def _scaled(layer: Layer, gain: float = 1.0) -> Layer:
    """Draw weights from N(0, gain² / fan-in) and set biases to 0."""
    nn.init.normal_(layer.weight, 0.0, gain / layer.weight[0].numel() ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
