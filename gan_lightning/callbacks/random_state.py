"""Random numbers of each rank: different between ranks, continued on resuming."""

import random
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning_utilities.core.rank_zero import rank_zero_warn

from gan_lightning.errors import InputError


class RandomState(Callback):
    """Gives every rank its own random numbers, and checkpoints their state.

    Lightning seeds all ranks alike, so k devices would draw the same latents k times.

    A run that resumes with the same number of ranks continues each rank's numbers, to the bit.
    With another number of ranks they draw new ones, which depend on the seed and on the number of
    trained batches, and one line says so.
    """

    def __init__(self) -> None:
        self._loaded: list[dict[str, Any]] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # After the weights, which must be equal on all ranks, and Lightning's sanity check.
        rank, before = trainer.global_rank, None if self._loaded is None else len(self._loaded)
        if self._loaded is not None and before == trainer.world_size:
            try:
                _set_state(self._loaded[rank])
            except (KeyError, TypeError, ValueError, RuntimeError) as error:
                raise InputError(
                    f"The checkpoint's random numbers cannot be restored: {error!r}."
                ) from error
        elif trainer.world_size > 1 or before is not None:
            if before is not None:
                _tell_change(before, trainer.world_size)
            # Also for one process, which would repeat the numbers of the run's first batches.
            seed = torch.initial_seed() + 7919 * (trainer.fit_loop.total_batch_idx + 1) + rank
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)
            random.seed(seed)
        self._loaded = None

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        states: list[Any] = [_state()]
        if trainer.world_size > 1:  # all ranks make a checkpoint, and the first writes it
            states = [None] * trainer.world_size
            dist.all_gather_object(states, _state())
        checkpoint["random_states"] = states

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        self._loaded = checkpoint.get("random_states")


def _tell_change(before: int, now: int) -> None:
    """Say what resuming with another number of processes keeps and what it changes."""
    rank_zero_warn(
        f"The checkpoint was written by {_processes(before)}, and this run has {now}: weights, "
        "optimizers, averages and the place in the data continue; random numbers are new, "
        f"and a global batch is {now} times the data's batch_size, no longer {before} times."
    )


def _processes(number: int) -> str:
    return "1 process" if number == 1 else f"{number} processes"


def _state() -> dict[str, Any]:
    """Return all random states as numbers and strings, which safe loading accepts."""
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state().tolist(),
        "cuda": torch.cuda.get_rng_state().tolist() if torch.cuda.is_initialized() else None,
        "numpy": (name, np.asarray(keys).tolist(), position, has_gauss, cached),
        "python": random.getstate(),
    }


def _set_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(torch.tensor(state["torch"], dtype=torch.uint8))
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.tensor(state["cuda"], dtype=torch.uint8))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), position, has_gauss, cached))
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
