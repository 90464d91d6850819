"""Distances between two sets of values, column by column."""

import torch
from torch import Tensor


def ks_statistic(real: Tensor, generated: Tensor) -> Tensor:
    """Return the two-sample Kolmogorov-Smirnov statistic of each column, in [0, 1].

    The largest difference between the two empirical distribution functions: 0 for equal samples,
    1 for samples that do not overlap. A column with a NaN has the statistic NaN.

    Args:
        real: Shape ``(num_real, num_columns)``.
        generated: Shape ``(num_generated, num_columns)``.
    """
    real_cdf, generated_cdf, _ = _empirical_cdfs(real, generated)
    statistics = (real_cdf - generated_cdf).abs().max(1).values
    return torch.where(generated.isnan().any(0), torch.nan, statistics)


def wasserstein_distance(real: Tensor, generated: Tensor) -> Tensor:
    """Return the Wasserstein-1 distance of each column in units of the real standard deviation.

    The area between the two empirical distribution functions. A constant real column keeps its
    own unit.

    Args:
        real: Shape ``(num_real, num_columns)``.
        generated: Shape ``(num_generated, num_columns)``.
    """
    real_cdf, generated_cdf, values = _empirical_cdfs(real, generated)
    area = ((real_cdf - generated_cdf).abs()[:, :-1] * values.diff(dim=1)).sum(1)
    std = real.std(0, correction=0)
    return area / torch.where(std > 0, std, 1.0)


def correlation_error(real: Tensor, generated: Tensor) -> Tensor:
    """Return the largest absolute difference of the two correlation matrices, in [0, 2], a scalar.

    A constant column correlates with nothing: its correlations are taken for 0.

    Args:
        real: Shape ``(num_real, num_columns)``, at least two rows.
        generated: Shape ``(num_generated, num_columns)``, at least two rows.
    """
    difference = _correlations(real) - _correlations(generated)
    return difference.fill_diagonal_(0).abs().max()


def _empirical_cdfs(real: Tensor, generated: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return both distribution functions at all observed values, each ``(num_columns, n + m)``."""
    values = torch.cat([real, generated]).T.sort(1).values.contiguous()
    cdfs = []
    for sample in (real, generated):
        ordered = sample.T.sort(1).values.contiguous()
        counts = torch.searchsorted(ordered, values, right=True)
        cdfs.append(counts.to(values.dtype) / len(sample))
    return cdfs[0], cdfs[1], values


def _correlations(sample: Tensor) -> Tensor:
    # A constant column is exactly 0 after the first line; the mean alone leaves round-off.
    centred = sample - sample[:1]
    centred = centred - centred.mean(0)
    norms = centred.norm(dim=0)
    unit = centred / torch.where(norms > 0, norms, 1.0)
    return unit.T @ unit
