"""The output files of ``interpolate`` and ``project``, and the points to project."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_lightning.cli.outputs import check_output
from gan_lightning.data import DataModule, Split
from gan_lightning.data.image_files import ImageReader, reason
from gan_lightning.data.image_units import ImageUnits
from gan_lightning.errors import InputError
from gan_lightning.figures import (
    captioned,
    image_grid,
    image_pairs,
    magnification,
    write_animation,
)
from gan_lightning.files import replacing
from gan_lightning.models import GenerativeModel
from gan_lightning.walks import Projection

STEP = 90
"""Milliseconds for which a step of a walk is shown; its ends are shown five times as long."""


def check_walk(data: DataModule, path: Path) -> None:
    """Refuse an output of an unknown format; a walk of images may be a GIF."""
    if not (isinstance(data.units, ImageUnits) and path.suffix.lower() == ".gif"):
        check_output(data.units, path)


def write_walks(walks: Sequence[Tensor], data: DataModule, path: Path, rows: Sequence[str]) -> None:
    """Write the points of walks in the data's own units.

    Args:
        walks: Points of each walk in the model's scale, shape ``(num_steps, *data_shape)``.
        data: The data, for their units.
        path: ``.png`` for a grid of images with a row for each walk, ``.gif`` for all walks at
            once, there and back; any other format of samples holds one walk after the other.
        rows: Names of the walks; empty for none.
    """
    points = [data.unscale(walk) for walk in walks]
    ending = path.suffix.lower()
    if not isinstance(data.units, ImageUnits) or ending not in (".png", ".gif"):
        with replacing(path) as file:
            data.write(points, file)
        return
    times = magnification(points[0].shape[-1])
    if ending == ".png":
        shares = [f"{share:.1f}" for share in np.linspace(0, 1, len(points[0]))]
        grid = image_grid(torch.cat(points), len(points[0]))
        title = "Interpolations between the latents of two samples"
        with replacing(path) as file:
            Image.fromarray(captioned(grid, title, rows, shares, times)).save(file)
        return
    steps = [image_grid(torch.stack(images)) for images in zip(*points, strict=True)]
    there = [Image.fromarray(captioned(grid, times=times)) for grid in steps]
    shown = [5 * STEP, *[STEP] * (len(there) - 2), 5 * STEP]
    write_animation(there + there[-2:0:-1], shown + shown[-2:0:-1], path)


def points_to_project(
    data: DataModule, num_points: int, images: str | None, labels: Tensor | None
) -> Split:
    """Return points in the model's scale and their labels, from files or held-out data.

    Raises:
        InputError: If a file holds no image, or if the data are not images.
    """
    if images is None:
        data.prepare_data()
        data.setup("fit")
        found = data.val
        return Split(data.scale(found.x[:num_points]), found.labels[:num_points])
    if not isinstance(data.units, ImageUnits):
        raise InputError("--images: expected a model of images, found one of other data.")
    channels, size, _ = data.data_shape
    reader = ImageReader(channels, size)
    pixels = []
    for name in images.split(","):
        try:
            pixels.append(reader(Path(name)).pixels)
        except Exception as error:
            raise InputError(f"--images: {name} cannot be read: {reason(error)}.") from error
    known = torch.zeros(len(pixels), dtype=torch.int64) if labels is None else labels
    return Split(data.units.scale(torch.stack(pixels)), known[: len(pixels)])


def write_projection(found: Projection, data: DataModule, path: Path) -> None:
    """Write a grid of points above their projections, or only projections in another format."""
    above, below = data.unscale(found.points), data.unscale(found.made)
    with replacing(path) as file:
        if not isinstance(data.units, ImageUnits) or path.suffix.lower() != ".png":
            data.write(below, file)
            return
        rows = ["input", "output"] * max(len(above) // 10, 1)
        title = f"Images above their projections\n{error_of(found, data)}"
        grid = image_pairs(above, below)
        times = magnification(above.shape[-1])
        Image.fromarray(captioned(grid, title, rows, times=times)).save(file)


def error_of(found: Projection, data: DataModule) -> str:
    """Return the distance of projections from their points, in words."""
    error = float(found.errors.mean())
    if isinstance(data.units, ImageUnits):
        levels = error * (255 if data.units.value_range == "[0, 1]" else 127.5)
        return f"{levels:.0f} of 255 grey levels apart (root mean square)"
    return f"{error:.3g} apart in the model's scale (root mean square)"


def need_latents(model: GenerativeModel, command: str) -> None:
    """Refuse a model without latents.

    Raises:
        InputError: If it has none.
    """
    if not model.has_latents:
        raise InputError(f"{command}: {type(model).__name__} has no latents to walk through.")
