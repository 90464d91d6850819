"""The base of models whose encoder and decoder minimise one loss together."""

from abc import ABC
from typing import Any, ClassVar

from gan_lightning.models.latent import LatentModel, MakeSampler
from gan_lightning.models.one_loss import OneLossModel
from gan_lightning.networks import MakeDecoder, MakeEncoder, MLPDecoder, MLPEncoder, Shape
from gan_lightning.samplers import Prior


class AutoencodingModel(LatentModel, OneLossModel, ABC):
    """One loss of an encoder and a decoder.

    The networks may know labels, both or neither: then the model is conditional.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels, for networks that use them; also from the data module.
        encoder: Makes the encoder for a shape of data and a length of codes.
        decoder: Makes the decoder for a shape of data; its ``latent_dim`` is the model's.
        sampler: Makes the sampler of latents, given their length.
    """

    averaged: ClassVar[tuple[str, ...]] = ("encoder", "decoder")

    def __init__(
        self,
        data_shape: Shape,
        *,
        num_classes: int | None = None,
        encoder: MakeEncoder = MLPEncoder,
        decoder: MakeDecoder = MLPDecoder,
        sampler: MakeSampler = Prior,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.encoder, self.decoder = self.coders(data_shape, num_classes, encoder, decoder)
        self.know_labels(self.decoder.num_classes)
        self.exchange_sampler(sampler)
