"""The data of a run, and the folder of its results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from gan_lightning.data import DataModule
from gan_lightning.errors import InputError

if TYPE_CHECKING:  # a loaded generator needs no TensorBoard
    from torch.utils.tensorboard import SummaryWriter


def data_of(trainer: Trainer) -> DataModule:
    """Return the data module that a Trainer works on.

    Raises:
        InputError: If it works on a bare loader, which has no metrics or pictures.
    """
    data = trainer.datamodule  # type: ignore[attr-defined]
    if not isinstance(data, DataModule):
        raise InputError(
            "Metrics and pictures need a data module of gan_lightning.data, passed to the Trainer "
            f"as datamodule; found {type(data).__name__}."
        )
    return data


def run_folder(trainer: Trainer) -> Path | None:
    """Return the folder of this run, the same on all ranks, or None if it logs nowhere."""
    return Path(trainer.log_dir) if trainer.logger and trainer.log_dir else None


def tensorboard(trainer: Trainer) -> Iterator[SummaryWriter]:
    """Yield the TensorBoard writers of a run."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            yield logger.experiment
