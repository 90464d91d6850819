"""The base of models with an encoder, a decoder and latents between them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal

from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.figures import interpolated
from gan_lightning.losses import Likelihood, ReconstructionLoss
from gan_lightning.models.generative import GenerativeModel
from gan_lightning.networks import (
    Decoder,
    Encoder,
    MakeDecoder,
    MakeEncoder,
    Network,
    Shape,
    built,
    conditioned,
)
from gan_lightning.samplers import LatentSampler

MakeSampler = Callable[..., LatentSampler]
"""Makes a sampler for a length of latents and, where it has the parameter, a number of labels."""

SamplerDuty = Literal["follow", "fit", "rest"]
"""Follow latents that training moves, be fitted before training continues, or do neither."""


class LatentModel(GenerativeModel, ABC):
    """Encodes points to latents, decodes latents to points, and draws latents from a sampler."""

    has_latents = True

    codes_per_latent = 1
    """Numbers that the encoder outputs for each latent unit."""

    temperature = 1.0
    """Factor of the noise that the latents of samples are made of."""

    encoder: Encoder
    decoder: Decoder
    sampler: LatentSampler
    latent_dim: int

    def sampler_duty(self) -> SamplerDuty:
        """Return what the sampler must do now; by default, training changes the latents."""
        return "follow"

    def sampler_was_fitted(self) -> None:
        """Continue: the sampler that training waited for has been fitted to all latents."""

    def coders(
        self, data_shape: Shape, num_classes: int | None, encoder: MakeEncoder, decoder: MakeDecoder
    ) -> tuple[Encoder, Decoder]:
        """Make an encoder and a decoder that match.

        Raises:
            InputError: If one knows labels and the other does not.
        """
        made_decoder = built("decoder", Decoder, decoder, data_shape, num_classes=num_classes)
        self.latent_dim = made_decoder.latent_dim
        code_dim = self.codes_per_latent * self.latent_dim
        made_encoder = built(
            "encoder", Encoder, encoder, data_shape, code_dim, num_classes=num_classes
        )
        if (made_encoder.num_classes is None) != (made_decoder.num_classes is None):
            raise InputError(
                "The encoder and the decoder must both know labels, such as LabelledEncoder and "
                "LabelledDecoder, or neither."
            )
        return made_encoder, made_decoder

    def made_sampler(self, sampler: MakeSampler, num_classes: int | None = None) -> LatentSampler:
        """Make a sampler of the model's latents, which may have to be fitted first."""
        return built("sampler", LatentSampler, sampler, self.latent_dim, num_classes=num_classes)

    def exchange_sampler(self, sampler: MakeSampler) -> None:
        """Draw the latents of samples from another sampler."""
        self.sampler = self.made_sampler(sampler).to(self.device)

    def complete(self, weights: dict[str, Tensor]) -> None:
        """Add to a checkpoint's weights those that older versions lack; by default none."""

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.complete(checkpoint["state_dict"])
        super().on_load_checkpoint(checkpoint)

    @abstractmethod
    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the latent of each point, shape ``(batch, latent_dim)``, without gradients.

        Args:
            x: Points, shape ``(batch, *data_shape)``.
            labels: Their labels, int64, shape ``(batch,)``; a conditional model needs them.
        """

    @abstractmethod
    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the point of each latent, shape ``(batch, *data_shape)``, without gradients."""

    def code(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Return the encoder's output, shape ``(batch, codes_per_latent * latent_dim)``."""
        return conditioned(self.best("encoder"), x, self._needed(self.best("encoder"), labels))

    def outputs(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return the decoder's output, shape ``(batch, *data_shape)``."""
        decoder = self.best_decoder()
        return conditioned(decoder, self.at_home(z), self._needed(decoder, labels))

    def best_decoder(self) -> Any:
        """Return the decoder for evaluation: its average if there is one, except in training."""
        return self.best("decoder")

    def fitted_latents(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the latents that a sampler should imitate; by default those of ``encode``."""
        return self.encode(x, labels)

    def reconstruct(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return points after encoding and decoding."""
        return self.decode(self.encode(x, labels), labels)

    def sample(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Draw points of the sampler's latents, shape ``(num_samples, *data_shape)``."""
        labels = self.asked_labels(num_samples, labels)
        return self.drawn(self.draw_latents(num_samples, labels), labels)

    def draw_latents(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        return self.sampler.sample(num_samples, labels, self.temperature)

    def points_of(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decode(z, labels)

    def latents_between(self, first: Tensor, last: Tensor, num_steps: int) -> Tensor:
        """Return latents on straight lines, since the encoder decides where latents lie."""
        return interpolated(first, last, num_steps).unflatten(0, (len(first), num_steps))

    def project(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.encode(self.at_home(x), labels)

    def drawn(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return a sample for each latent; by default its decoded point."""
        return self.decode(z, labels)

    def _needed(self, network: Network, labels: Tensor | None) -> Tensor | None:
        if network.num_classes is None:
            return None
        if labels is None:
            raise InputError(f"{type(self).__name__}: encode, decode and reconstruct need labels.")
        return labels.to(self.device)


def check_support(judge: Likelihood | ReconstructionLoss, x: Tensor) -> None:
    """Make sure that points lie within the range of a likelihood or a loss.

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
