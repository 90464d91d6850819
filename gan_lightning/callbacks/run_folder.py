"""Where a run keeps what it makes."""

from collections.abc import Iterator
from pathlib import Path

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.tensorboard import SummaryWriter


def run_folder(trainer: Trainer) -> Path | None:
    """Return the folder of this run, the same on all ranks, or None if it logs nowhere."""
    return Path(trainer.log_dir) if trainer.logger and trainer.log_dir else None


def tensorboard(trainer: Trainer) -> Iterator[SummaryWriter]:
    """Yield the TensorBoard writers of a run."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            yield logger.experiment
