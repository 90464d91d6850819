"""Features of Lightning that do not work with these models, each refused in one sentence."""

from typing import Any

from lightning.pytorch import Callback, LightningModule
from lightning.pytorch import callbacks as lightning_callbacks
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from lightning_utilities.core.rank_zero import rank_zero_warn

from gan_lightning.errors import InputError

INSTEAD = {
    "BackboneFinetuning": "none of these models has a backbone; --init_from starts from the "
    "weights of another run",
    "BatchSizeFinder": "it undoes the batches that it tries, but not their random numbers; set the "
    "data's batch_size, and micro_batches if a batch is too large for the memory",
    "LearningRateFinder": "it looks for a single loss that falls, and players' losses need not; "
    "set the optimizers' lr",
    "StochasticWeightAveraging": "it replaces the learning rates and averages all players; use "
    "GeneratorEMA",
    "WeightAveraging": "it averages all players, but counts the steps of one; use GeneratorEMA",
}
"""Callbacks of Lightning that do not work with these models: why, and alternatives."""


def check_callbacks(callbacks: list[Callback]) -> None:
    """Make sure that all callbacks work with these models.

    Raises:
        InputError: If one does not.
    """
    for callback in callbacks:
        for name, reason in INSTEAD.items():
            kind = getattr(lightning_callbacks, name, None)
            if kind is not None and isinstance(callback, kind):
                found = type(callback).__name__
                raise InputError(f"trainer.callbacks: {found} cannot be used: {reason}.")


def check_accumulation(
    model: LightningModule, callbacks: list[Callback], every_n_batches: int
) -> None:
    """Make sure that gradients are accumulated over batches only for a single loss.

    Raises:
        InputError: If there are two players.
    """
    by_callback = any(isinstance(callback, GradientAccumulationScheduler) for callback in callbacks)
    if model.automatic_optimization or not (by_callback or every_n_batches != 1):
        return
    name = "GradientAccumulationScheduler" if by_callback else "trainer.accumulate_grad_batches"
    raise InputError(
        f"{name} cannot handle the players of {type(model).__name__}: choose a larger batch_size "
        "for the data, and micro_batches for the model, which sum the gradients of a batch's parts."
    )


def check_intervals(settings: dict[str, Any]) -> None:
    """Refuse an interval of 0, which Lightning accepts and later divides by."""
    if settings.get("check_val_every_n_epoch") == 0:
        raise InputError("trainer.check_val_every_n_epoch must be a positive integer, found 0.")


def tell_of_steps(model: LightningModule, max_steps: int) -> None:
    """Say that a limit of steps counts those of both players."""
    if max_steps > 0 and not model.automatic_optimization:
        rank_zero_warn("trainer.max_steps counts the steps of both players; max_epochs is clearer.")
