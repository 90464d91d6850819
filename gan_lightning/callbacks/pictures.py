"""Pictures of samples at an interval."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT
from PIL import Image

from gan_lightning.callbacks.picture_files import save_pictures
from gan_lightning.callbacks.run_folder import data_of, run_folder
from gan_lightning.callbacks.sampler_fit import refresh_sampler
from gan_lightning.errors import InputError
from gan_lightning.files import replacing
from gan_lightning.models import GenerativeModel
from gan_lightning.sampling import as_many_of_each_label, drawn


class SamplePictures(Callback):
    """Draws the data module's figures of samples from the same latents, again and again.

    Each figure goes to TensorBoard and to ``<run>/pictures/<name>/<batch>.png``, where ``<batch>``
    is the x of all curves: the index of the training batch, over the whole run. At the end of a run
    ``<run>/pictures/<name>.gif`` shows them one after the other. A conditional model draws as many
    samples of each label, one label after the other, at least ``num_samples`` in all.

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
        due = (trainer.fit_loop.total_batch_idx + 1) % self.every_n_batches == 0
        if due and isinstance(pl_module, GenerativeModel):
            self._draw(trainer, pl_module)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.fit_loop.total_batch_idx < 0:  # a new run, not one that goes on
            save_pictures(trainer, data_of(trainer).real_pictures(), "samples")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        missing = (trainer.fit_loop.total_batch_idx + 1) % self.every_n_batches != 0
        if missing and isinstance(pl_module, GenerativeModel):
            self._draw(trainer, pl_module)
        folder = run_folder(trainer)
        if folder is not None and trainer.is_global_zero:
            for pictures in (folder / "pictures").glob("*/"):
                write_film(pictures, pictures.with_suffix(".gif"))

    def _draw(self, trainer: Trainer, model: GenerativeModel) -> None:
        refresh_sampler(trainer, model)
        data, labels = data_of(trainer), as_many_of_each_label(model, self.num_samples)
        num_samples = self.num_samples if labels is None else len(labels)
        with isolate_rng():
            torch.manual_seed(self.seed)
            samples = data.unscale(torch.cat(list(drawn(model, num_samples, labels))))
        save_pictures(trainer, data.figures(samples, labels), "samples")


def write_film(pictures: Path, film: Path) -> None:
    """Put the PNGs of a folder one after the other into an animated GIF of at most 60 frames."""
    paths = sorted(pictures.glob("*.png"))
    if len(paths) < 2:
        return
    stride = -(-len(paths) // 60)
    frames = [
        Image.open(path).convert("P", palette=Image.Palette.ADAPTIVE)
        for path in paths[-1::-stride][::-1]
    ]
    durations = [200] * (len(frames) - 1) + [2000]  # milliseconds
    with replacing(film) as file:
        frames[0].save(file, save_all=True, append_images=frames[1:], duration=durations, loop=0)
