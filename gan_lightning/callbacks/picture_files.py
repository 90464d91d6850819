"""Pictures in the run's folder and in TensorBoard."""

from collections.abc import Mapping

import numpy as np
from lightning.pytorch import Trainer
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from gan_lightning.callbacks.run_folder import run_folder, tensorboard
from gan_lightning.files import replacing


def save_pictures(
    trainer: Trainer, pictures: Mapping[str, Figure | NDArray[np.uint8]], section: str
) -> None:
    """Save pictures as ``<run>/pictures/<name>/<batch>.png`` and in TensorBoard.

    Args:
        trainer: The Trainer whose run it is; only its first process writes.
        pictures: Figures, or pixels of shape ``(height, width, 3)``, by their names.
        section: First part of their tags in TensorBoard.
    """
    folder = run_folder(trainer)
    if folder is None or not trainer.is_global_zero:
        return
    step = max(trainer.fit_loop.total_batch_idx, 0)
    for name, picture in pictures.items():
        pixels = _pixels(picture)
        path = folder / "pictures" / name / f"{step:07d}.png"
        with replacing(path) as file:
            Image.fromarray(pixels).save(file)
        for board in tensorboard(trainer):
            board.add_image(f"{section}/{name}", pixels, step, dataformats="HWC")


def _pixels(picture: Figure | NDArray[np.uint8]) -> NDArray[np.uint8]:
    if not isinstance(picture, Figure):
        return picture
    canvas = FigureCanvasAgg(picture)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
