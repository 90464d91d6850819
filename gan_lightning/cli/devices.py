"""The devices of a command, and which strategies of Lightning suit several of them."""

import os
import platform
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import torch
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy, Strategy
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch.nn import Module, SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm

from gan_lightning.errors import InputError

SEVERAL_DEVICES = "ddp_find_unused_parameters_true"
"""Each player's step leaves the other's parameters unused, which DDP must expect."""

PATIENCE = timedelta(minutes=10)
"""How long processes wait for one that does not answer; Lightning's default is half an hour."""

SHARDED = ("fsdp", "deepspeed", "modelparallel", "model_parallel")
"""Parts of the names of strategies that shard weights."""

_UNSET = (None, "auto", -1, "-1")


def check_strategy(strategy: str | Strategy) -> None:
    """Make sure that a strategy works for two players, averages and checkpoints.

    Raises:
        InputError: If it does not.
    """
    name = strategy if isinstance(strategy, str) else type(strategy).__name__
    check_whole_weights(name)
    if isinstance(strategy, SingleDeviceStrategy):
        return
    if isinstance(strategy, DDPStrategy):
        known, unused = True, bool(strategy._ddp_kwargs.get("find_unused_parameters"))
    else:
        known, unused = name.startswith("ddp"), name.endswith("_find_unused_parameters_true")
    if not known and name != "auto":
        raise InputError(
            f"trainer.strategy: expected auto or {SEVERAL_DEVICES}, found {name!r}; use auto."
        )
    if known and not unused:
        raise InputError(
            f"trainer.strategy: {name} expects every step to use all parameters, but each player "
            "has its own; use auto."
        )


def for_several_devices() -> DDPStrategy:
    """Return the strategy of a run on several devices whose user has named none."""
    return DDPStrategy(find_unused_parameters=True, timeout=PATIENCE)


def check_whole_weights(strategy: str) -> None:
    """Make sure, by its name, that a strategy does not shard weights.

    Raises:
        InputError: If it does.
    """
    if any(part in strategy.lower() for part in SHARDED):
        raise InputError(
            f"trainer.strategy: {strategy} shards each weight over several devices, and averages, "
            "samples and checkpoints need whole ones; use auto."
        )


def as_launched(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Trainer's settings with the devices for which ``torchrun`` started processes.

    Raises:
        InputError: If other numbers were requested.
    """
    if not TorchElasticEnvironment.detect():
        return dict(settings)
    each, total = (int(os.environ[name]) for name in ("LOCAL_WORLD_SIZE", "WORLD_SIZE"))
    nodes = total // each
    asked = settings.get("devices")
    count = len(asked) if isinstance(asked, list) else asked
    if asked not in _UNSET and str(count) != str(each):
        raise InputError(
            f"trainer.devices asks for {asked}, but torchrun has started {each} processes on this "
            "machine; leave trainer.devices out."
        )
    if settings.get("num_nodes", 1) not in (1, nodes):
        raise InputError(
            f"trainer.num_nodes asks for {settings['num_nodes']}, but torchrun has started "
            f"processes on {nodes}; leave trainer.num_nodes out."
        )
    _warn_of_a_shared_store()
    return {**settings, "devices": each if asked in _UNSET else asked, "num_nodes": nodes}


def _warn_of_a_shared_store() -> None:
    """Warn if restarted processes would read what earlier ones have left in the store."""
    restarts = int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", 0))
    if restarts and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        rank_zero_warn(
            "torchrun would give restarted processes the addresses of those that have ended, so "
            "that some restarts fail; start it with --standalone or --rdzv-backend c10d, and set "
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for it."
        )


def is_needed(trainer: Trainer, command: str) -> bool:
    """Return whether this process is the one that a command uses, and warn if there are others.

    Args:
        trainer: The Trainer of a command that uses a single device.
        command: The command's name.
    """
    if trainer.world_size > 1:
        others = (
            "1 other has" if trainer.world_size == 2 else f"{trainer.world_size - 1} others have"
        )
        rank_zero_warn(f"{command} works on one device; the {others} nothing to do.")
    return trainer.is_global_zero


def as_available(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return replacements for devices that this machine lacks but the run had, and say so.

    Args:
        settings: The run's Trainer settings.
    """
    accelerator, devices = settings.get("accelerator", "auto"), settings.get("devices", "auto")
    if not isinstance(accelerator, str) or accelerator not in ("auto", "cpu", "cuda", "gpu"):
        return {}
    there = _count(accelerator)
    if there == 0:
        rank_zero_warn(
            f"This machine has no {accelerator}, which the run had; it uses what it has."
        )
        return {"accelerator": "auto", "devices": "auto", "strategy": "auto"}
    if devices in _UNSET or _needed(devices) <= there:
        return {}
    rank_zero_warn(f"The run had trainer.devices {devices}; this machine uses {there}.")
    return {"devices": there, "strategy": "auto"}


def check_processes(devices: int, on_cpu: bool) -> None:
    """Make sure that at most as many processes are requested as there are processors, or two.

    Raises:
        InputError: If more are requested.
    """
    if on_cpu and devices > _count("cpu"):
        raise InputError(
            f"trainer.devices: {devices} processes were requested, but this machine has "
            f"{os.cpu_count() or 1} processors."
        )


def check_synchronised_statistics(asked: bool, processes: int, device: torch.device) -> None:
    """Make sure that batch statistics are shared between processes only where PyTorch can.

    Raises:
        InputError: If several processes on CPUs are to share them.
    """
    if asked and processes > 1 and device.type == "cpu":
        raise InputError(
            "trainer.sync_batchnorm: PyTorch synchronises batch statistics on GPUs only, and this "
            f"run has {processes} processes on CPUs; leave it out, or use networks without batch "
            "normalisation."
        )


def computes_bfloat16() -> bool:
    """Return whether this processor has instructions for bfloat16, which are slow to emulate."""
    if platform.machine().lower() in ("x86_64", "amd64"):
        return bool(torch.cpu._is_avx512_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def local_statistics(model: Module) -> list[str]:
    """Return the networks that normalise by the statistics of one process's batch."""
    return [
        name
        for name, network in model.named_children()
        if any(
            isinstance(module, _BatchNorm) and not isinstance(module, SyncBatchNorm)
            for module in network.modules()
        )
    ]


def _count(accelerator: str) -> int:
    gpus = torch.cuda.device_count()
    if accelerator in ("cuda", "gpu") or (accelerator == "auto" and gpus):
        return gpus
    # Any machine may run two processes, to try them; 99 would bring it down.
    return max(os.cpu_count() or 1, 2)


def _needed(devices: Any) -> int:
    """Return how many devices a machine must have; for a list, up to its largest index."""
    if isinstance(devices, list):
        return max(map(int, devices), default=-1) + 1
    return int(devices) if str(devices).isdecimal() else 0
