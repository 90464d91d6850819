"""Pictures of what an autoencoder keeps of points, and of its latent space."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from gan_lightning.callbacks.picture_files import save_pictures
from gan_lightning.callbacks.run_folder import data_of, tensorboard
from gan_lightning.errors import InputError
from gan_lightning.figures import (
    image_grid,
    image_pairs,
    interpolated,
    latent_scatter,
    plane_of_quantiles,
    traversed,
)
from gan_lightning.models import LatentModel

Pictures = dict[str, Figure | NDArray[np.uint8]]

NUM_STEPS = 11
"""Images on a traversal or an interpolation."""

LARGEST_THUMBNAIL = 32
"""Pixels of a side, of which TensorBoard's projector takes 8192 for all thumbnails."""


class LatentPictures(Callback):
    """Draws what can be seen of an autoencoder in validation points.

    Of images: reconstructions below their originals, interpolations between two, and traversals
    that move one latent unit after the other. Of a latent space of two dimensions: the latents by
    label, and of images the plane of what is decoded from it. At the end of ``fit`` the latents go
    to TensorBoard's projector, with thumbnails.

    Args:
        every_n_batches: Training batches between two pictures; one more is drawn at the end.
        num_points: Validation points at most, the first ones.
    """

    def __init__(self, every_n_batches: int = 1000, num_points: int = 1000) -> None:
        if every_n_batches < 1 or num_points < 2:
            raise InputError(
                "LatentPictures: every_n_batches must be positive and num_points at least 2, "
                f"found {every_n_batches} and {num_points}."
            )
        self.every_n_batches = every_n_batches
        self.num_points = num_points

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, LatentModel):
            raise InputError(
                f"LatentPictures: {type(pl_module).__name__} encodes and decodes nothing."
            )

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
        if trainer.is_global_zero and isinstance(pl_module, LatentModel):
            x, labels = self._points(trainer)
            _project(trainer, pl_module.encode(x, labels), x, labels)

    def _draw(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero or not isinstance(pl_module, LatentModel):
            return
        x, labels = self._points(trainer)
        with isolate_rng():
            pictures = dict(_drawn(trainer, pl_module, x, labels))
        save_pictures(trainer, pictures, "latents")

    def _points(self, trainer: Trainer) -> tuple[Tensor, Tensor]:
        """Return the first validation points and their labels."""
        batches, found = [], 0
        for batch in data_of(trainer).val_dataloader():
            batches.append(batch)
            found += len(batch[0])
            if found >= self.num_points:
                break
        x, labels = (torch.cat(values)[: self.num_points] for values in zip(*batches, strict=True))
        return x, labels


def _drawn(
    trainer: Trainer, model: LatentModel, x: Tensor, labels: Tensor
) -> Iterator[tuple[str, Figure | NDArray[np.uint8]]]:
    """Yield the pictures that there can be of such points and such a latent space."""
    unscale = data_of(trainer).unscale
    z = model.encode(x, labels)
    if model.latent_dim == 2:
        yield "scatter", latent_scatter(z.float().cpu(), labels.cpu())
    if x.dim() != 4:
        return
    first, last = slice(0, 10), slice(10, 20)
    pairs = min(len(z[first]), len(z[last]))
    yield (
        "reconstructions",
        image_pairs(unscale(x[:50]), unscale(model.decode(z[:50], labels[:50]))),
    )
    moved = traversed(z[0], z, 10, NUM_STEPS)
    decoded = model.decode(moved, labels[:1].repeat(len(moved)))
    yield "traversals", image_grid(unscale(decoded), NUM_STEPS)
    if pairs:
        lines = interpolated(z[first][:pairs], z[last][:pairs], NUM_STEPS)
        decoded = model.decode(lines, labels[:pairs].repeat_interleave(NUM_STEPS))
        yield "interpolations", image_grid(unscale(decoded), NUM_STEPS)
    if model.latent_dim == 2 and model.num_classes is None:
        yield "plane", image_grid(unscale(model.decode(plane_of_quantiles(20))), 20, margin=0)


def _project(trainer: Trainer, latents: Tensor, x: Tensor, labels: Tensor) -> None:
    """Put latents into TensorBoard's projector, images with thumbnails."""
    thumbnails = None
    if x.dim() == 4:
        images = data_of(trainer).unscale(x).float() / 255
        small = min(LARGEST_THUMBNAIL, images.shape[-1])
        thumbnails = interpolate(images, (small, small), mode="area")
    for board in tensorboard(trainer):
        board.add_embedding(
            latents.float().cpu(),
            metadata=labels.tolist(),
            label_img=thumbnails,
            global_step=trainer.fit_loop.total_batch_idx,
            tag="latents",
        )
