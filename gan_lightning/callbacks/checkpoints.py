"""Checkpoints that are never half-written, and a stop that loses nothing."""

import math
from pathlib import Path
from typing import Any, Literal

from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.types import STEP_OUTPUT
from lightning_utilities.core.rank_zero import rank_zero_only

from gan_lightning.callbacks.checkpoint_io import WholeCheckpointIO
from gan_lightning.callbacks.place_in_epoch import recount_batches
from gan_lightning.callbacks.run_folder import run_folder
from gan_lightning.callbacks.run_lock import RunLock
from gan_lightning.callbacks.stop_signal import StopSignal
from gan_lightning.data import DataModule
from gan_lightning.errors import InputError, require_positive


class Checkpoints(Checkpoint):
    """Keeps ``last.ckpt`` and ``best.ckpt`` in the run's folder.

    ``last.ckpt`` is written after every validation and at the end, ``best.ckpt`` whenever the
    monitored metric reaches a new best. A file gets its name only once it is on disk, so that a
    kill or a power failure at any moment leaves the previous one intact. On Ctrl-C or SIGTERM the
    current batch is finished and saved, and ``SIGTERMException`` is raised; a second Ctrl-C stops
    at once. While one process trains in the folder, no other can.

    Args:
        monitor: Metric that chooses the best checkpoint; by default the data module's own, or its
            substitute for data too small for that.
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
        self._lock: RunLock | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        run = run_folder(trainer)
        if run is not None:
            self.last = run / "checkpoints" / "last.ckpt"
            self.best = run / "checkpoints" / "best.ckpt"
            if stage == "fit":
                self._prepare_to_write(trainer)
        data = trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(data, DataModule):
            self.monitor = self.monitor or data.monitor
            self._monitor_of_few = data.monitor_of_few if self._monitor_is_default else None
            self.mode = self.mode or data.monitor_mode
        self.mode = self.mode or "min"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.stop.listen()
        recount_batches(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Finish a validation that has begun: Lightning would abort it, and skip it on resuming.
        trainer._signal_connector.received_sigterm = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        progress = trainer.fit_loop.epoch_loop.batch_progress
        if progress.is_last_batch or progress.current.ready >= trainer.num_training_batches:
            self._validated = True  # saved after everything that belongs to the epoch's end
        else:
            self._save_and_compare(trainer)
            self._stop_if_asked(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epochs, interval = trainer.current_epoch + 1, self.every_n_epochs
        if self._validated:
            self._save_and_compare(trainer)
        elif interval is not None and epochs % interval == 0:
            self._save(trainer)
        self._validated = False
        if not _was_the_last_epoch(trainer) and self.stop.received(trainer):
            self._save_once(trainer)
            raise SIGTERMException

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        # The last batch of an epoch waits for the epoch's end.
        if batch_idx + 1 < trainer.num_training_batches:
            self._stop_if_asked(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._save_once(trainer)
        self.stop.release()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self.stop.release()
        if isinstance(exception, SIGTERMException):
            self._save_once(trainer)
        self._free()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._free()

    def occupy(self, trainer: Trainer) -> None:
        """Lock the run's folder on the first rank, if it is not locked yet.

        Raises:
            InputError: If another process trains there.
        """
        run = run_folder(trainer)
        # A launched process learns its rank only when it meets the others.
        first = getattr(rank_zero_only, "rank", 0) == 0
        if run is not None and self._lock is None and first:
            self._lock = RunLock(run)

    @property
    def monitors(self) -> list[str]:
        """Return the candidate metrics: the first one logged chooses the best checkpoint."""
        return [name for name in dict.fromkeys((self.monitor, self._monitor_of_few)) if name]

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

    def _stop_if_asked(self, trainer: Trainer) -> None:
        """Let Lightning raise ``SIGTERMException`` once the batch's curves are written."""
        if self.stop.received(trainer):
            trainer._signal_connector.received_sigterm = True

    def _save_and_compare(self, trainer: Trainer) -> None:
        # The best one first: after a kill in between, the resumed run repeats the comparison.
        if self._improved(trainer) and self.best is not None:
            self._write(trainer, self.best)
        self._save(trainer)

    def _improved(self, trainer: Trainer) -> bool:
        """Return whether the monitored metric has reached a new best, and remember it."""
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

    def _save_once(self, trainer: Trainer) -> None:
        if self._saved_batch != trainer.fit_loop.total_batch_idx:
            self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        self._saved_batch = trainer.fit_loop.total_batch_idx
        if self.last is not None:
            self._write(trainer, self.last)

    def _write(self, trainer: Trainer, path: Path) -> None:
        if self._lock is not None:
            self._lock.check()
        trainer.save_checkpoint(path)

    def _prepare_to_write(self, trainer: Trainer) -> None:
        """Lock the run's folder; if that fails on the first rank, all ranks raise the error."""
        problem = None
        try:
            self.occupy(trainer)
        except InputError as error:
            problem = str(error)
        if problem := trainer.strategy.broadcast(problem):
            raise InputError(problem)
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
            trainer.strategy.checkpoint_io = WholeCheckpointIO()

    def _free(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _was_the_last_epoch(trainer: Trainer) -> bool:
    """Return whether training ends with this epoch anyway: then there is nothing to stop."""
    epochs, steps = trainer.max_epochs, trainer.max_steps
    return (
        (trainer.should_stop and trainer.fit_loop._can_stop_early)
        or (epochs is not None and 0 <= epochs <= trainer.current_epoch + 1)
        or 0 <= steps <= trainer.global_step
    )
