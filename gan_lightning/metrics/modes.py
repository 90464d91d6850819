"""How samples are spread over the modes of a distribution."""

import torch
from scipy.stats import binom
from torch import Tensor


def reverse_kl(counts: Tensor, weights: Tensor) -> Tensor:
    """Return KL(samples ‖ truth) of the histogram of modes, in nats, a scalar of at least 0.

    Reverse because the truth stands on the right (Srivastava et al., 2017; Lin et al., 2018): 0 if
    every mode has its share, log(k) for all samples in one of k equal modes. Each sample counts for
    one mode, whatever its quality, as on Stacked MNIST, where the classifier has no class for bad
    digits.

    Args:
        counts: Samples in each mode, shape ``(num_modes,)``.
        weights: The modes' true probabilities, shape ``(num_modes,)``.

    Example:
        >>> reverse_kl(torch.tensor([10, 0]), torch.tensor([0.5, 0.5]))  # one of two modes: log 2
        tensor(0.6931, dtype=torch.float64)
    """
    shares = counts.double() / counts.sum()
    return torch.special.xlogy(shares, shares / weights.to(shares)).sum()


def reverse_kl_floor(num_samples: int, weights: Tensor) -> Tensor:
    """Return the expectation of ``reverse_kl`` for samples with exactly the true weights.

    The exact sum over the binomial distribution of each mode's count; the leading order is
    (num_modes - 1) / (2 num_samples) (Miller, 1955).

    Args:
        num_samples: Independent samples, over all modes.
        weights: The modes' true probabilities, shape ``(num_modes,)``.
    """
    counts = torch.arange(1, num_samples + 1, dtype=torch.float64)
    floor = torch.zeros((), dtype=torch.float64)
    different, times = weights.double().unique(return_counts=True)
    for weight, repeated in zip(different, times, strict=True):
        chance = torch.from_numpy(binom.pmf(counts.numpy(), num_samples, weight.item()))
        shares = counts / num_samples
        floor += repeated * (chance * shares * (shares / weight).log()).sum()
    return floor
