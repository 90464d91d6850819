"""How optimizers are made, and how their settings change during training."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
)

from gan_lightning.errors import InputError
from gan_lightning.schedules import Schedule

MakeOptimizer = Callable[[Any], Optimizer]
MakeScheduler = Callable[[Optimizer], LRScheduler]
AnyScheduler = Schedule | MakeScheduler
"""A factor of the learning rate over the points seen, or PyTorch's schedule over epochs."""


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
    if isinstance(optimizer, torch.optim.SparseAdam):
        raise InputError(
            f"{name}: SparseAdam needs sparse gradients, which no network here has; choose Adam."
        )
    if isinstance(optimizer, torch.optim.LBFGS):
        raise InputError(f"{name}: LBFGS needs a closure, which these steps do not provide.")
    return optimizer


SHAPED_LIKE_WEIGHTS = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "momentum_buffer"}
"""Parts of the state of SGD and Adam's family that have the shape of their weight."""


def check_restored(optimizer: Optimizer) -> None:
    """Make sure that a loaded optimizer state fits the optimizer's weights and settings.

    Raises:
        InputError: If it does not.
    """
    name = type(optimizer).__name__
    for group in optimizer.param_groups:
        for setting, usual in optimizer.defaults.items():
            found = group.get(setting)
            is_number = isinstance(usual, int | float)
            if setting not in group or (is_number and not isinstance(found, int | float | Tensor)):
                raise InputError(f"the state of {name} has no valid {setting}.")
    remembered = {frozenset(state) for state in optimizer.state.values() if state}
    if len(remembered) > 1:
        raise InputError(f"the state of {name} does not hold the same for every weight.")
    for weight, state in optimizer.state.items():
        for part in SHAPED_LIKE_WEIGHTS & state.keys():
            found = getattr(state[part], "shape", None)
            if state[part] is not None and found != weight.shape:
                raise InputError(
                    f"the state of {name} does not fit: expected {part} of shape "
                    f"{list(weight.shape)}, found {found and list(found)}."
                )


LENGTHS = ("step_size", "T_max", "T_0", "total_iters", "total_steps")
"""Names of times, in epochs, by which schedules of PyTorch divide."""


def made_scheduler(
    make: AnyScheduler | None, optimizer: Optimizer, points_seen: Callable[[], int]
) -> LRScheduler | None:
    """Make the schedule of an optimizer's learning rate.

    Args:
        make: Makes the schedule, or the schedule itself.
        optimizer: The optimizer.
        points_seen: Returns the number of points seen in training.

    Raises:
        InputError: If it depends on more than time.
    """
    if make is None:
        return None
    if isinstance(make, Schedule):
        return PointScheduler(optimizer, make, points_seen)
    scheduler = make(optimizer)
    for name in LENGTHS:
        if (length := getattr(scheduler, name, 1)) < 1:
            raise InputError(f"lr_scheduler: {name} must be a positive integer, found {length}.")
    if isinstance(scheduler, ReduceLROnPlateau):
        raise InputError(
            "lr_scheduler: expected a schedule of time alone, found ReduceLROnPlateau; "
            "an adversarial loss has no plateau to wait for."
        )
    if scheduler.state_dict().get("cycle_momentum"):
        moved = "beta1" if "betas" in optimizer.param_groups[0] else "momentum"
        rank_zero_warn(
            f"lr_scheduler: {type(scheduler).__name__} moves {moved} of "
            f"{type(optimizer).__name__} as well; set its cycle_momentum to false to leave it."
        )
    return scheduler


def step(scheduler: LRScheduler) -> None:
    """Step a schedule; a finished OneCycleLR stays at its last rate instead of failing."""
    if isinstance(scheduler, OneCycleLR) and scheduler.last_epoch + 1 >= scheduler.total_steps:
        scheduler.last_epoch += 1
    else:
        scheduler.step()


def what_is_over(scheduler: LRScheduler) -> str | None:
    """Return a sentence on what a finished schedule does; None before its end."""
    steps, rates = scheduler.last_epoch, scheduler.get_last_lr()
    if isinstance(scheduler, OneCycleLR) and steps >= scheduler.total_steps:
        total = scheduler.total_steps
        return f"OneCycleLR was over after its total_steps, {total}: the rate stays {rates[0]:.3g}"
    if isinstance(scheduler, CosineAnnealingLR) and steps >= scheduler.T_max:
        return f"CosineAnnealingLR was over after its T_max, {scheduler.T_max}: it rises again"
    schedule = scheduler.schedule if isinstance(scheduler, PointScheduler) else None
    begun = steps > 0 if schedule is None else schedule(float("inf")) == 0
    if begun and not any(rates):
        name = type(schedule or scheduler).__name__
        return f"the rate of {name} is 0 by now, and nothing more is learnt"
    return None


class PointScheduler(LambdaLR):
    """A learning rate that follows a schedule over the points seen, stepped after each batch.

    It has no state of its own: the clock is the model's.
    """

    def __init__(
        self, optimizer: Optimizer, schedule: Schedule, points_seen: Callable[[], float]
    ) -> None:
        self.schedule = schedule
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
