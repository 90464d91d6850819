"""What all models of an encoder and a decoder share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.losses import Likelihood, ReconstructionLoss
from gan_lightning.models.one_loss import OneLossModel
from gan_lightning.networks import (
    Decoder,
    Encoder,
    MakeDecoder,
    MakeEncoder,
    MLPDecoder,
    MLPEncoder,
    Shape,
    built,
    conditioned,
)
from gan_lightning.samplers import LatentSampler, Prior

MakeSampler = Callable[[int], LatentSampler]


class LatentModel(OneLossModel, ABC):
    """One loss of an encoder and a decoder, and what can be done with both.

    The networks may know labels, both or neither: then the model is conditional.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels, for networks that know them; likewise.
        encoder: Makes the encoder for a shape of data and a length of codes.
        decoder: Makes the decoder for a shape of data; its ``latent_dim`` is the model's.
        sampler: Makes what draws the latents of samples, for their length.
    """

    averaged: ClassVar[tuple[str, ...]] = ("encoder", "decoder")

    codes_per_latent = 1
    """Numbers that the encoder says of each latent unit."""

    sampler: LatentSampler

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
        made_decoder = built("decoder", Decoder, decoder, data_shape, num_classes=num_classes)
        self.latent_dim = made_decoder.latent_dim
        code_dim = self.codes_per_latent * self.latent_dim
        self.encoder = built(
            "encoder", Encoder, encoder, data_shape, code_dim, num_classes=num_classes
        )
        self.decoder = made_decoder
        if (self.encoder.num_classes is None) != (self.decoder.num_classes is None):
            raise InputError(
                "The encoder and the decoder must both know labels, such as LabelledEncoder and "
                "LabelledDecoder, or neither."
            )
        self.know_labels(self.decoder.num_classes)
        self.exchange_sampler(sampler)

    def exchange_sampler(self, sampler: MakeSampler) -> None:
        """Draw the latents of samples from another sampler, which may want to be fitted first."""
        self.sampler = built("sampler", LatentSampler, sampler, self.latent_dim).to(self.device)

    @abstractmethod
    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the latent of each point, shape ``(batch, latent_dim)``, no gradients.

        Args:
            x: Points, shape ``(batch, *data_shape)``.
            labels: Their labels, int64, shape ``(batch,)``; a conditional model needs them.
        """

    @abstractmethod
    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the point of each latent, shape ``(batch, *data_shape)``, no gradients."""

    def code(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Return what the encoder says, shape ``(batch, codes_per_latent * latent_dim)``."""
        return conditioned(self.best("encoder"), x, self._needed(labels))

    def outputs(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return what the decoder says, shape ``(batch, *data_shape)``."""
        return conditioned(self.best("decoder"), self.at_home(z), self._needed(labels))

    def latents(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the latents that a sampler should imitate; by default those of ``encode``."""
        return self.encode(x, labels)

    def reconstruct(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return what is left of points after encoding and decoding."""
        return self.decode(self.encode(x, labels), labels)

    def sample(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Draw points of the sampler's latents, shape ``(num_samples, *data_shape)``."""
        labels = self.asked_labels(num_samples, labels)
        return self.drawn(self.sampler.sample(num_samples), labels)

    def drawn(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return a sample for each latent: by default the point that it stands for."""
        return self.decode(z, labels)

    @abstractmethod
    def check(self, x: Tensor) -> None:
        """Make sure that there can be such points.

        Raises:
            InputError: If they lie outside what the likelihood or the loss knows.
        """

    def _needed(self, labels: Tensor | None) -> Tensor | None:
        if self.num_classes is None:
            return None
        if labels is None:
            raise InputError(f"{type(self).__name__}: encode, decode and reconstruct need labels.")
        return labels.to(self.device)


def check_support(judge: Likelihood | ReconstructionLoss, x: Tensor) -> None:
    """Make sure that points lie where a likelihood or a loss knows them.

    Raises:
        InputError: If one does not.
    """
    lowest, highest = judge.support
    if x.min() < lowest or x.max() > highest:
        raise InputError(
            f"{type(judge).__name__} expects points in [{lowest:g}, {highest:g}], found them from "
            f'{float(x.min()):.4g} to {float(x.max()):.4g}: choose the value_range "[0, 1]" of '
            "images, or a Gaussian likelihood or a SquaredError."
        )
