"""Unneeded work of libraries in every step: half the time of a small network."""

import ctypes
import os
import platform
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from inspect import signature
from typing import Any

import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.core.hooks import DataHooks, ModelHooks
from lightning.pytorch.plugins.precision import Precision
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.strategies import Strategy
from lightning_utilities.core.overrides import is_overridden
from torch import Tensor

ALL_THE_TIME = (
    *("on_train_batch_start", "on_train_batch_end", "on_before_zero_grad", "on_before_backward"),
    *("on_after_backward", "on_before_optimizer_step"),
    *("on_train_epoch_start", "on_train_epoch_end"),
)
"""Hooks of every batch, most of them run once per player, and of every epoch, however short."""

OF_A_TRANSFER = ("on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer")
"""Hooks that bring a batch to the device."""

NOTHING = nullcontext()

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Names of two settings of glibc's ``mallopt``."""

MOST_KEPT = {TRIM_THRESHOLD: 2**31 - 1, MMAP_THRESHOLD: 2**25}
"""Their largest values, in bytes."""


class NoProfiler(PassThroughProfiler):
    """Does nothing, like Lightning's default profiler, but without two Python frames per call."""

    def profile(self, action_name: str) -> Any:
        return NOTHING


def remove_overhead(
    trainer: Trainer, module: LightningModule, data: LightningDataModule | None
) -> None:
    """Remove unneeded work from the steps of a run."""
    skip_idle_hooks(module, trainer.callbacks)  # type: ignore[attr-defined]
    skip_idle_backward_hooks(trainer, module)
    skip_idle_transfers(trainer, module, data)
    skip_idle_profiler(trainer)
    remember_signature(module)
    forget_absent_gpus()
    keep_freed_memory()


def skip_idle_hooks(module: LightningModule, callbacks: Iterable[Callback]) -> None:
    """Let Lightning skip hooks that are not overridden.

    It enters a profiler around each hook of each callback, about a hundred times in a batch of two
    players, and skips a hook that is None.
    """
    for hook in ALL_THE_TIME:
        for callback in callbacks:
            _skip_if_idle(callback, hook, Callback)
        _skip_if_idle(module, hook, ModelHooks)


def skip_idle_backward_hooks(trainer: Trainer, module: LightningModule) -> None:
    """Spare each backward pass the calls of hooks before and after it that nobody overrides.

    Lightning asks each callback by name, four times in a batch of two players.
    """
    if is_overridden("configure_callbacks", module, LightningModule):
        return  # of callbacks that are not known yet
    plugin, owners = trainer.precision_plugin, [module, *trainer.callbacks]  # type: ignore[attr-defined]
    kind = type(plugin)
    if kind.pre_backward is Precision.pre_backward and not _any(owners, "on_before_backward"):
        plugin.pre_backward = _same  # type: ignore[method-assign]
    if kind.post_backward is Precision.post_backward and not _any(owners, "on_after_backward"):
        plugin.post_backward = _detached  # type: ignore[method-assign]


def skip_idle_transfers(
    trainer: Trainer, module: LightningModule, data: LightningDataModule | None
) -> None:
    """Leave a batch that is where it is needed alone, unless a hook of its transfer is overridden.

    Lightning looks for its tensors in nested collections of any kind.
    """
    if data is None or any(
        is_overridden(h, x, DataHooks) for h in OF_A_TRANSFER for x in (module, data)
    ):
        return
    strategy = trainer.strategy
    strategy.batch_to_device = partial(_moved, strategy)  # type: ignore[method-assign]


def give_back(trainer: Trainer) -> None:
    """Let other models and data of a trainer have the hooks that were skipped for its last ones."""
    for owner, names in (
        (trainer.precision_plugin, ("pre_backward", "post_backward")),
        (trainer.strategy, ("batch_to_device",)),
    ):
        for name in names:
            vars(owner).pop(name, None)


def remember_signature(module: LightningModule) -> None:
    """Keep the arguments of a training step, which Lightning works out for each batch."""
    step = type(module).training_step
    step.__signature__ = signature(step)  # type: ignore[attr-defined]


def forget_absent_gpus() -> None:
    """Spare each optimizer's step the search for a missing driver.

    Lightning makes PyTorch ask the driver's library whether there is a GPU, so that processes
    started later can still use the GPU. Adam asks in each step, and each time the library is
    opened.
    """
    if not torch.cuda.is_available():
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def keep_freed_memory() -> None:
    """Let the C library keep up to 2 GB of freed memory, in place of returning it at once.

    The next tensors would have to fetch it page by page: of a step with large images, up to a fifth
    of the time. Other libraries than glibc are left alone, as is glibc where its variables are set.
    """
    if platform.libc_ver()[0] == "glibc" and not any(n.startswith("MALLOC_") for n in os.environ):
        for setting, value in MOST_KEPT.items():
            ctypes.CDLL(None).mallopt(setting, value)


def skip_idle_profiler(trainer: Trainer) -> None:
    """Spend no time on a profiler that measures nothing."""
    if type(trainer.profiler) is PassThroughProfiler:  # type: ignore[attr-defined]
        trainer.profiler = NoProfiler()  # type: ignore[attr-defined]


def _skip_if_idle(owner: Callback | LightningModule, hook: str, idle: type) -> None:
    if not is_overridden(hook, owner, idle):
        setattr(owner, hook, None)


def _any(owners: Iterable[Callback | LightningModule], hook: str) -> bool:
    """Return whether a hook is left, of those that are skipped if they are idle."""
    return any(getattr(owner, hook) is not None for owner in owners)


def _same(tensor: Tensor, module: LightningModule) -> Tensor:
    return tensor


def _detached(tensor: Tensor, module: LightningModule) -> Tensor:
    return tensor.detach()


def _moved(strategy: Strategy, batch: Any, device: Any = None, dataloader_idx: int = 0) -> Any:
    """Return a batch on its device: itself, or a copy by the strategy's own way."""
    wanted = device or strategy.root_device
    parts = batch if isinstance(batch, tuple) else ()
    if parts and all(isinstance(part, Tensor) and part.device == wanted for part in parts):
        return batch
    return type(strategy).batch_to_device(strategy, batch, device, dataloader_idx)
