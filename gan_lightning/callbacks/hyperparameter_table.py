"""Runs side by side in TensorBoard's HParams tab, and in the tables of other loggers."""

import math
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from gan_lightning.callbacks.logger_parts import keep_settings
from gan_lightning.callbacks.monitored import log_number, monitors
from gan_lightning.callbacks.run_folder import data_of, tensorboard
from gan_lightning.callbacks.run_settings import run_settings

FIRST = ("seed", "batch_size", "weights")
"""The settings shown first in a table, besides the learning rates."""


class HyperparameterTable(Callback):
    """Reports the run's settings to its loggers, and the metric that ranks it: its monitor.

    The table shows the metric's latest value and its best so far, the curve ``<monitor>_best``.
    Lightning's own table would add a false first value to the curve.
    """

    def __init__(self) -> None:
        self.best: dict[str, float] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        resumed = trainer.fit_loop.total_batch_idx >= 0
        if resumed or not trainer.is_global_zero:  # other ranks have no writer
            return
        settings = run_settings(pl_module, data_of(trainer))
        for logger in trainer.loggers:
            keep_settings(logger, settings)
        names = [name for monitor in monitors(trainer)[0] for name in (monitor, f"{monitor}_best")]
        for board in tensorboard(trainer):
            for summary in _summaries(settings, names):
                board._get_file_writer().add_summary(summary)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != TrainerFn.FITTING:
            return
        names, mode = monitors(trainer)
        for name in names:
            if name not in trainer.callback_metrics:
                continue
            value = float(trainer.callback_metrics[name])
            if math.isfinite(value):
                best = min if mode == "min" else max
                self.best[name] = best(self.best.get(name, value), value)
                log_number(trainer, f"{name}_best", self.best[name])

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = dict(state_dict.get("best", {}))


def _summaries(settings: dict[str, Any], metrics: list[str]) -> tuple[Any, ...]:
    """Return what TensorBoard's table reads, with the most interesting settings shown first."""
    # Imported here, since a loaded generator needs no TensorBoard.
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from torch.utils.tensorboard.summary import hparams

    summaries = hparams(settings, dict.fromkeys(metrics, 0.0))
    (value,) = summaries[0].value
    content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
    for info in content.experiment.hparam_infos:
        info.differs = info.name in FIRST or info.name.endswith(".lr")
    value.metadata.plugin_data.content = content.SerializeToString()
    return summaries
