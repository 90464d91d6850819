"""One progress bar for a whole run, or lines of text without a terminal."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor
from tqdm.auto import tqdm

from gan_lightning.callbacks.monitored import monitors
from gan_lightning.models import GenerativeModel

LINES = 20
"""Lines per run in a file or a pipe, where a bar would leave ragged lines."""

LEAST_SECONDS, MOST_SECONDS = 5.0, 60.0
"""Seconds between two of these lines."""

UPDATE_SECONDS = 0.5
"""Seconds between two updates of the bar."""


class RunProgress(ProgressBar):
    """Shows batches done, time left, the latest losses and the last validation.

    There is one bar per run rather than per epoch: an epoch of a small table ends before its bar
    could be read, and drawing the bar takes longer than training.
    """

    keeps_losses = True
    """A mark: it takes losses from the steps' outputs, so that they need not be logged for it.
    Lightning reads what is logged for a bar in every batch, and waits for the GPU each time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._enabled = True
        self._bar: tqdm[Any] | None = None
        self._phase = ""
        self._losses: dict[str, Tensor] = {}
        self._validated: dict[str, str] = {}
        self._total: int | None = None
        self._line_at = 0
        self._line_time = 0.0

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def print(self, *args: Any, **kwargs: Any) -> None:
        if self._enabled:
            tqdm.write(" ".join(map(str, args)))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._total = planned_batches(trainer, pl_module)
        self._line_at, self._line_time = trainer.fit_loop.total_batch_idx + 1, time.monotonic()
        if self._enabled and sys.stderr.isatty():
            self._bar = tqdm(
                total=self._total,
                initial=trainer.fit_loop.total_batch_idx + 1,
                desc="fit",
                unit=" batches",
                dynamic_ncols=True,
                mininterval=UPDATE_SECONDS,
            )

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self._keep_losses(_phase(pl_module), outputs)
        if self._bar is not None and self._bar.update():
            self._bar.set_description(_phase(pl_module), refresh=False)
            numbers = self._numbers(trainer)
            self._bar.set_postfix(epoch=trainer.current_epoch, **numbers, refresh=False)
        elif self._bar is None and self._line_is_due(trainer.fit_loop.total_batch_idx + 1):
            self._write_line(trainer, pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking:
            logged = trainer.callback_metrics
            self._validated = {k: f"{logged[k]:.4g}" for k in monitors(trainer)[0] if k in logged}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._bar is None and self._enabled:
            self._write_line(trainer, pl_module)
        self._close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self._close()

    def _keep_losses(self, phase: str, outputs: STEP_OUTPUT) -> None:
        """Keep the terms of a step's loss, or the loss itself if it has none, in this phase."""
        if phase != self._phase:
            self._phase, self._losses = phase, {}
        if isinstance(outputs, Mapping):
            scalars = {k: x for k, x in outputs.items() if isinstance(x, Tensor) and x.numel() == 1}
            terms = {name: x for name, x in scalars.items() if name != "loss"}
            self._losses.update(terms or scalars)

    def _numbers(self, trainer: Trainer) -> dict[str, str]:
        """Return the latest losses, what else is logged for the bar, and the last validation."""
        losses = {name: float(loss) for name, loss in self._losses.items()}
        losses |= trainer.progress_bar_metrics
        return {k.removeprefix("train/"): f"{v:.3f}" for k, v in losses.items()} | self._validated

    def _line_is_due(self, batches: int) -> bool:
        waited = time.monotonic() - self._line_time
        ahead = self._total is not None and batches >= self._line_at + self._total / LINES
        ends = batches == self._total  # it has its own line
        return self._enabled and not ends and waited > (LEAST_SECONDS if ahead else MOST_SECONDS)

    def _write_line(self, trainer: Trainer, model: LightningModule) -> None:
        batches = trainer.fit_loop.total_batch_idx + 1
        self._line_at, self._line_time = batches, time.monotonic()
        of = f"/{self._total}" if self._total is not None else ""
        numbers = ", ".join(f"{name} {value}" for name, value in self._numbers(trainer).items())
        words = [f"{_phase(model)}: {batches}{of} batches, epoch {trainer.current_epoch}", numbers]
        tqdm.write(", ".join(filter(None, words)), file=sys.stderr)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def planned_batches(trainer: Trainer, model: LightningModule) -> int | None:
    """Return the batches after which the Trainer or the model ends training, if any."""
    batches, epochs = trainer.num_training_batches, trainer.max_epochs or -1
    planned = [model.planned_batches] if isinstance(model, GenerativeModel) else []
    if model.automatic_optimization and trainer.max_steps > 0:
        planned.append(trainer.max_steps * trainer.accumulate_grad_batches)
    if epochs > 0 and batches != float("inf"):
        planned.append(int(batches * epochs))
    return min((number for number in planned if number is not None), default=None)


def _phase(model: LightningModule) -> str:
    """Return the current state of training."""
    return (model.phase if isinstance(model, GenerativeModel) else "") or "fit"
