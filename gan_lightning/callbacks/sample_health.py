"""Two measures of samples that need no features: how much they vary, and how new they are."""

import torch
from lightning.pytorch.utilities.seed import isolate_rng
from torch import Tensor

from gan_lightning.data import DataModule
from gan_lightning.metrics import nearest_distances, random_order
from gan_lightning.models import GenerativeModel
from gan_lightning.sampling import drawn

MOST_TRAINING_POINTS = 10_000
"""Training points that suffice to detect copying."""

MOST_PRODUCTS = 1e9
"""Multiplications that finding copies may take: a second on a slow core."""

MOST_COMPARED = 1000
"""Points of each set whose variation is compared."""


def spread(samples: Tensor, real: Tensor) -> float:
    """Return how much samples vary relative to real points: 1 is right, 0 is a single point.

    The ratio of standard deviations, at most 1, averaged over the numbers of a point; numbers that
    are constant in the real points do not count. NaN if none varies.

    Args:
        samples: Shape ``(num_samples, …)``; NaN is a missing cell.
        real: Shape ``(num_real, …)``.
    """
    deviations = [
        _deviation(points[:: -(-len(points) // MOST_COMPARED)]) for points in (samples, real)
    ]
    varies = deviations[1] > 1e-8
    ratios = deviations[0][varies] / deviations[1][varies]
    return float(ratios.clamp(max=1).nanmean())


def novelty(model: GenerativeModel, data: DataModule) -> float | None:
    """Return how far samples are from training points, relative to held-out points.

    1 for new points, 0 for copies: the ratio of the median distances to the nearest training point,
    in the model's scale. None if no points are held out, or if half of them are copies too.
    """
    if data.val is data.train:
        return None
    rows = _some(data.train.x, MOST_TRAINING_POINTS)
    count = max(20, min(500, int(MOST_PRODUCTS / (2 * max(1, rows.numel())))))
    with isolate_rng():
        torch.manual_seed(0)
        samples = torch.cat(list(drawn(model, count))).float().cpu()
    # Data modules may scale on the training device.
    training, held_out = (data.scale(x).cpu() for x in (rows, _some(data.val.x, count)))
    # If only a share of the training points is searched, only that share of the copies finds its
    # original there.
    half = 0.5 * len(rows) / len(data.train.x)
    distances = [nearest_distances(points, training) for points in (samples, held_out)]
    if not all(bool(d.isfinite().all()) for d in distances):
        return None
    near, fresh = (float(d.quantile(half)) for d in distances)
    return near / fresh if fresh > 0 else None


def _deviation(points: Tensor) -> Tensor:
    points = points.flatten(1).float()
    mean = points.nanmean(0)
    return (points - mean).square().nanmean(0).sqrt()


def _some(points: Tensor, count: int) -> Tensor:
    return points[random_order(len(points))[:count]]
