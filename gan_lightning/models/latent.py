"""What all models of an encoder and a decoder share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.losses import Likelihood, ReconstructionLoss
from gan_lightning.models.generative import Batch, GenerativeModel
from gan_lightning.models.optimization import (
    AnyScheduler,
    MakeOptimizer,
    PointScheduler,
    made_optimizer,
    made_scheduler,
)
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


class LatentModel(GenerativeModel, ABC):
    """One loss of an encoder and a decoder, and what can be done with both.

    The networks may know labels, both or neither: then the model is conditional.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels, for networks that know them; likewise.
        encoder: Makes the encoder for a shape of data and a length of codes.
        decoder: Makes the decoder for a shape of data; its ``latent_dim`` is the model's.
        sampler: Makes what draws the latents of samples, for their length.
        optimizer: Makes the optimizer for all parameters.
        lr_scheduler: A schedule of a factor of the learning rate by the points seen; or makes one
            of PyTorch's for an optimizer, stepped once an epoch. None by default.
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
        optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: AnyScheduler | None = None,
    ) -> None:
        super().__init__()
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
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        self.exchange_sampler(sampler)

    def exchange_sampler(self, sampler: MakeSampler) -> None:
        """Draw the latents of samples from another sampler, which may want to be fitted first."""
        self.sampler = built("sampler", LatentSampler, sampler, self.latent_dim).to(self.device)

    @abstractmethod
    def losses(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return scalars of a batch by their names, of which ``loss`` is minimised."""

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

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Return the batch's losses, and log them where due."""
        x, labels = batch
        self.count_labels(labels)
        if batch_idx == 0:
            self.check(x)
        losses = self.losses(x, labels)
        logged = {name: value.detach() for name, value in losses.items() if name != "loss"}
        self.log_if_due(logged, prog_bar=True)
        return losses

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._evaluate(batch, batch_idx, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self._evaluate(batch, batch_idx, "test")

    def _evaluate(self, batch: Batch, batch_idx: int, stage: Literal["val", "test"]) -> None:
        x, labels = batch
        if batch_idx == 0:
            self.check(x)
        losses = self.losses(x, labels)
        tagged = {f"{stage}/{name}": value for name, value in losses.items() if name != "loss"}
        several = self.trainer.world_size > 1
        self.log_dict(tagged, on_epoch=True, batch_size=len(x), sync_dist=several)

    @abstractmethod
    def check(self, x: Tensor) -> None:
        """Make sure that there can be such points.

        Raises:
            InputError: If they lie outside what the likelihood or the loss knows.
        """

    def configure_optimizers(self) -> OptimizerLRScheduler:
        moving = [weight for weight in self.parameters() if weight.requires_grad]
        optimizer = made_optimizer("optimizer", self.optimizer, moving)
        scheduler = made_scheduler(
            self.lr_scheduler, optimizer, lambda: self.points_seen + self.points_in_hand
        )
        if scheduler is None:
            return optimizer
        interval = "step" if isinstance(scheduler, PointScheduler) else "epoch"
        settings: Any = {"scheduler": scheduler, "interval": interval}
        return [optimizer], [settings]

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
