"""Conditional variational autoencoder: Sohn et al., 2015."""

from typing import Any

from gan_lightning.models.vae import VAE
from gan_lightning.networks import (
    LabelledDecoder,
    LabelledEncoder,
    MakeDecoder,
    MakeEncoder,
    Shape,
)


class ConditionalVAE(VAE):
    """A VAE in which both networks know the label (Sohn et al., 2015, Equation 4).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        encoder: Makes an encoder that knows labels.
        decoder: Makes a decoder that knows labels.
    """

    def __init__(
        self,
        data_shape: Shape,
        *,
        encoder: MakeEncoder = LabelledEncoder,
        decoder: MakeDecoder = LabelledDecoder,
        **shared: Any,
    ) -> None:
        super().__init__(data_shape, encoder=encoder, decoder=decoder, **shared)
        self.require_labels("LabelledEncoder and LabelledDecoder")
