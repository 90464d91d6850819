"""The parts of the evidence lower bound."""

import math

import torch
from torch import Tensor


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) ‖ N(0, I)) in nats: Kingma & Welling, 2014, Appendix B.

    Args:
        mean: Shape ``(batch, latent_dim)``.
        log_variance: Logarithms of the variances, of the same shape.

    Returns:
        One divergence for each point, float32, shape ``(batch,)``.
    """
    mean, log_variance = mean.float(), log_variance.float()
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


def gaussian_log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return log N(z; mean, variance) in nats, float32, summed over the last dimension.

    Args:
        z: Shape ``(…, dim)``.
        mean: Of a shape that broadcasts with it.
        log_variance: Logarithms of the variances, of a shape that broadcasts too.
    """
    z, mean, log_variance = z.float(), mean.float(), log_variance.float()
    squared = (z - mean).square() * (-log_variance).exp()
    return -(squared + log_variance + math.log(2 * math.pi)).sum(-1) / 2


def importance_bound(log_weights: Tensor) -> Tensor:
    """Return the importance weighted bound on log p(x): Burda et al., 2016, Equation 8.

    With one sample it estimates the evidence lower bound, with more it is tighter.

    Args:
        log_weights: log p(x, z) - log q(z|x) of z ~ q(z|x), shape ``(num_samples, batch)``.

    Returns:
        One bound for each point, shape ``(batch,)``.
    """
    return torch.logsumexp(log_weights, 0) - math.log(len(log_weights))
