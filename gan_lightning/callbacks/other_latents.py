"""Samples of other latents than a model was trained with, for one comparison."""

from contextlib import ExitStack

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from gan_lightning.callbacks.sampler_fit import fit_to_training
from gan_lightning.models import MakeSampler
from gan_lightning.sampling import (
    exchange_sampler,
    needs_fitting,
    truncated,
)


class OtherLatents(Callback):
    """Draws samples from other latents while a model is tested; then all is as it was.

    Args:
        sampler: Of an autoencoder, makes another sampler, which is fitted to the latents of all
            training points; None keeps its own.
        truncation: Of an adversarial model, the largest absolute value of the latents' numbers;
            None keeps them as they are.
    """

    def __init__(self, sampler: MakeSampler | None, truncation: float | None) -> None:
        self.sampler = sampler
        self.truncation = truncation
        self.undo = ExitStack()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.undo.enter_context(truncated(pl_module, self.truncation))
        if self.sampler is not None:
            before = getattr(pl_module, "sampler", None)
            with torch.inference_mode(False):  # whose tensors could not be fitted
                exchange_sampler(pl_module, self.sampler)
            self.undo.callback(setattr, pl_module, "sampler", before)
            if needs_fitting(pl_module):
                fit_to_training(trainer, pl_module)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.undo.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self.undo.close()
