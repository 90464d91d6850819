"""The base of generative models: they draw samples, with averaged weights if there are any."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.models.configured import ConfiguredModule
from gan_lightning.models.latent_paths import spherical_interpolation
from gan_lightning.samplers import stratified
from gan_lightning.version import __version__

Batch = tuple[Tensor, Tensor]
"""Points, shape ``(batch, *data_shape)``, and their labels, int64, shape ``(batch,)``."""


class GenerativeModel(ConfiguredModule, ABC):
    """A model that draws samples."""

    num_classes: int | None = None
    """Number of labels for which samples can be drawn; None for a model without labels."""

    label_counts: Tensor
    """How often each label has been seen in training, int64 of shape ``(num_classes,)``."""

    points_seen = 0
    """Points seen in training, over all devices: the clock of schedules."""

    points_in_hand = 0
    """Points of the current batch: they count as seen when it ends."""

    logging_due = False
    """Whether the current training batch is logged."""

    phase = ""
    """The name of the current phase of training, if there are several."""

    planned_batches: int | None = None
    """Batches after which the model ends training by itself; None if only the Trainer does."""

    has_latents: ClassVar[bool] = False
    """Whether samples come from latents that can be walked through."""

    averaged: ClassVar[tuple[str, ...]] = ()
    """Names of the networks that draw samples, whose weights can be averaged."""

    def know_labels(self, num_classes: int | None) -> None:
        """Use this many labels, and count them in training; None for a model without labels."""
        self.num_classes = num_classes
        if num_classes is not None:
            self.register_buffer("label_counts", torch.zeros(num_classes, dtype=torch.int64))

    def require_labels(self, examples: str) -> None:
        """Make sure that the networks know labels.

        Raises:
            InputError: If they do not, with examples that do.
        """
        if self.num_classes is None:
            raise InputError(
                f"{type(self).__name__} needs networks that know labels, such as {examples}; found "
                "networks that do not."
            )

    @property
    def batches(self) -> int:
        """Training batches over the whole run, including the current one."""
        return self.trainer.fit_loop.total_batch_idx + 1

    @abstractmethod
    def sample(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Draw points with the best weights, without gradients: ``(num_samples, *data_shape)``.

        Args:
            num_samples: Number of points.
            labels: One for each point, int64 of shape ``(num_samples,)``. By default a model with
                labels draws them as often as in training; other models take none.
        """

    def draw_latents(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Draw the latents of samples, a row of numbers for each.

        Args:
            num_samples: Number of samples.
            labels: One for each, of a model that knows labels.

        Raises:
            InputError: If the model has no latents.
        """
        raise InputError(f"{type(self).__name__} has no latents to walk through.")

    def points_of(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the point of each latent with the best weights, without gradients.

        Args:
            z: Latents, as from ``draw_latents``.
            labels: One for each, of a model that knows labels.
        """
        raise InputError(f"{type(self).__name__} has no latents to walk through.")

    def latents_between(self, first: Tensor, last: Tensor, num_steps: int) -> Tensor:
        """Return latents on paths between given ones, shape ``(num_paths, num_steps, …)``.

        By default the paths are great circles, as for latents from N(0, I): on a straight line they
        would be shorter than any that training has seen (White, 2016).

        Args:
            first: Where the paths start, shape ``(num_paths, …)``.
            last: Where they end.
            num_steps: Latents on each, including both ends.
        """
        return spherical_interpolation(first, last, num_steps)

    def project(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return latents whose points are close to given ones.

        Args:
            x: Points in the model's scale, shape ``(num_points, *data_shape)``.
            labels: One for each, of a model that knows labels.

        Raises:
            InputError: If the model has no latents.
        """
        raise InputError(f"{type(self).__name__} has no latents to project onto.")

    def asked_labels(self, num_samples: int, labels: Tensor | None) -> Tensor | None:
        """Return the labels of samples, on the model's device; None for a model without labels.

        Raises:
            InputError: If their number is not that of the samples, or the model has no labels.
        """
        if self.num_classes is None:
            if labels is not None:
                raise InputError(f"{type(self).__name__} is not conditional: it takes no labels.")
            return None
        if labels is None:
            return self.random_labels(num_samples)
        if labels.shape[0] != num_samples:
            raise InputError(
                f"Expected a label for each of {num_samples} samples, found {labels.shape[0]}."
            )
        return labels.to(self.device)

    def random_labels(self, num_samples: int) -> Tensor:
        """Draw labels as often as in training, uniformly before it, int64 ``(num_samples,)``."""
        return stratified(torch.where(self.label_counts.any(), self.label_counts, 1), num_samples)

    def on_train_start(self) -> None:
        """Stop at once if a resumed run has already trained all its planned batches."""
        self.trainer.should_stop |= self.batches >= (self.planned_batches or torch.inf)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Decide what is due with this batch, and refuse a single point for batch statistics.

        Raises:
            InputError: If a network needs the variance of several points.
        """
        if len(batch[0]) == 1 and any(isinstance(m, nn.BatchNorm1d) for m in self.modules()):
            raise InputError(
                "Batch normalisation needs batches of 2 points or more, found a batch of 1: choose "
                "a larger batch_size, or networks without BatchNorm1d."
            )
        self.trainer.should_stop |= self.batches >= (self.planned_batches or torch.inf)
        interval = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        self.logging_due = interval > 0 and self.batches % interval == 0
        self.points_in_hand = len(batch[0]) * self.trainer.world_size

    def points_after_batch(self) -> int:
        """Return the points seen once the current batch has ended."""
        return self.points_seen + self.points_in_hand

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        self.points_seen += self.points_in_hand
        self.points_in_hand = 0

    def count_labels(self, labels: Tensor) -> None:
        """Count the labels of a batch over all ranks, if the model has labels."""
        if self.num_classes is not None:
            new, each = torch.zeros_like(self.label_counts), torch.ones_like(labels)
            new.index_add_(0, labels, each)
            alone = self._trainer is None  # trained without a Trainer
            self.label_counts += new if alone else self.trainer.strategy.reduce(new, None, "sum")

    def log_if_due(self, values: Mapping[str, Tensor], prog_bar: bool = False) -> None:
        """Log ``train/<name>`` where due: logging is the most expensive call of a step."""
        if self.logging_due:
            shown = prog_bar and not hasattr(self.trainer.progress_bar_callback, "keeps_losses")
            self.log_dict({f"train/{name}": x for name, x in values.items()}, prog_bar=shown)

    @property
    def has_average(self) -> bool:
        """Whether samples are drawn with averaged weights."""
        return any(self.average_of(name) is not None for name in self.averaged)

    def average_of(self, name: str) -> nn.Module | None:
        """Return the averaged copy of a network, if there is one."""
        return getattr(self, f"averaged_{name}", None)

    def start_average(self) -> list[tuple[nn.Module, nn.Module]]:
        """Return pairs of an averaged network, initially a copy, and the trained one."""
        for name in self.averaged:
            if self.average_of(name) is None:
                copied = deepcopy(getattr(self, name)).requires_grad_(False)
                self.add_module(f"averaged_{name}", copied)
        return [(getattr(self, f"averaged_{name}"), getattr(self, name)) for name in self.averaged]

    def best(self, name: str) -> Any:
        """Return a network for evaluation: its average if there is one, except in training."""
        average = None if self.training else self.average_of(name)
        return getattr(self, name) if average is None else average

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Put the model into evaluation mode, without gradients, within a context."""
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            for module, mode in modes:
                module.training = mode

    def at_home(self, values: Tensor) -> Tensor:
        """Return numbers on the model's device, in its precision."""
        return values.to(self.device).to(self.dtype)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint |= {"points_seen": self.points_seen, "gan_lightning_version": __version__}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Create the averages that the checkpoint contains."""
        self.points_seen = checkpoint.get("points_seen", 0)
        if any(key.startswith("averaged_") for key in checkpoint["state_dict"]):
            self.start_average()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Do nothing: samples are compared with the batches by ``callbacks.SampleMetrics``."""

    test_step = validation_step

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Draw one sample for each point of the batch, with its label if the model has labels."""
        return self.sample(len(batch[0]), None if self.num_classes is None else batch[1])
