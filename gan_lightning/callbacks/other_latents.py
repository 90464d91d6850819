"""Samples from other latents than the model's own, for one comparison."""

from contextlib import ExitStack

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from gan_lightning.callbacks.sampler_fit import fit_to_training
from gan_lightning.models import MakeSampler
from gan_lightning.sampling import (
    exchange_sampler,
    narrowed,
    needs_fitting,
)


class OtherLatents(Callback):
    """Draws samples from other latents while a model is tested, and restores it afterwards.

    Args:
        sampler: For an autoencoder: makes another sampler, fitted to the latents of all training
            points; None keeps its own.
        truncation: Largest absolute value of the numbers in latents from N(0, I); None keeps them.
        temperature: Factor of the noise that a sampler's latents are made of; None keeps it.
    """

    def __init__(
        self, sampler: MakeSampler | None, truncation: float | None, temperature: float | None
    ) -> None:
        self.sampler = sampler
        self.truncation = truncation
        self.temperature = temperature
        self.undo = ExitStack()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.undo.enter_context(narrowed(pl_module, self.truncation, self.temperature))
        if self.sampler is not None:
            before = getattr(pl_module, "sampler", None)
            with torch.inference_mode(False):  # its tensors could not be fitted
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
