"""How many samples are copies of training images."""

import torch
from torch import Tensor

from gan_lightning.metrics.features import all_finite, as_rows, blocks

FALSE_POSITIVES = 0.001
"""Share of fresh real images that pass for copies."""


def memorised_share(generated: Tensor, training: Tensor, held_out: Tensor) -> Tensor:
    """Return the share of samples that are as near to a training row as fresh data hardly ever is.

    A sample counts if its distance to the nearest training row is at most the 0.1 % quantile of
    the same distance of held-out rows. The quantile, in place of the smallest distance, is for
    images that the data hold twice: a few of them in both sets do not make the bar 0, and where
    they do, exact copies still count. Fresh data have 1 in 1000, or 1 / (num_held_out + 1) if that
    is more; a memoriser has 1. The bar is low: data whose easiest rows lie close together hide
    copies that are disturbed. Distances that are not finite have the share NaN.

    Args:
        generated: Shape ``(num_generated, …)``.
        training: What the model was trained on, shape ``(num_training, …)``.
        held_out: Data of the same origin that it has never seen, shape ``(num_held_out, …)``.

    Raises:
        InputError: If a set is empty, or the dimensions differ.
    """
    generated, training, held_out = as_rows(
        1, dtype=torch.float32, generated=generated, training=training, held_out=held_out
    )
    distances = nearest_distances(generated, training)
    fresh = nearest_distances(held_out, training)
    if not all_finite(distances, fresh):
        return distances.new_tensor(torch.nan)
    bar = fresh.sort().values[int(FALSE_POSITIVES * (len(fresh) - 1))]
    return (distances <= bar).double().mean()


def nearest_distances(points: Tensor, reference: Tensor) -> Tensor:
    """Return the Euclidean distance of each point to the nearest one of a reference.

    The nearest one is searched for in float32, and its distance is taken in float64: that of equal
    points is exactly 0. Shape ``(num_points,)``.

    Args:
        points: Shape ``(num_points, …)``, of any type.
        reference: Shape ``(num_reference, …)``, of any type.

    Raises:
        InputError: If a set is empty, or the dimensions differ.
    """
    points, reference = as_rows(1, dtype=torch.float32, points=points, reference=reference)
    centre = reference.mean(0)  # large norms would cost digits of the search
    points, reference = points - centre, reference - centre
    norms = reference.square().sum(1)
    nearest = torch.empty(len(points), dtype=torch.int64, device=points.device)
    for part in blocks(points, len(reference)):
        nearest[part] = torch.addmm(norms, points[part], reference.T, alpha=-2).argmin(1)
    return (points - reference[nearest]).double().norm(dim=1)
