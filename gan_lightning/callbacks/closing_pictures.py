"""Pictures that are drawn once, at the end of training."""

from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor

from gan_lightning.callbacks.picture_files import around, framed
from gan_lightning.data import DataModule
from gan_lightning.figures import image_grid, image_pairs
from gan_lightning.metrics import nearest_rows
from gan_lightning.models import GenerativeModel, LatentModel
from gan_lightning.walks import interpolations

NUM_NEIGHBOURS = 20
"""Samples shown with their nearest training images."""

NUM_ROWS = 8
"""Samples shown with their nearest training rows."""

NUM_LINES, NUM_STEPS = 8, 11
"""Interpolations, and the number of images on each."""


def closing_pictures(data: DataModule, model: GenerativeModel) -> Iterator[tuple[str, Image.Image]]:
    """Yield samples beside the nearest training points and, for images, interpolations.

    For autoencoders, ``LatentPictures`` draws interpolations between real images.
    """
    if len(data.data_shape) != 3:
        picture = data.neighbours(data.unscale(model.sample(NUM_ROWS)))
        if picture is not None:
            yield "neighbours", framed(picture, data)
        return
    samples = data.unscale(model.sample(NUM_NEIGHBOURS))
    neighbours, distances = nearest_images(data, samples)
    yield (
        "neighbours",
        around(
            image_pairs(samples, neighbours),
            data,
            "Samples, and the training images nearest to them\n"
            f"{distances.mean():.0f} of 255 grey levels apart (root mean square)",
            ["sample", "nearest"] * (NUM_NEIGHBOURS // 10),
        ),
    )
    if model.has_latents and not isinstance(model, LatentModel):
        lines = torch.cat(list(interpolations(model, NUM_LINES, NUM_STEPS)))
        yield (
            "interpolations",
            around(
                image_grid(data.unscale(lines), NUM_STEPS),
                data,
                "Interpolations between the latents of two samples",
            ),
        )


def nearest_images(data: DataModule, samples: Tensor) -> tuple[Tensor, Tensor]:
    """Return the training image nearest to each sample, and their difference in grey levels.

    Args:
        data: Images.
        samples: Bytes, shape ``(num_samples, channels, height, width)``.

    Returns:
        Bytes of the same shape, and the root mean square of the differences, ``(num_samples,)``.
    """
    chunks = map(data.from_stored, data.train.x.split(4096))
    nearest, distances = nearest_rows(samples, chunks)
    return nearest, distances / samples[0].numel() ** 0.5
