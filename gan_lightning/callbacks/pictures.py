"""Pictures of samples at an interval."""

from pathlib import Path
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT
from PIL import Image
from torch import Tensor

from gan_lightning.callbacks.contracts import (
    ConditionalSampler,
    can_sample,
    data_of,
    draw,
    draw_given,
    is_conditional,
)
from gan_lightning.callbacks.picture_files import save_pictures
from gan_lightning.callbacks.run_folder import run_folder
from gan_lightning.callbacks.sampler_fit import refresh_sampler
from gan_lightning.errors import InputError


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
        if due and can_sample(pl_module):
            self._draw(trainer, pl_module)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.fit_loop.total_batch_idx < 0:  # a new run, not one that goes on
            save_pictures(trainer, data_of(trainer).real_pictures(), "samples")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        missing = (trainer.fit_loop.total_batch_idx + 1) % self.every_n_batches != 0
        if missing and can_sample(pl_module):
            self._draw(trainer, pl_module)
        folder = run_folder(trainer)
        if folder is not None and trainer.is_global_zero:
            for pictures in (folder / "pictures").glob("*/"):
                write_film(pictures, pictures.with_suffix(".gif"))

    def _draw(self, trainer: Trainer, pl_module: LightningModule) -> None:
        refresh_sampler(trainer, pl_module)
        data, labels = data_of(trainer), self._labels(pl_module)
        with isolate_rng():
            torch.manual_seed(self.seed)
            chunks = (
                draw(pl_module, self.num_samples)
                if labels is None
                else draw_given(pl_module, labels)
            )
            samples = data.unscale(torch.cat(list(chunks)))
        save_pictures(trainer, data.figures(samples, labels), "samples")

    def _labels(self, model: LightningModule) -> Tensor | None:
        if not is_conditional(model):
            return None
        num_classes = cast(ConditionalSampler, model).num_classes
        return torch.arange(num_classes).repeat_interleave(-(-self.num_samples // num_classes))


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
    frames[0].save(film, save_all=True, append_images=frames[1:], duration=durations, loop=0)
