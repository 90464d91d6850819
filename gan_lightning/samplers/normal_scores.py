"""Values and categories as normal scores, and back."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

Scores = Tensor
"""Normal scores: each value as the same quantile of N(0, 1), ``(num_rows, num_columns)``."""

NUM_QUANTILES = 64
"""Quantiles of each measured column and label, at evenly spaced normal scores."""

REACH = 3.5
"""Normal scores of the outermost quantiles."""

MOST_KERNELS = 300
"""Values from which a column's density is estimated; quantiles stand in for more."""

BANDWIDTH = 1.06
"""Width of the widest kernels, in units of σ n^(-1/5): the optimum for a normal density."""

NEAR = 4.0
"""Width of a kernel, in distances to the √n-th nearest value: narrow where values are dense."""

SWEEPS = 5
"""Gibbs sweeps over the places of given categories: they depend on each other weakly."""


def smooth_quantiles(ordered: Tensor) -> Tensor:
    """Return the quantiles of a density of Gaussian kernels that are wide where values are sparse.

    The width of a kernel follows the distance to near values (Breiman et al., 1977): spikes, gaps
    and long tails are kept. A wide kernel is moved towards the mean, so that the variance is not
    inflated (Silverman, 1986, Section 6.4.1). The density ends at the outermost values, and kernels
    are reflected there: beyond may lie other labels, or impossible values.

    Args:
        ordered: Ascending values, float64, shape ``(num_values,)``.
    """
    size = min(len(ordered), MOST_KERNELS)
    middle = (torch.arange(size, dtype=torch.float64) + 0.5) / size * len(ordered)
    kernels = ordered[middle.long()]
    deviation = kernels.std(correction=0)
    if not deviation > 0:
        return kernels[:1].expand(NUM_QUANTILES)
    low, high = ordered[0], ordered[-1]
    widest = BANDWIDTH * len(ordered) ** -0.2 * deviation
    widths = (NEAR * _near_distances(kernels)).clamp(1e-9 * deviation, widest)
    shrinkage = (1 + (widths / deviation).square()).rsqrt()
    kernels = torch.lerp(kernels.mean(), kernels, shrinkage)
    widths = widths * shrinkage
    around = kernels + widths * torch.linspace(-4, 4, 9, dtype=torch.float64)[:, None]
    points = torch.cat(
        [low + (high - low) * torch.linspace(0, 1, 400, dtype=torch.float64), around.flatten()]
    )
    points = points.clamp(low, high).unique()
    below, at, above = (
        torch.special.ndtr((ends[:, None] - kernels) / widths).mean(1)
        for ends in (2 * low - points, points, 2 * high - points)
    )
    wanted = torch.special.ndtr(torch.linspace(-REACH, REACH, NUM_QUANTILES, dtype=torch.float64))
    levels = at - below + 1 - above
    return torch.from_numpy(np.interp(wanted.numpy(), levels.numpy(), points.numpy()))


def _near_distances(ordered: Tensor) -> Tensor:
    """Return the distance of each value to the √n-th nearest other one."""
    count = min(max(2, round(len(ordered) ** 0.5)), len(ordered) - 1)
    ends = torch.full((count,), torch.inf, dtype=ordered.dtype)
    padded = torch.cat([-ends, ordered, ends])
    windows = padded.unfold(0, count + 1, 1)  # each holds a value and as many others
    nearest = torch.full_like(ordered, torch.inf)
    for place in range(count + 1):
        start = count - place
        first, last = (windows[start : start + len(ordered), end] for end in (0, -1))
        nearest = nearest.minimum(torch.maximum(ordered - first, last - ordered))
    return nearest


def latin_hypercube(draw: Callable[[], Scores], labels: Tensor) -> Scores:
    """Draw scores that fall into equal parts of N(0, 1) equally often within each label.

    A Latin hypercube that keeps the ranks of the scores, and so their dependence (Packham &
    Schmidt, 2010): each row keeps its distribution, and a set of rows follows it more closely. In
    an exported graph rows are independent, and are drawn one by one.

    Args:
        draw: Draws scores of rows, shape ``(num_rows, num_columns)``: once for their ranks, and
            once for their places within a part, which a single row uses as they are.
        labels: The label of each row, shape ``(num_rows,)``.
    """
    if has_torch_function((labels,)):
        return handle_torch_function(latin_hypercube, (labels,), draw, labels)
    scores, places = draw(), draw()
    order = scores.argsort(0)
    by_label = order.gather(0, labels[order].argsort(dim=0, stable=True))
    counts = labels.bincount()
    firsts = counts.cumsum(0) - counts
    position = torch.arange(len(scores), device=scores.device)[:, None].expand_as(scores)
    rank = torch.empty_like(order).scatter_(0, by_label, position) - firsts[labels, None]
    wide = torch.promote_types(places.dtype, torch.float32)  # bfloat16 has no such levels
    level = (rank + torch.special.ndtr(places.to(wide))) / counts[labels, None]
    return torch.special.ndtri(level.clamp(1e-9, 1 - 1e-9)).to(places.dtype)


def placed_scores(edges: Tensor, correlation: Tensor) -> Scores:
    """Draw scores of given cells: a number has its own, a category one between two levels.

    The score of a category between them depends on the other cells. Drawn independently of them,
    it would count as information, and add noise to whatever is inferred from it.

    Args:
        edges: Levels between which each cell lies, shape ``(2, num_rows, num_cells)``.
        correlation: Correlation of the cells' scores.
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
