"""The kernel distance of two sets of features."""

import torch
from torch import Tensor

from gan_lightning.metrics.features import all_finite, as_rows, blocks


def kernel_distance(real: Tensor, generated: Tensor) -> Tensor:
    """Return the squared maximum mean discrepancy (KID) of both sets, a scalar.

    Bińkowski et al., 2018, Equation 4, with the kernel (x·y / dimensions + 1)³. The estimate is
    unbiased: equal distributions have 0 on average, and values may be negative. It uses all pairs
    and is therefore deterministic: papers report the mean of the same estimate over random subsets
    of 1 000 rows, which has the same expectation and more noise. Papers use the features of
    Inception as they are; others need a root mean square of 1 (see ``normalised``), else one term
    of the kernel drowns the others in noise. NaN if a feature is not finite.

    Args:
        real: Shape ``(num_real, …)``, at least two rows.
        generated: Shape ``(num_generated, …)``, at least two rows.

    Raises:
        InputError: If a set has fewer than two rows, or the dimensions differ.
    """
    real, generated = as_rows(2, real=real, generated=generated)
    if not all_finite(real, generated):
        return real.new_tensor(torch.nan)
    total = real.new_zeros(())
    for part in blocks(real, len(generated)):
        total += _kernel(real[part], generated).sum()
    across = total / (len(real) * len(generated))
    return _mean_within(real) + _mean_within(generated) - 2 * across


def _mean_within(rows: Tensor) -> Tensor:
    """Return the mean kernel of all pairs of two different rows."""
    total = rows.new_zeros(())
    for part in blocks(rows, len(rows)):
        kernel = _kernel(rows[part], rows[part.start :])  # each pair once, and mirrored
        own = kernel[:, : len(kernel)]
        total += 2 * kernel.sum() - own.sum() - own.trace()
    return total / (len(rows) * (len(rows) - 1))


def _kernel(rows: Tensor, others: Tensor) -> Tensor:
    one = rows.new_ones(())
    return torch.addmm(one, rows, others.T, alpha=1 / rows.shape[1]).pow_(3)
