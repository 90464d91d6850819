"""Pictures of an autoencoder's reconstructions and latent space."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from gan_lightning.callbacks.intervals import is_due
from gan_lightning.callbacks.picture_files import around, framed, save_pictures
from gan_lightning.callbacks.run_folder import data_of, tensorboard
from gan_lightning.data import DataModule
from gan_lightning.errors import InputError
from gan_lightning.figures import (
    FARTHEST,
    image_grid,
    image_pairs,
    latent_scatter,
    most_varying,
    plane_of_quantiles,
    traversed,
)
from gan_lightning.models import LatentModel

NUM_STEPS = 11
"""Images in a traversal or an interpolation."""

LARGEST_THUMBNAIL = 32
"""Side of a thumbnail in pixels; TensorBoard's projector accepts 8192 for all together."""


class LatentPictures(Callback):
    """Draws an autoencoder's reconstructions of validation points and its latent space.

    For images: reconstructions below their originals, interpolations between two, and traversals
    that move one latent unit at a time. For a two-dimensional latent space: the latents by label
    and, for images, the plane of decoded latents. At the end of ``fit`` the latents go to
    TensorBoard's projector, with thumbnails.

    Args:
        every_n_batches: Training batches between two pictures; after 100 of them the interval
            doubles whenever the run is twice as long. One more is drawn at the end.
        num_points: The first validation points, at most this many.
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
                f"LatentPictures: {type(pl_module).__name__} has no encoder and no decoder."
            )

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if is_due(trainer.fit_loop.total_batch_idx + 1, self.every_n_batches):
            self._draw(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not is_due(trainer.fit_loop.total_batch_idx + 1, self.every_n_batches):
            self._draw(trainer, pl_module)
        if trainer.is_global_zero and isinstance(pl_module, LatentModel):
            x, labels = self._points(trainer)
            _project(trainer, pl_module.encode(x, labels), x, labels)

    def _draw(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero or not isinstance(pl_module, LatentModel):
            return
        x, labels = self._points(trainer)
        with isolate_rng():
            pictures = dict(_drawn(data_of(trainer), pl_module, x, labels))
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
    data: DataModule, model: LatentModel, x: Tensor, labels: Tensor
) -> Iterator[tuple[str, Image.Image]]:
    """Yield the pictures that suit these points and this latent space."""
    z = model.encode(x, labels)
    if model.latent_dim == 2:
        scatter = latent_scatter(z.float().cpu(), labels.cpu(), data.label_names)
        yield "scatter", framed(scatter, data)
    if x.dim() != 4:
        return
    yield "reconstructions", _reconstructions(data, model, x[:50], labels[:50])
    yield "traversals", _traversals(data, model, z, labels)
    if len(z) > 10:
        yield "interpolations", _interpolations(data, model, z[:20], labels[:20])
    if model.latent_dim == 2 and model.num_classes is None:
        plane = image_grid(data.unscale(model.decode(plane_of_quantiles(20))), 20, margin=0)
        yield (
            "plane",
            around(plane, data, "The plane of latents, by normal quantiles"),
        )


def _reconstructions(
    data: DataModule, model: LatentModel, x: Tensor, labels: Tensor
) -> Image.Image:
    pixels = image_pairs(data.unscale(x), data.unscale(model.reconstruct(x, labels)))
    rows = ["input", "output"] * max(len(x) // 10, 1)
    return around(pixels, data, "Validation images above their reconstructions", rows)


def _traversals(data: DataModule, model: LatentModel, z: Tensor, labels: Tensor) -> Image.Image:
    moved = traversed(z[0], z, 10, NUM_STEPS)
    decoded = model.decode(moved, labels[:1].repeat(len(moved)))
    return around(
        image_grid(data.unscale(decoded), NUM_STEPS),
        data,
        "One latent unit at a time, moved by standard deviations",
        [f"z{unit}" for unit in most_varying(z, 10)],
        [_signed(x) for x in np.linspace(-FARTHEST, FARTHEST, NUM_STEPS)],
    )


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−") if number else "0"


def _interpolations(data: DataModule, model: LatentModel, z: Tensor, labels: Tensor) -> Image.Image:
    pairs = min(10, len(z) - 10)
    lines = model.latents_between(z[:pairs], z[10 : 10 + pairs], NUM_STEPS).flatten(0, 1)
    decoded = model.decode(lines, labels[:pairs].repeat_interleave(NUM_STEPS))
    return around(
        image_grid(data.unscale(decoded), NUM_STEPS),
        data,
        "Interpolations between the latents of two validation images",
    )


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
