"""Waves of many lengths beside the coordinates of a point."""

import math

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError, require_positive
from gan_lightning.networks.building import MakeDiscriminator, built
from gan_lightning.networks.contracts import Discriminator, Shape, conditioned
from gan_lightning.networks.mlp import MLPDiscriminator


class FourierFeatures(Discriminator):
    """Any discriminator, shown random Fourier features of a point beside its coordinates.

    Rahimi & Recht, 2007; Tancik et al., 2020: linear layers first learn what varies over long
    distances, and last the width of a mode, which may be a fortieth of the distance to the next.
    Sines with random directions and phases, their frequencies evenly spaced on a logarithmic
    scale, show all scales. The coordinates are scaled to the slope of the lowest frequency.

    Args:
        data_shape: Shape of one point.
        discriminator: Makes the discriminator inside, for ``num_features`` more numbers, with or
            without labels.
        num_features: Number of sines.
        lowest: The lowest frequency in radians per unit of the model's scale, about the
            reciprocal of the distance from the centre to the outermost modes.
        highest: The highest frequency, about the reciprocal of the narrowest standard deviation.
        decay: Amplitudes are proportional to frequency^-decay. At 0, narrow modes take their width
            soonest; above, broad shapes come first, and the shares of many modes are more even.
        num_classes: Number of labels, passed by the model.

    Example:
        >>> FourierFeatures((2,), highest=20)(torch.randn(5, 2)).shape
        torch.Size([5])
    """

    frequencies: Tensor
    phases: Tensor
    amplitudes: Tensor

    judges_each_alone = True

    def __init__(
        self,
        data_shape: Shape,
        discriminator: MakeDiscriminator = MLPDiscriminator,
        num_features: int = 64,
        lowest: float = 0.5,
        highest: float = 100.0,
        decay: float = 0.0,
        num_classes: int | None = None,
    ) -> None:
        super().__init__()
        require_positive(num_features=num_features)
        if not 0 < lowest <= highest < math.inf:
            raise InputError(
                "FourierFeatures: expected 0 < lowest <= highest, both finite, found "
                f"{lowest} and {highest}."
            )
        if not 0 <= decay < math.inf:
            raise InputError(f"FourierFeatures: decay must not be negative, found {decay}.")
        self.lowest = lowest
        size = math.prod(data_shape)
        lengths = torch.logspace(math.log10(lowest), math.log10(highest), num_features)
        directions = nn.functional.normalize(torch.randn(size, num_features), dim=0)
        self.register_buffer("frequencies", directions * lengths)
        self.register_buffer("phases", 2 * math.pi * torch.rand(num_features))
        self.register_buffer("amplitudes", math.sqrt(2) * (lengths / lowest) ** -decay)
        self.discriminator = built(
            "discriminator",
            Discriminator,
            discriminator,
            (size + num_features,),
            num_classes=num_classes,
        )
        self.num_classes = self.discriminator.num_classes

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        x = x.flatten(1)
        waves = self.amplitudes * torch.sin(x @ self.frequencies + self.phases)
        return conditioned(
            self.discriminator, torch.cat([math.sqrt(2) * self.lowest * x, waves], 1), labels
        )
