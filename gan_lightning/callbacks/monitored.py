"""The metrics that may choose a run's best checkpoint, and their accompanying curves."""

from collections.abc import Container

from lightning.pytorch import Trainer

from gan_lightning.callbacks.checkpoints import Checkpoints
from gan_lightning.callbacks.run_folder import data_of


def monitors(trainer: Trainer) -> tuple[list[str], str]:
    """Return the metrics that may choose the run's best checkpoint, and ``min`` or ``max``."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, Checkpoints):
            return callback.monitors, callback.mode or "min"
    data = data_of(trainer)
    return [name for name in (data.monitor, data.monitor_of_few) if name], data.monitor_mode


def log_number(trainer: Trainer, name: str, value: float) -> None:
    """Log a number where Lightning no longer accepts one, at the x of all curves."""
    step = trainer.fit_loop.epoch_loop._batches_that_stepped
    for logger in trainer.loggers:
        logger.log_metrics({name: value}, step)


def curve_name(stage: str, name: str, names: Container[str]) -> str:
    """Return a quantity's log name: no name is both a curve and a folder of curves.

    Args:
        stage: The stage of the comparison.
        name: The quantity, such as ``ks`` or ``ks/width``.
        names: All quantities there are.
    """
    whole, _, part = name.partition("/")
    return f"{stage}_{whole}/{part}" if part and whole in names else f"{stage}/{name}"
