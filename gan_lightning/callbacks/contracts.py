"""All that the callbacks know of a model and of data."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, Protocol, cast

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

CHUNK_SIZE = 1000
"""Samples drawn at once: enough to keep a device busy, few enough to fit in its memory."""


class Sampler(Protocol):
    """A model that draws samples."""

    def sample(self, num_samples: int) -> Tensor:
        """Draw points, shape ``(num_samples, *data_shape)``."""


class ConditionalSampler(Protocol):
    """A model that draws samples of given labels."""

    num_classes: int

    def random_labels(self, num_samples: int) -> Tensor:
        """Draw labels as frequent as those of the training points."""

    def sample_given(self, labels: Tensor) -> Tensor:
        """Draw one point for each label, int64 of shape ``(num_samples,)``."""


class Judge(Protocol):
    """A model with a discriminator."""

    discriminator: nn.Module

    def judge(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return the discriminator's logits for points and their labels, shape ``(batch,)``."""


class AveragedModel(Protocol):
    """A model with a generator whose weights can be averaged."""

    generator: nn.Module
    averaged_generator: nn.Module

    def start_average(self) -> nn.Module:
        """Return the averaged generator, at first a copy of the generator."""


class TruncatedModel(Protocol):
    """A model whose latents can be made smaller."""

    truncation: float


class LatentSampler(Protocol):
    """Draws the latents of samples; see ``samplers.LatentSampler``."""

    needs_latents: bool

    def fit(self, latents: Tensor) -> None:
        """Learn how latents are distributed, shape ``(num_points, latent_dim)``."""


MakeSampler = Callable[[int], LatentSampler]


class LatentModel(Protocol):
    """A model that encodes and decodes."""

    latent_dim: int
    sampler: LatentSampler

    def exchange_sampler(self, sampler: MakeSampler) -> None:
        """Draw the latents of samples from another sampler."""

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the latent of each point, shape ``(batch, latent_dim)``."""

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the point of each latent, shape ``(batch, *data_shape)``."""

    def latents(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the latents that a sampler should imitate."""


class BoundedModel(Protocol):
    """A model that knows a bound on the likelihood of points."""

    def bound(self, x: Tensor, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Return the importance weighted bound in nats, shape ``(batch,)``."""


Stage = Literal["val", "test"]


class TwoSampleMetric(Protocol):
    """A comparison of real and generated points; see ``metrics.TwoSampleMetric``."""

    goals: Mapping[str, float]
    protocol: str
    shows_progress: bool
    device: torch.device

    def to(self, device: torch.device | str) -> object:
        """Move what was collected."""

    def update(self, points: Tensor, labels: Tensor | None = None, *, real: bool) -> None:
        """Add points to one of the two sets."""

    def forget_generated(self) -> None:
        """Empty the set of generated points."""

    def compute(self) -> dict[str, Tensor]:
        """Return the quantities by name, scalars."""


class SampledData(Protocol):
    """Data that know how to judge and to draw samples; see ``data.DataModule``."""

    monitor: str
    monitor_mode: Literal["min", "max"]

    def unscale(self, x: Tensor) -> Tensor:
        """Return points in the data's own units."""

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        """Return the comparison of two sets of unscaled points."""

    def training_points(self, num_points: int, rank: int, world_size: int) -> tuple[Tensor, Tensor]:
        """Return a rank's share of random training points, unscaled, and their labels."""

    def val_dataloader(self) -> Iterable[tuple[Tensor, Tensor]]:
        """Return validation points and their labels in batches."""

    def predict_dataloader(self) -> Iterable[tuple[Tensor, Tensor]]:
        """Return training points and their labels in batches, in order."""

    def labels_like(self, stage: Stage, num_labels: int) -> Tensor:
        """Return labels as frequent as those of the points of ``stage``."""

    def described(self, stage: Stage) -> str:
        """Return what ``stage`` compares samples with."""

    def figures(
        self, samples: Tensor, labels: Tensor | None = None
    ) -> dict[str, Figure | NDArray[np.uint8]]:
        """Draw unscaled samples, of given labels or none, beside the data: figures, or pixels."""

    def real_pictures(self) -> dict[str, Figure | NDArray[np.uint8]]:
        """Draw real points alone."""


def data_of(trainer: Trainer) -> SampledData:
    """Return the data module that a Trainer works on."""
    return cast(SampledData, trainer.datamodule)  # type: ignore[attr-defined]


def can_sample(model: object) -> bool:
    """Return whether a model draws samples; a classifier does not."""
    return hasattr(model, "sample")


def is_conditional(model: object) -> bool:
    """Return whether a model's samples can be asked for by label."""
    return hasattr(model, "sample_given")


def draw(model: LightningModule | Sampler, num_samples: int) -> Iterator[Tensor]:
    """Yield ``num_samples`` samples in chunks, each shaped ``(chunk, *data_shape)``."""
    sampler = cast(Sampler, model)
    for start in range(0, num_samples, CHUNK_SIZE):
        yield sampler.sample(min(CHUNK_SIZE, num_samples - start))


def draw_given(model: LightningModule | ConditionalSampler, labels: Tensor) -> Iterator[Tensor]:
    """Yield one sample for each label in chunks, each shaped ``(chunk, *data_shape)``."""
    sampler = cast(ConditionalSampler, model)
    for chunk in labels.split(CHUNK_SIZE):
        yield sampler.sample_given(chunk)
