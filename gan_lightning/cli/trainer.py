"""A Trainer that suits adversarial models and draws samples."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.strategies import Strategy
from lightning.pytorch.trainer.connectors.checkpoint_connector import _CheckpointConnector

from gan_lightning.callbacks import Checkpoints
from gan_lightning.callbacks.other_latents import OtherLatents
from gan_lightning.checkpoint_files import restoring
from gan_lightning.cli.devices import (
    as_launched,
    check_processes,
    check_strategy,
    check_synchronised_statistics,
    computes_bfloat16,
    for_several_devices,
)
from gan_lightning.cli.drawing import Drawing
from gan_lightning.cli.overhead import give_back, remove_overhead
from gan_lightning.cli.training_errors import interruptible, naming_the_cause
from gan_lightning.cli.unsupported import (
    check_accumulation,
    check_callbacks,
    check_intervals,
    tell_of_steps,
)
from gan_lightning.models import MakeSampler
from gan_lightning.models.optimization import check_restored

DEFAULTS = {"max_epochs": 1000, "check_val_every_n_epoch": 10, "enable_model_summary": False}
"""Defaults of the command line; StartReport summarises the model."""


class GenerativeTrainer(Drawing):
    """Lightning's Trainer with a strategy that works for two players, and actions that draw."""

    callbacks: list[Callback]

    folder: str | None = None
    """The run's folder, if its loggers do not know it."""

    lacks_bfloat16 = False
    """Whether float32 takes the place of bfloat16, as StartReport says."""

    _agreed: str | None = None

    @property
    def log_dir(self) -> str | None:
        """The run's folder; ranks agree on it once, so that one can later ask by itself."""
        if self._agreed is not None:
            return self._agreed
        folder = super().log_dir if self.folder is None else self.strategy.broadcast(self.folder)
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            self._agreed = folder
        return folder

    def __init__(self, *args: Any, strategy: str | Strategy = "auto", **kwargs: Any) -> None:
        check_strategy(strategy)
        check_intervals(kwargs)
        kwargs = as_launched(kwargs)
        super().__init__(*args, strategy=strategy, **kwargs)
        check_callbacks(self.callbacks)
        on_cpu = self.strategy.root_device.type == "cpu"
        check_processes(self.num_devices, on_cpu)
        # Only now is it known which devices Lightning has found.
        half = bool(kwargs.get("precision")) and self.precision == "bf16-mixed"
        self.lacks_bfloat16 = half and on_cpu and not computes_bfloat16()
        several = strategy == "auto" and self.world_size > 1
        if self.lacks_bfloat16:
            kwargs["precision"] = "32-true"
        if several or self.lacks_bfloat16:
            chosen = for_several_devices() if several else strategy
            super().__init__(*args, strategy=chosen, **kwargs)
        check_synchronised_statistics(
            bool(kwargs.get("sync_batchnorm")), self.world_size, self.strategy.root_device
        )
        self._checkpoint_connector = _Restoring(self)

    def fit(self, model: LightningModule, *args: Any, **kwargs: Any) -> None:
        """Train a model, or resume a run from its checkpoint."""
        check_accumulation(model, self.callbacks, self.accumulate_grad_batches)
        if not self.fast_dev_run:  # type: ignore[attr-defined]  # it sets a limit of its own
            tell_of_steps(model, self.max_steps)
        for callback in self.callbacks:
            if isinstance(callback, Checkpoints):
                callback.occupy(self)  # before the logger writes there
        remove_overhead(self, model, kwargs.get("datamodule"))
        try:
            with interruptible(), naming_the_cause(self):
                super().fit(model, *args, **kwargs)
        finally:
            give_back(self)

    def validate(self, *args: Any, verbose: bool = False, **kwargs: Any) -> Any:
        """Compare samples with the validation points."""
        with interruptible():
            return super().validate(*args, verbose=verbose, **kwargs)  # type: ignore[misc]

    def test(
        self,
        *args: Any,
        verbose: bool = False,
        sampler: MakeSampler | None = None,
        truncation: float | None = None,
        temperature: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Compare samples with the test points.

        Args:
            *args: As Lightning's.
            verbose: Print Lightning's table too.
            sampler: Sampler of an autoencoder's latents in place of the checkpoint's own; it is
                fitted to those of the training data first.
            truncation: Largest absolute value in the latents of an adversarial model, as in
                ``sample``.
            temperature: Factor of the noise in the latents of an autoencoder or a warm start.
            **kwargs: As Lightning's.
        """
        other = OtherLatents(sampler, truncation, temperature)
        self.callbacks.append(other)
        try:
            with interruptible():
                return super().test(*args, verbose=verbose, **kwargs)  # type: ignore[misc]
        finally:
            self.callbacks = [callback for callback in self.callbacks if callback is not other]

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Write one sample for each training point."""
        with interruptible():
            return super().predict(*args, **kwargs)


class _Restoring(_CheckpointConnector):
    """Restores as Lightning does, with errors that name the checkpoint."""

    def _restore_modules_and_callbacks(
        self, checkpoint_path: str | Path | None = None, weights_only: bool | None = None
    ) -> None:
        # Lightning converts later, so float64 would be rounded to a new model's float32.
        self.trainer.precision_plugin.convert_module(self.trainer.lightning_module)
        with restoring(checkpoint_path):
            super()._restore_modules_and_callbacks(checkpoint_path, weights_only)

    def restore_training_state(self) -> None:
        with restoring(self._ckpt_path):
            super().restore_training_state()
            for optimizer in self.trainer.optimizers:
                check_restored(optimizer)
