"""Conditional GAN: Mirza & Osindero, 2014."""

from typing import Any

from gan_lightning.models.gan import GAN
from gan_lightning.networks import (
    LabelledDiscriminator,
    LabelledGenerator,
    MakeDiscriminator,
    MakeGenerator,
    Shape,
)


class ConditionalGAN(GAN):
    """A GAN in which both players know the label (Mirza & Osindero, 2014, Equation 2).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        generator: Makes a generator that knows labels.
        discriminator: Makes a discriminator that knows labels.
    """

    examples = "LabelledGenerator and LabelledDiscriminator"
    """Networks that know labels."""

    def __init__(
        self,
        data_shape: Shape,
        *,
        generator: MakeGenerator = LabelledGenerator,
        discriminator: MakeDiscriminator = LabelledDiscriminator,
        **shared: Any,
    ) -> None:
        super().__init__(data_shape, generator=generator, discriminator=discriminator, **shared)
        self.require_labels(self.examples)
