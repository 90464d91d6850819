"""When the sampler of an autoencoder is fitted."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import torch
import torch.distributed as dist
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from gan_lightning.callbacks.checkpoints import Checkpoints
from gan_lightning.callbacks.run_folder import data_of, tensorboard
from gan_lightning.models import LatentModel
from gan_lightning.sampling import latents_of, needs_fitting

QUICK_LATENTS = 5000
"""Latents to which a sampler is fitted during training. A mixture takes a second or two, a sampler
with networks up to half a minute.
"""


class SamplerFit(Callback):
    """Fits the sampler to the latents of training points before samples are drawn.

    During training it is fitted to a few latents before each validation; at the end, or when the
    model needs it, to those of all training points. A fit depends only on the weights and the
    data, not on previous fits. Other models, and samplers that need no latents, are left alone.
    """

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if isinstance(pl_module, LatentModel) and pl_module.sampler_duty() == "fit":
            fit_to_training(trainer, pl_module)
            pl_module.sampler_was_fitted()
            for board in tensorboard(trainer) if pl_module.phase else []:
                step = trainer.fit_loop.total_batch_idx
                board.add_text("train/phase", f"{pl_module.phase} from batch {step} on", step)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        refresh_sampler(trainer, pl_module)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == TrainerFn.FITTING:
            refresh_sampler(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if _follows(pl_module):
            fit_to_training(trainer, pl_module)
            for callback in trainer.checkpoint_callbacks:
                if isinstance(callback, Checkpoints):
                    callback.outdate()


def fit_to_training(trainer: Trainer, model: LightningModule) -> None:
    """Fit a model's sampler to the latents of all training points, those of every rank."""
    _fit(trainer, model, None)


def refresh_sampler(
    trainer: Trainer, model: LightningModule, num_latents: int = QUICK_LATENTS
) -> None:
    """Fit a model's sampler, if it has one, to a few of its current latents."""
    if _follows(model):
        _fit(trainer, model, num_latents)


def _follows(model: LightningModule) -> bool:
    """Return whether a model's sampler must follow latents that training changes."""
    if not isinstance(model, LatentModel) or not needs_fitting(model):
        return False
    return model.sampler_duty() == "follow"


def _fit(trainer: Trainer, model: LightningModule, num_latents: int | None) -> None:
    if not isinstance(model, LatentModel):
        return
    share = None if num_latents is None else -(-num_latents // trainer.world_size)
    data, wanted = data_of(trainer), model.sampler.most_latents
    batches: Iterable[tuple[Tensor, Tensor]] = data.predict_dataloader()
    if share is None and wanted is not None:  # spread over the data, if not all are needed
        batches = islice(batches, 0, None, max(1, len(data.train.x) // wanted))
    if trainer.num_training_batches < float("inf"):  # not more than an epoch trains on
        batches = islice(batches, int(trainer.num_training_batches))
    latents, labels = latents_of(model, batches, share)
    if trainer.world_size > 1:  # every rank fits the same sampler to all latents
        fewest = trainer.strategy.reduce(torch.tensor(float(len(latents))), reduce_op="min")
        latents, labels = (
            _of_all_ranks(rows[: int(fewest)].to(latents.device), trainer.world_size)
            for rows in (latents, labels)
        )
    model.sampler.fit(latents, labels)


def _of_all_ranks(share: Tensor, world_size: int) -> Tensor:
    """Return the rows of all ranks, dealt out one by one, in the order of the data."""
    shares = [torch.empty_like(share) for _ in range(world_size)]
    dist.all_gather(shares, share.contiguous())
    return torch.stack(shares, 1).flatten(0, 1)
