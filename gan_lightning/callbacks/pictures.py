"""Pictures of samples at an interval."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from gan_lightning.callbacks.contracts import data_of, draw
from gan_lightning.callbacks.run_folder import run_folder, tensorboard
from gan_lightning.errors import InputError


class SamplePictures(Callback):
    """Draws the data module's figures of samples from the same latents, again and again.

    Each figure goes to TensorBoard and to ``<run>/pictures/<name>/<batch>.png``, where ``<batch>``
    is the x of all curves: the index of the training batch, over the whole run.

    Args:
        every_n_batches: Training batches between two pictures; one more is drawn at the end.
        num_samples: Samples in a picture.
        seed: Seed of their latents.
    """

    def __init__(self, every_n_batches: int = 1000, num_samples: int = 500, seed: int = 0) -> None:
        if every_n_batches < 1 or num_samples < 1:
            raise InputError(
                "SamplePictures: every_n_batches and num_samples must be positive integers, "
                f"found {every_n_batches} and {num_samples}."
            )
        self.every_n_batches = every_n_batches
        self.num_samples = num_samples
        self.seed = seed

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if (trainer.fit_loop.total_batch_idx + 1) % self.every_n_batches == 0:
            self._draw(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if (trainer.fit_loop.total_batch_idx + 1) % self.every_n_batches != 0:
            self._draw(trainer, pl_module)

    def _draw(self, trainer: Trainer, pl_module: LightningModule) -> None:
        folder = run_folder(trainer)
        if not trainer.is_global_zero or folder is None:
            return
        with isolate_rng():
            torch.manual_seed(self.seed)
            x = torch.cat(list(draw(pl_module, self.num_samples)))
            samples = data_of(trainer).unscale(x)
        step = trainer.fit_loop.total_batch_idx
        for name, figure in data_of(trainer).figures(samples).items():
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            self._save(trainer, name, np.asarray(canvas.buffer_rgba())[..., :3], step, folder)

    def _save(
        self, trainer: Trainer, name: str, image: np.ndarray, step: int, folder: Path
    ) -> None:
        path = folder / "pictures" / name / f"{step:07d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        for board in tensorboard(trainer):
            board.add_image(f"samples/{name}", image, step, dataformats="HWC")
