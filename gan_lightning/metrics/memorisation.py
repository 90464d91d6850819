"""How many samples are copies of training images or rows."""

from collections.abc import Iterable

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from gan_lightning.metrics.features import all_finite, as_rows, blocks

ONE_IN = 1000
"""One unseen row in this many passes for a copy, if enough rows are held out."""


def memorised_share(generated: Tensor, training: Tensor, held_out: Tensor) -> Tensor:
    """Return the share of samples that lie closer to a training row than nearly all unseen data.

    A sample counts if its distance to the nearest training row is at most the k-th smallest such
    distance of n held-out rows, with k = max(1, ⌊(n + 1) / 1000⌋). Unseen data have a share of k /
    (n + 1) on average: at most 1 in 1000 with 999 held-out rows or more, and 1 / (n + 1), the
    smallest share that can be resolved, with fewer. Duplicates in the data add to it. A model that
    memorises has 1. The k-th distance replaces the smallest one because of duplicates: fewer than k
    rows that occur in both sets do not lower the threshold to 0, and with more of them exact copies
    still count. The threshold is strict: where the data have rows that lie close together,
    perturbed copies go unnoticed. NaN if a distance is not finite.

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
    # Each of n + 1 distances of unseen rows is equally likely to be the one not held out.
    rank = max(1, (len(fresh) + 1) // ONE_IN)
    return (distances <= fresh.sort().values[rank - 1]).double().mean()


def closest_record_ratio(generated: Tensor, training: Tensor) -> Tensor:
    """Return how far samples are from training rows, relative to the distances among those.

    The mean distance of a sample to its closest training row over that of a training row to its
    closest other one: 0 for copies, about 1 for new rows of the same distribution. The reference
    needs no held-out rows and accounts for duplicates in the data. NaN if it is 0 or a value is not
    finite.

    Args:
        generated: Shape ``(num_generated, …)``.
        training: What the model was trained on, shape ``(num_training, …)``.

    Raises:
        InputError: If a set is empty, or the dimensions differ.
    """
    generated, training = as_rows(1, generated=generated, training=training)
    if len(training) < 2 or not all_finite(generated, training):
        return generated.new_tensor(torch.nan)
    neighbours = NearestNeighbors(n_neighbors=1).fit(training.cpu().numpy())
    reference = neighbours.kneighbors()[0].mean()  # of each row to its closest other
    distance = nearest_distances(generated, training).mean()
    return distance / (reference or torch.nan)


def closer_share(generated: Tensor, training: Tensor, held_out: Tensor) -> Tensor:
    """Return the share of samples that are nearer to training rows than to as many held-out ones.

    ½ for unseen rows, 1 for copies. The larger of the two sets is reduced to the size of the
    smaller one, at random but always in the same way; ties count half.

    Args:
        generated: Shape ``(num_generated, …)``.
        training: What the model was trained on, shape ``(num_training, …)``.
        held_out: Data of the same origin that it has never seen, shape ``(num_held_out, …)``.

    Raises:
        InputError: If a set is empty, or the dimensions differ.
    """
    size = min(len(training), len(held_out))
    generator = torch.Generator().manual_seed(0)
    distances = []
    for rows in (training, held_out):
        # Rows are sorted first: ranks gather them in different orders and must agree.
        order = torch.from_numpy(np.lexsort(rows.flatten(1).cpu().numpy().T))
        chosen = order[torch.randperm(len(rows), generator=generator)[:size]].to(rows.device)
        distances.append(nearest_distances(generated, rows[chosen]))
    nearer = (distances[0] < distances[1]).double() + (distances[0] == distances[1]) / 2
    return nearer.mean()


def nearest_distances(points: Tensor, reference: Tensor) -> Tensor:
    """Return the Euclidean distance of each point to the nearest one of a reference.

    The nearest one is found in float32 and its distance computed in float64, so that equal points
    are exactly 0 apart. Shape ``(num_points,)``.

    Args:
        points: Shape ``(num_points, …)``, of any type.
        reference: Shape ``(num_reference, …)``, of any type.

    Raises:
        InputError: If a set is empty, or the dimensions differ.
    """
    points, reference = as_rows(1, dtype=torch.float32, points=points, reference=reference)
    centre = reference.mean(0)  # large norms would cost precision
    points, reference = points - centre, reference - centre
    return (points - reference[_nearest(points, reference)]).double().norm(dim=1)


def nearest_rows(points: Tensor, reference: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the rows of a reference nearest to each point, and their Euclidean distances.

    Args:
        points: Shape ``(num_points, …)``, of any type.
        reference: Chunks of shape ``(num_reference, …)``; only one at a time is in memory.

    Returns:
        The nearest rows, unchanged, and the distances, float64 of shape ``(num_points,)``.
    """
    nearest = points.clone()
    distances = torch.full((len(points),), torch.inf, dtype=torch.float64)
    for chunk in reference:
        flat, rows = as_rows(1, dtype=torch.float32, points=points, reference=chunk)
        centre = rows.mean(0)
        flat, rows = flat - centre, rows - centre
        indices = _nearest(flat, rows)
        found = (flat - rows[indices]).double().norm(dim=1)
        closer = found < distances
        nearest[closer], distances[closer] = chunk[indices[closer]], found[closer]
    return nearest, distances


def _nearest(points: Tensor, reference: Tensor) -> Tensor:
    """Return the index of the nearest row of a reference, int64, shape ``(num_points,)``."""
    norms = reference.square().sum(1)
    nearest = torch.empty(len(points), dtype=torch.int64, device=points.device)
    for part in blocks(points, len(reference)):
        nearest[part] = torch.addmm(norms, points[part], reference.T, alpha=-2).argmin(1)
    return nearest
