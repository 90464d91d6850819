"""Checkpoints that are never half-written, and a stop that loses nothing."""

import math
import os
import shutil
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.types import STEP_OUTPUT

from gan_lightning.callbacks.run_folder import run_folder
from gan_lightning.callbacks.stop_signal import StopSignal
from gan_lightning.data import DataModule
from gan_lightning.errors import InputError, require_positive


class Checkpoints(Checkpoint):
    """Keeps ``last.ckpt`` and ``best.ckpt`` in the run's folder.

    ``last.ckpt`` is written after every validation and at the end, ``best.ckpt`` whenever the
    monitored metric is better than ever before. A file gets its name only when it is complete, so
    that a kill at any moment leaves the one before. On Ctrl-C or SIGTERM the batch at hand is
    finished and saved, and ``SIGTERMException`` raised; a second Ctrl-C stops at once.

    Args:
        monitor: Metric that chooses the best checkpoint; by default the data module's own, or what
            it names for points that are too few for that.
        mode: Whether the metric is better at its ``min`` or ``max``; by default the data module's.
        every_n_epochs: Epochs between two checkpoints where no validation runs.
    """

    def __init__(
        self,
        monitor: str | None = None,
        mode: Literal["min", "max"] | None = None,
        every_n_epochs: int | None = None,
    ) -> None:
        require_positive(every_n_epochs=every_n_epochs)
        self.monitor = monitor
        self.mode = mode
        self.every_n_epochs = every_n_epochs
        self.best_value: float | None = None
        self.last: Path | None = None
        self.best: Path | None = None
        self.stop = StopSignal()
        self._monitor_is_default = monitor is None
        self._monitor_of_few: str | None = None
        self._validated = False
        self._saved_batch = -1

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        run = run_folder(trainer)
        if run is not None:
            self.last = run / "checkpoints" / "last.ckpt"
            self.best = run / "checkpoints" / "best.ckpt"
        data = trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(data, DataModule):
            self.monitor = self.monitor or data.monitor
            self._monitor_of_few = data.monitor_of_few if self._monitor_is_default else None
            self.mode = self.mode or data.monitor_mode
        self.mode = self.mode or "min"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.stop.listen()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epochs, interval = trainer.current_epoch + 1, self.every_n_epochs
        if self._validated:
            self._save_and_compare(trainer)
        elif interval is not None and epochs % interval == 0:
            self._save(trainer)
        self._validated = False
        if self.stop.received(trainer):
            self._save(trainer)
            raise SIGTERMException

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        # The last batch of an epoch waits for what belongs to the epoch's end.
        if batch_idx + 1 < trainer.num_training_batches and self.stop.received(trainer):
            # Lightning raises SIGTERMException when the batch's curves are written.
            trainer._signal_connector.received_sigterm = True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._saved_batch != trainer.fit_loop.total_batch_idx:
            self._save(trainer)
        self.stop.release()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self.stop.release()
        unsaved = self._saved_batch != trainer.fit_loop.total_batch_idx
        if isinstance(exception, SIGTERMException) and unsaved:
            self._save(trainer)

    def outdate(self) -> None:
        """Say that the model has changed since it was saved."""
        self._saved_batch = -1

    def state_dict(self) -> dict[str, Any]:
        return {"monitor": self.monitor, "mode": self.mode, "best_value": self.best_value}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if self._monitor_of_few is not None and state_dict["monitor"] == self._monitor_of_few:
            self.monitor = self._monitor_of_few
        if (state_dict["monitor"], state_dict["mode"]) == (self.monitor, self.mode):
            self.best_value = state_dict["best_value"]

    def _save_and_compare(self, trainer: Trainer) -> None:
        improved = self._improved(trainer)
        self._save(trainer)
        if improved and trainer.is_global_zero and self.last and self.best and self.last.exists():
            _link(self.last, self.best)

    def _improved(self, trainer: Trainer) -> bool:
        """Return whether the monitored metric is better than ever before, and remember it."""
        metrics = trainer.callback_metrics
        if self.monitor not in metrics and self._monitor_of_few in metrics:
            self.monitor = self._monitor_of_few
        if self.monitor is None or (self.monitor not in metrics and self._monitor_is_default):
            return False
        if self.monitor not in metrics:
            logged = ", ".join(sorted(metrics)) or "nothing"
            raise InputError(f"monitor: {self.monitor} is not logged; logged are {logged}.")
        value, best = float(metrics[self.monitor]), self.best_value
        improved = best is None or (value < best if self.mode == "min" else value > best)
        improved = improved and math.isfinite(value)
        if improved:
            self.best_value = value
        return improved

    def _save(self, trainer: Trainer) -> None:
        self._saved_batch = trainer.fit_loop.total_batch_idx
        if self.last is None:
            return
        unfinished = self.last.with_suffix(".tmp")
        trainer.save_checkpoint(unfinished)
        if trainer.is_global_zero:
            unfinished.replace(self.last)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name at no cost where the file system can; else copy it."""
    unfinished = target.with_suffix(".tmp")
    unfinished.unlink(missing_ok=True)
    try:
        os.link(source, unfinished)
    except OSError:
        shutil.copyfile(source, unfinished)
    unfinished.replace(target)
