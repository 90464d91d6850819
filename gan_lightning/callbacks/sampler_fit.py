"""When the sampler of an autoencoder's latents is fitted."""

from collections.abc import Iterable
from itertools import islice
from typing import cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.seed import isolate_rng
from torch import Tensor

from gan_lightning.callbacks.checkpoints import Checkpoints
from gan_lightning.callbacks.contracts import (
    LatentModel,
    MakeSampler,
    data_of,
    is_conditional,
)
from gan_lightning.errors import InputError

QUICK_LATENTS = 5000
"""Latents that a sampler is fitted to while training goes on: a matter of a second or two."""


class SamplerFit(Callback):
    """Fits the sampler to the latents of training points, before samples are drawn from it.

    While training goes on, to a few latents before each validation; at its end, to those of all
    training points. A fit depends on the weights and the data alone, not on the fits before it.
    Other models, and samplers that need no latents, are left alone.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        refresh_sampler(trainer, pl_module)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == TrainerFn.FITTING:
            refresh_sampler(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if _has_sampler(pl_module):
            _fit(trainer, pl_module, None)
            for callback in trainer.checkpoint_callbacks:
                if isinstance(callback, Checkpoints):
                    callback.outdate()


def exchange_sampler(model: LightningModule, sampler: MakeSampler) -> None:
    """Give a model another sampler, which may want to be fitted first.

    Raises:
        InputError: If it has none to exchange.
    """
    if not hasattr(model, "exchange_sampler") or is_conditional(model):
        raise InputError(
            f"--sampler: {type(model).__name__} has no sampler of latents to exchange."
        )
    cast(LatentModel, model).exchange_sampler(sampler)


def fit_to_training(trainer: Trainer, model: LightningModule) -> None:
    """Fit a model's sampler to the latents of all training points, those of every rank."""
    _fit(trainer, model, None)


def refresh_sampler(trainer: Trainer, model: LightningModule) -> None:
    """Fit a model's sampler, if it has one, to a few latents of the model as it is now."""
    if _has_sampler(model):
        _fit(trainer, model, QUICK_LATENTS)


def fit_sampler(
    model: LightningModule, batches: Iterable[tuple[Tensor, Tensor]], num_latents: int | None = None
) -> None:
    """Fit a model's sampler to the latents of points; the random state stays as it was.

    Args:
        model: A model with a sampler.
        batches: Points and their labels.
        num_latents: How many of them to take; all by default.
    """
    latent_model = cast(LatentModel, model)
    latent_model.sampler.fit(_latents(model, batches, num_latents))


def _has_sampler(model: LightningModule) -> bool:
    return hasattr(model, "sampler") and cast(LatentModel, model).sampler.needs_latents


def _fit(trainer: Trainer, model: LightningModule, num_latents: int | None) -> None:
    share = None if num_latents is None else -(-num_latents // trainer.world_size)
    batches: Iterable[tuple[Tensor, Tensor]] = data_of(trainer).predict_dataloader()
    if trainer.num_training_batches < float("inf"):  # no more than an epoch trains on
        batches = islice(batches, int(trainer.num_training_batches))
    latents = _latents(model, batches, share)
    if trainer.world_size > 1:  # every rank fits the same sampler to the latents of all
        fewest = trainer.strategy.reduce(torch.tensor(float(len(latents))), reduce_op="min")
        latents = cast(Tensor, model.all_gather(latents[: int(fewest)])).flatten(0, 1)
    cast(LatentModel, model).sampler.fit(latents)


def _latents(
    model: LightningModule, batches: Iterable[tuple[Tensor, Tensor]], num_latents: int | None
) -> Tensor:
    chunks, found = [], 0
    with isolate_rng():
        torch.manual_seed(0)
        for x, labels in batches:
            chunks.append(cast(LatentModel, model).latents(x, labels).float())
            found += len(x)
            if num_latents is not None and found >= num_latents:
                break
    return torch.cat(chunks)[:num_latents]
