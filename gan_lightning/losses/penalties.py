"""Penalties on the slope of the discriminator."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from gan_lightning.errors import InputError

Judge = Callable[[Tensor], Tensor]
"""Maps points, shape ``(batch, *data_shape)``, to logits, shape ``(batch,)``, each from its own."""


def squared_gradient_norm(logits: Tensor, points: Tensor) -> Tensor:
    """Return the squared norm of each point's gradient, shape ``(batch,)``; differentiable.

    At real points its mean is the R1 penalty, at fake points R2 (Mescheder et al., 2018,
    Equations 9 and 10). Second derivatives need float32: compute the logits outside autocast.

    Args:
        logits: The discriminator's outputs for ``points``, shape ``(batch,)``; each may depend on
            its own point only.
        points: Its inputs, shape ``(batch, *data_shape)``, with ``requires_grad`` set before the
            logits were computed.
    """
    (gradients,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    return gradients.square().flatten(1).sum(1)


def squared_slope(judge: Judge, points: Tensor) -> Tensor:
    """Return the squared norm of a discriminator's gradient at each point, shape ``(batch,)``.

    Computed in float32 under autocast: second derivatives need it.
    """
    with torch.autocast(points.device.type, enabled=False):
        points = at_least_float32(points.detach()).requires_grad_()
        return squared_gradient_norm(judge(points), points)


def gradient_penalty(critic: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """Return (‖∇f(x)‖ - 1)² at one point between each pair of real and fake, shape ``(batch,)``.

    Gulrajani et al., 2017, Equation 3: the weight of the interpolation is uniform on [0, 1], one
    for each pair.

    Args:
        critic: Maps points to scores, each from its own point: no batch normalisation.
        real: Shape ``(batch, *data_shape)``.
        fake: The same shape.
    """
    real, fake = at_least_float32(real), at_least_float32(fake)
    alpha = torch.rand(len(real), *[1] * (real.dim() - 1)).to(real)
    return _distance_to_unit_slope(critic, torch.lerp(real, fake, alpha))


def at_least_float32(x: Tensor) -> Tensor:
    """Return ``x`` in float32, or in the higher precision that it has."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _distance_to_unit_slope(judge: Judge, points: Tensor) -> Tensor:
    # The gradient of a norm at 0 is NaN without the epsilon.
    norms = (squared_slope(judge, points) + 1e-12).sqrt()
    return (norms - 1).square()


class DiscriminatorPenalty(ABC):
    """A term that a GAN adds to its discriminator's loss."""

    @abstractmethod
    def __call__(self, judge: Judge, real: Tensor) -> Tensor:
        """Return the penalty, a scalar, of a discriminator around real points."""


class R1(DiscriminatorPenalty):
    """gamma/2 E‖∇D(x)‖² at real points: Mescheder et al., 2018, Equation 9.

    Args:
        gamma: Its weight.
    """

    def __init__(self, gamma: float = 1.0) -> None:
        self.gamma = _positive("R1: gamma", gamma)

    def __call__(self, judge: Judge, real: Tensor) -> Tensor:
        return self.gamma / 2 * squared_slope(judge, real).mean()


class DRAGAN(DiscriminatorPenalty):
    """weight E(‖∇D(x + noise)‖ - 1)² around real points: Kodali et al., 2017, Section 2.3.

    The noise is uniform on [0, 1] times half the standard deviation of the batch, as in the
    authors' code.

    Args:
        weight: Its weight.
    """

    def __init__(self, weight: float = 10.0) -> None:
        self.weight = _positive("DRAGAN: weight", weight)

    def __call__(self, judge: Judge, real: Tensor) -> Tensor:
        noise = 0.5 * real.std() * torch.rand_like(real)
        return self.weight * _distance_to_unit_slope(judge, real + noise).mean()


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise InputError(f"{name} must be positive, found {value}.")
    return value
