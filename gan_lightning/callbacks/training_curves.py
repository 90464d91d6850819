"""The speed of a run, the norms of its gradients, and its learning rates."""

import time
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor
from torch.optim import Optimizer

from gan_lightning.callbacks.gradients import gradient_scale, weights_of


class TrainingCurves(Callback):
    """Logs the norm of each player's gradient, its learning rate and the points seen per second.

    ``train/<player>_grad_norm`` is the norm before ``GradientClipping``. ``train/<player>_lr`` is
    logged where a schedule changes it. With a single optimizer the names have no player. Validation
    time does not count.
    """

    def __init__(self) -> None:
        self._norms: dict[str, Tensor] = {}
        self._points = 0
        self._since = self._paused = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._points, self._since = 0, time.perf_counter()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._paused = time.perf_counter()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._since += time.perf_counter() - self._paused

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        if not _due(trainer):
            return
        gradients = [w.grad for w in weights_of(optimizer) if w.grad is not None]
        if gradients:
            norm = torch.nn.utils.get_total_norm(gradients, foreach=None).detach()
            name = _named(trainer, pl_module, optimizer, "grad_norm")
            self._norms[name] = norm / gradient_scale(trainer, optimizer)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self._points += len(batch[0]) * trainer.world_size
        if not _due(trainer):
            return
        now = time.perf_counter()
        values: dict[str, Any] = dict(self._norms)
        if trainer.lr_scheduler_configs:
            for optimizer in trainer.optimizers:
                rate = float(optimizer.param_groups[0]["lr"])
                values[_named(trainer, pl_module, optimizer, "lr")] = rate
        values["points_per_second"] = self._points / max(now - self._since, 1e-9)
        pl_module.log_dict({f"train/{name}": value for name, value in values.items()})
        self._norms, self._points, self._since = {}, 0, now


def _due(trainer: Trainer) -> bool:
    """Return whether the current batch is logged: other batches cost nothing."""
    interval = trainer.log_every_n_steps  # type: ignore[attr-defined]
    return interval > 0 and (trainer.fit_loop.total_batch_idx + 1) % interval == 0


def _named(trainer: Trainer, model: LightningModule, optimizer: Optimizer, quantity: str) -> str:
    """Return the name of an optimizer's quantity, with its player if there are several."""
    if len(trainer.optimizers) < 2:
        return quantity
    moved = {id(weight) for weight in weights_of(optimizer)}
    players = [
        name
        for name, network in model.named_children()
        if any(id(weight) in moved for weight in network.parameters())
    ]
    return "_".join([*players, quantity])
