"""How a latent space looks."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from torch import Tensor

from gan_lightning.figures.images import image_grid
from gan_lightning.figures.palette import CATEGORIES, plain, styled
from gan_lightning.figures.scene import Scene

MOST_NAMES = 20
"""The largest number of labels in a legend."""

FARTHEST = 2.5
"""Standard deviations from a unit's mean to either end of its traversal."""


def image_pairs(above: Tensor, below: Tensor, per_row: int = 10) -> NDArray[np.uint8]:
    """Return pixels of images with their counterparts directly below them.

    Args:
        above: uint8, shape ``(num_images, channels, height, width)``.
        below: Of the same shape.
        per_row: Pairs in a row.
    """
    rows = zip(above.split(per_row), below.split(per_row), strict=True)
    complete = [torch.cat(row) for row in rows if len(row[0]) == min(per_row, len(above))]
    return image_grid(torch.cat(complete), min(per_row, len(above)))


@styled()
def latent_scatter(latents: Tensor, labels: Tensor, names: Sequence[str] | None = None) -> Scene:
    """Scatter latents in the plane, coloured by their labels.

    Args:
        latents: Shape ``(num_points, 2)``.
        labels: int64, shape ``(num_points,)``.
        names: Names of the labels; by default they are numbers.
    """
    scene = Scene(6.4, 5.4)
    axis = scene.subplots()
    found = labels.unique().tolist()
    many = len(found) > len(CATEGORIES)
    colors = list(colormaps["tab20"](range(20)) if many else CATEGORIES)
    handles = []
    for i, label in enumerate(found):
        chosen, color = latents[labels == label], colors[i % len(colors)]
        axis.scatter(chosen[:, 0], chosen[:, 1], s=7, alpha=0.7, linewidths=0, color=color)
        name = str(label) if names is None else plain(str(names[label]))
        handles.append(Line2D([], [], marker="o", linestyle="none", color=color, label=name))
    axis.set(aspect="equal", xlabel="z₁", ylabel="z₂")
    scene.legend(handles=handles[:MOST_NAMES], loc="outside right upper", title="label")
    scene.say(f"{len(latents)} latents")
    return scene


def plane_of_quantiles(num_steps: int) -> Tensor:
    """Return latents in the plane at even quantiles of N(0, I), shape ``(num_steps², 2)``.

    They are the inverse normal distribution function of a regular grid in the unit square, from
    the upper left to the lower right, in rows (Kingma & Welling, 2014, Appendix A).
    """
    quantiles = torch.special.ndtri((torch.arange(num_steps) + 0.5) / num_steps)
    rows, columns = torch.meshgrid(-quantiles, quantiles, indexing="ij")
    return torch.stack([columns, rows], 2).flatten(0, 1)


def interpolated(first: Tensor, last: Tensor, num_steps: int) -> Tensor:
    """Return latents on straight lines, shape ``(num_lines * num_steps, latent_dim)``.

    Args:
        first: Where the lines start, shape ``(num_lines, latent_dim)``.
        last: Where they end.
        num_steps: Latents on each, including both ends.
    """
    shares = torch.linspace(0, 1, num_steps, device=first.device)[:, None]
    lines = first[:, None] * (1 - shares) + last[:, None] * shares
    return lines.flatten(0, 1)


def most_varying(latents: Tensor, num_units: int) -> list[int]:
    """Return the ``num_units`` units of latents that vary most, in descending order."""
    return latents.std(0).argsort(descending=True)[:num_units].tolist()


def traversed(start: Tensor, latents: Tensor, num_units: int, num_steps: int) -> Tensor:
    """Return copies of a latent with one unit moved in each, the units that vary most first.

    Args:
        start: The latent, shape ``(latent_dim,)``.
        latents: Latents of data, shape ``(num_points, latent_dim)``; a unit moves from 2.5 standard
            deviations below their mean to 2.5 above.
        num_units: Units to move; all if there are fewer.
        num_steps: Latents for each unit.

    Returns:
        Shape ``(num_units * num_steps, latent_dim)``.
    """
    spread, mean = torch.std_mean(latents, 0)
    units = most_varying(latents, num_units)
    steps = torch.linspace(-FARTHEST, FARTHEST, num_steps, device=start.device)
    moved = start.repeat(len(units), num_steps, 1)
    for row, unit in zip(moved, units, strict=True):
        row[:, unit] = mean[unit] + steps * spread[unit]
    return moved.flatten(0, 1)
