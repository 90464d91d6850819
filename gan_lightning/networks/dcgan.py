"""DCGAN: Radford et al., 2015, Section 3, for images that halve to a size of 4 to 7."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_lightning.networks.contracts import FeatureDiscriminator, Generator, Shape
from gan_lightning.networks.flattening import FlattenedImage
from gan_lightning.networks.sizes import halvings
from gan_lightning.networks.spectral_norm import normalise_spectrally


class DCGANGenerator(Generator):
    """4×4 transposed convolutions that double an image 4 to 7 pixels wide until it has its size.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        latent_dim: Length of a latent vector.
        base_channels: Channels of the widest hidden image; each smaller one has twice as many.
        output: Makes the module after the last layer; its range must contain the data's.
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 100,
        base_channels: int = 64,
        output: Callable[[], nn.Module] = nn.Tanh,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        count, smallest = halvings(data_shape, "DCGANGenerator")
        channels = base_channels * 2 ** (count - 1)
        layers: list[nn.Module] = [
            nn.Unflatten(1, (latent_dim, 1, 1)),
            _FromOnePixel(latent_dim, channels, smallest, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        for _ in range(count - 1):
            layers += [
                nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(channels // 2),
                nn.ReLU(),
            ]
            channels //= 2
        layers += [nn.ConvTranspose2d(channels, data_shape[0], 4, stride=2, padding=1), output()]
        self.layers = nn.Sequential(*layers).apply(_initialise)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(z)


class DCGANDiscriminator(FeatureDiscriminator):
    """4×4 convolutions that halve the image until it is 4 to 7 pixels wide.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        base_channels: Channels of the widest hidden image; each smaller one has twice as many.
        norm: Makes the normalisation of each hidden image but the widest; ``torch.nn.Identity``
            for a critic with a gradient penalty, which batch normalisation would make meaningless.
        spectral_norm: Divide each weight by its largest singular value (Miyato et al., 2018).
    """

    judges_each_alone = True

    def __init__(
        self,
        data_shape: Shape,
        base_channels: int = 64,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        spectral_norm: bool = False,
    ) -> None:
        count, smallest = halvings(data_shape, "DCGANDiscriminator")
        channels = [data_shape[0], *(base_channels * 2**i for i in range(count))]
        super().__init__(num_features=channels[-1] * smallest**2)
        layers: list[nn.Module] = []
        for i, (channels_in, channels_out) in enumerate(pairwise(channels)):
            normalise = norm(channels_out) if i > 0 else nn.Identity()
            shifts = getattr(normalise, "bias", None) is not None  # a bias before it is redundant
            convolve = nn.Conv2d(channels_in, channels_out, 4, stride=2, padding=1, bias=not shifts)
            layers += [convolve, normalise, nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, FlattenedImage())
        self.head = nn.Linear(self.num_features, 1)
        self.apply(_initialise)
        if spectral_norm:
            self.apply(normalise_spectrally)

    def features(self, x: Tensor) -> Tensor:
        return self.layers(x)


class _FromOnePixel(nn.ConvTranspose2d):
    """A transposed convolution of images of one pixel, which is a matrix product, and faster so."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        images = (x.flatten(1) @ self.weight.flatten(1)).unflatten(1, self.weight.shape[1:])
        last = self.weight.is_contiguous(memory_format=torch.channels_last)
        return images.contiguous(memory_format=torch.channels_last) if last else images


def _initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02²), as in Radford et al., 2015, Section 4."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
