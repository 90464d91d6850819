"""When the sampler of an autoencoder's latents is fitted."""

from collections.abc import Iterable
from itertools import islice

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from gan_lightning.callbacks.checkpoints import Checkpoints
from gan_lightning.callbacks.run_folder import data_of
from gan_lightning.models import LatentModel
from gan_lightning.sampling import latents_of, needs_fitting

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
        if needs_fitting(pl_module):
            fit_to_training(trainer, pl_module)
            for callback in trainer.checkpoint_callbacks:
                if isinstance(callback, Checkpoints):
                    callback.outdate()


def fit_to_training(trainer: Trainer, model: LightningModule) -> None:
    """Fit a model's sampler to the latents of all training points, those of every rank."""
    _fit(trainer, model, None)


def refresh_sampler(trainer: Trainer, model: LightningModule) -> None:
    """Fit a model's sampler, if it has one, to a few latents of the model as it is now."""
    if needs_fitting(model):
        _fit(trainer, model, QUICK_LATENTS)


def _fit(trainer: Trainer, model: LightningModule, num_latents: int | None) -> None:
    if not isinstance(model, LatentModel):
        return
    share = None if num_latents is None else -(-num_latents // trainer.world_size)
    batches: Iterable[tuple[Tensor, Tensor]] = data_of(trainer).predict_dataloader()
    if trainer.num_training_batches < float("inf"):  # no more than an epoch trains on
        batches = islice(batches, int(trainer.num_training_batches))
    latents = latents_of(model, batches, share)
    if trainer.world_size > 1:  # every rank fits the same sampler to the latents of all
        fewest = trainer.strategy.reduce(torch.tensor(float(len(latents))), reduce_op="min")
        gathered = model.all_gather(latents[: int(fewest)])
        assert isinstance(gathered, Tensor)
        latents = gathered.flatten(0, 1)
    model.sampler.fit(latents)
