"""One progress bar over a whole run."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.utilities.types import STEP_OUTPUT
from tqdm.auto import tqdm

from gan_lightning.models import GenerativeModel


class RunProgress(ProgressBar):
    """Shows batches done, time left and the latest losses.

    One bar for the run, not one an epoch: an epoch of a small table is over before a bar of its own
    could be read, and drawing it takes longer than training.
    """

    def __init__(self) -> None:
        super().__init__()
        self._enabled = True
        self._bar: tqdm[Any] | None = None

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def print(self, *args: Any, **kwargs: Any) -> None:
        if self._enabled:
            tqdm.write(" ".join(map(str, args)))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        batches, epochs = trainer.num_training_batches, trainer.max_epochs or -1
        bounded = epochs > 0 and batches != float("inf")
        self._bar = tqdm(
            total=int(batches * epochs) if bounded else None,
            initial=trainer.fit_loop.total_batch_idx + 1,
            desc="fit",
            unit=" batches",
            dynamic_ncols=True,
            mininterval=0.5,
            disable=not self._enabled,
        )

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if self._bar is not None and self._bar.update():
            metrics = {k: f"{v:.3f}" for k, v in trainer.progress_bar_metrics.items()}
            if isinstance(pl_module, GenerativeModel) and pl_module.phase:
                self._bar.set_description(pl_module.phase, refresh=False)
            self._bar.set_postfix(epoch=trainer.current_epoch, **metrics, refresh=False)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
