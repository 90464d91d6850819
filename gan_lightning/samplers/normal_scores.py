"""Values and categories as numbers of N(0, 1), and back."""

import numpy as np
import torch
from torch import Tensor

Scores = Tensor
"""Normal scores: the quantile of each value as a number of N(0, 1), ``(num_rows, num_columns)``."""

NUM_QUANTILES = 64
"""Quantiles of each measured value and label, at even normal scores."""

REACH = 3.5
"""Normal scores of the outermost quantiles."""

MOST_KERNELS = 1000
"""Values that a column's density is estimated from; of more, quantiles stand for all."""

BANDWIDTH = 0.7
"""Of the kernels, in units of σ n^(-1/5): Silverman's rule, 1.06, smears what is not normal."""

SWEEPS = 5
"""Gibbs sweeps over the places of given categories: they depend on each other weakly."""


def smooth_quantiles(ordered: Tensor) -> Tensor:
    """Return the quantiles of a density of Gaussian kernels, about as wide as the values.

    It ends where the values do, and what the kernels reach beyond is reflected: other labels may
    lie there, or nothing that can be.

    Args:
        ordered: Values, not falling, float64, shape ``(num_values,)``.
    """
    size = min(len(ordered), MOST_KERNELS)
    middle = (torch.arange(size, dtype=torch.float64) + 0.5) / size * len(ordered)
    kernels = ordered[middle.long()]
    deviation, mean = torch.std_mean(kernels, correction=0)
    if not deviation > 0:
        return kernels[:1].expand(NUM_QUANTILES)
    low, high = kernels[0], kernels[-1]
    width = BANDWIDTH * len(ordered) ** -0.2  # of σ
    shrunk = (1 + width**2) ** -0.5
    kernels, bandwidth = mean + (kernels - mean) * shrunk, width * shrunk * deviation
    points = low + (high - low) * torch.linspace(0, 1, 400, dtype=torch.float64)
    below, at, above = (
        torch.special.ndtr((ends[:, None] - kernels) / bandwidth).mean(1)
        for ends in (2 * low - points, points, 2 * high - points)
    )
    wanted = torch.special.ndtr(torch.linspace(-REACH, REACH, NUM_QUANTILES, dtype=torch.float64))
    levels = at - below + 1 - above
    return torch.from_numpy(np.interp(wanted.numpy(), levels.numpy(), points.numpy()))


def placed_scores(edges: Tensor, correlation: Tensor) -> Scores:
    """Draw scores of given cells: a number has its own, a category one between two levels.

    Where a category stands between them depends on the other cells. Placed without regard to
    them, it would pass for news, and what follows from it would be noise.

    Args:
        edges: Levels between which each cell lies, shape ``(2, num_rows, num_cells)``.
        correlation: Of the cells' scores.
    """
    low, high = edges.clamp(1e-3, 1 - 1e-3)
    scores = torch.special.ndtri(torch.lerp(low, high, torch.rand_like(low)))
    precision = torch.linalg.inv(correlation)
    free = (low < high).any(0).nonzero().flatten().tolist()
    ends = torch.special.ndtri(low), torch.special.ndtri(high)
    for _ in range(SWEEPS if len(precision) > 1 else 0):
        for cell in free:
            sharpness = precision[cell, cell]
            mean = scores[:, cell] - scores @ precision[cell] / sharpness
            first, last = (
                torch.special.ndtr((end[:, cell] - mean) * sharpness.sqrt()) for end in ends
            )
            level = torch.lerp(first, last, torch.rand_like(mean)).clamp(1e-9, 1 - 1e-9)
            drawn = mean + torch.special.ndtri(level) / sharpness.sqrt()
            scores[:, cell] = torch.clamp(drawn, ends[0][:, cell], ends[1][:, cell])
    return scores
