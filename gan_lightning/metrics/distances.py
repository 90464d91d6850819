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

    Example:
        >>> real = torch.tensor([[0.0], [1], [2], [3]])
        >>> ks_statistic(real, real + 2)  # two of four values below all of the others
        tensor([0.5000])
    """
    real_cdf, generated_cdf, _ = _empirical_cdfs(real, generated)
    statistics = (real_cdf - generated_cdf).abs().max(1).values
    return torch.where(real.isnan().any(0) | generated.isnan().any(0), torch.nan, statistics)


def wasserstein_distance(real: Tensor, generated: Tensor) -> Tensor:
    """Return the Wasserstein-1 distance of each column in units of the real standard deviation.

    The area between the two empirical distribution functions. A column that is constant in
    the real set keeps its unit.

    Args:
        real: Shape ``(num_real, num_columns)``.
        generated: Shape ``(num_generated, num_columns)``.

    Example:
        >>> real = torch.tensor([[-1.0], [1]])  # with a standard deviation of 1
        >>> wasserstein_distance(real, real + 3)
        tensor([3.])
    """
    real_cdf, generated_cdf, values = _empirical_cdfs(real, generated)
    area = ((real_cdf - generated_cdf).abs()[:, :-1] * values.diff(dim=1)).sum(1)
    std = real.std(0, correction=0)
    return area / torch.where(std > 0, std, 1.0)


def total_variation(real: Tensor, generated: Tensor) -> Tensor:
    """Return the total variation of each column's categories, in [0, 1].

    Half the sum of the absolute differences of their shares: 0 for equal shares, 1 for sets
    without a common category.

    Args:
        real: Indices of categories, shape ``(num_real, num_columns)``.
        generated: Shape ``(num_generated, num_columns)``.

    Example:
        >>> total_variation(torch.tensor([[0], [0], [1], [1]]), torch.tensor([[0], [0], [0], [1]]))
        tensor([0.2500])
    """
    variations = []
    for column in torch.cat([real, generated]).T:
        codes = column.unique(return_inverse=True)[1]
        parts = codes.split([len(real), len(generated)])
        shares = [part.bincount(minlength=len(codes)) / len(part) for part in parts]
        variations.append((shares[0] - shares[1]).abs().sum() / 2)
    return torch.stack(variations)


def _empirical_cdfs(real: Tensor, generated: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return both distribution functions at all observed values, each ``(num_columns, n + m)``."""
    values = torch.cat([real, generated]).T.sort(1).values.contiguous()
    cdfs = []
    for sample in (real, generated):
        ordered = sample.T.sort(1).values.contiguous()
        counts = torch.searchsorted(ordered, values, right=True)
        cdfs.append(counts.to(values.dtype) / len(sample))
    return cdfs[0], cdfs[1], values
