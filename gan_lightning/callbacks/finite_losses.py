"""A run stops at the first loss that is not finite."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.types import STEP_OUTPUT

from gan_lightning.errors import InputError

CHECK_EVERY_N_BATCHES = 50
"""Losses stay on the device for this many batches, so that checking them rarely waits for it."""


class NonFiniteLossError(InputError):
    """A loss or a weight became NaN or infinite."""


class FiniteLosses(Callback):
    """Stops a run whose losses or weights are not finite, and names the loss and the batch.

    All losses are checked every 50 batches, and losses and weights before each checkpoint, so that
    the last checkpoint is always sound.
    """

    def __init__(self) -> None:
        self._pending: list[tuple[int, str, torch.Tensor]] = []

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        step = trainer.fit_loop.total_batch_idx
        if isinstance(outputs, dict):
            self._pending += [(step, name, loss) for name, loss in outputs.items()]
        if (step + 1) % CHECK_EVERY_N_BATCHES == 0:
            self._check_losses(trainer)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        self._check_losses(trainer)
        for name, weight in checkpoint["state_dict"].items():
            if not weight.isfinite().all():
                raise NonFiniteLossError(
                    f"The weights {name} are NaN or infinite after batch "
                    f"{trainer.fit_loop.total_batch_idx}, {_ADVICE}"
                )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._check_losses(trainer)

    def _check_losses(self, trainer: Trainer) -> None:
        pending, self._pending = self._pending, []
        bad = bool(pending) and not torch.stack([loss for *_, loss in pending]).isfinite().all()
        if trainer.world_size > 1:  # all ranks must stop, or one would wait for the others
            bad = trainer.strategy.reduce_boolean_decision(bad, all=False)
        if bad:
            first = next((entry for entry in pending if not entry[2].isfinite()), None)
            what = "a loss of another rank is NaN or infinite"
            if first is not None:
                step, name, loss = first
                what = f"{name} became {loss.item()} at batch {step}"
            raise NonFiniteLossError(f"{what}, {_ADVICE}")


_ADVICE = (
    "and the run was stopped; its last checkpoint is from before that. A lower learning rate or "
    "the callback GradientClipping often helps."
)
