"""What each kind of logger stores besides numbers: texts, pictures, hyperparameters."""

from collections.abc import Mapping
from functools import singledispatch
from pathlib import Path

import numpy as np
from lightning.pytorch.loggers import (
    CSVLogger,
    Logger,
    MLFlowLogger,
    TensorBoardLogger,
    WandbLogger,
)
from numpy.typing import NDArray

from gan_lightning.files import replacing

Pixels = NDArray[np.uint8]
"""The pixels of a picture, shape ``(height, width, 3)``."""

Plain = Mapping[str, bool | int | float | str]


@singledispatch
def keep_text(logger: Logger, name: str, text: str, step: int) -> None:
    """Store a Markdown text; a logger without a place for it leaves it out.

    Args:
        logger: One of the run's loggers.
        name: The text's name, ``<section>/<name>``.
        text: The text.
        step: The batch that it belongs to.
    """


@singledispatch
def keep_picture(logger: Logger, name: str, pixels: Pixels, step: int) -> None:
    """Store a picture; a logger without a place for it leaves it out.

    Args:
        logger: One of the run's loggers.
        name: The picture's name, ``<section>/<name>``.
        pixels: The picture.
        step: The batch that it belongs to.
    """


@singledispatch
def keep_settings(logger: Logger, settings: Plain) -> None:
    """Store a run's settings: one row in the logger's table of runs."""
    logger.log_hyperparams(dict(settings))


@keep_text.register
def _(logger: TensorBoardLogger, name: str, text: str, step: int) -> None:
    logger.experiment.add_text(name, text, step)


@keep_picture.register
def _(logger: TensorBoardLogger, name: str, pixels: Pixels, step: int) -> None:
    logger.experiment.add_image(name, pixels, step, dataformats="HWC")


@keep_settings.register
def _(logger: TensorBoardLogger, settings: Plain) -> None:
    """Do nothing: ``HyperparameterTable`` writes TensorBoard's table together with its metrics."""


@keep_text.register
def _(logger: CSVLogger, name: str, text: str, step: int) -> None:
    with replacing(Path(logger.log_dir) / f"{name.replace('/', '_')}.md") as file:
        file.write_text(f"{text}\n", encoding="utf-8")


@keep_text.register
def _(logger: MLFlowLogger, name: str, text: str, step: int) -> None:
    logger.experiment.log_text(logger.run_id, text, f"{name}.md")


@keep_picture.register
def _(logger: MLFlowLogger, name: str, pixels: Pixels, step: int) -> None:
    logger.experiment.log_image(logger.run_id, pixels, f"{name}/{step:07d}.png")


@keep_text.register
def _(logger: WandbLogger, name: str, text: str, step: int) -> None:
    logger.experiment.summary[name] = text


@keep_picture.register
def _(logger: WandbLogger, name: str, pixels: Pixels, step: int) -> None:
    logger.log_image(name, [pixels], step)


def written_yaml(text: str) -> str:
    """Return YAML as a Markdown block."""
    return f"```yaml\n{text.rstrip()}\n```"
