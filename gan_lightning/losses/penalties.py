"""Penalties on the slope of the discriminator."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.schedules import Scheduled, value_at

Judge = Callable[[Tensor], Tensor]
"""Maps points, shape ``(batch, *data_shape)``, to logits, ``(batch,)``, each from its own point."""

Kind = Literal["real", "fake"]


class Judged(NamedTuple):
    """Points of one kind and the discriminator's logits for them."""

    points: Tensor
    """Shape ``(batch, *data_shape)``."""
    logits: Tensor
    """Shape ``(batch,)``; differentiable in the points where a penalty asks for it."""


class Penalty(ABC):
    """A term that any adversarial model can add to its discriminator's objective.

    Args:
        name: Its name in logs.
        weight: Its weight, a number or a schedule.
        every: Discriminator steps between two uses. A lazy penalty is weighted ``every`` times as
            much when used, for the same mean (Karras et al., 2020, Appendix B).
    """

    slope_at: frozenset[Kind] = frozenset()
    """The kinds of points at which logits must be differentiable."""

    differentiates_twice: ClassVar[bool] = True
    """Whether it needs second derivatives of the discriminator: of slopes, by the weights."""

    weighed_by = "weight"
    """The name of the argument that is its weight."""

    def __init__(self, name: str, weight: Scheduled, every: int) -> None:
        if isinstance(weight, int | float) and not weight > 0:
            raise InputError(
                f"{type(self).__name__}: {self.weighed_by} must be positive, found {weight}."
            )
        if every < 1:
            raise InputError(
                f"{type(self).__name__}: every must be a positive integer, found {every}."
            )
        self.name = name
        self.weight = weight
        self.every = every

    @abstractmethod
    def __call__(self, judge: Judge, real: Judged, fake: Judged) -> Tensor:
        """Return the penalty without its weight, a scalar.

        Args:
            judge: The discriminator, for points other than those already judged.
            real: Real points and their logits.
            fake: Generated points and their logits, which carry no gradient to the generator.
        """

    def weight_at(self, points_seen: int) -> float:
        """Return the weight of one use, after a number of points seen in training."""
        return value_at(self.weight, points_seen) * self.every


class R1(Penalty):
    """weight E‖∇D(x)‖² at real points: Mescheder et al., 2018, Equation 9.

    Args:
        gamma: Twice its weight, as in the paper.
        every: Discriminator steps from one use to the next.
    """

    slope_at = frozenset({"real"})
    weighed_by = "gamma"

    def __init__(self, gamma: Scheduled = 1.0, every: int = 1) -> None:
        super().__init__("r1", gamma, every)
        self.gamma = gamma

    def __call__(self, judge: Judge, real: Judged, fake: Judged) -> Tensor:
        return squared_gradient_norm(real.logits, real.points).mean()

    def weight_at(self, points_seen: int) -> float:
        return super().weight_at(points_seen) / 2


class R2(Penalty):
    """weight E‖∇D(x)‖² at generated points: Mescheder et al., 2018, Equation 10.

    Args:
        gamma: Twice its weight, as in the paper.
        every: Discriminator steps from one use to the next.
    """

    slope_at = frozenset({"fake"})
    weighed_by = "gamma"

    def __init__(self, gamma: Scheduled = 1.0, every: int = 1) -> None:
        super().__init__("r2", gamma, every)
        self.gamma = gamma

    def __call__(self, judge: Judge, real: Judged, fake: Judged) -> Tensor:
        return squared_gradient_norm(fake.logits, fake.points).mean()

    def weight_at(self, points_seen: int) -> float:
        return super().weight_at(points_seen) / 2


class GradientPenalty(Penalty):
    """weight E(‖∇D‖ - 1)² between real and generated points: Gulrajani et al., 2017, Equation 3.

    Args:
        weight: λ in the paper.
        every: Discriminator steps from one use to the next.
    """

    def __init__(self, weight: Scheduled = 10.0, every: int = 1) -> None:
        super().__init__("gradient_penalty", weight, every)

    def __call__(self, judge: Judge, real: Judged, fake: Judged) -> Tensor:
        return gradient_penalty(judge, real.points.detach(), fake.points.detach()).mean()


class DRAGAN(Penalty):
    """weight E(‖∇D(x + noise)‖ - 1)² around real points: Kodali et al., 2017, Section 2.3.

    The noise is uniform on [0, 1] times half the standard deviation of the batch, as in the
    authors' code.

    Args:
        weight: Its weight.
        every: Discriminator steps from one use to the next.
    """

    def __init__(self, weight: Scheduled = 10.0, every: int = 1) -> None:
        super().__init__("dragan", weight, every)

    def __call__(self, judge: Judge, real: Judged, fake: Judged) -> Tensor:
        x = real.points.detach()
        noise = 0.5 * x.std() * torch.rand_like(x)
        return _distance_to_unit_slope(judge, x + noise).mean()


class FiniteDifference(Penalty):
    """weight E(D(x) - D(x + σn))² / σ² at points of one kind, n ~ N(0, I): no second derivative.

    For a small σ this is R1 or R2, since E(n·∇D)² = ‖∇D‖² (Lin et al., 2025). It can be compiled,
    and computed in half precision.

    Args:
        at: Whether points are ``real``, as in R1, or ``fake``, as in R2.
        weight: Its weight; half of the gamma of R1.
        std: σ, in the model's scale.
        every: Discriminator steps from one use to the next.
    """

    differentiates_twice = False

    def __init__(
        self, at: Kind = "real", weight: Scheduled = 1.0, std: float = 0.05, every: int = 1
    ) -> None:
        super().__init__(f"finite_difference_{at}", weight, every)
        if at not in ("real", "fake"):
            raise InputError(f"FiniteDifference: at must be real or fake, found {at!r}.")
        if not std > 0:
            raise InputError(f"FiniteDifference: std must be positive, found {std}.")
        self.at = at
        self.std = std

    def __call__(self, judge: Judge, real: Judged, fake: Judged) -> Tensor:
        points, logits = real if self.at == "real" else fake
        points = points.detach()
        moved = judge(points + self.std * torch.randn_like(points))
        return ((logits - moved) / self.std).square().mean()


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

    Autocast is off, since second derivatives need the precision of the points.
    """
    with torch.autocast(points.device.type, enabled=False):
        points = points.detach().requires_grad_()
        return squared_gradient_norm(judge(points), points)


def gradient_penalty(critic: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """Return (‖∇f(x)‖ - 1)² at one point between each pair of real and fake, shape ``(batch,)``.

    Gulrajani et al., 2017, Equation 3: the weight of the interpolation is uniform on [0, 1], one
    for each pair.

    Args:
        critic: Maps points to scores, each from its own point: no batch normalisation.
        real: Shape ``(batch, *data_shape)``, in the precision of the critic's weights.
        fake: Of the same shape and precision.
    """
    alpha = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device, dtype=real.dtype)
    return _distance_to_unit_slope(critic, torch.lerp(real, fake, alpha))


def _distance_to_unit_slope(judge: Judge, points: Tensor) -> Tensor:
    # The gradient of a norm at 0 is NaN without the epsilon.
    squares = squared_slope(judge, points)
    norms = (squares.to(torch.promote_types(squares.dtype, torch.float32)) + 1e-12).sqrt()
    return (norms - 1).square()
