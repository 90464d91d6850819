"""The base of models whose networks minimise one loss together."""

from abc import ABC, abstractmethod
from typing import Any, Literal

import torch
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import LRSchedulerTypeUnion, OptimizerLRScheduler
from torch import Tensor

from gan_lightning.models.generative import Batch, GenerativeModel
from gan_lightning.models.optimization import (
    AnyScheduler,
    MakeOptimizer,
    PointScheduler,
    made_optimizer,
    made_scheduler,
    step,
)


class OneLossModel(GenerativeModel, ABC):
    """One loss, one optimizer: this class owns the steps, a subclass what is minimised.

    Args:
        optimizer: Makes the optimizer for all parameters.
        lr_scheduler: Factor of the learning rate, a schedule over the points seen; or makes a
            PyTorch scheduler for an optimizer, stepped once per epoch. None by default.
    """

    def __init__(
        self, optimizer: MakeOptimizer = torch.optim.Adam, lr_scheduler: AnyScheduler | None = None
    ) -> None:
        super().__init__()
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler

    @abstractmethod
    def losses(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return scalars of a batch by name: ``loss`` is minimised, the others are logged."""

    def check(self, x: Tensor) -> None:
        """Make sure that points are valid; by default all are.

        Raises:
            InputError: If they lie outside the loss's domain.
        """

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
        with isolate_rng():
            torch.manual_seed(batch_idx)  # fixed noise, independent of the training's
            losses = self.losses(x, labels)
        tagged = {f"{stage}/{name}": value for name, value in losses.items() if name != "loss"}
        several = self.trainer.world_size > 1
        self.log_dict(tagged, on_epoch=True, batch_size=len(x), sync_dist=several)

    def lr_scheduler_step(self, scheduler: LRSchedulerTypeUnion, metric: Any) -> None:
        step(scheduler)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        moving = [weight for weight in self.parameters() if weight.requires_grad]
        optimizer = made_optimizer("optimizer", self.optimizer, moving)
        scheduler = made_scheduler(self.lr_scheduler, optimizer, self.points_after_batch)
        if scheduler is None:
            return optimizer
        interval = "step" if isinstance(scheduler, PointScheduler) else "epoch"
        settings: Any = {"scheduler": scheduler, "interval": interval}
        return [optimizer], [settings]
