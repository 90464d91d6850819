"""Runs beside each other in TensorBoard's HParams tab."""

from collections.abc import Iterator, Mapping
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch.utils.tensorboard.summary import hparams

from gan_lightning.callbacks.run_folder import data_of, tensorboard


class HyperparameterTable(Callback):
    """Tells TensorBoard how the run is configured, and which metric ranks it: the data's own.

    The metric's value is the latest of its curve. Lightning's own table would write a first value
    into the curve.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        goes_on = trainer.fit_loop.total_batch_idx >= 0
        if goes_on or not trainer.is_global_zero:  # other ranks have no writer
            return
        data = data_of(trainer)
        values = dict(_flattened(pl_module.hparams, "model"))
        values["data"] = type(data).__name__
        for board in tensorboard(trainer):
            writer = board._get_file_writer()
            monitors = [data.monitor, data.monitor_of_few]
            for summary in hparams(values, {name: 0.0 for name in monitors if name}):
                writer.add_summary(summary)


def _flattened(value: Any, name: str) -> Iterator[tuple[str, bool | int | float | str]]:
    """Yield the dotted name of each plain value; classes by their own names."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not str(key).startswith("_"):  # Lightning's own
                inner = name if key in ("init_args", "class_path") else f"{name}.{key}"
                yield from _flattened(item, inner)
    elif isinstance(value, str):
        yield name, value.rpartition(".")[2]
    elif isinstance(value, bool | int | float):
        yield name, value
    elif value is not None:
        yield name, ", ".join(map(_text, value))


def _text(value: Any) -> str:
    """Return an item of a list; a class by its own name."""
    return value["class_path"].rpartition(".")[2] if isinstance(value, Mapping) else str(value)
