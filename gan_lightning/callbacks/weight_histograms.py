"""Histograms of weights, gradients and logits in TensorBoard."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor
from torch.optim import Optimizer

from gan_lightning.callbacks.gradients import gradient_scale, weights_of
from gan_lightning.callbacks.intervals import is_due
from gan_lightning.callbacks.run_folder import tensorboard
from gan_lightning.errors import InputError
from gan_lightning.models import AdversarialModule
from gan_lightning.networks import conditioned
from gan_lightning.sampling import drawn

if TYPE_CHECKING:  # a loaded generator needs no TensorBoard
    from torch.utils.tensorboard import SummaryWriter


class WeightHistograms(Callback):
    """Shows the distributions of weights, gradients and a discriminator's logits.

    Gradients are shown without a gradient scaler's factor, and clipped if ``GradientClipping``
    comes before this callback. Logits are those of the real batch and of as many samples.

    Args:
        every_n_batches: Training batches between two histograms; after 100 of them the interval
            doubles whenever the run is twice as long.
    """

    def __init__(self, every_n_batches: int = 1000) -> None:
        if every_n_batches < 1:
            raise InputError(
                f"WeightHistograms: every_n_batches must be positive, found {every_n_batches}."
            )
        self.every_n_batches = every_n_batches

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        if not self._due(trainer):
            return
        moving = {id(weight) for weight in weights_of(optimizer)}
        step, scale = trainer.fit_loop.total_batch_idx, gradient_scale(trainer, optimizer)
        for board in tensorboard(trainer):
            for name, weight in pl_module.named_parameters():
                if id(weight) in moving and weight.grad is not None:
                    _add(board, f"weights/{name}.grad", weight.grad / scale, step)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if not self._due(trainer):
            return
        step = trainer.fit_loop.total_batch_idx
        for board in tensorboard(trainer):
            for name, weight in pl_module.named_parameters():
                if weight.requires_grad:
                    _add(board, f"weights/{name}", weight, step)
            if isinstance(pl_module, AdversarialModule):
                _add_logits(board, pl_module, batch, step)

    def _due(self, trainer: Trainer) -> bool:
        due = is_due(trainer.fit_loop.total_batch_idx + 1, self.every_n_batches)
        return due and trainer.is_global_zero


def _add_logits(
    board: SummaryWriter, model: AdversarialModule, batch: tuple[Tensor, Tensor], step: int
) -> None:
    """Add histograms of the discriminator's logits of a batch and of as many samples."""
    real, labels = batch
    with isolate_rng():
        asked = None if model.num_classes is None else labels
        fake = torch.cat(list(drawn(model, len(real), asked)))
    for kind, points in [("real", real), ("fake", fake)]:
        _add(board, f"train/{kind}_logits", _judged(model, points, labels), step)


def _add(board: SummaryWriter, tag: str, values: torch.Tensor, step: int) -> None:
    """Add a histogram, unless values are not finite or too large for bins.

    A histogram must not stop a run: ``FiniteLosses`` does, and says why.
    """
    with suppress(ValueError):
        board.add_histogram(tag, values.detach().float(), step)


def _judged(model: AdversarialModule, points: Tensor, labels: Tensor) -> Tensor:
    """Return the discriminator's logits of points, unaugmented, in evaluation mode."""
    with model.evaluating():
        return conditioned(model.discriminator, points, labels).float()
