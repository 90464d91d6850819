"""Pictures in the run's folder and in its loggers."""

from collections.abc import Mapping, Sequence

import numpy as np
from lightning.pytorch import Trainer
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from gan_lightning.callbacks.film import UNTRAINED, keep_few
from gan_lightning.callbacks.logger_parts import keep_picture
from gan_lightning.callbacks.run_folder import run_folder
from gan_lightning.data import DataModule, Picture
from gan_lightning.figures import Scene, captioned, magnification
from gan_lightning.files import replacing


def save_pictures(
    trainer: Trainer,
    pictures: Mapping[str, Image.Image],
    section: str,
    on_board: bool = True,
) -> None:
    """Save pictures as ``<run>/pictures/<name>/<batch>.png`` and in the loggers that show them.

    Args:
        trainer: The Trainer whose run it is; only its first process writes.
        pictures: Their pixels by their names.
        section: First part of their names in the loggers.
        on_board: Whether the loggers receive them too.
    """
    folder = run_folder(trainer)
    if folder is None or not trainer.is_global_zero:
        return
    step = trainer.fit_loop.total_batch_idx
    for name, picture in pictures.items():
        path = folder / "pictures" / name / f"{UNTRAINED if step < 0 else f'{step:07d}'}.png"
        with replacing(path) as file:
            picture.save(file, compress_level=1)
        keep_few(path.parent)
        if on_board:
            pixels = np.asarray(picture.convert("RGB"))
            for logger in trainer.loggers:
                keep_picture(logger, f"{section}/{name}", pixels, max(step, 0))


def framed(
    picture: Picture, data: DataModule, caption: str | None = None, rows: Sequence[str] = ()
) -> Image.Image:
    """Return a picture's pixels with a caption; grids of images are magnified.

    Args:
        picture: A picture of the data module.
        data: The data module, which knows the size of an image.
        caption: A line in the picture; by default none.
        rows: Names of the rows of a grid.
    """
    if isinstance(picture, Scene):
        return picture.image(caption)
    if isinstance(picture, Figure):
        canvas = FigureCanvasAgg(picture)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        return Image.fromarray(captioned(pixels, caption or ""))
    return around(picture, data, caption or "", rows)


def around(
    grid: NDArray[np.uint8],
    data: DataModule,
    title: str,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> Image.Image:
    """Return a grid of images of the data, magnified, with a title and names around it."""
    shape = data.data_shape
    times = magnification(shape[-1] if len(shape) == 3 else 0)
    return Image.fromarray(captioned(grid, title, rows, columns, times))
