"""Gradient clipping under manual optimization and mixed precision."""

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.optim import Optimizer

from gan_lightning.callbacks.gradients import gradient_scale, weights_of
from gan_lightning.errors import InputError


class GradientClipping(Callback):
    """Scales each player's gradient down to at most a given norm before its step.

    The norm is that of the true gradient, without a gradient scaler's factor. In manual
    optimization the Trainer refuses its own ``gradient_clip_val``.

    Args:
        max_norm: Largest Euclidean norm of one player's gradient.
    """

    def __init__(self, max_norm: float) -> None:
        if max_norm <= 0:
            raise InputError(f"GradientClipping: expected a positive max_norm, found {max_norm}.")
        self.max_norm = max_norm

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        max_norm = self.max_norm * gradient_scale(trainer, optimizer)
        torch.nn.utils.clip_grad_norm_(weights_of(optimizer), max_norm)
