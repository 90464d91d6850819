"""Samples of other latents than a model was trained with, for one comparison."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from gan_lightning.callbacks.contracts import LatentModel, MakeSampler, TruncatedModel
from gan_lightning.callbacks.sampler_fit import exchange_sampler, fit_to_training
from gan_lightning.errors import InputError


class OtherLatents(Callback):
    """Draws samples from other latents while a model is tested; then all is as it was.

    Args:
        sampler: Of an autoencoder, makes another sampler, which is fitted to the latents of all
            training points; None keeps its own.
        truncation: Of an adversarial model, the standard deviation of the latents, in (0, 1]. Where
            Brock et al., 2019, draw large latents anew, all are made smaller here.
    """

    def __init__(self, sampler: MakeSampler | None, truncation: float) -> None:
        self.sampler = sampler
        self.truncation = checked_truncation(truncation)
        self.undo = ExitStack()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.undo.enter_context(truncated(pl_module, self.truncation))
        if self.sampler is not None:
            before = getattr(pl_module, "sampler", None)
            with torch.inference_mode(False):  # whose tensors could not be fitted
                exchange_sampler(pl_module, self.sampler)
            self.undo.callback(setattr, pl_module, "sampler", before)
            if cast(LatentModel, pl_module).sampler.needs_latents:
                fit_to_training(trainer, pl_module)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.undo.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self.undo.close()


def checked_truncation(truncation: float) -> float:
    """Return a truncation.

    Raises:
        InputError: If it lies outside (0, 1].
    """
    if not 0 < truncation <= 1:
        raise InputError(f"--truncation must lie in (0, 1], found {truncation}.")
    return truncation


@contextmanager
def truncated(model: LightningModule, truncation: float) -> Iterator[None]:
    """Make the latents of an adversarial model smaller for a while.

    Raises:
        InputError: If the truncation lies outside (0, 1], or if it is not 1 and the model is no
            adversarial one.
    """
    if checked_truncation(truncation) == 1:
        yield
        return
    if not hasattr(model, "truncation"):
        raise InputError(f"--truncation: {type(model).__name__} is no adversarial model.")
    adversarial = cast(TruncatedModel, model)
    before, adversarial.truncation = adversarial.truncation, truncation
    try:
        yield
    finally:
        adversarial.truncation = before
