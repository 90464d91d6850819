"""Random numbers of each rank: different among ranks, kept over a resume."""

import random
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from lightning.pytorch import Callback, LightningModule, Trainer

from gan_lightning.errors import InputError


class RandomState(Callback):
    """Gives every rank its own random numbers, and checkpoints their state.

    Lightning seeds all ranks alike, so that k devices would draw the same latents k times.
    """

    def __init__(self) -> None:
        self._loaded: list[dict[str, Any]] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # After the weights were made, which have to be alike, and after Lightning's sanity check.
        rank = trainer.global_rank
        if self._loaded is not None and len(self._loaded) == trainer.world_size:
            try:
                _set_state(self._loaded[rank])
            except (KeyError, TypeError, ValueError, RuntimeError) as error:
                raise InputError(
                    f"The checkpoint's random numbers cannot be restored: {error!r}."
                ) from error
        elif trainer.world_size > 1:
            # Also where a run goes on with another number of ranks: exactness ends there anyway.
            seed = torch.initial_seed() + 7919 * (trainer.fit_loop.total_batch_idx + 1) + rank
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)
            random.seed(seed)
        self._loaded = None

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        states: list[Any] = [_state()]
        if trainer.world_size > 1:  # a checkpoint is made on all ranks and written by the first
            states = [None] * trainer.world_size
            dist.all_gather_object(states, _state())
        checkpoint["random_states"] = states

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        self._loaded = checkpoint.get("random_states")


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
