"""How optimizers are made, and how their numbers change during training."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, ReduceLROnPlateau

from gan_lightning.errors import InputError
from gan_lightning.schedules import Schedule

MakeOptimizer = Callable[[Any], Optimizer]
MakeScheduler = Callable[[Optimizer], LRScheduler]
AnyScheduler = Schedule | MakeScheduler
"""A schedule by the points seen, of a factor of the learning rate; or PyTorch's, by the epoch."""


def made_optimizer(name: str, make: MakeOptimizer, weights: Iterable[nn.Parameter]) -> Optimizer:
    """Make an optimizer of weights.

    Raises:
        InputError: If its arguments are wrong, or if it needs more than gradients.
    """
    try:
        if isinstance(make, partial) and "betas" in make.keywords:  # Adam refuses the 0 of (0, 0.9)
            make = partial(make, betas=tuple(beta * 1.0 for beta in make.keywords["betas"]))
        optimizer = make(weights)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {error}.") from error
    if isinstance(optimizer, torch.optim.LBFGS):
        raise InputError(f"{name}: LBFGS needs a closure, which these steps have not.")
    return optimizer


def made_scheduler(
    make: AnyScheduler | None, optimizer: Optimizer, points_seen: Callable[[], int]
) -> LRScheduler | None:
    """Make the schedule of an optimizer's learning rate.

    Args:
        make: What makes it, or the schedule itself.
        optimizer: The optimizer.
        points_seen: Says how many points training has seen.

    Raises:
        InputError: If it is not a schedule of time alone.
    """
    if make is None:
        return None
    if isinstance(make, Schedule):
        return PointScheduler(optimizer, make, points_seen)
    scheduler = make(optimizer)
    if isinstance(scheduler, ReduceLROnPlateau):
        raise InputError(
            "lr_scheduler: expected a schedule of time alone, found ReduceLROnPlateau; "
            "an adversarial loss has no plateau to wait for."
        )
    if isinstance(scheduler, OneCycleLR) and scheduler.state_dict()["cycle_momentum"]:
        raise InputError(
            "lr_scheduler: OneCycleLR moves beta1 as well; set its cycle_momentum to false, and "
            "beta2 by the model's own argument."
        )
    return scheduler


class PointScheduler(LambdaLR):
    """A learning rate that follows a schedule by the points seen, stepped after each batch.

    It keeps no state of its own: the clock is the model's.
    """

    def __init__(
        self, optimizer: Optimizer, schedule: Schedule, points_seen: Callable[[], float]
    ) -> None:
        super().__init__(optimizer, lambda _: schedule(points_seen()))

    def state_dict(self) -> dict[str, Any]:
        return {"base_lrs": self.base_lrs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.base_lrs = state_dict["base_lrs"]
        for group, rate, factor in zip(
            self.optimizer.param_groups, self.base_lrs, self.lr_lambdas, strict=True
        ):
            group["lr"] = rate * factor(0)


def set_beta2(optimizer: Optimizer, beta2: float) -> None:
    """Set the second of Adam's betas, the memory of squared gradients.

    Raises:
        InputError: If the optimizer has no betas.
    """
    for group in optimizer.param_groups:
        if "betas" not in group:
            raise InputError(
                f"beta2: {type(optimizer).__name__} has no betas; choose Adam or AdamW."
            )
        group["betas"] = (group["betas"][0], beta2)
