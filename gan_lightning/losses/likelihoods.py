"""Distributions of a point, given a decoder's outputs: p(x|z)."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_lightning.errors import InputError


class Likelihood(nn.Module, ABC):
    """A distribution of points, given a decoder's outputs for a latent vector.

    Args:
        noisy: Whether samples are draws from p(x|z), as the model defines; else they are its means,
            as usual for images. By default, each likelihood decides.
    """

    support: tuple[float, float] = (-math.inf, math.inf)
    """Range of a point's numbers."""

    noisy_by_default = False

    def __init__(self, noisy: bool | None = None) -> None:
        super().__init__()
        self.noisy = noisy

    @abstractmethod
    def log_prob(self, x: Tensor, outputs: Tensor) -> Tensor:
        """Return log p(x|z) in nats, float32, summed over all numbers of a point.

        Args:
            x: Points, shape ``(batch, *data_shape)``.
            outputs: The decoder's, shape ``(batch, *data_shape)``, or ``(num_samples, batch,
                *data_shape)`` where each point has several latent vectors.

        Returns:
            Shape ``(batch,)``, or ``(num_samples, batch)``.
        """

    def check(self, x: Tensor) -> None:
        """Make sure that points have a density; by default, all within the support have one.

        Raises:
            InputError: If one has none.
        """

    @abstractmethod
    def mean(self, outputs: Tensor) -> Tensor:
        """Return the mean of p(x|z), of the shape of the outputs, in the data's range.

        A likelihood whose mean has no closed form returns a point that stands for it.
        """

    @abstractmethod
    def draw(self, outputs: Tensor) -> Tensor:
        """Draw a point from p(x|z) for each of the outputs, of their shape, in the data's range."""

    def sample(self, outputs: Tensor) -> Tensor:
        """Return draws from p(x|z) if they are to be noisy, else its means."""
        noisy = self.noisy_by_default if self.noisy is None else self.noisy
        return self.draw(outputs) if noisy else self.mean(outputs)


class Bernoulli(Likelihood):
    """Each number of a point is a Bernoulli variable; the decoder's outputs are the logits.

    For numbers between 0 and 1, log p is the negative cross-entropy, the mean of log p over
    binarised points.

    Args:
        noisy: Whether samples are drawn, each number 0 or 1; by default they are probabilities, as
            usual for images.
    """

    support = (0.0, 1.0)

    def __init__(self, noisy: bool | None = None) -> None:
        super().__init__(noisy)

    def log_prob(self, x: Tensor, outputs: Tensor) -> Tensor:
        outputs = outputs.float()
        targets = x.float().expand_as(outputs)
        entropies = binary_cross_entropy_with_logits(outputs, targets, reduction="none")
        return -_summed(entropies, x)

    def mean(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid()

    def draw(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid().bernoulli()


class Gaussian(Likelihood):
    """Each number of a point is the decoder's output and noise of one learned scale for all.

    The scale is a learned parameter that balances reconstruction and divergence to suit the data
    (Rybkin et al., 2021, σ-VAE); a fixed scale of 1 would be arbitrary.

    Args:
        initial_scale: Standard deviation of the noise before training.
        noisy: Whether samples include the noise; without it they are means, as usual for images.
    """

    noisy_by_default = True

    def __init__(self, initial_scale: float = 1.0, noisy: bool | None = None) -> None:
        super().__init__(noisy)
        if not 0 < initial_scale < math.inf:
            raise InputError(f"Gaussian: initial_scale must be positive, found {initial_scale}.")
        self.initial_scale = initial_scale
        self.tenth_of_log_scale = nn.Parameter(torch.tensor(math.log(initial_scale) / 10))

    @property
    def log_scale(self) -> Tensor:
        """Logarithm of the standard deviation, a scalar."""
        # Adam moves all parameters equally fast: the scale needs ten times the rate of the
        # networks.
        return 10 * self.tenth_of_log_scale

    def log_prob(self, x: Tensor, outputs: Tensor) -> Tensor:
        log_scale = self.log_scale.float()
        residuals = (x.float() - outputs.float()) * (-log_scale).exp()
        densities = -residuals.square() / 2 - log_scale - math.log(2 * math.pi) / 2
        return _summed(densities, x)

    def mean(self, outputs: Tensor) -> Tensor:
        return outputs

    def draw(self, outputs: Tensor) -> Tensor:
        return outputs + self.log_scale.exp().to(outputs.dtype) * torch.randn_like(outputs)


def _summed(values: Tensor, x: Tensor) -> Tensor:
    """Sum over all numbers of a point, which are the last dimensions."""
    return values.flatten(values.dim() - x.dim() + 1).sum(-1)
