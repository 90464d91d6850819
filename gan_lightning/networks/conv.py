"""Convolutions for autoencoders of images, and for the games that their decoders play."""

from collections.abc import Callable
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import Decoder, Encoder, FeatureDiscriminator, Shape
from gan_lightning.networks.flattening import FlattenedImage
from gan_lightning.networks.sizes import halvings

Activation = Callable[[], nn.Module]
Norm = Callable[[int], nn.Module]


class ConvEncoder(Encoder):
    """4×4 convolutions that halve the image until it is 4 to 7 pixels wide, then linear layers.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        code_dim: Length of a code, chosen by the model.
        base_channels: Channels of the widest hidden image; each smaller one has twice as many.
        hidden_dim: Width of the layer between the smallest image and the code.
        activation: Makes the module after each hidden layer.
        output: Makes the module after the last layer; means and log-variances need ``Identity``.
        norm: Makes the normalisation of each hidden image; none by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        code_dim: int,
        base_channels: int = 32,
        hidden_dim: int = 256,
        activation: Activation = nn.ReLU,
        output: Activation = nn.Identity,
        norm: Norm | None = None,
    ) -> None:
        super().__init__()
        count, smallest = halvings(data_shape, "ConvEncoder")
        _check_widths("ConvEncoder", code_dim, base_channels, hidden_dim)
        channels = [data_shape[0], *(base_channels * 2**i for i in range(count))]
        layers: list[nn.Module] = []
        for i in range(count):
            layers.append(nn.Conv2d(channels[i], channels[i + 1], 4, 2, padding=1))
            layers += [*_normalised(norm, channels[i + 1]), activation()]
        self.layers = nn.Sequential(
            *layers,
            FlattenedImage(),
            nn.Linear(channels[-1] * smallest**2, hidden_dim),
            activation(),
            nn.Linear(hidden_dim, code_dim),
            output(),
        )

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(x)


class ConvDecoder(Decoder):
    """Linear layers to the smallest image, then 4×4 transposed convolutions that double it.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        latent_dim: Length of a latent vector.
        base_channels: Channels of the widest hidden image; each smaller one has twice as many.
        hidden_dim: Width of the layer between the latent and the smallest image.
        activation: Makes the module after each hidden layer.
        norm: Makes the normalisation of each hidden image; none by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 16,
        base_channels: int = 32,
        hidden_dim: int = 256,
        activation: Activation = nn.ReLU,
        norm: Norm | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        count, smallest = halvings(data_shape, "ConvDecoder")
        _check_widths("ConvDecoder", latent_dim, base_channels, hidden_dim)
        channels = [*(base_channels * 2**i for i in reversed(range(count))), data_shape[0]]
        layers: list[nn.Module] = []
        for i in range(count):
            layers += [
                *_normalised(norm, channels[i]),
                activation(),
                nn.ConvTranspose2d(channels[i], channels[i + 1], 4, 2, padding=1),
            ]
        self.layers = nn.Sequential(
            *_smallest_image(latent_dim, hidden_dim, activation, (channels[0], smallest, smallest)),
            *layers,
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(z)


class UpsamplingDecoder(Decoder):
    """Linear layers to the smallest image, then 3×3 convolutions with nearest-neighbour doubling.

    Unlike transposed convolutions, which weigh neighbouring pixels unequally, these draw no
    checkers on even surfaces (Odena et al., 2016).

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        latent_dim: Length of a latent vector.
        base_channels: Channels of the hidden image of half the size; each smaller one has twice as
            many, and the one of full size half as many.
        hidden_dim: Width of the layer between the latent and the smallest image.
        activation: Makes the module after each hidden layer.
        norm: Makes the normalisation of each hidden image; none by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 16,
        base_channels: int = 32,
        hidden_dim: int = 256,
        activation: Activation = nn.ReLU,
        norm: Norm | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        count, smallest = halvings(data_shape, "UpsamplingDecoder")
        _check_widths("UpsamplingDecoder", latent_dim, base_channels // 2, hidden_dim)
        channels = [*(base_channels * 2**i for i in reversed(range(count))), base_channels // 2]
        layers: list[nn.Module] = []
        for wide, narrow in pairwise(channels):
            layers += [*_normalised(norm, wide), activation()]
            layers += [nn.Conv2d(wide, narrow, 3, padding=1), nn.Upsample(scale_factor=2)]
        self.layers = nn.Sequential(
            *_smallest_image(latent_dim, hidden_dim, activation, (channels[0], smallest, smallest)),
            *layers,
            *_normalised(norm, channels[-1]),
            activation(),
            nn.Conv2d(channels[-1], data_shape[0], 3, padding=1),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(z)


class ConvDiscriminator(FeatureDiscriminator):
    """4×4 convolutions that halve the image, a 3×3 one on the smallest, then a hidden layer.

    It normalises nothing, so that penalties on its slope mean something.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        base_channels: Channels of the widest hidden image; each smaller one has twice as many.
        hidden_dim: Width of the layer between the smallest image and the logit.
    """

    judges_each_alone = True

    def __init__(self, data_shape: Shape, base_channels: int = 32, hidden_dim: int = 128) -> None:
        count, smallest = halvings(data_shape, "ConvDiscriminator")
        _check_widths("ConvDiscriminator", base_channels, hidden_dim)
        super().__init__(num_features=hidden_dim)
        channels = [data_shape[0], *(base_channels * 2**i for i in range(count))]
        layers: list[nn.Module] = []
        for wide, narrow in pairwise(channels):
            layers += [nn.Conv2d(wide, narrow, 4, 2, padding=1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(
            *layers,
            nn.Conv2d(channels[-1], channels[-1], 3, padding=1),
            nn.LeakyReLU(0.2),
            FlattenedImage(),
            nn.Linear(channels[-1] * smallest**2, hidden_dim),
            nn.LeakyReLU(0.2),
        )
        self.head = nn.Linear(hidden_dim, 1)

    def features(self, x: Tensor) -> Tensor:
        return self.layers(x)


def _smallest_image(
    latent_dim: int, hidden_dim: int, activation: Activation, shape: Shape
) -> list[nn.Module]:
    """Return linear layers from a latent to the smallest hidden image, of a shape."""
    layers = [nn.Linear(latent_dim, hidden_dim), activation(), nn.Linear(hidden_dim, prod(shape))]
    return [*layers, nn.Unflatten(1, shape)]


def _normalised(norm: Norm | None, channels: int) -> list[nn.Module]:
    return [] if norm is None else [norm(channels)]


def _check_widths(network: str, *widths: int) -> None:
    if min(widths) < 1:
        raise InputError(f"{network}: widths must be positive integers, found {list(widths)}.")
