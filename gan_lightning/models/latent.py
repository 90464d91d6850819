"""What all models of an encoder and a decoder share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from gan_lightning.errors import InputError
from gan_lightning.losses import Likelihood, ReconstructionLoss
from gan_lightning.models.adversarial import Batch, MakeOptimizer, MakeScheduler, built
from gan_lightning.models.generative import GenerativeModel
from gan_lightning.networks import ConditionalDecoder, Decoder, Encoder, Shape
from gan_lightning.samplers import LatentSampler

MakeEncoder = Callable[[Shape, int], Encoder]
MakeDecoder = Callable[[Shape], Decoder]
MakeSampler = Callable[[int], LatentSampler]


class LatentModel(GenerativeModel, ABC):
    """One loss of an encoder and a decoder, and what can be done with both.

    Args:
        encoder: The network that maps points to codes.
        decoder: The network that maps latents to what the points are judged by.
        sampler: Makes what draws the latents of samples, for their length.
        optimizer: Makes the optimizer for all parameters.
        lr_scheduler: Makes a learning rate schedule, stepped once an epoch; none by default.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: Decoder | ConditionalDecoder,
        sampler: MakeSampler,
        optimizer: MakeOptimizer,
        lr_scheduler: MakeScheduler | None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        self.latent_dim = decoder.latent_dim
        self.exchange_sampler(sampler)

    sampler: LatentSampler

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

    def latents(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the latents that a sampler should imitate; by default those of ``encode``."""
        return self.encode(x, labels)

    def reconstruct(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return what is left of points after encoding and decoding."""
        return self.decode(self.encode(x, labels), labels)

    def sample(self, num_samples: int) -> Tensor:
        """Draw points of the sampler's latents, shape ``(num_samples, *data_shape)``."""
        return self.decode(self.sampler.sample(num_samples))

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Return the batch's losses, and log them where due."""
        x, labels = batch
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

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Draw one sample for each point of the batch."""
        return self.sample(len(batch[0]))

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
        try:
            optimizer = self.optimizer(moving)
        except (TypeError, ValueError) as error:
            raise InputError(f"optimizer: {error}.") from error
        if self.lr_scheduler is None:
            return optimizer
        scheduler = self.lr_scheduler(optimizer)
        if isinstance(scheduler, ReduceLROnPlateau):
            raise InputError(
                "lr_scheduler: expected a schedule of the epoch alone, found ReduceLROnPlateau."
            )
        return [optimizer], [scheduler]

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Put both networks into evaluation mode, without gradients, for a while."""
        modes = [(network, network.training) for network in (self.encoder, self.decoder)]
        for network, _ in modes:
            network.eval()
        with torch.no_grad():
            yield
        for network, mode in modes:
            network.train(mode)

    def at_home(self, values: Tensor) -> Tensor:
        """Return numbers on the model's device, in its precision."""
        return values.to(self.device).to(self.dtype)


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
