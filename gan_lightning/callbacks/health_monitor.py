"""Says in plain words what goes wrong in training and what to try."""

import math
import sys
from collections.abc import Collection, Mapping
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import STEP_OUTPUT
from tqdm.auto import tqdm

from gan_lightning.callbacks.diagnosis import Diagnosis
from gan_lightning.callbacks.finite_losses import NonFiniteLossError
from gan_lightning.callbacks.generator_ema import GeneratorEMA
from gan_lightning.callbacks.health_rules import WATCHED, diagnoses, diverged
from gan_lightning.callbacks.logger_parts import keep_text
from gan_lightning.callbacks.monitored import log_number
from gan_lightning.callbacks.run_folder import data_of
from gan_lightning.callbacks.sample_health import novelty, spread
from gan_lightning.callbacks.sample_metrics import SampleMetrics
from gan_lightning.models import GenerativeModel

MOST_POINTS = 200
"""A longer curve keeps every other point: the rules need its end and its overall course."""

JUDGED_EVERY = 10
"""Logged batches between two checks; each validation is checked too."""


class HealthMonitor(Callback):
    """Names each problem once: in the terminal, on the dashboard and in the final summary.

    The rules in ``health_rules`` use the run's own curves and two more: ``val/spread``, how much
    the samples vary, and ``val/novelty``, how far they are from training points. The latter is
    expensive and is measured in validations 1, 2, 4, 8 and so on, and in the last one.
    """

    def __init__(self) -> None:
        self.curves: dict[str, list[tuple[int, float]]] = {}
        self.found: list[Diagnosis] = []
        self.goals: dict[str, float] = {}
        self._validations = 0

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if not isinstance(pl_module, GenerativeModel) or not pl_module.logging_due:
            return
        self._collect(trainer, "train/", but=_not_of_this_step(trainer, outputs))
        if pl_module.batches // trainer.log_every_n_steps % JUDGED_EVERY == 0:  # type: ignore[attr-defined]
            self._judge(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        fitting = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if not fitting or not isinstance(pl_module, GenerativeModel):
            return
        self._validations += 1
        self._collect(trainer, "val/")
        if trainer.is_global_zero:  # only the first rank reports
            self._look_at_samples(trainer, pl_module)
            self._judge(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._judge(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, NonFiniteLossError):
            # Not aloud: the error itself is printed.
            self._tell(trainer, [diverged(str(exception))], aloud=False)

    def state_dict(self) -> dict[str, Any]:
        return {
            "curves": {
                name: [list(point) for point in curve] for name, curve in self.curves.items()
            },
            "found": [list(diagnosis) for diagnosis in self.found],
            "validations": self._validations,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        curves = state_dict.get("curves", {})
        self.curves = {name: [(int(x), float(y)) for x, y in c] for name, c in curves.items()}
        self.found = [Diagnosis(*words) for words in state_dict.get("found", [])]
        self._validations = state_dict.get("validations", 0)

    def _collect(self, trainer: Trainer, stage: str, but: Collection[str] = ()) -> None:
        """Record what was just logged: the only place that waits for the device."""
        for name, value in trainer.callback_metrics.items():
            if name.startswith(stage) and WATCHED.fullmatch(name) and name not in but:
                self._add(trainer, name, float(value))

    def _add(self, trainer: Trainer, name: str, value: float) -> None:
        if not math.isfinite(value):
            return
        curve = self.curves.setdefault(name, [])
        curve.append((trainer.fit_loop.total_batch_idx, value))
        if len(curve) > MOST_POINTS:
            del curve[-2::-2]

    def _look_at_samples(self, trainer: Trainer, model: GenerativeModel) -> None:
        """Measure what the metrics do not cover."""
        callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
        for callback in callbacks:
            if isinstance(callback, GeneratorEMA):
                self._add(trainer, "average/start", callback.share_of_start)
            elif isinstance(callback, SampleMetrics) and callback.compared:
                self.goals = dict(callback.metric.goals)
                self._show(trainer, "spread", spread(*callback.compared))
        if self._validations & (self._validations - 1) == 0 or _is_last(trainer):
            ratio = novelty(model, data_of(trainer))
            if ratio is not None:
                self._show(trainer, "novelty", ratio)

    def _show(self, trainer: Trainer, name: str, value: float) -> None:
        self._add(trainer, f"val/{name}", value)
        if math.isfinite(value):
            log_number(trainer, f"val/{name}", value)

    def _judge(self, trainer: Trainer) -> None:
        self._tell(trainer, diagnoses(self.curves, self.goals))

    def _tell(self, trainer: Trainer, found: list[Diagnosis], aloud: bool = True) -> None:
        known = {diagnosis.kind for diagnosis in self.found}
        new = [diagnosis for diagnosis in found if diagnosis.kind not in known]
        self.found += new
        if not new or not trainer.is_global_zero:
            return
        for diagnosis in new if aloud else ():
            tqdm.write(f"Health: {diagnosis}", file=sys.stderr)
        text = "\n".join(f"- **{d.problem}**: {d.symptom} *{d.advice}*" for d in self.found)
        for logger in trainer.loggers:
            keep_text(logger, "health/diagnosis", text, max(trainer.fit_loop.total_batch_idx, 0))


def _is_last(trainer: Trainer) -> bool:
    """Return whether this is the last validation, judging by the epochs."""
    epochs = trainer.max_epochs
    interval = trainer.check_val_every_n_epoch or 1
    return epochs is not None and 0 <= epochs < trainer.current_epoch + 1 + interval


def _not_of_this_step(trainer: Trainer, outputs: STEP_OUTPUT) -> set[str]:
    """Return the losses that Lightning still holds of players that did not move in this step.

    A run that was resumed does not hold them, and has to see what one sees that never stopped.
    """
    if not isinstance(outputs, Mapping) or "loss" in outputs:  # of one loss, which is always there
        return set()
    moved = {f"train/{name}" for name in outputs}
    return {name for name in trainer.callback_metrics if name.endswith("_loss")} - moved
