"""Walks through a model's latents, and projections of real points."""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.models import GenerativeModel


class Projection(NamedTuple):
    """Points, and the nearest ones that a model can generate."""

    points: Tensor
    """In the model's scale, shape ``(num_points, *data_shape)``."""
    made: Tensor
    """Likewise."""
    errors: Tensor
    """Root mean squares of the differences, shape ``(num_points,)``."""


def interpolations(
    model: GenerativeModel,
    num_lines: int,
    num_steps: int,
    labels: Tensor | None = None,
) -> Iterator[Tensor]:
    """Yield the points along paths between latents, each shaped ``(num_steps, *data_shape)``.

    Args:
        model: The model.
        num_lines: Number of paths.
        num_steps: Points on each, including both ends.
        labels: A label for each path, of a model that knows labels; drawn by default.

    Raises:
        InputError: If the model has no latents, or if there are too few paths or steps.
    """
    if num_lines < 1 or num_steps < 2:
        raise InputError(
            "Expected at least 1 line and 2 steps of an interpolation, found "
            f"{num_lines} and {num_steps}."
        )
    labels = model.asked_labels(num_lines, labels)
    first = model.draw_latents(num_lines, labels)
    last = model.draw_latents(num_lines, labels)
    for i, path in enumerate(model.latents_between(first, last, num_steps)):
        asked = None if labels is None else labels[i].expand(num_steps)
        yield model.points_of(path, asked)


def projection(model: GenerativeModel, x: Tensor, labels: Tensor | None = None) -> Projection:
    """Return the points of a model that are nearest to given ones, by searching its latents.

    An autoencoder encodes them and a flow is followed backwards; a generator's latents are searched
    for by gradient descent.

    Args:
        model: The model.
        x: Points in the model's scale, shape ``(num_points, *data_shape)``.
        labels: One for each, of a model that knows labels.

    Raises:
        InputError: If the model has no latents.
    """
    known = None if model.num_classes is None else labels
    z = model.project(x, known)
    made = model.points_of(z, known).detach()
    errors = (made.cpu() - x.cpu()).float().square().flatten(1).mean(1).sqrt()
    return Projection(x.cpu(), made.cpu(), errors)
