"""What a schedule does after its end."""

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch.optim.lr_scheduler import LRScheduler

from gan_lightning.models.optimization import what_is_over


class ScheduleEnd(Callback):
    """Says once per run when an epoch begins after the end of a learning-rate schedule."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        for config in trainer.lr_scheduler_configs:
            scheduler = config.scheduler
            over = what_is_over(scheduler) if isinstance(scheduler, LRScheduler) else None
            if over is not None and over not in self._said:
                self._said.add(over)
                rank_zero_warn(f"lr_scheduler: {over}.")
